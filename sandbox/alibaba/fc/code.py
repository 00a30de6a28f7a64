"""Code packages, kept by the hash of their content: the zip as it came, and unpacked once.

An unpacked package is never changed, so a published version goes on running the code it was published with.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import secrets
import shutil
import stat
import threading
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from sandbox.alibaba import files
from sandbox.alibaba.fc.model import invalid
from sandbox.alibaba.oss.checksum import crc64
from sandbox.alibaba.wire import Refused

API_LIMIT_BYTES = 100 * 1024 * 1024
OSS_LIMIT_BYTES = 500 * 1024 * 1024
UNPACKED_LIMIT_BYTES = 2 * 1024 * 1024 * 1024
ENTRIES_LIMIT = 100_000
BOMB_FROM_BYTES = 64 * 1024 * 1024
BOMB_RATIO = 100
COPY_BYTES = 1024 * 1024
ReadObject = Callable[[str, str], bytes]


@dataclass(frozen=True, kw_only=True, slots=True)
class Code:
    """One package: SHA-256 of the zip, size in bytes, CRC-64 as a decimal number in text, as OSS gives it."""

    digest: str
    size: int
    checksum: str

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Code:
        return cls(digest=document["digest"], size=document["size"], checksum=document["checksum"])

    def document(self) -> dict[str, Any]:
        return {"digest": self.digest, "size": self.size, "checksum": self.checksum}


class CodeStore:
    """The packages of all functions and versions."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = threading.Lock()
        root.mkdir(parents=True, exist_ok=True)

    def zip_path(self, digest: str) -> Path:
        return self._root / f"{digest}.zip"

    def directory(self, digest: str) -> Path:
        """Give the folder with the unpacked package."""
        return self._root / digest

    def put(self, package: bytes) -> Code:
        """Keep a package and unpack it.

        Raises:
            Refused: 400 InvalidArgument when it is not a zip archive or unpacks to too much.
        """
        digest = hashlib.sha256(package).hexdigest()
        with self._lock:
            if not self.directory(digest).is_dir():
                self._unpack(package, digest)
            if not self.zip_path(digest).is_file():
                files.write_bytes(self.zip_path(digest), package)
        return Code(digest=digest, size=len(package), checksum=str(crc64(package)))

    def _unpack(self, package: bytes, digest: str) -> None:
        part = self._root / f".part-{digest}-{secrets.token_hex(4)}"
        part.mkdir(parents=True)
        try:
            with zipfile.ZipFile(io.BytesIO(package)) as archive:
                members = archive.infolist()
                _require_harmless(members, len(package))
                for member in members:
                    _extract(archive, member, part)
        except (Refused, OSError):
            shutil.rmtree(part, ignore_errors=True)
            raise
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError, zlib.error, EOFError) as exc:
            shutil.rmtree(part, ignore_errors=True)
            raise invalid("the code package is not a zip archive that can be unpacked") from exc
        part.replace(self.directory(digest))

    def remove_all_but(self, used: set[str]) -> None:
        """Remove packages that no function and no version uses."""
        with self._lock:
            for path in self._root.glob("*.zip"):
                if path.stem not in used:
                    path.unlink(missing_ok=True)
                    shutil.rmtree(self.directory(path.stem), ignore_errors=True)


def _require_harmless(members: Sequence[zipfile.ZipInfo], packed: int) -> None:
    """Check what an archive says of itself before anything is written.

    Raises:
        Refused: 400 InvalidArgument for too many or too large entries, and for paths that lead elsewhere.
    """
    if len(members) > ENTRIES_LIMIT:
        raise invalid(f"the code package has more than {ENTRIES_LIMIT} entries")
    unpacked = sum(member.file_size for member in members)
    if unpacked > UNPACKED_LIMIT_BYTES:
        raise invalid("the code package unpacks to more than 2 GB")
    if unpacked > BOMB_FROM_BYTES and unpacked > packed * BOMB_RATIO:
        raise invalid(f"the code package unpacks to more than {BOMB_RATIO} times its size")
    for member in members:
        name = member.filename
        parts = PurePosixPath(name).parts
        if not name or name.startswith("/") or ".." in parts or "\\" in name or "\0" in member.orig_filename:
            raise invalid(f"the code package has an entry with the path {name[:200]!r}")
        kind = stat.S_IFMT(member.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise invalid(f"the code package has the entry {name[:200]!r}, which is a link or a device")


def _extract(archive: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path) -> None:
    """Write one entry with its permissions; what is longer than the archive says is refused."""
    target = folder / PurePosixPath(member.filename)
    if member.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        return
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(member) as source, target.open("wb") as sink:
            left = member.file_size
            while piece := source.read(COPY_BYTES):
                left -= len(piece)
                if left < 0:
                    raise invalid(f"the entry {member.filename[:200]!r} is longer than the archive says")
                sink.write(piece)
    except (FileExistsError, IsADirectoryError, NotADirectoryError) as exc:
        raise invalid(f"the entry {member.filename[:200]!r} is both a file and a folder") from exc
    target.chmod(0o644 | (member.external_attr >> 16 & 0o111))


def read_package(code: object, read_object: ReadObject) -> bytes:
    """Give the zip that a ``code`` field of an API call means.

    Args:
        code: ``{zipFile}`` in base64, or ``{ossBucketName, ossObjectName}``; and ``checksum`` (CRC-64).
        read_object: reads an object of the account's OSS.

    Raises:
        Refused: 400 when neither is given, the object is missing, it is too large, or the checksum differs.
    """
    if not isinstance(code, dict):
        raise invalid("code must be an object")
    if code.get("zipFile"):
        package, limit = _from_base64(str(code["zipFile"])), API_LIMIT_BYTES
    elif code.get("ossBucketName") and code.get("ossObjectName"):
        bucket, key = str(code["ossBucketName"]), str(code["ossObjectName"])
        try:
            package, limit = read_object(bucket, key), OSS_LIMIT_BYTES
        except Refused as exc:
            raise invalid(f"the code object oss://{bucket}/{key} cannot be read: {exc.code}") from exc
    else:
        raise invalid("code must have zipFile, or ossBucketName and ossObjectName")
    if len(package) > limit:
        raise invalid(f"the code package has {len(package)} bytes, more than {limit // (1024 * 1024)} MB")
    given = code.get("checksum")
    if given and str(given) != str(crc64(package)):
        raise invalid("code.checksum is not the CRC-64 of the package")
    return package


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as exc:
        raise invalid("code.zipFile is not base64") from exc
