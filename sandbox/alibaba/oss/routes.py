"""OSS as a function of requests: which call a request is, who may make it, listings and deletions of many.

A sub-resource or header that the sandbox lacks is refused with NotImplemented, never left out in silence.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote

from sandbox.alibaba import clock
from sandbox.alibaba.access import KeyRing, Scope
from sandbox.alibaba.markup import leaf, leaves, tag
from sandbox.alibaba.oss import reading, traffic
from sandbox.alibaba.oss.buckets import Buckets
from sandbox.alibaba.oss.listing import page_of
from sandbox.alibaba.oss.objects import Objects, Visit, acl_reply
from sandbox.alibaba.oss.reading import place_of
from sandbox.alibaba.oss.replies import error_reply, named, restore_info, xml_reply
from sandbox.alibaba.oss.settings import KINDS, Settings
from sandbox.alibaba.oss.signing import SUBRESOURCES, UNSIGNED_SUBRESOURCES, Place, check_oss
from sandbox.alibaba.oss.storage import Storage, StoredObject
from sandbox.alibaba.oss.uploads import Upload, Uploads
from sandbox.alibaba.wire import Incoming, Refused, Reply

__all__ = ["ObjectStorage", "error_reply", "place_of"]
DELETE_LIMIT = 1000
Emit = Callable[[str, Mapping[str, Any]], None]

_PLAIN = frozenset(
    {
        *("security-token", "sequential", "objectMeta", "position", "partNumber", "inventoryId"),
        *("x-oss-request-payer", "x-oss-traffic-limit"),
    }
)
_OBJECT_CALLS = {
    ("PUT", ""): "PutObject",
    ("GET", ""): "GetObject",
    ("HEAD", ""): "HeadObject",
    ("DELETE", ""): "DeleteObject",
    ("POST", "append"): "AppendObject",
    ("POST", "restore"): "RestoreObject",
    ("PUT", "symlink"): "PutSymlink",
    ("GET", "symlink"): "GetSymlink",
    ("PUT", "tagging"): "PutObjectTagging",
    ("GET", "tagging"): "GetObjectTagging",
    ("DELETE", "tagging"): "DeleteObjectTagging",
    ("PUT", "acl"): "PutObjectACL",
    ("GET", "acl"): "GetObjectACL",
    ("POST", "uploads"): "InitiateMultipartUpload",
    ("PUT", "uploadId"): "UploadPart",
    ("GET", "uploadId"): "ListParts",
    ("POST", "uploadId"): "CompleteMultipartUpload",
    ("DELETE", "uploadId"): "AbortMultipartUpload",
}
_ACCOUNT_CALLS = {
    ("GET", ""): "ListBuckets",
    ("GET", "tagging"): "ListBuckets",
    ("GET", "regions"): "DescribeRegions",
}
_BUCKET_CALLS = {
    ("PUT", ""): "PutBucket",
    ("GET", ""): "ListObjects",
    ("HEAD", ""): "HeadBucket",
    ("DELETE", ""): "DeleteBucket",
    ("GET", "location"): "GetBucketLocation",
    ("GET", "bucketInfo"): "GetBucketInfo",
    ("GET", "stat"): "GetBucketStat",
    ("GET", "acl"): "GetBucketAcl",
    ("PUT", "acl"): "PutBucketAcl",
    ("GET", "uploads"): "ListMultipartUploads",
    ("GET", "versioning"): "GetBucketVersioning",
    ("GET", "live"): "ListLiveChannel",
    ("POST", "delete"): "DeleteMultipleObjects",
}
_SETTING_CALLS = {
    (method, name): f"{method.capitalize()}Bucket{name[0].upper()}{name[1:]}"
    for name, kind in KINDS.items()
    for method in ("PUT", "GET", *(("DELETE",) if kind.deletable else ()))
}
_REFUSED_HEADERS = (
    "x-oss-callback",
    "x-oss-server-side-data-encryption",
    "x-oss-process",
)
_REFUSED_QUERY = ("callback", "callback-var", "x-oss-process", "x-oss-async-process")
_NOT_HERE = "The sandbox's OSS does not have this call"


def call_of(request: Incoming, place: Place) -> str:
    """Give the name of the operation; ``Unknown`` for one that the sandbox lacks."""
    query = request.query
    special = [name for name in query if name in SUBRESOURCES or name in UNSIGNED_SUBRESOURCES]
    if not place.bucket:
        return _ACCOUNT_CALLS.get((request.method, special[0] if special else ""), "Unknown")
    asked = [name for name in special if name not in _PLAIN and not name.startswith("response-")]
    if not place.key and "continuation-token" in asked:
        asked.remove("continuation-token")
    if len(asked) > 1:
        return "Unknown"
    calls = _OBJECT_CALLS if place.key else _BUCKET_CALLS | _SETTING_CALLS
    name = calls.get((request.method, asked[0] if asked else ""), "Unknown")
    if name == "PutObject" and "x-oss-copy-source" in request.headers:
        return "CopyObject"
    if name == "UploadPart" and "x-oss-copy-source" in request.headers:
        return "UploadPartCopy"
    if name in ("HeadObject", "GetObject") and "objectMeta" in query:
        return "GetObjectMeta"
    return name


class ObjectStorage:
    """The calls of OSS."""

    def __init__(self, *, storage: Storage, keys: KeyRing, account_id: str, region: str, emit: Emit) -> None:
        self._storage = storage
        self._uploads = Uploads(storage)
        self._keys = keys
        self._owner = account_id
        self._emit = emit
        self._settings = Settings(storage)
        self._buckets = Buckets(
            storage, self._uploads, self._settings, owner=account_id, location=f"oss-{region}"
        )
        self._objects = Objects(storage, self._uploads, account_id, self._settings.encryption)
        self._object_calls: dict[str, Callable[[Visit], Reply]] = {
            "PutObject": self._objects.put,
            "GetObject": self._objects.get,
            "HeadObject": self._objects.get,
            "GetObjectMeta": self._objects.meta,
            "DeleteObject": self._objects.delete,
            "CopyObject": self._objects.copy,
            "AppendObject": self._objects.append,
            "RestoreObject": self._objects.restore,
            "PutSymlink": self._objects.put_symlink,
            "GetSymlink": self._objects.get_symlink,
            "PutObjectTagging": self._objects.put_tags,
            "GetObjectTagging": self._objects.get_tags,
            "DeleteObjectTagging": self._objects.delete_tags,
            "PutObjectACL": self._objects.put_acl,
            "GetObjectACL": self._objects.get_acl,
            "InitiateMultipartUpload": self._objects.initiate,
            "UploadPart": self._objects.put_part,
            "UploadPartCopy": self._objects.put_part,
            "ListParts": self._objects.list_parts,
            "CompleteMultipartUpload": self._objects.complete,
            "AbortMultipartUpload": self._objects.abort,
        }
        self._bucket_calls: dict[str, Callable[[Incoming, str], Reply]] = {
            "PutBucket": self._buckets.put,
            "HeadBucket": lambda request, bucket: self._buckets.head(bucket),
            "ListObjects": self._list_objects,
            "DeleteBucket": lambda request, bucket: self._buckets.delete(bucket),
            "GetBucketLocation": lambda request, bucket: self._buckets.location(bucket),
            "GetBucketInfo": self._buckets.info,
            "GetBucketStat": lambda request, bucket: self._buckets.stat(bucket),
            "GetBucketAcl": lambda request, bucket: acl_reply(self._owner, storage.bucket(bucket).acl),
            "PutBucketAcl": self._buckets.put_acl,
            "GetBucketVersioning": lambda request, bucket: self._buckets.versioning(bucket),
            "ListMultipartUploads": self._list_uploads,
            "ListLiveChannel": self._buckets.channels,
        }
        ways = {"PUT": self._settings.put, "GET": self._settings.get, "DELETE": self._settings.delete}
        for (method, name), operation in _SETTING_CALLS.items():
            self._bucket_calls[operation] = partial(ways[method], name)

    @staticmethod
    def operation_of(request: Incoming) -> str:
        """Give a name for the operation, for faults: PutObject, GetObject, ListObjects and so on."""
        return call_of(request, place_of(request))

    def answer(self, request: Incoming, request_id: str) -> Reply:
        """Check the signature and carry out the call.

        Raises:
            Refused: in OSS's own codes.
        """
        place = place_of(request)
        reading.require_utf8(place.key)
        operation = call_of(request, place)
        self._require_right(request, place, operation)
        for name in _REFUSED_HEADERS:
            if name in request.headers:
                raise Refused(501, "NotImplemented", f"The sandbox's OSS does not have {name}.")
        if operation == "Unknown" or any(name in request.query for name in _REFUSED_QUERY):
            known = SUBRESOURCES | UNSIGNED_SUBRESOURCES
            asked = "".join(f" ?{name}" for name in sorted(request.query) if name in known)
            raise Refused(501, "NotImplemented", f"{_NOT_HERE}: {request.method}{asked}.")
        limit = traffic.limit_of(request)
        try:
            return traffic.paced(self._carry_out(operation, request, place, request_id), request, limit)
        except OSError as exc:
            raise Refused(
                500, "InternalError", f"The sandbox's disk did not take it: {exc.strerror}."
            ) from exc

    def _require_right(self, request: Incoming, place: Place, operation: str) -> None:
        """Check the signature; without one, only what an ACL opens to everybody is allowed."""
        signed = "authorization" in request.headers or {"OSSAccessKeyId", "x-oss-signature"} & set(
            request.query
        )
        if not signed and self._is_public(place, operation):
            return
        key = check_oss(request, place, self._keys)
        if key.scope is not Scope.EVERYTHING:
            raise Refused(
                403, "AccessDenied", "You have no right to access this object because of bucket acl."
            )

    def _is_public(self, place: Place, operation: str) -> bool:
        reads = operation in ("GetObject", "HeadObject", "GetObjectMeta", "GetSymlink")
        if not place.bucket or not (reads or operation in ("PutObject", "ListObjects")):
            return False
        try:
            acl = self._storage.bucket(place.bucket).acl
            own = self._storage.find(place.bucket, place.key).acl if reads else "default"
        except Refused:
            return False
        if operation == "PutObject":
            return acl == "public-read-write"
        return (acl if own == "default" else own) in ("public-read", "public-read-write")

    def _carry_out(self, operation: str, request: Incoming, place: Place, request_id: str) -> Reply:
        tell = partial(self._tell, place.bucket, place.key, request_id)

        if not place.bucket:
            return self._buckets.regions() if operation == "DescribeRegions" else self._buckets.list(request)
        if place.key:
            return self._object_calls[operation](Visit(request=request, place=place, tell=tell))
        if operation == "DeleteMultipleObjects":
            return self._delete_many(request, place.bucket, request_id)
        return self._bucket_calls[operation](request, place.bucket)

    def _tell(
        self, bucket: str, key: str, request_id: str, event: str, *, size: int, etag: str, delta: int
    ) -> None:
        """Let others hear of a write; it is on disk when this returns."""
        self._emit(
            "oss",
            {
                "event": event,
                "bucket": bucket,
                "key": key,
                "size": size,
                "etag": etag,
                "deltaSize": delta,
                "requestId": request_id,
                "sourceIp": "127.0.0.1",
                "principalId": self._owner,
                "time": clock.iso_millis(),
            },
        )

    # -- listings

    def _list_objects(self, request: Incoming, bucket: str) -> Reply:
        """GetBucket (version 1) and ListObjectsV2; with encoding-type=url names are percent-encoded."""
        query = request.query
        second = query.get("list-type") == "2"
        encode = query.get("encoding-type") == "url"
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
        token, start = query.get("continuation-token", ""), query.get("start-after", "")
        after = (_behind(token) if token else start) if second else query.get("marker", "")
        most = reading.number(query.get("max-keys"), "max-keys", 100, range(1, 1001))
        with self._storage.lock:
            found = self._storage.bucket(bucket)
            page = page_of(found.in_order(), prefix=prefix, delimiter=delimiter, after=after, most=most)
            rows = [found.objects[key] for key in page.keys]
        owned = not second or query.get("fetch-owner", "").lower() == "true"
        facts = leaves(
            Name=bucket,
            Prefix=named(prefix, encode),
            MaxKeys=most,
            Delimiter=named(delimiter, encode),
            EncodingType="url" if encode else None,
            IsTruncated=str(page.cut).lower(),
        )
        if second:
            facts += leaves(
                StartAfter=named(start, encode) if start else None,
                ContinuationToken=token or None,
                KeyCount=len(rows) + len(page.prefixes),
                NextContinuationToken=_token(page.last) if page.cut else None,
            )
        else:
            last = named(page.last, encode) if page.cut else None
            facts += leaves(Marker=named(after, encode), NextMarker=last)
        contents = (self._listed(stored, encode, owned) for stored in rows)
        prefixes = (tag("CommonPrefixes", leaf("Prefix", named(text, encode))) for text in page.prefixes)
        return xml_reply(tag("ListBucketResult", facts, *contents, *prefixes))

    def _listed(self, stored: StoredObject, encode: bool, owned: bool) -> str:
        row = leaves(
            Key=named(stored.key, encode),
            LastModified=clock.iso_millis(stored.modified),
            ETag=f'"{stored.etag}"',
            Type=stored.kind,
            Size=stored.size,
            StorageClass=stored.storage_class,
            RestoreInfo=restore_info(stored) or None,
        )
        owner = tag("Owner", leaves(ID=self._owner, DisplayName=self._owner)) if owned else ""
        return tag("Contents", row, owner)

    def _list_uploads(self, request: Incoming, bucket: str) -> Reply:
        query = request.query
        encode = query.get("encoding-type") == "url"
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
        most = reading.number(query.get("max-uploads"), "max-uploads", 1000, range(1, 1001))
        marker = (query.get("key-marker", ""), query.get("upload-id-marker", ""))
        uploads = [each for each in self._uploads.of_bucket(bucket) if each.key.startswith(prefix)]
        found = [each for each in _rolled(uploads, prefix, delimiter) if _is_behind(each, marker)]
        rows, cut = found[:most], len(found) > most
        facts = leaves(
            Bucket=bucket,
            EncodingType="url" if encode else None,
            KeyMarker=named(query.get("key-marker", ""), encode),
            UploadIdMarker=marker[1],
            NextKeyMarker=named(rows[-1].name, encode) if cut else "",
            NextUploadIdMarker=rows[-1].upload.id if cut and rows[-1].upload else "",
            Delimiter=named(delimiter, encode),
            Prefix=named(prefix, encode),
            MaxUploads=most,
            IsTruncated=str(cut).lower(),
        )
        listed = (
            tag(
                "Upload",
                leaves(
                    Key=named(each.name, encode),
                    UploadId=each.upload.id,
                    Initiated=clock.iso_millis(each.upload.initiated),
                    StorageClass=each.upload.traits.storage_class,
                ),
            )
            if each.upload
            else tag("CommonPrefixes", leaf("Prefix", named(each.name, encode)))
            for each in rows
        )
        return xml_reply(tag("ListMultipartUploadsResult", facts, *listed))

    def _delete_many(self, request: Incoming, bucket: str, request_id: str) -> Reply:
        asked = reading.xml_body(request, "Delete")
        self._storage.bucket(bucket)
        keys = [node.findtext("Key") or "" for node in asked.findall("Object")]
        if not 1 <= len(keys) <= DELETE_LIMIT or not all(keys):
            raise Refused(400, "MalformedXML", "The XML you provided was not well-formed.")
        encode = asked.findtext("EncodingType") == "url" or request.query.get("encoding-type") == "url"
        for key in keys:
            gone = self._storage.delete(bucket, key)
            if gone is not None:
                event = "ObjectRemoved:DeleteObjects"
                self._tell(bucket, key, request_id, event, size=gone.size, etag=gone.etag, delta=-gone.size)
        if (asked.findtext("Quiet") or "").lower() == "true":
            return Reply()
        rows = (tag("Deleted", leaf("Key", quote(key, safe="") if encode else key)) for key in keys)
        return xml_reply(tag("DeleteResult", leaf("EncodingType", "url") if encode else "", *rows))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Listed:
    """One row of a list of uploads: an upload, or the common prefix of several."""

    name: str
    upload: Upload | None = None


def _rolled(uploads: Iterable[Upload], prefix: str, delimiter: str) -> list[_Listed]:
    """Roll uploads up at the delimiter; they are in the order of their keys."""
    found: list[_Listed] = []
    for upload in uploads:
        head, cut, _ = upload.key[len(prefix) :].partition(delimiter) if delimiter else ("", "", "")
        row = _Listed(name=prefix + head + cut) if cut else _Listed(name=upload.key, upload=upload)
        if not found or found[-1] != row:
            found.append(row)
    return found


def _is_behind(row: _Listed, marker: tuple[str, str]) -> bool:
    """Tell whether a row comes after the marker; without an id the marker means all uploads of the key."""
    key, upload_id = marker
    if row.name == key:
        return row.upload is not None and bool(upload_id) and row.upload.id > upload_id
    return row.name.encode() > key.encode()


def _token(last: str) -> str:
    return base64.urlsafe_b64encode(last.encode()).decode()


def _behind(token: str) -> str:
    """Read a continuation token. Raises Refused: 400 InvalidArgument."""
    try:
        return base64.urlsafe_b64decode(token).decode()
    except (binascii.Error, ValueError) as exc:
        raise Refused(400, "InvalidArgument", "The continuation token you provided is not valid.") from exc
