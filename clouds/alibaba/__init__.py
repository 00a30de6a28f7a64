"""Alibaba Cloud: the candidate's cloud. Its SDKs live here and nowhere else in the product."""

from __future__ import annotations

from collections.abc import Mapping

from clouds.alibaba.deployer import FcDeployer
from clouds.alibaba.invoker import FcInvoker
from clouds.alibaba.logs import SlsLogs
from clouds.alibaba.packages import OssPackages
from clouds.alibaba.probes import AlibabaProbes
from clouds.alibaba.session import AlibabaSession, Clients, open_credentials
from cutover.ports import CandidateCloud


def connect(
    *,
    region: str,
    account_id: str,
    auth: Mapping[str, str],
    endpoints: Mapping[str, str],
    proxy: str = "",
) -> CandidateCloud:
    """Give every port of one Alibaba connection. Nothing is called yet.

    Args:
        auth: see ``clouds.alibaba.session.open_credentials``.
        endpoints: see ``clouds.alibaba.session.Clients``.
    """
    credentials = open_credentials(auth, endpoints=endpoints, proxy=proxy)
    clients = Clients(credentials, region=region, account_id=account_id, endpoints=endpoints, proxy=proxy)
    deployer = FcDeployer(clients)
    return CandidateCloud(
        region=region,
        account_id=account_id,
        fc_url=f"{clients.scheme}://{clients.fc_host}",
        session=AlibabaSession(clients),
        packages=OssPackages(clients),
        deployer=deployer,
        invoker=FcInvoker(clients),
        logs=SlsLogs(clients, deployer),
        probes=AlibabaProbes(clients),
    )
