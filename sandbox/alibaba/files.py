"""Write-through state: every change is on disk before the call that made it is answered.

A document is a JSON file that is replaced atomically (write beside it, flush, rename), so a reader sees the
one before or the one after and a kill at any moment loses no answered call.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def write_bytes(path: Path, content: bytes) -> None:
    """Replace the file atomically, readable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".part-")
    try:
        with os.fdopen(descriptor, "wb") as part:
            part.write(content)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def write_json(path: Path, document: object) -> None:
    """Replace the JSON document atomically."""
    write_bytes(path, json.dumps(document, ensure_ascii=False).encode())


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON document; a file that does not exist is an empty one."""
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    if not isinstance(document, dict):
        raise ValueError(f"{path.name} is not a JSON object; remove the sandbox's state to begin anew")
    return document


def documents(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Give every JSON document of a folder, in the order of names; a missing folder has none."""
    if not folder.is_dir():
        return
    for path in sorted(folder.glob("*.json")):
        yield path, read_json(path)


def empty_folder(folder: Path) -> None:
    """Make a folder, without what an earlier run left in it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
