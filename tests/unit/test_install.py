"""Setting a machine up says clearly what is missing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hosting import install
from hosting.demo import wished_port
from hosting.places import ROOT
from hosting.process import HostingError


def find_python(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / "hosting" / "find-python"],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def shim(folder: Path, script: str) -> str:
    folder.mkdir()
    python = folder / "python3"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    return str(python)


def test_it_finds_a_python_that_is_new_enough() -> None:
    found = find_python(PYTHON=sys.executable)
    assert found.returncode == 0
    assert Path(found.stdout.strip()).exists()


def test_it_says_that_the_only_python_is_too_old(tmp_path: Path) -> None:
    old = shim(tmp_path / "bin", '[ "$1" = --version ] && echo "Python 3.9.2" || echo ""')
    found = find_python(PYTHON=old)
    assert found.returncode == 1
    assert "needs Python 3.11 or newer" in found.stderr


def test_it_passes_over_a_python_that_is_on_the_path_but_does_not_run(tmp_path: Path) -> None:
    broken = shim(tmp_path / "bin", "exit 127")
    found = find_python(PYTHON=f"{broken} {sys.executable}")
    assert found.returncode == 0
    assert found.stdout.strip() != broken


def test_it_installs_again_when_the_lock_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install, "ROOT", tmp_path)
    monkeypatch.setattr(install, "VENV", tmp_path / ".venv")
    (tmp_path / "requirements").mkdir()
    (tmp_path / ".venv").mkdir()
    for name in ("demo", "dev"):
        (tmp_path / "requirements" / f"{name}.txt").write_text("a==1")
    assert not install.is_installed("demo")
    (tmp_path / ".venv" / "installed-dev").write_text(install.fingerprint("dev"))
    assert install.is_installed("demo")
    (tmp_path / "requirements" / "dev.txt").write_text("a==2")
    assert not install.is_installed("demo")


def test_it_says_which_package_brings_a_missing_ensurepip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = shim(tmp_path / "bin", 'echo "ensurepip is not available"; exit 1')
    monkeypatch.setattr(install, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(sys, "executable", python)
    with pytest.raises(SystemExit, match=r"apt-get install python3\.\d+-venv"):
        install.make_environment()
    assert not (tmp_path / ".venv").exists()


@pytest.mark.parametrize("text", ["x", "0", "65536", "-1", "８０", "8000 "])
def test_it_refuses_a_port_that_is_none(text: str) -> None:
    with pytest.raises(HostingError, match="PORT must be a number from 1 to 65535"):
        wished_port(text)


def test_it_locks_every_package_with_a_hash_and_names_no_index() -> None:
    for name in ("base", "demo", "dev"):
        text = (ROOT / "requirements" / f"{name}.txt").read_text()
        assert "--hash=sha256:" in text
        assert "://" not in text
    lock = (ROOT / "package-lock.json").read_text()
    assert "resolved" not in lock
