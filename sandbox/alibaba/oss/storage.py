"""Buckets and objects as files: the content under a name of its own, and a JSON document that points at it.

An object is replaced by writing the new content first and the document after it, so that a reader sees the
whole of one or the whole of the other.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import shutil
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from sandbox.alibaba import clock, files
from sandbox.alibaba.oss.checksum import crc64
from sandbox.alibaba.wire import Refused

_BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
KEY_LIMIT_BYTES = 1023


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredObject:
    """One object: ``etag`` is the upper-case MD5, ``crc`` the CRC-64 in decimal."""

    key: str
    size: int
    etag: str
    crc: str
    modified: float
    headers: Mapping[str, str]
    content: str


class Storage:
    """All buckets of the account."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.lock = threading.RLock()
        self._created: dict[str, float] = {}
        self._objects: dict[str, dict[str, StoredObject]] = {}
        root.mkdir(parents=True, exist_ok=True)
        for path in sorted(root.glob("*/bucket.json")):
            name = path.parent.name
            self._created[name] = files.read_json(path)["created"]
            rows = (StoredObject(**row) for _, row in files.documents(path.parent / "index"))
            self._objects[name] = {row.key: row for row in rows}

    def buckets(self) -> dict[str, float]:
        """Give the buckets by name, with the time of creation in unix seconds."""
        with self.lock:
            return dict(sorted(self._created.items()))

    def create_bucket(self, name: str) -> None:
        """Create a bucket; one that is there already stays as it is.

        Raises:
            Refused: 400 InvalidBucketName.
        """
        if not _BUCKET_NAME.fullmatch(name):
            raise Refused(400, "InvalidBucketName", "The specified bucket is not valid.")
        with self.lock:
            if name not in self._created:
                created = clock.now()
                files.write_json(self._root / name / "bucket.json", {"created": created})
                self._created[name] = created
                self._objects[name] = {}

    def require_bucket(self, name: str) -> float:
        """Give the time of creation.

        Raises:
            Refused: 404 NoSuchBucket.
        """
        try:
            return self._created[name]
        except KeyError as exc:
            raise Refused(404, "NoSuchBucket", "The specified bucket does not exist.") from exc

    def delete_bucket(self, name: str) -> None:
        """Delete an empty bucket.

        Raises:
            Refused: 404 NoSuchBucket, 409 BucketNotEmpty.
        """
        with self.lock:
            self.require_bucket(name)
            if self._objects[name]:
                raise Refused(409, "BucketNotEmpty", "The bucket you tried to delete is not empty.")
            shutil.rmtree(self._root / name)
            del self._created[name], self._objects[name]

    def _document(self, bucket: str, key: str) -> Path:
        return self._root / bucket / "index" / f"{hashlib.sha256(key.encode()).hexdigest()}.json"

    def _content(self, bucket: str, stored: StoredObject) -> Path:
        return self._root / bucket / "content" / stored.content

    def put(self, bucket: str, key: str, content: bytes, headers: Mapping[str, str]) -> StoredObject:
        """Store an object, replacing the one of the same key."""
        if not key or len(key.encode()) > KEY_LIMIT_BYTES:
            raise Refused(400, "InvalidObjectName", "The specified object is not valid.")
        stored = StoredObject(
            key=key,
            size=len(content),
            etag=hashlib.md5(content, usedforsecurity=False).hexdigest().upper(),
            crc=str(crc64(content)),
            modified=clock.now(),
            headers=dict(headers),
            content=secrets.token_hex(16),
        )
        self.require_bucket(bucket)
        files.write_bytes(self._content(bucket, stored), content)
        with self.lock:
            self.require_bucket(bucket)
            replaced = self._objects[bucket].get(key)
            files.write_json(self._document(bucket, key), asdict(stored))
            self._objects[bucket][key] = stored
        if replaced is not None:
            self._content(bucket, replaced).unlink(missing_ok=True)
        return stored

    def find(self, bucket: str, key: str) -> StoredObject:
        """Give an object's description.

        Raises:
            Refused: 404 NoSuchBucket or NoSuchKey.
        """
        self.require_bucket(bucket)
        try:
            return self._objects[bucket][key]
        except KeyError as exc:
            raise Refused(404, "NoSuchKey", "The specified key does not exist.") from exc

    def read(self, bucket: str, key: str) -> bytes:
        """Give an object's content; raises as ``find``."""
        with self.lock:
            return self._content(bucket, self.find(bucket, key)).read_bytes()

    def delete(self, bucket: str, key: str) -> None:
        """Delete an object; one that is not there is no error."""
        with self.lock:
            self.require_bucket(bucket)
            stored = self._objects[bucket].pop(key, None)
            if stored is not None:
                self._document(bucket, key).unlink(missing_ok=True)
                self._content(bucket, stored).unlink(missing_ok=True)

    def list(self, bucket: str) -> list[StoredObject]:
        """Give the bucket's objects in the order of their keys' bytes."""
        with self.lock:
            self.require_bucket(bucket)
            return sorted(self._objects[bucket].values(), key=lambda stored: stored.key.encode())
