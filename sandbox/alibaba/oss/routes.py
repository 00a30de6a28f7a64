"""OSS as a function of requests: buckets, objects, listings. What it lacks it refuses with NotImplemented."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from urllib.parse import quote, unquote
from xml.etree import ElementTree

from sandbox.alibaba import clock
from sandbox.alibaba.access import KeyRing, Scope
from sandbox.alibaba.oss.signing import Place, check_oss
from sandbox.alibaba.oss.storage import Storage, StoredObject
from sandbox.alibaba.wire import Incoming, Refused, Reply

XML = "application/xml"
_HOST = re.compile(r"(?P<bucket>[a-z0-9-]+)\.oss-[a-z0-9-]+\.aliyuncs\.com(?::\d+)?")
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_KEPT = frozenset(
    {
        "content-type",
        "content-encoding",
        "content-disposition",
        "content-language",
        "cache-control",
        "expires",
    }
)


def place_of(request: Incoming) -> Place:
    """Find bucket and key: the bucket is in the Host name or is the first part of the path."""
    found = _HOST.fullmatch(request.host)
    path = request.raw_path.removeprefix("/")
    if found:
        return Place(bucket=found["bucket"], key=unquote(path))
    bucket, _, key = path.partition("/")
    return Place(bucket=unquote(bucket), key=unquote(key))


def _xml(root: ElementTree.Element) -> Reply:
    body = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return Reply(headers={"content-type": XML}, body=body)


def _tree(name: str, **texts: object) -> ElementTree.Element:
    root = ElementTree.Element(name)
    for tag, text in texts.items():
        ElementTree.SubElement(root, tag).text = str(text)
    return root


def error_reply(refusal: Refused, request: Incoming, request_id: str) -> Reply:
    """Give OSS's error body; a HEAD request has it in the header x-oss-err instead."""
    document = {"Message": refusal.message, "RequestId": request_id, "HostId": request.host}
    body = ElementTree.tostring(
        _tree("Error", Code=refusal.code, **document), encoding="utf-8", xml_declaration=True
    )
    headers = {"content-type": XML, "x-oss-request-id": request_id}
    if request.method == "HEAD":
        headers["x-oss-err"] = base64.b64encode(body).decode()
        return Reply(status=refusal.status, headers=headers)
    return Reply(status=refusal.status, headers=headers, body=body)


class ObjectStorage:
    """The calls of OSS."""

    def __init__(self, *, storage: Storage, keys: KeyRing, account_id: str, region: str) -> None:
        self._storage = storage
        self._keys = keys
        self._owner = account_id
        self._location = f"oss-{region}"

    @staticmethod
    def operation_of(request: Incoming) -> str:
        """Give a name for the operation, for faults: PutObject, GetObject, ListObjects and so on."""
        place = place_of(request)
        if not place.bucket:
            return "ListBuckets"
        verb = {"PUT": "Put", "GET": "Get", "HEAD": "Head", "DELETE": "Delete", "POST": "Post"}
        name = verb.get(request.method, "Unknown")
        if place.key:
            return f"{name}Object"
        plain = request.method == "GET" and not {"bucketInfo", "location", "acl"} & request.query.keys()
        return "ListObjects" if plain else f"{name}Bucket"

    def answer(self, request: Incoming) -> Reply:
        """Check the signature and carry out the call.

        Raises:
            Refused: in OSS's own codes.
        """
        place = place_of(request)
        key = check_oss(request, place, self._keys)
        if key.scope is not Scope.EVERYTHING:
            raise Refused(403, "AccessDenied", "You have no right to access this object.")
        if {"uploads", "uploadId", "append", "symlink", "tagging", "versioning"} & request.query.keys():
            raise Refused(501, "NotImplemented", "The sandbox's OSS does not have this call.")
        if not place.bucket:
            return self._list_buckets(request)
        if not place.key:
            return self._bucket(request, place.bucket)
        return self._object(request, place)

    def _list_buckets(self, request: Incoming) -> Reply:
        root = _tree("ListAllMyBucketsResult")
        owner = ElementTree.SubElement(root, "Owner")
        for tag in ("ID", "DisplayName"):
            ElementTree.SubElement(owner, tag).text = self._owner
        rows = ElementTree.SubElement(root, "Buckets")
        for name, created in self._storage.buckets().items():
            if name.startswith(request.query.get("prefix", "")):
                rows.append(self._bucket_tree(name, created))
        return _xml(root)

    def _bucket_tree(self, name: str, created: float) -> ElementTree.Element:
        return _tree(
            "Bucket",
            Name=name,
            CreationDate=clock.iso_millis(created),
            Location=self._location,
            ExtranetEndpoint=f"{self._location}.aliyuncs.com",
            IntranetEndpoint=f"{self._location}-internal.aliyuncs.com",
            StorageClass="Standard",
            Region=self._location.removeprefix("oss-"),
        )

    def _bucket(self, request: Incoming, bucket: str) -> Reply:
        query = request.query
        if request.method == "PUT":
            self._storage.create_bucket(bucket)
            return Reply()
        if request.method == "DELETE":
            self._storage.delete_bucket(bucket)
            return Reply(status=204)
        if request.method == "POST" and "delete" in query:
            return self._delete_many(request, bucket)
        if request.method not in ("GET", "HEAD"):
            raise Refused(405, "MethodNotAllowed", "The method is not allowed against a bucket.")
        created = self._storage.require_bucket(bucket)
        if "location" in query:
            root = ElementTree.Element("LocationConstraint")
            root.text = self._location
            return _xml(root)
        if "bucketInfo" in query:
            return self._bucket_info(bucket, created)
        if "acl" in query:
            root = _tree("AccessControlPolicy")
            root.append(_tree("Owner", ID=self._owner, DisplayName=self._owner))
            root.append(_tree("AccessControlList", Grant="private"))
            return _xml(root)
        return self._list_objects(request, bucket)

    def _bucket_info(self, bucket: str, created: float) -> Reply:
        tree = self._bucket_tree(bucket, created)
        tree.append(_tree("Owner", ID=self._owner, DisplayName=self._owner))
        tree.append(_tree("AccessControlList", Grant="private"))
        root = ElementTree.Element("BucketInfo")
        root.append(tree)
        return _xml(root)

    def _delete_many(self, request: Incoming, bucket: str) -> Reply:
        try:
            asked = ElementTree.fromstring(request.body)  # noqa: S314 - expat has no network, the body is capped
        except ElementTree.ParseError as exc:
            raise Refused(400, "MalformedXML", "The XML you provided was not well-formed.") from exc
        root = ElementTree.Element("DeleteResult")
        encode = asked.findtext("EncodingType") == "url" or request.query.get("encoding-type") == "url"
        if encode:
            ElementTree.SubElement(root, "EncodingType").text = "url"
        for node in asked.findall("Object"):
            key = node.findtext("Key") or ""
            self._storage.delete(bucket, key)
            root.append(_tree("Deleted", Key=quote(key, safe="") if encode else key))
        return _xml(root)

    def _list_objects(self, request: Incoming, bucket: str) -> Reply:
        """GetBucket (version 1) and ListObjectsV2; with encoding-type=url names are percent-encoded."""
        query = request.query
        second = query.get("list-type") == "2"
        encode = query.get("encoding-type") == "url"
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
        after = (
            (query.get("continuation-token") or query.get("start-after", ""))
            if second
            else query.get("marker", "")
        )
        most = int(query["max-keys"]) if query.get("max-keys", "").isdigit() else 100
        if not 1 <= most <= 1000:
            raise Refused(400, "InvalidArgument", "max-keys must be between 1 and 1000.")

        def named(text: str) -> str:
            return quote(text, safe="") if encode else text

        root = _tree(
            "ListBucketResult", Name=bucket, Prefix=named(prefix), MaxKeys=most, Delimiter=named(delimiter)
        )
        if encode:
            ElementTree.SubElement(root, "EncodingType").text = "url"
        rows, prefixes, last, cut = _cut_list(self._storage.list(bucket), prefix, delimiter, after, most)
        for stored in rows:
            root.append(self._listed(stored, named(stored.key)))
        for text in prefixes:
            root.append(_tree("CommonPrefixes", Prefix=named(text)))
        facts: dict[str, object] = {"IsTruncated": str(cut).lower()}
        if second:
            facts |= {"KeyCount": len(rows) + len(prefixes)} | (
                {"NextContinuationToken": named(last)} if cut else {}
            )
        else:
            facts |= {"Marker": named(after)} | ({"NextMarker": named(last)} if cut else {})
        for tag, fact in facts.items():
            ElementTree.SubElement(root, tag).text = str(fact)
        return _xml(root)

    @staticmethod
    def _listed(stored: StoredObject, name: str) -> ElementTree.Element:
        return _tree(
            "Contents",
            Key=name,
            LastModified=clock.iso_millis(stored.modified),
            ETag=f'"{stored.etag}"',
            Type="Normal",
            Size=stored.size,
            StorageClass="Standard",
        )

    def _object(self, request: Incoming, place: Place) -> Reply:
        if request.method == "PUT":
            if source := request.headers.get("x-oss-copy-source"):
                return self._copy(request, place, source)
            return self._put(request, place)
        if request.method == "DELETE":
            self._storage.delete(place.bucket, place.key)
            return Reply(status=204)
        if request.method in ("GET", "HEAD"):
            return self._get(request, place)
        raise Refused(405, "MethodNotAllowed", "The method is not allowed against an object.")

    @staticmethod
    def _kept(headers: Mapping[str, str]) -> dict[str, str]:
        return {k: v for k, v in headers.items() if k in _KEPT or k.startswith("x-oss-meta-")}

    def _put(self, request: Incoming, place: Place) -> Reply:
        given = request.headers.get("content-md5")
        digest = hashlib.md5(request.body, usedforsecurity=False).digest()
        if given and given != base64.b64encode(digest).decode():
            raise Refused(400, "InvalidDigest", "The Content-MD5 you specified is not that of the body.")
        if request.headers.get("x-oss-forbid-overwrite") == "true":
            with self._storage.lock:
                present = any(stored.key == place.key for stored in self._storage.list(place.bucket))
            if present:
                raise Refused(409, "FileAlreadyExists", "The object you specified already exists.")
        stored = self._storage.put(place.bucket, place.key, request.body, self._kept(request.headers))
        return Reply(headers={"ETag": f'"{stored.etag}"', "x-oss-hash-crc64ecma": stored.crc})

    def _copy(self, request: Incoming, place: Place, source: str) -> Reply:
        bucket, _, key = unquote(source).removeprefix("/").partition("/")
        found = self._storage.find(bucket, key)
        replace = request.headers.get("x-oss-metadata-directive", "COPY").upper() == "REPLACE"
        headers = self._kept(request.headers) if replace else found.headers
        stored = self._storage.put(place.bucket, place.key, self._storage.read(bucket, key), headers)
        modified = clock.iso_millis(stored.modified)
        reply = _xml(_tree("CopyObjectResult", ETag=f'"{stored.etag}"', LastModified=modified))
        headers = {**reply.headers, "ETag": f'"{stored.etag}"', "x-oss-hash-crc64ecma": stored.crc}
        return Reply(headers=headers, body=reply.body)

    def _get(self, request: Incoming, place: Place) -> Reply:
        with self._storage.lock:
            stored = self._storage.find(place.bucket, place.key)
            bare = request.method == "HEAD" or "objectMeta" in request.query
            content = b"" if bare else self._storage.read(place.bucket, place.key)
        headers = {
            "content-type": "application/octet-stream",
            **stored.headers,
            "ETag": f'"{stored.etag}"',
            "Last-Modified": clock.http_date(stored.modified),
            "x-oss-hash-crc64ecma": stored.crc,
            "x-oss-object-type": "Normal",
            "x-oss-storage-class": "Standard",
            "accept-ranges": "bytes",
            "content-length": str(stored.size),
        }
        if bare:
            return Reply(headers=headers)
        span = _span(request.headers.get("range", ""), stored.size)
        if span is None:
            return Reply(headers=headers, body=content)
        start, end = span
        headers["content-range"] = f"bytes {start}-{end}/{stored.size}"
        headers["content-length"] = str(end - start + 1)
        return Reply(status=206, headers=headers, body=content[start : end + 1])


def _span(text: str, size: int) -> tuple[int, int] | None:
    """Give first and last byte of a range, or None when the whole object is meant.

    A range that is not legal is ignored. Source: Alibaba Cloud, OSS GetObject, read 2026-11-22.
    """
    found = _RANGE.fullmatch(text)
    if not found or not size or not (found[1] or found[2]):
        return None
    if not found[1]:
        return max(0, size - int(found[2])), size - 1
    start, end = int(found[1]), min(int(found[2] or size - 1), size - 1)
    return (start, end) if start <= end else None


def _cut_list(
    objects: list[StoredObject], prefix: str, delimiter: str, after: str, most: int
) -> tuple[list[StoredObject], list[str], str, bool]:
    """Give one page of a listing: objects, common prefixes, the last name in it, and whether more follows."""
    rows: list[StoredObject] = []
    prefixes: list[str] = []
    last = after
    for stored in objects:
        if not stored.key.startswith(prefix):
            continue
        rest = stored.key[len(prefix) :]
        folder = (
            prefix + rest.partition(delimiter)[0] + delimiter if delimiter and delimiter in rest else None
        )
        name = folder or stored.key
        if name <= after or (folder and prefixes[-1:] == [folder]):
            continue
        if len(rows) + len(prefixes) >= most:
            return rows, prefixes, last, True
        last = name
        if folder:
            prefixes.append(folder)
        else:
            rows.append(stored)
    return rows, prefixes, last, False
