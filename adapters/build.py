"""What is uploaded, as zip archives, byte for byte the same each time; standard library only.

``relay_layer`` and ``tap_layer`` depend on nothing; ``settings_layer`` holds one function's settings, which
are not secret. All three serve both architectures. ``adapted_package`` puts the FC-side adapter beside a
function's own files, which stay byte for byte what they were.
"""

from __future__ import annotations

import hashlib
import io
import json
import posixpath
import re
import shlex
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent
_PYTHON = "python-3.9"
_SHARED = _HERE / "aws_shared" / _PYTHON
_EPOCH = (1980, 1, 1, 0, 0, 0)
_NODE = "nodejs/node_modules/cutover-tap"
_FC_NODE = _HERE / "fc_node"
_FC_PYTHON = _HERE / "fc_python" / _PYTHON
_TRANSLATION = _HERE.parent / "cutover" / "translation"
FC_HANDLERS = {"node": "cutover-adapter.handler", "python": "cutover_adapter.handler"}
"""Adapter -> the handler that FC is given in place of the function's own."""
_PARTS = {"node": "cutover-adapter-parts", "python": "cutover_adapter_parts"}


class PackageError(ValueError):
    """The package cannot take the adapter; the message says why."""


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


def adapter_files(adapter: str, *, module: bool = False) -> dict[str, bytes]:
    """Give the adapter's files by their path in a package, without the settings.

    Args:
        adapter: ``node`` or ``python``.
        module: whether a Node.js function is an ES module.
    """
    if adapter == "python":
        files = {path.name: path.read_bytes() for path in _FC_PYTHON.glob("*.py")}
        parts = _PARTS["python"]
        files |= {f"{parts}/{path.name}": path.read_bytes() for path in (_FC_PYTHON / parts).glob("*.py")}
        shared = {f"{parts}/translation/{path.name}": path.read_bytes() for path in _TRANSLATION.glob("*.py")}
        return {**files, **shared}
    root = f"cutover-adapter.{'mjs' if module else 'js'}"
    parts = _PARTS["node"]
    inner = {f"{parts}/{path.name}": path.read_bytes() for path in (_FC_NODE / parts).iterdir()}
    return {root: (_FC_NODE / root).read_bytes(), **inner}


def adapter_digest(adapter: str) -> str:
    """Give the hex SHA-256 over the adapter's files; evidence belongs to it."""
    files = {**adapter_files(adapter), **adapter_files(adapter, module=True)}
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{name} {len(files[name])}\n".encode())
        digest.update(files[name])
    return digest.hexdigest()


def adapted_package(
    package: bytes,
    adapter: str,
    settings: Mapping[str, Any],
    *,
    bundled: Mapping[str, bytes] | None = None,
) -> bytes:
    """Give the package with the adapter and its settings added; the function's files stay as they are.

    Args:
        settings: {"handler", "function_name", "function_version", "function_arn", "memory_mb", "timeout_s",
            "environment", "triggers", "setting"}.
        bundled: files of dependencies that Lambda has and FC has not, path -> content, from a lock; of a
            dependency that the package has already nothing is added.

    Raises:
        PackageError: it is no zip archive, it has a file where the adapter's would be, or a dependency in
            another version than the bundled ones need.
    """
    if not zipfile.is_zipfile(io.BytesIO(package)):
        raise PackageError("The package is no zip archive.")
    buffer = io.BytesIO(package)
    try:
        with zipfile.ZipFile(buffer, "a") as archive:
            present = set(archive.namelist())
            files = adapter_files(adapter, module=_is_module(archive, str(settings["handler"])))
            text = json.dumps(settings, ensure_ascii=False, sort_keys=True, indent=1)
            files[f"{_PARTS[adapter]}/settings.json"] = text.encode()
            if taken := sorted(present & set(files)):
                raise PackageError(f"The package has a file {taken[0]} already, which the adapter needs.")
            files |= _brought(archive, bundled or {})
            for name in sorted(files):
                archive.writestr(_entry(name), files[name])
    except zipfile.BadZipFile:
        raise PackageError("The package is a damaged zip archive.") from None
    return buffer.getvalue()


def bundled_package(package: bytes, bundled: Mapping[str, bytes]) -> bytes:
    """Give the package with bundled dependencies and without the adapter. Raises as ``adapted_package``."""
    if not zipfile.is_zipfile(io.BytesIO(package)):
        raise PackageError("The package is no zip archive.")
    buffer = io.BytesIO(package)
    try:
        with zipfile.ZipFile(buffer, "a") as archive:
            files = _brought(archive, bundled)
            for name in sorted(files):
                archive.writestr(_entry(name), files[name])
    except zipfile.BadZipFile:
        raise PackageError("The package is a damaged zip archive.") from None
    return buffer.getvalue()


def server_bootstrap(command: Sequence[str], *, environment: Mapping[str, str] | None = None) -> bytes:
    """Give the ``bootstrap`` of a custom runtime for a package that is an HTTP server behind a proxy on AWS.

    Args:
        command: what starts the server, relative to the package, such as ``["./server"]``.
        environment: what the platform sets on AWS; values that are there already stay.

    Raises:
        PackageError: the command is empty, or a name is none of an environment variable.
    """
    if not command:
        raise PackageError("Say which command starts the server.")
    values = dict(environment or {})
    if wrong := [name for name in values if not name.isidentifier() or not name.isascii()]:
        raise PackageError(f"{wrong[0]!r} is no name of an environment variable.")
    lines = [
        f'[ "${{{name}+set}}" ] || export {name}={shlex.quote(value)}'
        for name, value in sorted(values.items())
    ]
    text = (_HERE / "custom_runtime" / "bootstrap.sh").read_text(encoding="utf-8")
    made = text.replace("# ENVIRONMENT\n", "".join(f"{line}\n" for line in lines))
    return made.replace("COMMAND", shlex.join(command)).encode()


def server_package(package: bytes, bootstrap: bytes) -> bytes:
    """Give the package with the bootstrap in its root, which may be executed.

    Raises:
        PackageError: it is no zip archive, or it has a bootstrap already.
    """
    if not zipfile.is_zipfile(io.BytesIO(package)):
        raise PackageError("The package is no zip archive.")
    buffer = io.BytesIO(package)
    with zipfile.ZipFile(buffer, "a") as archive:
        if "bootstrap" in archive.namelist():
            raise PackageError("The package has a bootstrap already, which speaks to Lambda's Runtime API.")
        entry = _entry("bootstrap")
        entry.external_attr = 0o755 << 16
        archive.writestr(entry, bootstrap)
    return buffer.getvalue()


def image_files(
    image: str, *, entrypoint: Sequence[str], command: Sequence[str], environment: Mapping[str, str]
) -> dict[str, bytes]:
    """Give what ``docker build`` needs to put FC's proxy into a Lambda image: Dockerfile and proxy.

    Args:
        image: by digest, ``registry/name@sha256:...``.
        entrypoint: the image's own, with ``command`` behind it; both go to the proxy unchanged.

    Raises:
        PackageError: the image's name holds what a Dockerfile would read as more than a name, or there is
            nothing to start.
    """
    if not re.fullmatch(r"[\w./:@-]+", image):
        raise PackageError(f"{image!r} is no name of an image.")
    if not [*entrypoint, *command]:
        raise PackageError("The image names neither an entry point nor a command.")
    text = (_HERE / "image_proxy" / "Dockerfile").read_text(encoding="utf-8")
    settings = {"command": [*entrypoint, *command], "environment": dict(environment)}
    return {
        "Dockerfile": text.replace("IMAGE", image).encode(),
        "proxy.py": (_HERE / "image_proxy" / _PYTHON / "proxy.py").read_bytes(),
        "settings.json": json.dumps(settings, ensure_ascii=False, sort_keys=True, indent=1).encode(),
    }


def _brought(archive: zipfile.ZipFile, bundled: Mapping[str, bytes]) -> dict[str, bytes]:
    """Give the bundled files whose dependency the package has not.

    A dependency is taken whole or not at all: two versions of one in the same folder would be neither. Python
    looks into the package first on Lambda too; Node.js keeps what Lambda bundles apart, so that there another
    version is refused.
    """
    present = archive.namelist()
    taken = {_dependency(name) for name in present}
    for place in sorted({_dependency(name) for name in bundled} & taken):
        manifest = f"{place}/package.json"
        if manifest not in bundled or manifest not in present:
            continue
        here, there = _version(archive.read(manifest)), _version(bundled[manifest])
        if here != there:
            raise PackageError(
                f"The package has {place.rpartition('node_modules/')[2]} {here} where the bundled "
                f"dependencies need {there}: install them with the function's own."
            )
    return {name: content for name, content in bundled.items() if _dependency(name) not in taken}


def _dependency(path: str) -> str:
    """Give the folder of the dependency that a file belongs to: ``node_modules/@a/b``, or its first part."""
    before, found, after = path.rpartition("node_modules/")
    parts = after.split("/")
    if not found:
        return parts[0]
    return f"{before}{found}{'/'.join(parts[: 2 if after.startswith('@') else 1])}"


def _version(manifest: bytes) -> str:
    try:
        found = json.loads(manifest)
    except ValueError:
        return "unknown"
    return str(found.get("version", "unknown")) if isinstance(found, dict) else "unknown"


def _is_module(archive: zipfile.ZipFile, handler: str) -> bool:
    """Tell whether a Node.js handler lies in an ES module: by its ending, or by the nearest package.json."""
    present = set(archive.namelist())
    directory, _, name = handler.rpartition("/")
    stem = posixpath.join(directory, name.partition(".")[0])
    if f"{stem}.js" not in present:
        return f"{stem}.mjs" in present
    while True:
        place = posixpath.join(directory, "package.json")
        if place in present:
            try:
                found = json.loads(archive.read(place))
            except ValueError:
                return False
            return isinstance(found, dict) and found.get("type") == "module"
        if not directory:
            return False
        directory = posixpath.dirname(directory)


def _python(directory: Path) -> dict[str, bytes]:
    return {f"python/{path.name}": path.read_bytes() for path in directory.glob("*.py")}


def _zipped(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in sorted(files):
            archive.writestr(_entry(name), files[name])
    return buffer.getvalue()


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, date_time=_EPOCH)
    entry.external_attr = 0o644 << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry
