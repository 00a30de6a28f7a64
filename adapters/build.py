"""The layers as zip archives, byte for byte the same each time; standard library only.

``relay_layer`` and ``tap_layer`` depend on nothing; ``settings_layer`` holds one function's settings, which
are not secret. All three serve both architectures.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent
_PYTHON = "python-3.9"
_SHARED = _HERE / "aws_shared" / _PYTHON
_EPOCH = (1980, 1, 1, 0, 0, 0)
_NODE = "nodejs/node_modules/cutover-tap"


def relay_layer() -> bytes:
    """Give the layer of the relay (handler ``cutover_relay.handler``, runtime python3.12)."""
    return _zipped({**_python(_SHARED), **_python(_HERE / "aws_relay" / _PYTHON)})


def tap_layer() -> bytes:
    """Give the layer of the tap for Python and for Node.js."""
    node = _HERE / "aws_tap" / _NODE
    return _zipped(
        {
            **_python(_SHARED),
            **_python(_HERE / "aws_tap" / _PYTHON),
            **{
                f"{_NODE}/{path.name}": path.read_bytes()
                for path in node.iterdir()
                if path.suffix in (".js", ".json")
            },
        }
    )


def settings_layer(settings: Mapping[str, Any]) -> bytes:
    """Give the layer with one function's settings, at ``cutover/settings.json``."""
    text = json.dumps(settings, ensure_ascii=False, sort_keys=True, indent=1)
    return _zipped({"cutover/settings.json": text.encode()})


def _python(directory: Path) -> dict[str, bytes]:
    return {f"python/{path.name}": path.read_bytes() for path in directory.glob("*.py")}


def _zipped(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, date_time=_EPOCH)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, files[name])
    return buffer.getvalue()
