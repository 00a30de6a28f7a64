"""One Alibaba connection: credentials, clients with their limits, and who we are.

The FC and SLS SDKs share ``darabonba``, which reads HTTP_PROXY from the process environment even for loopback
addresses, ignores NO_PROXY, and prints whole requests when DEBUG=sdk is set. A connection's proxy is explicit
here, so the SDK is given an empty environment to look into, and its logger is silenced. Source:
darabonba-core 1.0.9, core.py, read 2026-11.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import darabonba.core
import oss2
from alibabacloud_credentials.client import Client as Credentials
from alibabacloud_credentials.http import HttpOptions
from alibabacloud_credentials.provider import (
    CLIProfileCredentialsProvider,
    DefaultCredentialsProvider,
    RamRoleArnCredentialsProvider,
    StaticAKCredentialsProvider,
    StaticSTSCredentialsProvider,
)
from alibabacloud_fc20230330 import models as fc_models
from alibabacloud_fc20230330.client import Client as FcClient
from alibabacloud_sls20201230 import models as sls_models
from alibabacloud_sls20201230.client import Client as SlsClient
from alibabacloud_tea_openapi.client import Client as OpenApiClient
from alibabacloud_tea_openapi.utils_models import Config, OpenApiRequest, Params
from darabonba.runtime import RuntimeOptions

from clouds.alibaba.errors import calling
from clouds.alibaba.line import Line
from cutover.errors import Denied, NotFound, PermanentCloudError
from cutover.ports import Identity, PermissionGap

CONNECT_MS = 5_000
READ_MS = 60_000
POOL = 64

darabonba.core.os = SimpleNamespace(environ={}, getenv=lambda _name, default=None: default)
_sdk_log = logging.getLogger("darabonba-core")
_sdk_log.handlers.clear()
_sdk_log.setLevel(logging.CRITICAL)


class Clients:
    """The SDKs' clients of one connection, made once and shared by all threads.

    Args:
        endpoints: {"fc": host[:port], "oss": URL, "mns": URL, "sls": host, "sts": host[:port], "scheme":
            "http" or "https", "sls_proxy": URL}; what is absent is the region's public endpoint.
        proxy: URL of a proxy for every call, empty for none.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        region: str,
        account_id: str,
        endpoints: Mapping[str, str],
        proxy: str,
    ) -> None:
        self.region, self.account_id, self.proxy = region, account_id, proxy
        self.credentials = credentials
        self.scheme = endpoints.get("scheme") or "https"
        self.fc_host = endpoints.get("fc") or f"fcv3.{region}.aliyuncs.com"
        self._oss_url = endpoints.get("oss") or f"https://oss-{region}.aliyuncs.com"
        self.mns_url = endpoints.get("mns") or f"https://{account_id}.mns.{region}.aliyuncs.com"
        self.has_sts = bool(endpoints.get("sts")) or not endpoints.get("fc")
        self.fc = FcClient(self._config(self.fc_host))
        self.fc_line = Line(
            credentials,
            host=self.fc_host,
            scheme=self.scheme,
            proxy=proxy,
            connect_s=CONNECT_MS / 1000,
            pool=POOL,
        )
        self.sts = OpenApiClient(self._config(endpoints.get("sts") or f"sts.{region}.aliyuncs.com"))
        self.sls = SlsClient(
            self._config(
                endpoints.get("sls") or f"{region}.log.aliyuncs.com",
                proxy=endpoints.get("sls_proxy") or proxy,
                scheme="http" if endpoints.get("sls_proxy") else self.scheme,
            )
        )
        self._oss_session = oss2.Session(pool_size=POOL)
        self._oss_session.session.trust_env = False

    def bucket(self, name: str) -> oss2.Bucket:
        """Give OSS's client for a bucket."""
        found = self.credentials.get_credential()
        auth = (
            oss2.StsAuth(found.access_key_id, found.access_key_secret, found.security_token)
            if found.security_token
            else oss2.Auth(found.access_key_id, found.access_key_secret)
        )
        return oss2.Bucket(
            auth,
            self._oss_url,
            name,
            session=self._oss_session,
            connect_timeout=(CONNECT_MS / 1000, READ_MS / 1000),
            proxies={"http": self.proxy, "https": self.proxy} if self.proxy else None,
        )

    @property
    def oss_is_cleartext(self) -> bool:
        """Whether OSS is spoken to without TLS."""
        return self._oss_url.startswith("http://")

    def _config(self, endpoint: str, *, proxy: str | None = None, scheme: str = "") -> Config:
        chosen = self.proxy if proxy is None else proxy
        return Config(
            credential=self.credentials,
            endpoint=endpoint,
            protocol=scheme or self.scheme,
            region_id=self.region,
            connect_timeout=CONNECT_MS,
            read_timeout=READ_MS,
            http_proxy=chosen or None,
            https_proxy=chosen or None,
            max_idle_conns=POOL,
        )


def options(*, read_ms: int = READ_MS) -> RuntimeOptions:
    """Give one call's limits; no retry is asked for."""
    return RuntimeOptions(
        connect_timeout=CONNECT_MS, read_timeout=read_ms, max_idle_conns=POOL, autoretry=False
    )


def open_credentials(auth: Mapping[str, str], *, endpoints: Mapping[str, str], proxy: str) -> Credentials:
    """Give credentials from the SDK's chain.

    Args:
        auth: {"kind": "environment"} | {"kind": "profile", "name"} | {"kind": "role", "role_arn",
            "external_id"}; the role is taken with what the environment gives.
    """
    kind = auth.get("kind", "environment")
    if kind == "profile":
        return Credentials(provider=CLIProfileCredentialsProvider(profile_name=auth["name"]))
    if kind == "role":
        return Credentials(
            provider=RamRoleArnCredentialsProvider(
                credentials_provider=_environment(),
                role_arn=auth["role_arn"],
                role_session_name="cutover",
                external_id=auth.get("external_id") or None,
                sts_endpoint=endpoints.get("sts") or None,
                http_options=HttpOptions(
                    connect_timeout=CONNECT_MS, read_timeout=READ_MS, proxy=proxy or None
                ),
            )
        )
    return Credentials(provider=_environment())


def _environment() -> Any:
    """Give the key that stands in the environment now, else the SDK's default chain.

    The SDK's own environment provider reads the variables once, when it is imported.
    """
    key = os.environ.get("ALIBABA_CLOUD_ACCESS_KEY_ID")
    secret = os.environ.get("ALIBABA_CLOUD_ACCESS_KEY_SECRET")
    token = os.environ.get("ALIBABA_CLOUD_SECURITY_TOKEN")
    if not key or not secret:
        return DefaultCredentialsProvider()
    if token:
        return StaticSTSCredentialsProvider(access_key_id=key, access_key_secret=secret, security_token=token)
    return StaticAKCredentialsProvider(access_key_id=key, access_key_secret=secret)


class AlibabaSession:
    """``cutover.ports.Session`` on STS and harmless reads."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def identity(self) -> Identity:
        """Give who the credentials are.

        Where no STS endpoint belongs to the connection, FC proves the key and the account is the one set.
        """
        if not self._clients.has_sts:
            self._list_functions()
            return Identity(account_id=self._clients.account_id, arn="")
        params = Params(
            action="GetCallerIdentity",
            version="2015-04-01",
            protocol=self._clients.scheme.upper(),
            pathname="/",
            method="POST",
            auth_type="AK",
            style="RPC",
            req_body_type="formData",
            body_type="json",
        )
        with calling("sts:GetCallerIdentity"):
            answer = self._clients.sts.call_api(params, OpenApiRequest(), options())
        return Identity(account_id=str(answer["body"]["AccountId"]), arn=str(answer["body"]["Arn"]))

    def permission_gaps(self) -> Sequence[PermissionGap]:
        """Give what is missing for reading; the other purposes cannot be tried without changing something."""
        project = "cutover-permission-check"
        calls: Mapping[str, Callable[[], Any]] = {
            "fc:ListFunctions": self._list_functions,
            "fc:GetFunction": lambda: self._clients.fc.get_function_with_options(
                project, fc_models.GetFunctionRequest(), {}, options()
            ),
            "log:GetProject": lambda: self._clients.sls.get_project_with_options(
                project, sls_models.GetProjectRequest(), {}, options()
            ),
            "oss:GetBucketInfo": lambda: self._clients.bucket(project).get_bucket_info(),
        }
        return tuple(
            PermissionGap(purpose="read", action=action, resource="*")
            for action, call in calls.items()
            if _is_denied(action, call)
        )

    def _list_functions(self) -> None:
        with calling("fc:ListFunctions"):
            self._clients.fc.list_functions_with_options(
                fc_models.ListFunctionsRequest(limit=1), {}, options()
            )


def _is_denied(action: str, call: Callable[[], Any]) -> bool:
    """Tell whether a read is denied; trouble of another kind is raised, an absent thing is an answer."""
    try:
        with calling(action):
            call()
    except Denied:
        return True
    except (NotFound, PermanentCloudError):
        return False
    return False
