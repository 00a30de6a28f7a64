"""`scaffold` on the command line: the package is fetched, files go into a new folder, nothing is applied."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from clouds.simulated.world import World
from tests.integration.workers import worlds
from tests.integration.workers.test_assessing import package, synced
from tests.integration.workers.test_cli import cutover

pytestmark = pytest.mark.django_db(transaction=True)
READS = (
    "import boto3\nS = boto3.client('s3')\n"
    "def handler(e, c):\n    return S.get_object(Bucket='b', Key='k')['Body'].read().decode()\n"
)


@pytest.fixture
def world() -> Iterator[World]:
    with worlds.clouds() as made:
        yield made


def test_it_writes_the_diff_and_the_files_into_a_new_folder(world: World, tmp_path: Path) -> None:
    synced(world, READS)
    out = tmp_path / "review"
    said = cutover("scaffold", "hello", "--out", str(out), "--json")
    assert said.code == 0
    assert said.document["handlers"] == {
        "aws": "handler_aws.handler",
        "alibaba": "handler_alibaba.handler",
    }
    assert (out / "scaffold.diff").read_text() == said.document["diff"]
    written = {str(path.relative_to(out / "files")) for path in (out / "files").rglob("*") if path.is_file()}
    assert written == set(said.document["files"])
    assert "storage.get_object(bucket='b', key='k').body" in (out / "files/app.py").read_text()
    again = cutover("scaffold", "hello", "--out", str(out))
    assert (again.code, again.progress.strip()) == (2, f"{out} exists already. Name a folder that does not.")


def test_without_a_folder_it_prints_the_diff_and_what_the_reviewer_decides(world: World) -> None:
    synced(world, READS)
    said = cutover("scaffold", "hello")
    assert said.code == 0
    assert said.out.startswith("--- a/app.py\n+++ b/app.py\n")
    assert "Dependencies: oss2 2.19.1." in said.out
    assert "For the reviewer:\n" in said.out


def test_it_refuses_code_without_io_and_code_that_the_inventory_did_not_see(world: World) -> None:
    synced(world, "def handler(e, c):\n    return 1\n")
    refused = cutover("scaffold", "hello", "--json")
    assert refused.code == 4
    assert "There is nothing to put behind drivers." in refused.document["error"]
    world.deploy_behind_our_back("hello", package=package(READS))
    stale = cutover("scaffold", "hello", "--json")
    assert (stale.code, stale.document["kind"]) == (4, "StaleState")


def test_sources_may_stand_in_for_the_package(world: World, tmp_path: Path) -> None:
    synced(world, "def handler(e, c):\n    return 1\n")
    (tmp_path / "app.py").write_text(READS)
    assert cutover("scaffold", "hello", "--source", str(tmp_path)).code == 0
    missing = cutover("scaffold", "hello", "--source", str(tmp_path / "nowhere"), "--json")
    assert missing.code == 2
