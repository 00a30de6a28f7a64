"""`plan --for deploy --as`: the target in code, from what assessment and twins wrote down."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hcl2
import pytest
import yaml

from clouds.simulated.world import World
from migrations_app.models import FunctionMigration
from migrations_app.services import inventory, twins
from tests.integration.workers import worlds
from workers import assessment, wiring
from workers.cli.main import run

pytestmark = pytest.mark.django_db(transaction=True)
CODE = """
import boto3
s3 = boto3.client("s3")
def handler(event, context):
    return s3.get_object(Bucket="photos", Key=event["key"])["ETag"]
"""


@pytest.fixture
def world() -> Iterator[World]:
    with worlds.clouds() as made:
        yield made


def plan(*words: str) -> tuple[int, Any]:
    out = io.StringIO()
    code = run(["plan", "hello", *words, "--json"], stdout=out, stderr=io.StringIO())
    return code, json.loads(out.getvalue())


def read(world: World) -> FunctionMigration:
    """Give a function whose package a worker has read, with a twin for its bucket."""
    function = worlds.assessed(world)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", CODE)
    world.deploy_behind_our_back("hello", package=packed.getvalue())
    catalog = wiring.primary(function.connection).catalog
    seen = [catalog.describe(name, hash_key=b"key") for name in catalog.names()]
    inventory.record_sync(function.connection, seen, actor="ann")
    assessment.assess(function.pk, actor="ann")
    twins.add(
        function.pk,
        name="photos",
        kind="bucket",
        primary="photos",
        candidate="photos-1432",
        state="disposable",
        actor="ann",
    )
    return worlds.refreshed(function)


def test_it_prints_files_gaps_and_the_policy_line_by_line(world: World) -> None:
    worlds.assessed(world)

    code, found = plan("--for", "deploy", "--as", "terraform")

    assert code == 0
    assert set(found["files"]) == {"main.tf", "role.tf", "variables.tf"}
    assert all(hcl2.loads(text) for text in found["files"].values())
    assert found["policy"]["lines"][0]["reasons"]
    assert any("was not read" in one["why"] for one in found["policy"]["left_out"])


def test_calls_in_the_code_become_lines_on_the_twin(world: World) -> None:
    read(world)

    _, found = plan("--for", "deploy", "--as", "serverless-devs")

    lines = {action: one for one in found["policy"]["lines"] for action in one["actions"]}
    assert lines["oss:GetObject"]["resources"] == ["acs:oss:*:1432000000000001:photos-1432/*"]
    assert "app.py:5 calls get_object" in lines["oss:GetObject"]["reasons"][0]
    assert yaml.safe_load(found["files"]["s.yaml"])["resources"]["function"]["component"] == "fc3"


def test_it_writes_the_files_and_overwrites_none_that_differs(world: World, tmp_path: Path) -> None:
    worlds.assessed(world)
    words = ("--for", "deploy", "--as", "terraform", "--out", str(tmp_path / "infra"))

    first, found = plan(*words)
    again, _ = plan(*words)
    (tmp_path / "infra" / "role.tf").write_text("# mine\n")
    refused, said = plan(*words)

    assert (first, again, refused) == (0, 0, 2)
    assert sorted(Path(one).name for one in found["written"]) == ["main.tf", "role.tf", "variables.tf"]
    assert "role.tf is there already" in said["error"]
    assert (tmp_path / "infra" / "role.tf").read_text() == "# mine\n"


@pytest.mark.parametrize(
    "words",
    [
        ("--for", "rollback", "--as", "terraform"),
        ("--for", "deploy", "--out", "x"),
        ("--for", "deploy", "--as", "pulumi"),
        ("--for", "deploy", "--as", "terraform", "--out", "/dev/null/x"),
    ],
)
def test_wrong_use_gets_2(world: World, words: tuple[str, ...]) -> None:
    worlds.assessed(world)

    assert plan(*words)[0] == 2
