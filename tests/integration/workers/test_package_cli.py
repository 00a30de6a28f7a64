"""`package` on the command line: what FC needs for servers and images goes into a new folder."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from clouds.simulated.world import World
from tests.integration.workers import worlds
from tests.integration.workers.test_assessing import package, synced
from tests.integration.workers.test_cli import cutover

pytestmark = pytest.mark.django_db(transaction=True)
CODE = "def handler(e, c):\n    return 1\n"


@pytest.fixture
def world() -> Iterator[World]:
    with worlds.clouds() as made:
        yield made


def test_a_server_gets_a_bootstrap_and_a_package_with_it(world: World, tmp_path: Path) -> None:
    synced(world, CODE)
    out = tmp_path / "server"
    words = ("package", "hello", "--as", "server", "--command", "node 'my app.js'", "--out", str(out))
    said = cutover(*words, "--json")
    assert said.code == 0
    assert (said.document["runtime"], said.document["port"]) == ("custom.debian12", 9000)
    script = (out / "bootstrap").read_text()
    assert script.rstrip().endswith("exec node 'my app.js'")
    assert "AWS_LAMBDA_FUNCTION_NAME" in script
    assert os.access(out / "bootstrap", os.X_OK)
    archive = zipfile.ZipFile(io.BytesIO((out / "package.zip").read_bytes()))
    assert archive.read("bootstrap").decode() == script
    assert "app.py" in archive.namelist()
    again = cutover(*words)
    assert (again.code, again.progress.strip()) == (2, f"{out} exists already. Name a folder that does not.")


def test_an_image_gets_a_proxy_before_its_own_entry_point(world: World, tmp_path: Path) -> None:
    synced(world, CODE)
    out = tmp_path / "image"
    said = cutover(
        *("package", "hello", "--as", "image", "--image", "registry.example/own:1", "--out", str(out)),
        *("--entrypoint", "/lambda-entrypoint.sh", "--command", "app.handler"),
    )
    assert said.code == 0
    assert "runtime custom-container, port 9000" in said.out
    assert "registry.example/own:1 is no digest" in said.out
    assert "FROM registry.example/own:1" in (out / "Dockerfile").read_text()
    settings = json.loads((out / "settings.json").read_text())
    assert settings["command"] == ["/lambda-entrypoint.sh", "app.handler"]
    assert (out / "proxy.py").is_file()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--as", "server"), "Say which command starts the server."),
        (("--as", "server", "--command", "a 'b"), "is no command"),
        (("--as", "server", "--command", "a", "--image", "i"), "go with --as image"),
        (("--as", "image", "--command", "a"), "Say which image"),
        (("--as", "image", "--image", "a b", "--command", "a"), "is no name of an image"),
        (("--as", "image", "--image", "a"), "neither an entry point nor a command"),
    ],
)
def test_it_refuses_what_would_not_start_and_writes_nothing(
    world: World, tmp_path: Path, words: tuple[str, ...], sentence: str
) -> None:
    synced(world, CODE)
    said = cutover("package", "hello", *words, "--out", str(tmp_path / "out"), "--json")
    assert said.code == 2
    assert sentence in said.document["error"]
    assert not (tmp_path / "out").exists()


def test_it_refuses_code_that_the_inventory_did_not_see(world: World, tmp_path: Path) -> None:
    synced(world, CODE)
    world.deploy_behind_our_back("hello", package=package(CODE + "\n"))
    out = str(tmp_path / "out")
    said = cutover("package", "hello", "--as", "server", "--command", "a", "--out", out, "--json")
    assert (said.code, said.document["kind"]) == (4, "StaleState")
