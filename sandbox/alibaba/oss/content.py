"""The bytes of objects: files with random names in one folder for each bucket.

A content is written under its own name once and never changed, apart from the growing of an appendable
object, whose document says how many bytes count. So a kill leaves a file that no document names, never half
an object; such files are swept at the next start.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sandbox.alibaba.oss.checksum import crc64
from sandbox.alibaba.wire import Refused

CHUNK_BYTES = 256 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """What was written: file name, size in bytes, MD5 digest, CRC-64."""

    name: str
    size: int
    md5: bytes
    crc: int


def gzipped(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Compress a content piece by piece."""
    packer = zlib.compressobj(wbits=31)
    for piece in pieces:
        # An empty piece would be taken for the end.
        if packed := packer.compress(piece):
            yield packed
    yield packer.flush()


def chunks_of(path: Path, start: int = 0, length: int | None = None) -> Iterator[bytes]:
    """Give a part of a file piece by piece; the file is open from the first piece to the last."""
    with path.open("rb") as content:
        content.seek(start)
        left = length
        while left is None or left > 0:
            piece = content.read(CHUNK_BYTES if left is None else min(CHUNK_BYTES, left))
            if not piece:
                return
            if left is not None:
                left -= len(piece)
            yield piece


def require_md5(digest: bytes, md5: str | None) -> None:
    """Raise Refused: 400 InvalidDigest when there is a Content-MD5 and it is not that of the digest."""
    if md5 and md5.strip() != base64.b64encode(digest).decode():
        raise Refused(400, "InvalidDigest", "The Content-MD5 you specified is not that of the body.")


class Contents:
    """The content files of one bucket."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, name: str) -> Path:
        return self._folder / name

    def write(self, pieces: Iterable[bytes], md5: str | None = None) -> Written:
        """Write the pieces to a new file; on an exception nothing is left of it.

        Args:
            md5: what the Content-MD5 header says, if it was sent.

        Raises:
            Refused: 400 InvalidDigest when the pieces have another MD5.
            OSError: the disk is full.
        """
        name = secrets.token_hex(16)
        place = self.path(name)
        place.parent.mkdir(parents=True, exist_ok=True)
        digest, crc, size = hashlib.md5(usedforsecurity=False), 0, 0
        try:
            with place.open("xb") as content:
                for piece in pieces:
                    content.write(piece)
                    digest.update(piece)
                    crc = crc64(piece, crc)
                    size += len(piece)
            require_md5(digest.digest(), md5)
        except BaseException:
            place.unlink(missing_ok=True)
            raise
        return Written(name=name, size=size, md5=digest.digest(), crc=crc)

    def grow(
        self, name: str, size: int, crc: int, pieces: Iterable[bytes], md5: str | None = None
    ) -> Written:
        """Add pieces behind the first ``size`` bytes; what a kill left behind them is overwritten.

        The MD5 is that of the added bytes, the CRC-64 that of the whole.
        """
        digest = hashlib.md5(usedforsecurity=False)
        with self.path(name).open("r+b") as content:
            content.seek(size)
            content.truncate()
            for piece in pieces:
                content.write(piece)
                digest.update(piece)
                crc = crc64(piece, crc)
                size += len(piece)
        require_md5(digest.digest(), md5)
        return Written(name=name, size=size, md5=digest.digest(), crc=crc)

    def remove(self, name: str) -> None:
        self.path(name).unlink(missing_ok=True)

    def sweep(self, named: set[str]) -> None:
        """Remove every file that nobody names."""
        if self._folder.is_dir():
            for path in self._folder.iterdir():
                if path.name not in named:
                    path.unlink(missing_ok=True)
