"""Who is told what: the environment of each process of the demo.

Built from nothing but a few harmless variables of the caller, so that neither the person's own cloud
credentials nor a proxy of theirs reach the demo, and cloud keys reach only the processes that talk to clouds.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hosting import bundled
from hosting.places import ROOT, drawn_secret
from hosting.postgres import Cluster
from hosting.redis import Store

_KEPT = (
    "HOME",
    "USER",
    "LOGNAME",
    "TERM",
    "TMPDIR",
    "LANG",
    "LC_ALL",
    "TZ",
    "CUTOVER_LOG_LEVEL",
    "CUTOVER_DEBUG",
)

SLS_HOST = "cn-hangzhou.log.aliyuncs.com"
"""Reached through the sandbox as a proxy: the SLS SDKs put the project before the host."""

CLOUD_PROCESSES = frozenset({"work", "rollback", "watch"})
"""The processes of the product that talk to clouds. Web and beat hold no credential."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Demo:
    """Where everything of one demo is: folders, ports, servers. `keys` is what sandbox/keys.json holds."""

    state: Path
    cluster: Cluster
    store: Store
    web_port: int
    aws_port: int
    alibaba_port: int
    keys: Mapping[str, Any]
    same_clouds: bool = False
    """Whether the connections that an earlier demo wrote down, if any, name the sandbox as it is now."""

    @property
    def web_url(self) -> str:
        return f"http://127.0.0.1:{self.web_port}"

    @property
    def aws_endpoint(self) -> str:
        return f"http://127.0.0.1:{self.aws_port}"

    @property
    def alibaba_host(self) -> str:
        return f"127.0.0.1:{self.alibaba_port}"

    @property
    def alibaba_endpoint(self) -> str:
        return f"http://{self.alibaba_host}"

    @property
    def sandbox_state(self) -> Path:
        return self.state / "sandbox"

    @property
    def ledger(self) -> Path:
        """The traffic source's list of what it sent and what came back, JSON Lines."""
        return self.sandbox_state / "traffic.jsonl"


def base(state: Path) -> dict[str, str]:
    """Give what every process gets."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {
        **kept,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": str(ROOT),
        "CUTOVER_VAR": str(state),
        "CUTOVER_STATIC_ROOT": str(state / "static"),
        "HOSTING_STATE": str(state),
        "HOSTING_MANAGER_PID": str(os.getpid()),
    }


def sandbox(demo: Demo) -> dict[str, str]:
    """Give what both halves of the sandbox, the sample loader and the traffic source get."""
    return {
        "SANDBOX_STATE": str(demo.sandbox_state),
        "SANDBOX_AWS_PORT": str(demo.aws_port),
        "SANDBOX_ALIBABA_PORT": str(demo.alibaba_port),
        "SANDBOX_TRAFFIC_LEDGER": str(demo.ledger),
        "AWS_ENDPOINT_URL": demo.aws_endpoint,
    }


def product(demo: Demo) -> dict[str, str]:
    """Give what every process of the product gets: no cloud credential among it."""
    return {
        "DJANGO_SETTINGS_MODULE": "dashboard.settings",
        "DATABASE_URL": demo.cluster.url,
        "REDIS_URL": demo.store.url,
        "CUTOVER_SECRET_KEY": drawn_secret(demo.state / "secret-key"),
        "CUTOVER_HASH_KEY": drawn_secret(demo.state / "hash-key"),
        "CUTOVER_DEMO_LOGIN_SECRET": drawn_secret(demo.state / "login-secret"),
        "CUTOVER_ALLOWED_HOSTS": "127.0.0.1,localhost",
        "CUTOVER_CSRF_ORIGINS": f"{demo.web_url},http://localhost:{demo.web_port}",
        "CUTOVER_ENVIRONMENT_LABEL": "Sandbox",
    }


def credentials(demo: Demo) -> dict[str, str]:
    """Give the sandbox's keys under the names that the official SDKs read, and shut other sources out."""
    aws, alibaba, relay = demo.keys["aws"], demo.keys["alibaba"], demo.keys["relay"]
    return {
        "AWS_ACCESS_KEY_ID": aws["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": aws["secret_access_key"],
        "AWS_DEFAULT_REGION": aws["region"],
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "ALIBABA_CLOUD_ACCESS_KEY_ID": alibaba["access_key_id"],
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": alibaba["access_key_secret"],
        "ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true",
        "CUTOVER_RELAY_ACCESS_KEY_ID": relay["access_key_id"],
        "CUTOVER_RELAY_ACCESS_KEY_SECRET": relay["access_key_secret"],
    }


def connecting(demo: Demo) -> dict[str, str]:
    """Give what `demo_setup` needs to write the two connections down."""
    return {
        "AWS_ENDPOINT_URL": demo.aws_endpoint,
        "CUTOVER_DEMO_AWS_ENDPOINT": demo.aws_endpoint,
        "CUTOVER_DEMO_AWS_ACCOUNT": demo.keys["aws"]["account_id"],
        "CUTOVER_DEMO_AWS_REGION": demo.keys["aws"]["region"],
        "CUTOVER_DEMO_ALIBABA_ACCOUNT": demo.keys["alibaba"]["account_id"],
        "CUTOVER_DEMO_ALIBABA_REGION": demo.keys["alibaba"]["region"],
        "CUTOVER_DEMO_EVENTS": str(ROOT / "sandbox" / "samples"),
        "CUTOVER_DEMO_FC_ENDPOINT": demo.alibaba_host,
        "CUTOVER_DEMO_OSS_ENDPOINT": demo.alibaba_endpoint,
        "CUTOVER_DEMO_MNS_ENDPOINT": demo.alibaba_endpoint,
        "CUTOVER_DEMO_STS_ENDPOINT": demo.alibaba_host,
        "CUTOVER_DEMO_SLS_ENDPOINT": SLS_HOST,
        "CUTOVER_DEMO_SLS_PROXY": demo.alibaba_endpoint,
    }


def for_process(demo: Demo, name: str) -> dict[str, str]:
    """Give the whole environment of the Procfile's process `name`."""
    common = base(demo.state)
    if name in {"postgres", "redis"}:
        return {
            **common,
            "HOSTING_POSTGRES_HOME": str(demo.cluster.home),
            "HOSTING_POSTGRES_PORT": str(demo.cluster.port),
            "HOSTING_REDIS_HOME": str(demo.store.home),
        }
    if name.startswith("sandbox-") or name == "traffic":
        return {**common, **sandbox(demo)}
    own = {"PORT": str(demo.web_port)} if name == "web" else {}
    if name in CLOUD_PROCESSES:
        own |= _bundled()
    return {**common, **product(demo), **(credentials(demo) if name in CLOUD_PROCESSES else {}), **own}


def _bundled() -> dict[str, str]:
    """Name what `python -m hosting.bundled` installed, so that a deploy can add what Lambda bundles."""
    place = bundled.installed()
    return {"CUTOVER_BUNDLED_PACKAGES": place} if place else {}


def for_command_line(demo: Demo) -> dict[str, str]:
    """Give what a person's own `./manage.py cutover` needs to join the demo."""
    return {**product(demo), **credentials(demo), **_bundled()}


def for_setup(demo: Demo) -> dict[str, str]:
    """Give the environment of `manage.py demo_setup`: a worker's and where the sandbox is."""
    return {**base(demo.state), **product(demo), **credentials(demo), **connecting(demo)}


def demo_file(demo: Demo, login_paths: Mapping[str, str]) -> dict[str, Any]:
    """Give the content of var/demo.json, for scripts and SDKs that join in.

    Args: login_paths: role -> path of its login link.
    """
    links = {role: f"{demo.web_url}{path}" for role, path in login_paths.items()}
    aws, alibaba = demo.keys["aws"], demo.keys["alibaba"]
    return {
        "web": {"url": demo.web_url, "login_url": links["operator"], "login_urls": links},
        "aws": {
            "endpoint": demo.aws_endpoint,
            "region": aws["region"],
            "account_id": aws["account_id"],
            "access_key_id": aws["access_key_id"],
            "secret_access_key": aws["secret_access_key"],
        },
        "alibaba": {
            "region": alibaba["region"],
            "account_id": alibaba["account_id"],
            "access_key_id": alibaba["access_key_id"],
            "access_key_secret": alibaba["access_key_secret"],
            "endpoints": {
                "fc": demo.alibaba_host,
                "oss": demo.alibaba_endpoint,
                "mns": demo.alibaba_endpoint,
                "sls": SLS_HOST,
                "sts": demo.alibaba_host,
            },
            "sls_proxy": demo.alibaba_endpoint,
        },
        "database_url": demo.cluster.url,
        "redis_url": demo.store.url,
    }
