"""Code packages: checked, stored by digest, unpacked once, layers stacked into one directory.

A package is read to its end when it comes in, so that a bad one is refused there and reaches no function:
names that lead out of the package, links that do, entries that stand in each other's way, encrypted or broken
entries, and more bytes than a function may have, whatever the archive's own headers say.
"""

import base64
import hashlib
import hmac
import io
import os
import posixpath
import shutil
import stat
import threading
import time
import zipfile
import zlib
from pathlib import Path

from sandbox.aws.errors import AwsError, invalid

MAX_UNPACKED_BYTES = 262_144_000  # Source: docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_ENTRIES = 100_000
MAX_LINK_BYTES = 1024
LOCATION_TTL_S = 600
_CHUNK = 1 << 20


class Packages:
    """Zip files under one directory. secret: signs download links."""

    def __init__(self, root: Path, secret: str) -> None:
        self._root = root
        self._secret = secret.encode()
        self._lock = threading.Lock()
        self._sizes: dict[str, int] = {}
        for part in ("zip", "code", "opt"):
            (root / part).mkdir(parents=True, exist_ok=True)

    def put(self, body: bytes) -> tuple[str, str, int]:
        """Store a zip; give (key, CodeSha256 in base64, size in bytes). Raises AwsError for no good zip."""
        unpacked = checked(body)
        digest = hashlib.sha256(body)
        place = self._zip(digest.hexdigest())
        if not place.exists():
            fresh = place.with_suffix(f".{os.getpid()}.{threading.get_ident()}")
            try:
                fresh.write_bytes(body)
                fresh.replace(place)
            except OSError as exc:
                fresh.unlink(missing_ok=True)
                raise AwsError(500, "ServiceException", f"The package could not be kept: {exc}") from exc
        self._sizes[digest.hexdigest()] = unpacked
        return digest.hexdigest(), base64.b64encode(digest.digest()).decode(), len(body)

    def _zip(self, key: str) -> Path:
        return self._root / "zip" / f"{key}.zip"

    def unpacked_bytes(self, key: str) -> int:
        """Give the size of a stored package when unpacked; 0 for no package."""
        if not key:
            return 0
        if key not in self._sizes:
            with zipfile.ZipFile(self._zip(key)) as archive:
                self._sizes[key] = sum(entry.file_size for entry in archive.infolist())
        return self._sizes[key]

    def location(self, key: str, address: str) -> str:
        """Give a link that downloads a package during ten minutes."""
        expires = int(time.time()) + LOCATION_TTL_S
        return f"{address}/_sandbox/code/{key}?expires={expires}&signature={self._signature(key, expires)}"

    def _signature(self, key: str, expires: int) -> str:
        return hmac.new(self._secret, f"{key}:{expires}".encode(), hashlib.sha256).hexdigest()

    def download(self, key: str, expires: str, signature: str) -> bytes | None:
        """Give the bytes behind a link, or None when it is wrong or too old."""
        if not expires.isdecimal() or int(expires) < time.time():
            return None
        if not hmac.compare_digest(self._signature(key, int(expires)).encode(), signature.encode()):
            return None
        return self._zip(key).read_bytes()

    def unpacked(self, key: str) -> Path:
        """Give the directory with the package's files, unpacking it at the first call."""
        place = self._root / "code" / key
        with self._lock:
            if not place.exists():
                self._fill(place, (key,))
        return place

    def stacked(self, keys: tuple[str, ...]) -> Path:
        """Give the directory that stands for /opt: the layers in order, later ones over earlier ones."""
        name = hashlib.sha256("\n".join(keys).encode()).hexdigest()
        place = self._root / "opt" / name
        with self._lock:
            if not place.exists():
                self._fill(place, keys)
        return place

    def _fill(self, place: Path, keys: tuple[str, ...]) -> None:
        fresh = place.with_suffix(".new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir()
        for key in keys:
            with zipfile.ZipFile(self._zip(key)) as archive:
                _unpack(archive, fresh)
        fresh.replace(place)


def checked(body: bytes) -> int:
    """Read a package to its end; give its size when unpacked. Raises AwsError for one that is refused."""
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            return _check(archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, ValueError) as exc:
        # RuntimeError: encrypted; NotImplementedError: an unknown compression; ValueError: bad fields.
        raise _unzippable() from exc


def _unzippable() -> AwsError:
    return invalid("Could not unzip uploaded file. Please check your file, then try to upload again.")


def _too_large() -> AwsError:
    return invalid(f"Unzipped size must be smaller than {MAX_UNPACKED_BYTES} bytes")


def _check(archive: zipfile.ZipFile) -> int:
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES or sum(entry.file_size for entry in entries) > MAX_UNPACKED_BYTES:
        raise _too_large()
    leaves: set[str] = set()
    directories: set[str] = set()
    total = 0
    for entry in entries:
        name = _name(entry)
        (directories if entry.is_dir() else leaves).add(name)
        parent = posixpath.dirname(name)
        while parent:
            directories.add(parent)
            parent = posixpath.dirname(parent)
        if _is_link(entry):
            _check_link(name, archive, entry)
        with archive.open(entry) as file:
            while chunk := file.read(_CHUNK):
                total += len(chunk)
                if total > MAX_UNPACKED_BYTES:
                    raise _too_large()
    if leaves & directories:
        raise _unzippable()
    return total


def _name(entry: zipfile.ZipInfo) -> str:
    """Give an entry's path inside the package. Raises AwsError for one that leads elsewhere."""
    raw = entry.orig_filename
    parts = raw.rstrip("/").split("/")
    if "\\" in raw or "\0" in raw or raw.startswith("/") or ".." in parts or not raw.strip("/"):
        raise _unzippable()
    if any(len(part.encode("utf-8", "surrogateescape")) > 255 for part in parts) or len(raw) > 2048:
        raise _unzippable()
    return posixpath.normpath(raw)


def _is_link(entry: zipfile.ZipInfo) -> bool:
    return stat.S_ISLNK(entry.external_attr >> 16)


def _check_link(name: str, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    """Refuse a link that leads out of the package; those inside it are what npm makes."""
    if entry.file_size > MAX_LINK_BYTES:
        raise _unzippable()
    target = archive.read(entry).decode("utf-8", "surrogateescape")
    inside = posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
    if not target or "\0" in target or target.startswith("/") or inside == ".." or inside.startswith("../"):
        raise _unzippable()


def _unpack(archive: zipfile.ZipFile, into: Path) -> None:
    """Write a checked package. Links come last, so that nothing is written through one."""
    links = []
    for entry in archive.infolist():
        place = into / _name(entry)
        if entry.is_dir():
            _clear(place, into, keep_directory=True)
            place.mkdir(parents=True, exist_ok=True)
        elif _is_link(entry):
            links.append((place, archive.read(entry).decode("utf-8", "surrogateescape")))
        else:
            _clear(place, into)
            place.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(entry) as source, place.open("wb") as file:
                shutil.copyfileobj(source, file, _CHUNK)
            if mode := entry.external_attr >> 16:
                place.chmod((mode & 0o777) | 0o444)
    for place, target in links:
        _clear(place, into)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(target)


def _clear(place: Path, into: Path, *, keep_directory: bool = False) -> None:
    """Make room for an entry: later layers win, and no part of its path may be another layer's link."""
    for part in [*reversed(place.relative_to(into).parents[:-1]), place.relative_to(into)]:
        there = into / part
        inner = there != place or keep_directory
        if there.is_symlink() or (inner and there.is_file()):
            there.unlink()
        elif not inner and there.is_dir():
            shutil.rmtree(there)
        elif not inner:
            there.unlink(missing_ok=True)
