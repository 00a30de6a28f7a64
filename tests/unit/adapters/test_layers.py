"""The layers: the same bytes each time, only what belongs in them, and Python 3.9 to Python 3.14."""

import ast
import io
import json
import sys
import zipfile
from pathlib import Path

import pytest

from adapters import build

SOURCES = sorted((Path(build.__file__).parent).glob("aws_*/python-3.9/*.py"))
OWN = {path.stem for path in SOURCES}


def names(archive: bytes) -> set[str]:
    return set(zipfile.ZipFile(io.BytesIO(archive)).namelist())


def test_it_builds_the_same_bytes_each_time() -> None:
    assert build.relay_layer() == build.relay_layer()
    assert build.tap_layer() == build.tap_layer()
    assert build.settings_layer({"a": 1, "b": 2}) == build.settings_layer({"b": 2, "a": 1})


def test_it_puts_into_each_layer_what_belongs_there() -> None:
    shared = {"python/cutover_wire.py", "python/cutover_observe.py"}
    node = "nodejs/node_modules/cutover-tap"

    assert names(build.relay_layer()) == {*shared, "python/cutover_relay.py"}
    assert names(build.tap_layer()) == {
        *shared,
        "python/cutover_tap.py",
        *(
            f"{node}/{name}"
            for name in ("index.js", "package.json", "redaction.js", "reporter.js", "settings.js")
        ),
    }
    archive = zipfile.ZipFile(io.BytesIO(build.settings_layer({"function": "naïve"})))
    assert json.loads(archive.read("cutover/settings.json")) == {"function": "naïve"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_its_python_parses_as_python_3_9_and_needs_the_standard_library_only(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 9))

    imported = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported - OWN <= sys.stdlib_module_names
