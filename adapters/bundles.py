"""Dependencies that Lambda's runtimes bring and FC's do not, read from a folder that was installed by a lock.

A bundle is a folder ``adapters/bundled/<name>`` with the lock. An operator copies it and installs it there:
``npm ci --ignore-scripts`` for Node.js, ``pip install --require-hashes --no-deps --no-compile --target python
-r requirements.txt`` for Python. What was installed is held against a digest that the plan names.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

_LOCKS = ("package-lock.json", "requirements.txt")
_NODE, _PYTHON = "node_modules", "python"
_LEFT_OUT = frozenset({".bin", "__pycache__", ".package-lock.json", "RECORD", "INSTALLER", "REQUESTED"})
"""What the installer writes for itself, and differs from one to the next."""
_UNUSED = (".d.ts", ".d.mts", ".d.cts", ".map")
_OWNED = "aws-sdk-v2"
_BROWSER = "node_modules/aws-sdk/dist/"


class BundleError(ValueError):
    """The bundle cannot be used; the message says why and what to do."""


def lock_digest(folder: Path) -> str:
    """Give the hex SHA-256 of a bundle's lock; empty when there is none."""
    found = next((folder / name for name in _LOCKS if (folder / name).is_file()), None)
    return hashlib.sha256(found.read_bytes()).hexdigest() if found else ""


def bundled_files(root: str, name: str, *, lock_sha256: str, sha256: str) -> dict[str, bytes]:
    """Give a bundle's files by their path in a package.

    Args:
        root: the folder with one folder per bundle; empty when nobody named one.
        name: of the bundle, such as ``aws-sdk-v2``.
        lock_sha256: of the lock that the plan names.
        sha256: ``files_digest`` of what that lock installs.

    Raises:
        BundleError: nobody named the folder, or it holds something else than the lock says.
    """
    if not root:
        raise BundleError(
            f"{name} cannot be added: CUTOVER_BUNDLED_PACKAGES names no folder with what the locks in "
            "adapters/bundled/ install."
        )
    folder = Path(root) / name
    if lock_digest(folder) != lock_sha256:
        raise BundleError(
            f"{name} cannot be added: its folder in CUTOVER_BUNDLED_PACKAGES does not have the lock of "
            f"adapters/bundled/{name}/. Copy that and install from it."
        )
    try:
        files = dict(_files(folder, name))
    except OSError as error:
        raise BundleError(f"{name} cannot be added: {error.strerror or 'it cannot be read'}.") from error
    if files_digest(files) != sha256:
        raise BundleError(
            f"{name} cannot be added: what is installed in its folder is not what its lock says. "
            "Remove node_modules or python there and install again."
        )
    return files


def files_digest(files: Mapping[str, bytes]) -> str:
    """Give the hex SHA-256 over names, sizes and contents."""
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{name} {len(files[name])}\n".encode())
        digest.update(files[name])
    return digest.hexdigest()


def _files(folder: Path, name: str) -> Iterator[tuple[str, bytes]]:
    """Give what a function needs: no declarations of types, no source maps, no builds for browsers."""
    for top in (_NODE, _PYTHON):
        for path in sorted((folder / top).rglob("*")):
            parts = path.relative_to(folder).parts
            if (
                parts[:2] == (_PYTHON, "bin")
                or _LEFT_OUT.intersection(parts)
                or path.name.endswith(_UNUSED)
                or not path.is_file()
            ):
                continue
            if path.is_symlink():
                raise BundleError(f"{name} cannot be added: {'/'.join(parts)} is a symbolic link.")
            place = "/".join(parts[1:] if top == _PYTHON else parts)
            if not place.startswith(_BROWSER):
                yield _placed(place, name), path.read_bytes()


def _placed(place: str, name: str) -> str:
    """Put what the SDK in version 2 depends on below it, where no dependency of the function's own is."""
    if name != _OWNED or place.startswith("node_modules/aws-sdk/"):
        return place
    return f"node_modules/aws-sdk/{place}"
