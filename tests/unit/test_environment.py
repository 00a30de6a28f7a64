"""Who is told what in the demo."""

import json
import os
from pathlib import Path

import pytest

from hosting import environment
from hosting.environment import Demo
from hosting.places import ROOT
from hosting.postgres import Cluster
from hosting.process import Identity
from hosting.redis import Store

ME = Identity(uid=os.geteuid(), gid=os.getegid())
CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "ALIBABA_CLOUD_ACCESS_KEY_SECRET")
RELAY = ("CUTOVER_RELAY_ACCESS_KEY_ID", "CUTOVER_RELAY_ACCESS_KEY_SECRET")


@pytest.fixture
def demo(tmp_path: Path) -> Demo:
    return Demo(
        state=tmp_path,
        cluster=Cluster(home=tmp_path, identity=ME, port=5001),
        store=Store(home=tmp_path, identity=ME),
        web_port=8003,
        aws_port=5002,
        alibaba_port=5003,
        keys={
            "aws": {
                "account_id": "123456789012",
                "region": "us-east-1",
                "access_key_id": "AK1",
                "secret_access_key": "SK1",
            },
            "alibaba": {
                "account_id": "1432000000000001",
                "region": "cn-hangzhou",
                "access_key_id": "AK2",
                "access_key_secret": "SK2",
            },
            "relay": {"access_key_id": "AK3", "access_key_secret": "SK3"},
            "admin_token": "token",
        },
    )


@pytest.mark.parametrize(
    "name", ["web", "beat", "postgres", "redis", "traffic", "sandbox-aws", "sandbox-alibaba"]
)
def test_it_gives_no_cloud_credential_to_processes_that_talk_to_no_cloud(demo: Demo, name: str) -> None:
    given = environment.for_process(demo, name)
    assert not set(given) & {*CREDENTIALS, *RELAY}
    assert not {"AK1", "SK1", "AK2", "SK2", "AK3", "SK3"} & set(given.values())


@pytest.mark.parametrize("name", sorted(environment.CLOUD_PROCESSES))
def test_it_gives_the_keys_to_processes_that_talk_to_clouds(demo: Demo, name: str) -> None:
    given = environment.for_process(demo, name)
    assert [given[key] for key in (*CREDENTIALS, *RELAY)] == ["AK1", "SK1", "SK2", "AK3", "SK3"]


def test_it_keeps_the_persons_own_credentials_and_proxies_out(
    demo: Demo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "theirs")
    given = environment.for_process(demo, "work")
    assert not {"AWS_PROFILE", "HTTPS_PROXY", "AWS_SESSION_TOKEN"} & set(given)
    assert given["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull


def test_it_tells_web_its_port_and_the_origins_of_its_forms(demo: Demo) -> None:
    given = environment.for_process(demo, "web")
    assert given["PORT"] == "8003"
    assert given["CUTOVER_CSRF_ORIGINS"] == "http://127.0.0.1:8003,http://localhost:8003"
    assert given["CUTOVER_ENVIRONMENT_LABEL"] == "Sandbox"


def test_it_keeps_the_drawn_keys_from_one_start_to_the_next(demo: Demo) -> None:
    first, second = environment.product(demo), environment.product(demo)
    assert first == second
    assert first["CUTOVER_SECRET_KEY"] != first["CUTOVER_HASH_KEY"]


def test_it_writes_the_demo_file_in_the_form_that_scripts_know(demo: Demo) -> None:
    paths = {role: f"/enter/{role}/" for role in ("viewer", "operator", "approver")}
    written = json.loads(json.dumps(environment.demo_file(demo, paths)))
    assert set(written) == {"web", "aws", "alibaba", "database_url", "redis_url"}
    assert written["web"]["url"] == "http://127.0.0.1:8003"
    assert written["web"]["login_url"] == "http://127.0.0.1:8003/enter/operator/"
    assert set(written["web"]["login_urls"]) == {"viewer", "operator", "approver"}
    assert written["aws"] == {
        "endpoint": "http://127.0.0.1:5002",
        "region": "us-east-1",
        "account_id": "123456789012",
        "access_key_id": "AK1",
        "secret_access_key": "SK1",
    }
    assert written["alibaba"]["endpoints"] == {
        "fc": "127.0.0.1:5003",
        "oss": "http://127.0.0.1:5003",
        "mns": "http://127.0.0.1:5003",
        "sls": "cn-hangzhou.log.aliyuncs.com",
        "sts": "127.0.0.1:5003",
    }
    assert written["alibaba"]["sls_proxy"] == "http://127.0.0.1:5003"
    assert written["database_url"].startswith("postgresql://cutover:")
    assert written["redis_url"] == f"unix://{demo.store.socket}"


def test_it_names_every_process_of_the_procfile_that_talks_to_clouds() -> None:
    names = {line.partition(":")[0] for line in (ROOT / "Procfile").read_text().splitlines()}
    assert names >= environment.CLOUD_PROCESSES
