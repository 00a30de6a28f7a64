"""The calls on one object: put, get, head, delete, copy, append, symlink, tags, ACL, multipart."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Protocol
from urllib.parse import quote, unquote

from sandbox.alibaba import clock
from sandbox.alibaba.markup import leaves, tag
from sandbox.alibaba.oss import reading
from sandbox.alibaba.oss.content import chunks_of, gzipped
from sandbox.alibaba.oss.reading import Span, pieces_of
from sandbox.alibaba.oss.replies import restore_info, xml_reply
from sandbox.alibaba.oss.signing import Place
from sandbox.alibaba.oss.storage import Change, Kind, Storage, StoredObject, Traits
from sandbox.alibaba.oss.uploads import PART_NUMBERS, Uploads
from sandbox.alibaba.wire import Incoming, Refused, Reply

COPY_LIMIT_BYTES = 1024 * 1024 * 1024
RESTORE_S = 60.0
DAY_S = 24 * 3600
_OVERRIDES = (
    "content-type",
    "content-language",
    "expires",
    "cache-control",
    "content-disposition",
    "content-encoding",
)


class Tell(Protocol):
    """Lets others hear of what was done to the key: event, size, ETag, by how many bytes it grew."""

    def __call__(self, event: str, *, size: int, etag: str, delta: int) -> None: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Visit:
    """One request on one object, and how to tell others of what it did."""

    request: Incoming
    place: Place
    tell: Tell

    def tell_change(self, event: str, change: Change) -> None:
        """Let others hear of an object that was written."""
        self.tell(event, size=change.stored.size, etag=change.stored.etag, delta=change.delta)


class Objects:
    """Each method carries out one request."""

    def __init__(
        self, storage: Storage, uploads: Uploads, owner: str, encryption: Callable[[str], str]
    ) -> None:
        """encryption: gives the method by which a bucket encrypts what says nothing of it."""
        self._storage = storage
        self._uploads = uploads
        self._owner = owner
        self._encryption = encryption

    # -- writing

    def _traits(self, visit: Visit) -> Traits:
        """Read what a write says about its object; what it leaves open is the bucket's."""
        traits = reading.traits_of(visit.request)
        return replace(traits, encryption=traits.encryption or self._encryption(visit.place.bucket))

    def put(self, visit: Visit) -> Reply:
        request, place = visit.request, visit.place
        change = self._storage.put(
            place.bucket,
            place.key,
            pieces_of(request),
            self._traits(visit),
            md5=request.headers.get("content-md5"),
            overwrite=reading.overwrites(request),
        )
        visit.tell_change("ObjectCreated:PutObject", change)
        return _written(change.stored)

    def append(self, visit: Visit) -> Reply:
        request, place = visit.request, visit.place
        position = reading.number(request.query.get("position"), "position", -1, range(1 << 50))
        if position < 0:
            raise Refused(400, "InvalidArgument", "position is required.")
        # What is said about an object is taken from its first append alone.
        first = position == 0
        change = self._storage.append(
            place.bucket,
            place.key,
            position,
            pieces_of(request),
            self._traits(visit) if first else Traits(),
            md5=request.headers.get("content-md5"),
        )
        visit.tell_change("ObjectCreated:AppendObject", change)
        reply = _written(change.stored)
        return Reply(headers={**reply.headers, "x-oss-next-append-position": str(change.stored.size)})

    def copy(self, visit: Visit) -> Reply:
        request, place = visit.request, visit.place
        with self._storage.lock:
            bucket, found = self._copied(request)
            pieces = self._stream(bucket, found, None)
        if found.size > COPY_LIMIT_BYTES:
            raise Refused(400, "EntityTooLarge", "Copy objects over 1 GB by parts.")
        asked = self._traits(visit)
        renew = _directive(request, "x-oss-metadata-directive")
        retag = _directive(request, "x-oss-tagging-directive")
        traits = Traits(
            headers=asked.headers if renew else found.headers,
            acl=asked.acl,
            tags=asked.tags if retag else found.tags,
            storage_class=asked.storage_class,
            encryption=asked.encryption,
        )
        change = self._storage.put(
            place.bucket,
            place.key,
            pieces,
            traits,
            overwrite=reading.overwrites(request),
        )
        onto_itself = renew and (bucket, found.key) == (place.bucket, place.key)
        event = "ObjectModified:UpdateObjectMeta" if onto_itself else "ObjectCreated:CopyObject"
        visit.tell_change(event, change)
        etag, modified = f'"{change.stored.etag}"', clock.iso_millis(change.stored.modified)
        reply = xml_reply(tag("CopyObjectResult", leaves(ETag=etag, LastModified=modified)))
        headers = {**reply.headers, "ETag": etag, "x-oss-hash-crc64ecma": change.stored.crc}
        return Reply(headers=headers, body=reply.body)

    def _copied(self, request: Incoming) -> tuple[str, StoredObject]:
        """Find what a copy names, its conditions checked: bucket and object."""
        text = request.headers["x-oss-copy-source"]
        if "?" in text:
            raise Refused(501, "NotImplemented", "The sandbox's OSS has no versions to copy.")
        bucket, _, key = unquote(text).removeprefix("/").partition("/")
        found = self._storage.find(bucket, key)
        reading.require_conditions(request.headers, found, "x-oss-copy-source-")
        source = self._followed(bucket, found)
        _require_restored(source)
        return bucket, source

    def delete(self, visit: Visit) -> Reply:
        gone = self._storage.delete(visit.place.bucket, visit.place.key)
        if gone is not None:
            visit.tell("ObjectRemoved:DeleteObject", size=gone.size, etag=gone.etag, delta=-gone.size)
        return Reply(status=204)

    # -- reading

    def get(self, visit: Visit) -> Reply:
        """GetObject and HeadObject."""
        request, place = visit.request, visit.place
        with self._storage.lock:
            named = self._storage.find(place.bucket, place.key)
            stored = self._followed(place.bucket, named)
            reading.require_conditions(request.headers, stored)
            strict = request.headers.get("x-oss-range-behavior") == "standard"
            span = reading.span_of(request.headers.get("range", ""), stored.size, strict=strict)
            headers = _described(stored, named)
            if request.method == "HEAD":
                return Reply(headers=headers | {"content-length": str(stored.size)})
            _require_restored(stored)
            stream = self._stream(place.bucket, stored, span)
        for name in _OVERRIDES:
            if (value := request.query.get(f"response-{name}")) is not None:
                headers[name] = value
        if span is None and reading.wants_gzip(request.headers, headers, stored.size):
            # Its length is not known before, nor has it an ETag.
            kept = {name: value for name, value in headers.items() if name.lower() != "etag"}
            return Reply(headers=kept | {"content-encoding": "gzip"}, stream=gzipped(stream))
        if span is None:
            return Reply(headers=headers | {"content-length": str(stored.size)}, stream=stream)
        headers["content-range"] = f"bytes {span.start}-{span.end}/{stored.size}"
        headers["content-length"] = str(span.length)
        return Reply(status=206, headers=headers, stream=stream)

    def _stream(self, bucket: str, stored: StoredObject, span: Span | None) -> Iterator[bytes]:
        """Give the content piece by piece. The file is opened now: a later delete does not take it away."""
        path = self._storage.content(bucket, stored)
        start, length = (span.start, span.length) if span else (0, stored.size)
        if not length:
            return iter(())
        pieces = chunks_of(path, start, length)
        return _started(pieces)

    def meta(self, visit: Visit) -> Reply:
        """GetObjectMeta: the few headers that every object has."""
        stored = self._storage.find(visit.place.bucket, visit.place.key)
        described = _described(stored, stored)
        kept = ("ETag", "Last-Modified", "x-oss-hash-crc64ecma")
        headers = {name: described[name] for name in kept}
        if visit.request.method == "HEAD":
            headers["content-length"] = str(stored.size)
        return Reply(headers=headers)

    def _followed(self, bucket: str, stored: StoredObject) -> StoredObject:
        """Give what a symlink points at, and any other object itself."""
        if stored.kind is not Kind.SYMLINK:
            return stored
        try:
            found = self._storage.find(bucket, stored.link)
        except Refused as exc:
            raise Refused(404, "SymlinkTargetNotExist", "The target of the symlink does not exist.") from exc
        if found.kind is Kind.SYMLINK:
            raise Refused(400, "InvalidTargetType", "The target of a symlink is a symlink.")
        return found

    def restore(self, visit: Visit) -> Reply:
        """RestoreObject: an archived object can be read a minute later, whatever its class and priority.

        Source: Alibaba Cloud, RestoreObject, read 2026-11-22.
        """
        place = visit.place
        stored = self._storage.find(place.bucket, place.key)
        if not stored.archived:
            raise Refused(400, "OperationNotSupported", "The operation is not supported for this resource")
        order = reading.restore_of(visit.request, stored.storage_class)
        now = clock.now()
        if now < stored.ready:
            raise Refused(409, "RestoreAlreadyInProgress", "The restore operation is in progress.")
        again = now < stored.until
        ready = stored.ready if again else now + RESTORE_S
        self._storage.change(place.bucket, place.key, ready=ready, until=max(now, ready) + order.days * DAY_S)
        headers = {"x-oss-object-restore-priority": order.tier} if order.tier else {}
        return Reply(status=200 if again else 202, headers=headers)

    # -- symlinks, tags, ACL

    def put_symlink(self, visit: Visit) -> Reply:
        request, place = visit.request, visit.place
        change = self._storage.link(
            place.bucket,
            place.key,
            unquote(request.headers.get("x-oss-symlink-target", "")),
            reading.traits_of(request),
            overwrite=reading.overwrites(request),
        )
        visit.tell_change("ObjectCreated:PutSymlink", change)
        return Reply(headers={"ETag": f'"{change.stored.etag}"'})

    def get_symlink(self, visit: Visit) -> Reply:
        stored = self._storage.find(visit.place.bucket, visit.place.key)
        if stored.kind is not Kind.SYMLINK:
            raise Refused(400, "NotSymlink", "The object is not a symlink.")
        headers = {"x-oss-symlink-target": quote(stored.link, safe=""), "ETag": f'"{stored.etag}"'}
        return Reply(headers=headers)

    def put_tags(self, visit: Visit) -> Reply:
        asked = reading.xml_body(visit.request, "Tagging")
        rows = [
            (node.findtext("Key") or "", node.findtext("Value") or "") for node in asked.findall("TagSet/Tag")
        ]
        self._storage.change(visit.place.bucket, visit.place.key, tags=reading.checked_tags(rows))
        return Reply()

    def get_tags(self, visit: Visit) -> Reply:
        stored = self._storage.find(visit.place.bucket, visit.place.key)
        rows = (tag("Tag", leaves(Key=key, Value=value)) for key, value in stored.tags.items())
        return xml_reply(tag("Tagging", tag("TagSet", *rows)))

    def delete_tags(self, visit: Visit) -> Reply:
        self._storage.change(visit.place.bucket, visit.place.key, tags={})
        return Reply(status=204)

    def put_acl(self, visit: Visit) -> Reply:
        acl = reading.acl_of(visit.request.headers.get("x-oss-object-acl"), default=True)
        if acl is None:
            raise Refused(400, "InvalidArgument", "x-oss-object-acl is required.")
        self._storage.change(visit.place.bucket, visit.place.key, acl=acl)
        return Reply()

    def get_acl(self, visit: Visit) -> Reply:
        return acl_reply(self._owner, self._storage.find(visit.place.bucket, visit.place.key).acl)

    # -- multipart

    def initiate(self, visit: Visit) -> Reply:
        request, place = visit.request, visit.place
        self._storage.require_absent(place.bucket, place.key, overwrite=reading.overwrites(request))
        traits = self._traits(visit)
        upload = self._uploads.initiate(place.bucket, place.key, traits)
        visit.tell("ObjectCreated:InitiateMultipartUpload", size=0, etag="", delta=0)
        encode = request.query.get("encoding-type") == "url"
        inner = leaves(
            Bucket=place.bucket,
            EncodingType="url" if encode else None,
            Key=quote(place.key, safe="") if encode else place.key,
            UploadId=upload.id,
        )
        reply = xml_reply(tag("InitiateMultipartUploadResult", inner))
        return Reply(headers={**reply.headers, **_encrypted(traits.encryption)}, body=reply.body)

    def put_part(self, visit: Visit) -> Reply:
        """UploadPart and UploadPartCopy."""
        request, place = visit.request, visit.place
        upload = self._uploads.find(place.bucket, place.key, request.query.get("uploadId", ""))
        part_number = reading.number(request.query.get("partNumber"), "partNumber", 0, PART_NUMBERS)
        if "x-oss-copy-source" not in request.headers:
            md5 = request.headers.get("content-md5")
            part = self._uploads.put_part(upload, part_number, pieces_of(request), md5=md5)
            visit.tell("ObjectCreated:UploadPart", size=part.size, etag=part.etag, delta=part.size)
            return Reply(headers={"ETag": f'"{part.etag}"', "x-oss-hash-crc64ecma": part.crc})
        with self._storage.lock:
            bucket, found = self._copied(request)
            span = reading.span_of(request.headers.get("x-oss-copy-source-range", ""), found.size)
            pieces = self._stream(bucket, found, span)
        part = self._uploads.put_part(upload, part_number, pieces)
        visit.tell("ObjectCreated:UploadPartCopy", size=part.size, etag=part.etag, delta=part.size)
        inner = leaves(LastModified=clock.iso_millis(part.modified), ETag=f'"{part.etag}"')
        return xml_reply(tag("CopyPartResult", inner), ETag=f'"{part.etag}"')

    def list_parts(self, visit: Visit) -> Reply:
        request, place = visit.request, visit.place
        query = request.query
        upload = self._uploads.find(place.bucket, place.key, query.get("uploadId", ""))
        most = reading.number(query.get("max-parts"), "max-parts", 1000, range(1, 1001))
        after = reading.number(query.get("part-number-marker"), "part-number-marker", 0, range(10_001))
        found = [upload.parts[each] for each in sorted(upload.parts) if each > after]
        rows = found[:most]
        encode = query.get("encoding-type") == "url"
        inner = leaves(
            Bucket=place.bucket,
            EncodingType="url" if encode else None,
            Key=quote(place.key, safe="") if encode else place.key,
            UploadId=upload.id,
            PartNumberMarker=after,
            NextPartNumberMarker=rows[-1].number if rows else 0,
            MaxParts=most,
            IsTruncated=str(len(found) > most).lower(),
        )
        parts = (
            tag(
                "Part",
                leaves(
                    PartNumber=part.number,
                    LastModified=clock.iso_millis(part.modified),
                    ETag=f'"{part.etag}"',
                    HashCrc64ecma=part.crc,
                    Size=part.size,
                ),
            )
            for part in rows
        )
        return xml_reply(tag("ListPartsResult", inner, *parts))

    def complete(self, visit: Visit) -> Reply:
        request, place = visit.request, visit.place
        upload = self._uploads.find(place.bucket, place.key, request.query.get("uploadId", ""))
        if request.headers.get("x-oss-complete-all", "").lower() == "yes":
            listed = [(each, upload.parts[each].etag) for each in sorted(upload.parts)]
        else:
            asked = reading.xml_body(request, "CompleteMultipartUpload")
            listed = [
                (
                    reading.number(node.findtext("PartNumber"), "PartNumber", 0, PART_NUMBERS),
                    node.findtext("ETag") or "",
                )
                for node in asked.findall("Part")
            ]
        change = self._uploads.complete(upload, listed, overwrite=reading.overwrites(request))
        visit.tell_change("ObjectCreated:CompleteMultipartUpload", change)
        return self._completed(visit, change)

    @staticmethod
    def _completed(visit: Visit, change: Change) -> Reply:
        place, encode = visit.place, visit.request.query.get("encoding-type") == "url"
        etag = f'"{change.stored.etag}"'
        inner = leaves(
            EncodingType="url" if encode else None,
            Location=f"http://{visit.request.host}/{quote(place.key)}",
            Bucket=place.bucket,
            Key=quote(place.key, safe="") if encode else place.key,
            ETag=etag,
        )
        reply = xml_reply(tag("CompleteMultipartUploadResult", inner))
        headers = {**reply.headers, "ETag": etag, "x-oss-hash-crc64ecma": change.stored.crc}
        return Reply(headers=headers, body=reply.body)

    def abort(self, visit: Visit) -> Reply:
        place = visit.place
        upload = self._uploads.find(place.bucket, place.key, visit.request.query.get("uploadId", ""))
        self._uploads.abort(upload)
        visit.tell("ObjectRemoved:AbortMultipartUpload", size=0, etag="", delta=0)
        return Reply(status=204)


def acl_reply(owner: str, acl: str) -> Reply:
    """Give the document of GetBucketAcl and GetObjectACL."""
    return xml_reply(
        tag(
            "AccessControlPolicy",
            tag("Owner", leaves(ID=owner, DisplayName=owner)),
            tag("AccessControlList", leaves(Grant=acl)),
        )
    )


def _started(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Read the first piece now, so that the file is open, and give it again with the others."""
    first = next(pieces, b"")

    def rest() -> Iterator[bytes]:
        yield first
        yield from pieces

    return rest()


def _written(stored: StoredObject) -> Reply:
    headers = {"ETag": f'"{stored.etag}"', "x-oss-hash-crc64ecma": stored.crc}
    return Reply(headers=headers | _encrypted(stored.encryption))


def _encrypted(method: str) -> dict[str, str]:
    return {"x-oss-server-side-encryption": method} if method else {}


def _require_restored(stored: StoredObject) -> None:
    """Raise Refused: 403 InvalidObjectState for an archived object that cannot be read now."""
    if stored.archived and not stored.ready <= clock.now() < stored.until:
        raise Refused(403, "InvalidObjectState", "The operation is not valid for the object's storage class")


def _directive(request: Incoming, name: str) -> bool:
    """Tell whether a directive says REPLACE. Raises Refused: 400 InvalidArgument."""
    text = request.headers.get(name, "COPY").upper()
    if text not in ("COPY", "REPLACE"):
        raise Refused(400, "InvalidArgument", f"{name} must be COPY or REPLACE.")
    return text == "REPLACE"


def _described(stored: StoredObject, named: StoredObject) -> dict[str, str]:
    """Give the headers that describe an object; ``named`` is the symlink that led to it, or the same."""
    headers: Mapping[str, str] = {
        "content-type": "application/octet-stream",
        **stored.headers,
        **{name: value for name, value in named.headers.items() if name.startswith("x-oss-meta-")},
        "ETag": f'"{stored.etag}"',
        "Last-Modified": clock.http_date(stored.modified),
        "x-oss-hash-crc64ecma": stored.crc,
        "x-oss-object-type": named.kind,
        "x-oss-storage-class": stored.storage_class,
        "accept-ranges": "bytes",
    }
    more: dict[str, str] = {}
    if stored.tags:
        more["x-oss-tagging-count"] = str(len(stored.tags))
    if stored.kind is Kind.APPENDABLE:
        more["x-oss-next-append-position"] = str(stored.size)
    if restoring := restore_info(stored):
        more["x-oss-restore"] = restoring
    return {**headers, **more, **_encrypted(stored.encryption)}
