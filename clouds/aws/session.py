"""One AWS connection: where credentials come from, the clients with their limits, and who we are.

Credentials come from the SDK's own chain only. Every client has explicit time limits, no retries of its own
(a retry could repeat a change whose answer was lost) and an explicit proxy (``{}`` keeps botocore from
reading ``HTTP_PROXY``). Clients are made once per service and read limit and shared by all threads.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.credentials import CredentialProvider, CredentialResolver, DeferredRefreshableCredentials

from clouds.aws import policies
from clouds.aws.errors import calling
from clouds.aws.line import Line
from cutover.errors import CloudError, Denied, NotFound, Unavailable
from cutover.ports import Identity, PermissionGap

CONNECT_S = 5
READ_S = 60
POOL = 64


class Clients:
    """Makes and keeps boto3 clients; safe for threads.

    Args:
        endpoints: service -> URL; ``""`` stands for every service that is not named; absent: the SDK's own.
        proxy: URL of a proxy for all calls, empty for none.
    """

    def __init__(
        self,
        session: boto3.Session,
        *,
        region: str,
        account_id: str,
        endpoints: Mapping[str, str],
        proxy: str,
    ) -> None:
        self.region, self.account_id, self.proxy = region, account_id, proxy
        self._session, self._endpoints = session, dict(endpoints)
        self._made: dict[tuple[str, int], Any] = {}
        self._lines: dict[tuple[str, int], Line] = {}
        self._lock = threading.Lock()

    def get(self, service: str, *, read_s: int = READ_S) -> Any:
        """Give the client of a service whose read limit is ``read_s`` seconds."""
        key = (service, read_s)
        found = self._made.get(key)
        if found is None:
            with self._lock, calling(f"{service}:connect"):
                found = self._made.get(key) or self._make(service, read_s)
                self._made[key] = found
        return found

    def line(self, service: str, *, read_s: int) -> Line:
        """Give the line to a service whose read limit is ``read_s`` seconds, for calls by the thousand."""
        key = (service, read_s)
        if (found := self._lines.get(key)) is None:
            client = self.get(service, read_s=read_s)
            with self._lock:
                found = self._lines.setdefault(key, Line(client, self._session.get_credentials()))
        return found

    def endpoint(self, service: str) -> str:
        """Give the endpoint that was set for a service, empty for the SDK's own."""
        return self._endpoints.get(service) or self._endpoints.get("", "")

    def _make(self, service: str, read_s: int) -> Any:
        endpoint = self.endpoint(service) or None
        config = Config(
            connect_timeout=CONNECT_S,
            read_timeout=read_s,
            retries={"total_max_attempts": 1, "mode": "standard"},
            proxies={"http": self.proxy, "https": self.proxy} if self.proxy else {},
            max_pool_connections=POOL,
            s3={"addressing_style": "path"} if endpoint else {},
        )
        make: Callable[..., Any] = self._session.client
        return make(service, region_name=self.region, endpoint_url=endpoint, config=config)


def open_clients(
    *, region: str, account_id: str, auth: Mapping[str, str], endpoints: Mapping[str, str], proxy: str
) -> Clients:
    """Give the clients of a connection.

    Args:
        auth: {"kind": "environment"} | {"kind": "profile", "name"} | {"kind": "role", "role_arn",
            "external_id"}; the role is taken with what the environment gives.
    """
    kind = auth.get("kind", "environment")
    with calling("sts:credentials"):
        session = boto3.Session(profile_name=auth["name"] if kind == "profile" else None, region_name=region)
    if kind == "role":
        first = Clients(session, region=region, account_id=account_id, endpoints=endpoints, proxy=proxy)
        session = _assume(first, role_arn=auth["role_arn"], external_id=auth.get("external_id", ""))
    return Clients(session, region=region, account_id=account_id, endpoints=endpoints, proxy=proxy)


class _AssumedRole(CredentialProvider):
    """Credentials of a role, asked for at first use and again before they expire."""

    METHOD = "cutover-assume-role"
    CANONICAL_NAME = "CutoverAssumeRole"

    def __init__(self, clients: Clients, *, role_arn: str, external_id: str) -> None:
        super().__init__()
        self._clients, self._role_arn, self._external_id = clients, role_arn, external_id

    def load(self) -> DeferredRefreshableCredentials:
        return DeferredRefreshableCredentials(refresh_using=self._fetch, method=self.METHOD)

    def _fetch(self) -> dict[str, str]:
        extra = {"ExternalId": self._external_id} if self._external_id else {}
        with calling("sts:AssumeRole", secret=True):
            answer = self._clients.get("sts").assume_role(
                RoleArn=self._role_arn, RoleSessionName="cutover", **extra
            )
        given = answer["Credentials"]
        return {
            "access_key": given["AccessKeyId"],
            "secret_key": given["SecretAccessKey"],
            "token": given["SessionToken"],
            "expiry_time": given["Expiration"].isoformat(),
        }


def _assume(clients: Clients, *, role_arn: str, external_id: str) -> boto3.Session:
    core = botocore.session.get_session()
    provider = _AssumedRole(clients, role_arn=role_arn, external_id=external_id)
    core.register_component("credential_provider", CredentialResolver([provider]))
    return boto3.Session(botocore_session=core, region_name=clients.region)


class AwsSession:
    """``cutover.ports.Session`` on STS and IAM."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def identity(self) -> Identity:
        """Give who the credentials are."""
        with calling("sts:GetCallerIdentity"):
            answer = self._clients.get("sts").get_caller_identity()
        return Identity(account_id=answer["Account"], arn=answer["Arn"])

    def permission_gaps(self) -> Sequence[PermissionGap]:
        """Give the missing actions, by IAM's own simulation where it is allowed, else by harmless reads.

        Reads can only prove what is missing for reading; nothing is changed to find out about the rest.
        """
        arn = principal_of(self.identity().arn)
        if arn.endswith(":root"):
            return ()
        try:
            return self._simulate(arn)
        except (Denied, NotFound, Unavailable):
            return self._try_reading()

    def _simulate(self, arn: str) -> Sequence[PermissionGap]:
        gaps: list[PermissionGap] = []
        scope = {"region": self._clients.region, "account_id": self._clients.account_id}
        for purpose in policies.PURPOSES:
            for statement in policies.policy(purpose, **scope)["Statement"]:
                denied = self._denied(arn, statement["Action"], statement["Resource"])
                gaps += [
                    PermissionGap(purpose=purpose, action=action, resource=", ".join(statement["Resource"]))
                    for action in denied
                ]
        return tuple(gaps)

    def _denied(self, arn: str, actions: Sequence[str], resources: Sequence[str]) -> list[str]:
        found: set[str] = set()
        marker: dict[str, str] = {}
        while True:
            with calling("iam:SimulatePrincipalPolicy"):
                answer = self._clients.get("iam").simulate_principal_policy(
                    PolicySourceArn=arn, ActionNames=list(actions), ResourceArns=list(resources), **marker
                )
            for result in answer["EvaluationResults"]:
                if result["EvalDecision"] != "allowed":
                    found.add(result["EvalActionName"])
            if not answer.get("IsTruncated"):
                return sorted(found)
            marker = {"Marker": answer["Marker"]}

    def _try_reading(self) -> Sequence[PermissionGap]:
        aws = self._clients
        calls: Mapping[str, Callable[[], Any]] = {
            "lambda:ListFunctions": lambda: aws.get("lambda").list_functions(MaxItems=1),
            "lambda:ListEventSourceMappings": lambda: aws.get("lambda").list_event_source_mappings(
                MaxItems=1
            ),
            "logs:FilterLogEvents": lambda: aws.get("logs").filter_log_events(
                logGroupName="/aws/lambda/cutover-permission-check", limit=1
            ),
            "cloudwatch:GetMetricData": lambda: aws.get("cloudwatch").list_metrics(Namespace="AWS/Lambda"),
            "sqs:ListQueues": lambda: aws.get("sqs").list_queues(MaxResults=1),
        }
        return tuple(
            PermissionGap(purpose="read", action=action, resource="*")
            for action, call in calls.items()
            if _is_denied(action, call)
        )


def principal_of(arn: str) -> str:
    """Give the IAM principal of a session: an assumed role's ARN becomes the role's, others stay.

    The path of a role is not in a session's ARN; a role under a path is then not found, and reads are tried.
    """
    head, _, rest = arn.partition(":assumed-role/")
    if not rest:
        return arn
    return f"{head.replace(':sts:', ':iam:')}:role/{rest.split('/')[0]}"


def _is_denied(action: str, call: Callable[[], Any]) -> bool:
    try:
        with calling(action):
            call()
    except Denied:
        return True
    except CloudError:
        return False
    return False
