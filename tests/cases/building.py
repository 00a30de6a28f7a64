"""A deployment package from a function's sources: its dependencies installed, TypeScript built.

Packages come through npm and pip as their owners name them; no script of a package runs at installation. What
cannot be had is `Unbuildable`, with the reason in the words of the tool.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from hosting.npm import wheel_node
from hosting.process import dying_with_parent
from tests.cases.checkouts import text_of
from tests.cases.recorded import Case

LIMIT_S = 240
_EPOCH = (1980, 1, 1, 0, 0, 0)
_LEFT_OUT = frozenset({".git", "__pycache__", ".bin"})
BROUGHT_BY_LAMBDA = frozenset({"boto3", "botocore"})


class Unbuildable(Exception):
    """The package cannot be made here; the message says why."""


def sdk_v2_is_wanted(case: Case, files: Mapping[str, bytes]) -> bool:
    """Tell whether the code uses aws-sdk 2 without bringing it: only older runtimes of Lambda bring it."""
    if case.python:
        return False
    code = text_of(files, (".js", ".cjs", ".mjs", ".ts"))
    asked = json.loads(files.get("package.json", b"{}")).get("dependencies") or {}
    return ("'aws-sdk" in code or '"aws-sdk' in code) and "aws-sdk" not in asked


def build(case: Case, files: Mapping[str, bytes], folder: Path) -> bytes:
    """Make the package in an empty folder and give it as a zip.

    Raises:
        Unbuildable: a dependency or a tool could not be had, or the build failed.
    """
    for name, content in files.items():
        place = folder / name
        if not place.resolve().is_relative_to(folder.resolve()):
            raise Unbuildable(f"{name} leads out of the package")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    if case.python:
        _pip(folder)
    else:
        _npm(case, folder)
    if "esbuild" in case.build:
        return zipped(_bundled(case, folder))
    return zipped(
        {
            place.relative_to(folder).as_posix(): place.read_bytes()
            for place in sorted(folder.rglob("*"))
            if place.is_file() and not _LEFT_OUT & set(place.relative_to(folder).parts)
        }
    )


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Give a zip of the files, the same bytes for the same files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr, entry.compress_type = 0o644 << 16, zipfile.ZIP_DEFLATED
            archive.writestr(entry, files[name])
    return out.getvalue()


def _npm(case: Case, folder: Path) -> None:
    manifest = folder / "package.json"
    if not manifest.exists() or not json.loads(manifest.read_text()).get("dependencies"):
        return
    _node_tool(folder, "npm", ["install", "--omit=dev"])
    for name, version in case.upgrades.items():
        _node_tool(folder, "npm", ["install", "--omit=dev", f"{name}@{version}"])


def _node_tool(folder: Path, tool: str, arguments: Sequence[str]) -> None:
    node = wheel_node()
    program = node.parent / "lib" / "node_modules" / tool / "bin" / f"{tool}-cli.js"
    quiet = ["--ignore-scripts", "--no-progress", "--no-audit", "--no-fund"]
    search = f"{node}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    _run([str(node / "node"), str(program), *arguments, *quiet], folder, tool, PATH=search)


def _pip(folder: Path) -> None:
    """Install what the function asks for, except what Lambda brings, beside the function."""
    wanted = folder / "requirements.txt"
    names = [
        line.strip()
        for line in (wanted.read_text().splitlines() if wanted.exists() else ())
        if line.strip() and not line.lstrip().startswith(("#", "-"))
    ]
    asked = [one for one in names if one.partition("==")[0].split("[")[0].lower() not in BROUGHT_BY_LAMBDA]
    if asked:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", "--only-binary=:all:"]
        _run([*command, "--target", str(folder), *asked], folder, "pip")


def _bundled(case: Case, folder: Path) -> dict[str, bytes]:
    """Build one file with esbuild, as the package's own dependencies bring it."""
    stem = case.handler.rpartition(".")[0]
    entry = next(
        (one for one in (f"{stem}.ts", f"{stem}.mts", f"{stem}.js") if (folder / one).exists()), None
    )
    tool = folder / "node_modules" / "esbuild" / "bin" / "esbuild"
    if entry is None:
        raise Unbuildable(f"no file {stem}.ts to build")
    if not tool.exists():
        _node_tool(folder, "npm", ["install", "--no-save", "esbuild"])
    out = folder / ".built.js"
    command = [str(wheel_node() / "node"), str(tool), entry, "--bundle", "--platform=node"]
    _run([*command, f"--outfile={out}"], folder, "esbuild")
    return {f"{stem}.js": out.read_bytes()}


def _run(command: Sequence[str], folder: Path, tool: str, **environment: str) -> None:
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            preexec_fn=dying_with_parent(),
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Unbuildable(f"{tool} took more than {LIMIT_S} s") from None
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise Unbuildable(f"{tool} failed: {' / '.join(said[-2:])[-300:]}")
