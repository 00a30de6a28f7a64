"""Servers behind a proxy and images: what is generated for them."""

import io
import json
import stat
import subprocess
import zipfile
from pathlib import Path

import pytest

from adapters import build
from tests.unit.adapters.fc_run import package


def test_the_bootstrap_starts_the_server_with_its_port_and_environment(tmp_path: Path) -> None:
    values = {"STAGE": "a b'c", "UP_STAGE": "own"}
    script = build.server_bootstrap(["sh", "show it.sh"], environment=values)
    (tmp_path / "bootstrap").write_bytes(script)
    (tmp_path / "show it.sh").write_text('echo "$PORT|$HOST|$STAGE|$UP_STAGE|$PWD"')
    ended = subprocess.run(
        ["sh", str(tmp_path / "bootstrap")],
        env={"PATH": "/usr/bin:/bin", "FC_FUNC_CODE_PATH": str(tmp_path), "UP_STAGE": "kept it"},
        capture_output=True,
        text=True,
        timeout=10,
        check=True,
    )
    assert ended.stdout == f"9000|0.0.0.0|a b'c|kept it|{tmp_path}\n"


def test_it_puts_the_bootstrap_where_fc_starts_it() -> None:
    adapted = build.server_package(package({"server": "x"}), build.server_bootstrap(["./server"]))
    entry = zipfile.ZipFile(io.BytesIO(adapted)).getinfo("bootstrap")
    assert stat.S_IMODE(entry.external_attr >> 16) == 0o755


def test_it_refuses_what_would_not_start() -> None:
    with pytest.raises(build.PackageError, match="command"):
        build.server_bootstrap([])
    with pytest.raises(build.PackageError, match="environment"):
        build.server_bootstrap(["./a"], environment={"A;rm": "x"})
    with pytest.raises(build.PackageError, match="already"):
        build.server_package(package({"bootstrap": "x"}), b"")
    with pytest.raises(build.PackageError, match="no zip"):
        build.server_package(b"x", b"")
    with pytest.raises(build.PackageError, match="no name of an image"):
        build.image_files("a\nRUN x", entrypoint=["a"], command=[], environment={})
    with pytest.raises(build.PackageError, match="entry point"):
        build.image_files("a", entrypoint=[], command=[], environment={})


def test_it_gives_an_image_the_proxy_before_its_own_entry_point() -> None:
    digest = "registry.example:5000/own/app@sha256:" + "0" * 64
    files = build.image_files(
        digest, entrypoint=["/lambda-entrypoint.sh"], command=["app.handler"], environment={}
    )
    lines = files["Dockerfile"].decode().splitlines()
    assert f"FROM {digest}" in lines
    assert next(line for line in lines if line.startswith("ENTRYPOINT")).endswith('"/opt/cutover/proxy.py"]')
    assert json.loads(files["settings.json"])["command"] == ["/lambda-entrypoint.sh", "app.handler"]
