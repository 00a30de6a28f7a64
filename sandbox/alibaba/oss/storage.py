"""Buckets, objects and multipart uploads: JSON documents that point at content files.

An object is replaced by writing the new content first and the document after it, so that a reader sees the
whole of one or the whole of the other. Keys never become file names: a document is named by the key's hash.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import shutil
import threading
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from sandbox.alibaba import clock, files
from sandbox.alibaba.oss.content import Contents, Written
from sandbox.alibaba.wire import Refused

_BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
KEY_LIMIT_BYTES = 1023


class Kind(StrEnum):
    """The type of an object, as the header x-oss-object-type has it."""

    NORMAL = "Normal"
    APPENDABLE = "Appendable"
    MULTIPART = "Multipart"
    SYMLINK = "Symlink"


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredObject:
    """One object: ``etag`` is upper-case hex, ``crc`` the CRC-64 in decimal, ``modified`` in unix seconds.

    ``link`` is the key that a symlink points at; ``acl`` is "default" where the bucket's is meant.
    ``encryption`` is the method that was asked for; the content is not encrypted. Of an archived object that
    was restored, ``ready`` and ``until`` say from when and how long it can be read, in unix seconds.
    """

    key: str
    size: int
    etag: str
    crc: str
    modified: float
    headers: Mapping[str, str]
    content: str
    kind: Kind = Kind.NORMAL
    acl: str = "default"
    tags: Mapping[str, str] = field(default_factory=dict)
    link: str = ""
    storage_class: str = "Standard"
    encryption: str = ""
    ready: float = 0.0
    until: float = 0.0

    @property
    def archived(self) -> bool:
        """Whether its class is one of which objects must be restored before they are read."""
        return self.storage_class.endswith("Archive")


@dataclass(frozen=True, kw_only=True, slots=True)
class Traits:
    """What a write says about its object besides the content. storage_class: empty for the bucket's own."""

    headers: Mapping[str, str] = field(default_factory=dict)
    acl: str = "default"
    tags: Mapping[str, str] = field(default_factory=dict)
    storage_class: str = ""
    encryption: str = ""

    def of_bucket(self, bucket: Bucket) -> Traits:
        """Give them with the bucket's storage class where they name none."""
        return replace(self, storage_class=self.storage_class or bucket.storage_class)

    def as_fields(self) -> dict[str, Any]:
        """Give them as keywords of ``StoredObject``."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What a write did: the object now there and the one that it replaced."""

    stored: StoredObject
    replaced: StoredObject | None

    @property
    def delta(self) -> int:
        return self.stored.size - (self.replaced.size if self.replaced else 0)


@dataclass(kw_only=True, slots=True)
class Bucket:
    """One bucket: its settings and what is in it."""

    name: str
    created: float
    acl: str
    storage_class: str
    contents: Contents
    settings: dict[str, str] = field(default_factory=dict)
    objects: dict[str, StoredObject] = field(default_factory=dict)
    order: list[str] | None = None

    def in_order(self) -> list[str]:
        """Give the keys in the order of their bytes."""
        if self.order is None:
            self.order = sorted(self.objects, key=str.encode)
        return self.order


def require_key(key: str) -> None:
    """Raise Refused: 400 InvalidObjectName for a key that OSS does not take."""
    if not key or len(key.encode()) > KEY_LIMIT_BYTES or key[0] in "/\\":
        raise Refused(400, "InvalidObjectName", "The specified object is not valid.")


class Storage:
    """All buckets of the account."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.lock = threading.RLock()
        self._buckets: dict[str, Bucket] = {}
        root.mkdir(parents=True, exist_ok=True)
        for path in sorted(root.glob("*/bucket.json")):
            document = files.read_json(path)
            bucket = self._bucket(path.parent.name, **document)
            rows = (
                StoredObject(**{**row, "kind": Kind(row.get("kind", Kind.NORMAL))})
                for _, row in files.documents(path.parent / "index")
            )
            bucket.objects = {row.key: row for row in rows}
            self._buckets[bucket.name] = bucket

    def _bucket(
        self,
        name: str,
        created: float,
        acl: str = "private",
        storage_class: str = "Standard",
        settings: dict[str, str] | None = None,
    ) -> Bucket:
        return Bucket(
            name=name,
            created=created,
            acl=acl,
            storage_class=storage_class,
            contents=Contents(self.root / name / "content"),
            settings=settings or {},
        )

    def _save(self, bucket: Bucket) -> None:
        document = {
            "created": bucket.created,
            "acl": bucket.acl,
            "storage_class": bucket.storage_class,
            "settings": bucket.settings,
        }
        files.write_json(self.root / bucket.name / "bucket.json", document)

    # -- buckets

    def buckets(self) -> list[Bucket]:
        """Give the buckets in the order of their names."""
        with self.lock:
            return [self._buckets[name] for name in sorted(self._buckets)]

    def create_bucket(self, name: str, *, acl: str | None = None, storage_class: str = "Standard") -> None:
        """Create a bucket; of one that is there only the ACL is set, if one is given.

        Raises:
            Refused: 400 InvalidBucketName.
        """
        if not _BUCKET_NAME.fullmatch(name):
            raise Refused(400, "InvalidBucketName", "The specified bucket is not valid.")
        with self.lock:
            if name in self._buckets:
                if acl is not None:
                    self.set_acl(name, acl)
                return
            bucket = self._bucket(name, clock.now(), acl or "private", storage_class)
            self._save(bucket)
            self._buckets[name] = bucket

    def set_acl(self, name: str, acl: str) -> None:
        """Set a bucket's ACL. Raises as ``bucket``."""
        with self.lock:
            bucket = self.bucket(name)
            bucket.acl = acl
            self._save(bucket)

    def set_setting(self, name: str, setting: str, text: str | None) -> None:
        """Keep a bucket's setting, or forget it. Raises as ``bucket``."""
        with self.lock:
            bucket = self.bucket(name)
            bucket.settings = {key: value for key, value in bucket.settings.items() if key != setting}
            if text is not None:
                bucket.settings[setting] = text
            self._save(bucket)

    def bucket(self, name: str) -> Bucket:
        """Give a bucket.

        Raises:
            Refused: 404 NoSuchBucket.
        """
        try:
            return self._buckets[name]
        except KeyError as exc:
            raise Refused(404, "NoSuchBucket", "The specified bucket does not exist.") from exc

    def require_bucket(self, name: str) -> None:
        """Raise Refused: 404 NoSuchBucket when there is none of this name."""
        self.bucket(name)

    def delete_bucket(self, name: str) -> None:
        """Delete an empty bucket.

        Raises:
            Refused: 404 NoSuchBucket, 409 BucketNotEmpty.
        """
        with self.lock:
            if self.bucket(name).objects:
                raise Refused(409, "BucketNotEmpty", "The bucket you tried to delete is not empty.")
            shutil.rmtree(self.root / name)
            del self._buckets[name]

    # -- objects

    def _document(self, bucket: str, key: str) -> Path:
        return self.root / bucket / "index" / f"{hashlib.sha256(key.encode()).hexdigest()}.json"

    def put(
        self,
        bucket: str,
        key: str,
        pieces: Iterable[bytes],
        traits: Traits,
        *,
        md5: str | None = None,
        overwrite: bool = True,
    ) -> Change:
        """Store an object; ``md5`` is what the Content-MD5 header says.

        Raises:
            Refused: 400 InvalidObjectName or InvalidDigest, 404 NoSuchBucket, 409 FileAlreadyExists
                unless ``overwrite``.
        """
        require_key(key)
        contents = self.bucket(bucket).contents
        self.require_absent(bucket, key, overwrite=overwrite)
        written = contents.write(pieces, md5)
        return self.publish(bucket, key, written, traits, etag=written.md5.hex().upper(), overwrite=overwrite)

    def require_absent(self, bucket: str, key: str, *, overwrite: bool) -> None:
        """Raise Refused: 409 FileAlreadyExists when the key is taken and may not be overwritten."""
        if not overwrite and key in self.bucket(bucket).objects:
            raise Refused(409, "FileAlreadyExists", "The object you specified already exists.")

    def publish(
        self,
        bucket: str,
        key: str,
        written: Written,
        traits: Traits,
        *,
        etag: str,
        kind: Kind = Kind.NORMAL,
        overwrite: bool = True,
    ) -> Change:
        """Make a written content the object of this key."""
        stored = StoredObject(
            key=key,
            size=written.size,
            etag=etag,
            crc=str(written.crc),
            modified=clock.now(),
            content=written.name,
            kind=kind,
            **traits.of_bucket(self.bucket(bucket)).as_fields(),
        )
        with self.lock:
            contents = self.bucket(bucket).contents
            try:
                self.require_absent(bucket, key, overwrite=overwrite)
            except Refused:
                contents.remove(written.name)
                raise
            return self._replace(bucket, stored)

    def link(self, bucket: str, key: str, target: str, traits: Traits, *, overwrite: bool = True) -> Change:
        """Make a symlink. Raises as ``put``."""
        require_key(key)
        require_key(target)
        stored = StoredObject(
            key=key,
            size=0,
            etag=hashlib.md5(target.encode(), usedforsecurity=False).hexdigest().upper(),
            crc="0",
            modified=clock.now(),
            content="",
            kind=Kind.SYMLINK,
            link=target,
            **traits.of_bucket(self.bucket(bucket)).as_fields(),
        )
        with self.lock:
            self.require_absent(bucket, key, overwrite=overwrite)
            return self._replace(bucket, stored)

    def append(
        self,
        bucket: str,
        key: str,
        position: int,
        pieces: Iterable[bytes],
        traits: Traits,
        *,
        md5: str | None = None,
    ) -> Change:
        """Add to an appendable object, or make one.

        Raises:
            Refused: 409 ObjectNotAppendable or PositionNotEqualToLength.
        """
        require_key(key)
        with self.lock:
            place = self.bucket(bucket)
            before = place.objects.get(key)
            if before is not None and before.kind is not Kind.APPENDABLE:
                raise Refused(409, "ObjectNotAppendable", "The object is not appendable")
            length = before.size if before else 0
            if position != length:
                raise PositionNotEqualToLength(length)
            if before is None:
                written = place.contents.write(pieces, md5)
                return self.publish(
                    bucket, key, written, traits, etag=_appended_etag(written), kind=Kind.APPENDABLE
                )
            written = place.contents.grow(before.content, before.size, int(before.crc), pieces, md5)
            stored = replace(
                before,
                size=written.size,
                crc=str(written.crc),
                etag=_appended_etag(written),
                modified=clock.now(),
            )
            return self._replace(bucket, stored)

    def change(self, bucket: str, key: str, **fields: object) -> StoredObject:
        """Change what is said about an object: ``acl`` or ``tags``. Raises as ``find``."""
        with self.lock:
            stored = replace(self.find(bucket, key), **fields)  # type: ignore[arg-type]
            self._replace(bucket, stored)
            return stored

    def _replace(self, bucket: str, stored: StoredObject) -> Change:
        place = self.bucket(bucket)
        replaced = place.objects.get(stored.key)
        files.write_json(self._document(bucket, stored.key), asdict(stored))
        place.objects[stored.key] = stored
        if replaced is None:
            place.order = None
        elif replaced.content and replaced.content != stored.content:
            place.contents.remove(replaced.content)
        return Change(stored=stored, replaced=replaced)

    def find(self, bucket: str, key: str) -> StoredObject:
        """Give an object's description.

        Raises:
            Refused: 404 NoSuchBucket or NoSuchKey.
        """
        try:
            return self.bucket(bucket).objects[key]
        except KeyError as exc:
            raise Refused(404, "NoSuchKey", "The specified key does not exist.") from exc

    def content(self, bucket: str, stored: StoredObject) -> Path:
        """Give the file of an object's content; only its first ``size`` bytes count."""
        return self.bucket(bucket).contents.path(stored.content)

    def read(self, bucket: str, key: str) -> bytes:
        """Give an object's content as a whole; raises as ``find``."""
        with self.lock:
            stored = self.find(bucket, key)
            return self.content(bucket, stored).read_bytes()[: stored.size]

    def delete(self, bucket: str, key: str) -> StoredObject | None:
        """Delete an object and give it; None when there was none, which is no error."""
        with self.lock:
            place = self.bucket(bucket)
            stored = place.objects.pop(key, None)
            if stored is None:
                return None
            place.order = None
            self._document(bucket, key).unlink(missing_ok=True)
            if stored.content:
                place.contents.remove(stored.content)
            return stored


class PositionNotEqualToLength(Refused):
    """The position of an append is not the object's length, which is ``length``."""

    def __init__(self, length: int) -> None:
        super().__init__(409, "PositionNotEqualToLength", "Position is not equal to file length")
        self.length = length


def _appended_etag(written: Written) -> str:
    """Give an ETag for an appendable object, whose real one is of no known making either."""
    inner = f"{written.name}:{written.size}:{written.crc}".encode()
    return hashlib.md5(inner, usedforsecurity=False).hexdigest().upper()


def draw_upload_id() -> str:
    """Give an id of the form of the real service: 32 upper-case hexadecimal digits."""
    return secrets.token_hex(16).upper()
