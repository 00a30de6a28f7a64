"""Multipart uploads: parts kept as contents until they are completed into one object, or aborted."""

from __future__ import annotations

import hashlib
import itertools
import re
import shutil
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from sandbox.alibaba import clock, files
from sandbox.alibaba.oss.content import chunks_of
from sandbox.alibaba.oss.storage import Change, Kind, Storage, Traits, draw_upload_id, require_key
from sandbox.alibaba.wire import Refused

PART_NUMBERS = range(1, 10_001)
SMALLEST_PART_BYTES = 100 * 1024
_ID = re.compile(r"[0-9A-F]{32}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One uploaded part; ``etag`` is the upper-case MD5, ``crc`` the CRC-64 in decimal."""

    number: int
    size: int
    etag: str
    crc: str
    modified: float
    content: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Upload:
    """One upload under way."""

    id: str
    bucket: str
    key: str
    initiated: float
    traits: Traits
    parts: dict[int, Part] = field(default_factory=dict)


class NoSuchUpload(Refused):
    """The upload was never initiated, is complete or was aborted."""

    def __init__(self) -> None:
        super().__init__(
            404,
            "NoSuchUpload",
            "The specified upload does not exist. The upload ID may be invalid, or the upload may have been "
            "aborted or completed.",
        )


class Uploads:
    """All multipart uploads under way."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._lock = threading.RLock()
        self._uploads: dict[str, Upload] = {}
        for bucket in storage.buckets():
            for path in sorted((storage.root / bucket.name / "uploads").glob("*/upload.json")):
                document = files.read_json(path)
                upload = Upload(**{**document, "traits": Traits(**document["traits"])})
                for _, row in files.documents(path.parent / "parts"):
                    upload.parts[row["number"]] = Part(**row)
                self._uploads[upload.id] = upload
        self._sweep()

    def _sweep(self) -> None:
        """Remove contents that neither an object nor a part names: a kill left them."""
        for bucket in self._storage.buckets():
            named = {stored.content for stored in bucket.objects.values()}
            for upload in self._uploads.values():
                if upload.bucket == bucket.name:
                    named |= {part.content for part in upload.parts.values()}
            bucket.contents.sweep(named)

    def _folder(self, upload: Upload) -> Path:
        return self._storage.root / upload.bucket / "uploads" / upload.id

    def initiate(self, bucket: str, key: str, traits: Traits) -> Upload:
        """Begin an upload. Raises Refused: 400 InvalidObjectName, 404 NoSuchBucket."""
        require_key(key)
        self._storage.bucket(bucket)
        upload = Upload(id=draw_upload_id(), bucket=bucket, key=key, initiated=clock.now(), traits=traits)
        document = {name: getattr(upload, name) for name in ("id", "bucket", "key", "initiated")}
        with self._lock:
            files.write_json(self._folder(upload) / "upload.json", {**document, "traits": asdict(traits)})
            self._uploads[upload.id] = upload
        return upload

    def find(self, bucket: str, key: str, upload_id: str) -> Upload:
        """Give an upload. Raises NoSuchUpload."""
        self._storage.bucket(bucket)
        upload = self._uploads.get(upload_id) if _ID.fullmatch(upload_id) else None
        if upload is None or (upload.bucket, upload.key) != (bucket, key):
            raise NoSuchUpload
        return upload

    def of_bucket(self, bucket: str) -> list[Upload]:
        """Give a bucket's uploads in the order of keys and ids."""
        self._storage.bucket(bucket)
        with self._lock:
            found = [upload for upload in self._uploads.values() if upload.bucket == bucket]
        return sorted(found, key=lambda upload: (upload.key.encode(), upload.id))

    def put_part(
        self, upload: Upload, number: int, pieces: Iterable[bytes], *, md5: str | None = None
    ) -> Part:
        """Store a part, replacing the one of the same number.

        Raises:
            Refused: 400 InvalidArgument for the number; NoSuchUpload when it ended in the meantime.
        """
        if number not in PART_NUMBERS:
            raise Refused(400, "InvalidArgument", "Part number must be an integer between 1 and 10000.")
        contents = self._storage.bucket(upload.bucket).contents
        written = contents.write(pieces, md5)
        part = Part(
            number=number,
            size=written.size,
            etag=written.md5.hex().upper(),
            crc=str(written.crc),
            modified=clock.now(),
            content=written.name,
        )
        with self._lock:
            if upload.id not in self._uploads:
                contents.remove(written.name)
                raise NoSuchUpload
            files.write_json(self._folder(upload) / "parts" / f"{number:05d}.json", asdict(part))
            replaced = upload.parts.get(number)
            upload.parts[number] = part
        if replaced is not None:
            contents.remove(replaced.content)
        return part

    def complete(
        self, upload: Upload, listed: Sequence[tuple[int, str]], *, overwrite: bool = True
    ) -> Change:
        """Make one object of the parts in the list (number, ETag).

        Raises:
            Refused: 400 InvalidPart, InvalidPartOrder or EntityTooSmall, 409 FileAlreadyExists.
        """
        with self._lock:
            if upload.id not in self._uploads:
                raise NoSuchUpload
            parts = _chosen(upload.parts, listed)
            self._storage.require_absent(upload.bucket, upload.key, overwrite=overwrite)
            contents = self._storage.bucket(upload.bucket).contents
            pieces = (chunks_of(contents.path(part.content)) for part in parts)
            written = contents.write(itertools.chain.from_iterable(pieces))
            digests = b"".join(bytes.fromhex(part.etag) for part in parts)
            etag = hashlib.md5(digests, usedforsecurity=False).hexdigest().upper()
            change = self._storage.publish(
                upload.bucket,
                upload.key,
                written,
                upload.traits,
                etag=f"{etag}-{len(parts)}",
                kind=Kind.MULTIPART,
                overwrite=overwrite,
            )
            self._forget(upload)
        return change

    def abort(self, upload: Upload) -> None:
        """End an upload without an object."""
        with self._lock:
            self._forget(upload)

    def _forget(self, upload: Upload) -> None:
        self._uploads.pop(upload.id, None)
        shutil.rmtree(self._folder(upload), ignore_errors=True)
        contents = self._storage.bucket(upload.bucket).contents
        for part in upload.parts.values():
            contents.remove(part.content)


def _chosen(parts: Mapping[int, Part], listed: Sequence[tuple[int, str]]) -> list[Part]:
    if not listed:
        raise Refused(400, "MalformedXML", "The XML you provided was not well-formed.")
    numbers = [number for number, _ in listed]
    if sorted(set(numbers)) != numbers:
        raise Refused(
            400, "InvalidPartOrder", "The list of parts was not in ascending order. The parts list must be "
            "specified in order by part number."
        )  # fmt: skip
    chosen = []
    for number, etag in listed:
        part = parts.get(number)
        if part is None or part.etag != etag.strip('"').upper():
            raise Refused(
                400,
                "InvalidPart",
                "One or more of the specified parts could not be found or the specified entity tag might not "
                "have matched the part's entity tag.",
            )
        chosen.append(part)
    if any(part.size < SMALLEST_PART_BYTES for part in chosen[:-1]):
        raise Refused(
            400, "EntityTooSmall", "Your proposed upload smaller than the minimum allowed object size."
        )
    return chosen
