"""AWS: the primary's cloud. boto3 lives here and nowhere else in the product."""

from __future__ import annotations

from collections.abc import Mapping

from clouds.aws.archive import S3Archive
from clouds.aws.catalog import LambdaCatalog
from clouds.aws.deployer import LambdaDeployer
from clouds.aws.invoker import LambdaInvoker
from clouds.aws.logs import CloudWatchLogs
from clouds.aws.metrics import CloudWatchMetrics
from clouds.aws.probes import AwsProbes
from clouds.aws.queue import SqsQueue
from clouds.aws.secrets import SecretsManager
from clouds.aws.session import AwsSession, open_clients
from cutover.ports import PrimaryCloud


def connect(
    *,
    region: str,
    account_id: str,
    auth: Mapping[str, str],
    endpoints: Mapping[str, str],
    proxy: str = "",
    fingerprint_key: bytes = b"cutover",
) -> PrimaryCloud:
    """Give every port of one AWS connection. Nothing is called yet, except a role's first use of STS later.

    Args:
        auth: see ``clouds.aws.session.open_clients``.
        endpoints: {"": URL for all services} or service -> URL; empty for the SDK's own.
        fingerprint_key: keys the environment inside configuration fingerprints; the same in every process.
    """
    # Here and not above: routers are made of this package's clients, and either may be imported first.
    from clouds.routers.weighted_alias import WeightedAliasRouter

    clients = open_clients(region=region, account_id=account_id, auth=auth, endpoints=endpoints, proxy=proxy)
    catalog, secrets = LambdaCatalog(clients), SecretsManager(clients)
    return PrimaryCloud(
        region=region,
        account_id=account_id,
        endpoint_url=clients.endpoint("lambda"),
        session=AwsSession(clients),
        catalog=catalog,
        publisher=LambdaDeployer(clients, key=fingerprint_key),
        router=WeightedAliasRouter(clients),
        invoker=LambdaInvoker(clients),
        logs=CloudWatchLogs(clients),
        metrics=CloudWatchMetrics(clients),
        queue=SqsQueue(clients),
        secrets=secrets,
        archive=S3Archive(clients, catalog, secrets),
        probes=AwsProbes(clients),
    )
