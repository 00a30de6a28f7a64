"""S3's objects and uploads: a row for each key with all of its versions, and one for each part."""

import re
from collections.abc import Iterable
from html import unescape
from typing import Any
from urllib.parse import parse_qs, unquote

from moto.s3.models import FakeKey, FakeMultipart, s3_backends

from sandbox.aws.durable.pickles import dumps, loads
from sandbox.aws.durable.store import Statement, Store

_PUT = "INSERT OR REPLACE INTO objects VALUES (?, ?, ?)"
_DROP = "DELETE FROM objects WHERE bucket = ? AND name = ?"
_PUT_PART = "INSERT OR REPLACE INTO uploads VALUES (?, ?, ?, ?)"
_DROP_UPLOAD = "DELETE FROM uploads WHERE bucket = ? AND upload = ?"
_KEY = re.compile(r"<Key>(.*?)</Key>", re.DOTALL)


def install() -> None:
    """Leave the bytes of an object that is replaced to whoever still reads it; they go with their last
    reader."""
    FakeKey.dispose = lambda key, garbage=False: setattr(key, "disposed", True)


def identity(bucket: Any) -> str:
    """Name a bucket so that one made anew under the same name is another."""
    return f"{bucket.account_id}/{bucket.name}/{bucket.creation_date.timestamp()!r}"


def bucket_of(path: str) -> str:
    return unquote(path.lstrip("/").partition("/")[0])


def touched(path: str, query: str, body: bytes) -> set[str] | None:
    """Give the keys that a write may have changed; None for any of the bucket's; empty for the bucket
    itself."""
    key = unquote(path.lstrip("/").partition("/")[2])
    asked = parse_qs(query, keep_blank_values=True)
    if key:
        return {key}
    if "delete" in asked:
        return {unescape(name) for name in _KEY.findall(body.decode("utf-8", "replace"))}
    # A form that a browser posts names its key inside the form.
    return None if body.startswith(b"--") else set()


def keep(store: Store, account: str, path: str, query: str, keys: Iterable[str] | None) -> None:
    """Write what a call did to keys and uploads. Idempotent: rows are made of what is there now."""
    bucket = s3_backends[account]["aws"].buckets.get(bucket_of(path))
    if bucket is None:
        return
    place = identity(bucket)
    statements: list[Statement] = []
    for key in list(bucket.keys) if keys is None else keys:
        versions = bucket.keys.getlist(key, [])
        statements.append((_PUT, (place, key, dumps(list(versions)))) if versions else (_DROP, (place, key)))
        asked = parse_qs(query, keep_blank_values=True)
        if "uploads" in asked or "uploadId" in asked:
            statements += _uploads(bucket, place, key, asked)
    if statements:
        store.write_all(statements)


def _uploads(bucket: Any, place: str, key: str, asked: dict[str, list[str]]) -> list[Statement]:
    if "uploads" in asked:
        begun = [upload for upload in bucket.multiparts.values() if upload.key_name == key]
        return [(_PUT_PART, (place, upload.id, 0, dumps(_bare(upload)))) for upload in begun]
    upload_id = asked["uploadId"][0]
    upload = bucket.multiparts.get(upload_id)
    if upload is None:
        return [(_DROP_UPLOAD, (place, upload_id))]
    number = int(asked.get("partNumber", ["0"])[0])
    if number not in upload.parts:
        return []
    return [(_PUT_PART, (place, upload_id, number, dumps(upload.parts[number])))]


def _bare(upload: Any) -> Any:
    bare = FakeMultipart.__new__(FakeMultipart)
    vars(bare).update(vars(upload) | {"parts": {}, "partlist": []})
    return bare


def forget(store: Store, account: str) -> None:
    """Drop the rows of buckets that are gone."""
    there = {identity(bucket) for bucket in s3_backends[account]["aws"].buckets.values()}
    for table in ("objects", "uploads"):
        for (place,) in store.rows(f"SELECT DISTINCT bucket FROM {table}"):  # noqa: S608 - one of two names
            if place not in there:
                store.write(f"DELETE FROM {table} WHERE bucket = ?", place)  # noqa: S608


def restore(store: Store, account: str) -> None:
    """Put objects and uploads back into their buckets."""
    forget(store, account)
    buckets = {identity(bucket): bucket for bucket in s3_backends[account]["aws"].buckets.values()}
    for place, name, value in store.rows("SELECT bucket, name, value FROM objects"):
        buckets[place].keys.setlist(name, loads(value))
    for place, upload, part, value in store.rows("SELECT * FROM uploads ORDER BY bucket, upload, part"):
        if part == 0:
            buckets[place].multiparts[upload] = loads(value)
        else:
            begun = buckets[place].multiparts[upload]
            begun.parts[part] = loads(value)
            begun.partlist.append(part)
