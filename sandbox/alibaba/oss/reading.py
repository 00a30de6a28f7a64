"""Reads what OSS requests ask for: where they point, bodies, traits of objects, conditions, ranges."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qsl, unquote, unquote_to_bytes
from xml.etree import ElementTree

from sandbox.alibaba import markup
from sandbox.alibaba.oss.content import chunks_of
from sandbox.alibaba.oss.signing import Place
from sandbox.alibaba.oss.storage import StoredObject, Traits
from sandbox.alibaba.wire import Incoming, Refused

XML_LIMIT_BYTES = 4 * 1024 * 1024
META_LIMIT_BYTES = 8 * 1024
TAGS_LIMIT = 10
ACLS = frozenset({"private", "public-read", "public-read-write"})
_HOST = re.compile(r"(?P<bucket>[a-z0-9-]+)\.(?:oss-[a-z0-9-]+\.aliyuncs\.com|localhost)(?::\d+)?")
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_CONTROLS = re.compile(rb"[\x01-\x08\x0b\x0c\x0e-\x1f]")
_PRIVATE = 0xE000
_SHOWN = {_PRIVATE + code: code for code in range(32)}
_TAG_KEY = re.compile(r"[\w +=.:/-]{1,128}")
_TAG_VALUE = re.compile(r"[\w +=.:/-]{0,256}")
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
_GZIPPED = frozenset(
    {
        *("text/cache-manifest", "text/xml", "text/plain", "text/css", "text/json", "application/json"),
        *("application/javascript", "application/x-javascript", "application/rss+xml"),
    }
)
_GZIPPED_FROM_BYTES = 1024
STORAGE_CLASSES = frozenset({"Standard", "IA", "Archive", "ColdArchive", "DeepColdArchive"})
_ENCRYPTIONS = frozenset({"", "AES256", "SM4"})


def place_of(request: Incoming) -> Place:
    """Find bucket and key: the bucket is in the Host name or is the first part of the path.

    Bytes of a key that are no UTF-8 stay as lone surrogates, so that the signature can be checked and the
    key refused afterwards.
    """
    found = _HOST.fullmatch(request.host)
    path = request.raw_path.removeprefix("/")
    if found:
        return Place(bucket=found["bucket"], key=_key(path))
    bucket, _, key = path.partition("/")
    return Place(bucket=unquote(bucket), key=_key(key))


def _key(text: str) -> str:
    return unquote_to_bytes(text).decode("utf-8", "surrogateescape")


def require_utf8(key: str) -> None:
    """Raise Refused: 400 InvalidObjectName for a key that is no UTF-8 text."""
    try:
        key.encode()
    except UnicodeEncodeError as exc:
        raise Refused(400, "InvalidObjectName", "The specified object is not valid.") from exc


def pieces_of(request: Incoming) -> Iterator[bytes]:
    """Give the body piece by piece, wherever it is."""
    return iter((request.body,)) if request.file is None else chunks_of(request.file)


def xml_body(request: Incoming, root: str) -> ElementTree.Element:
    """Parse the body. Raises Refused: 400 MalformedXML."""
    body = request.body
    if request.file is not None:
        body = b"" if request.file.stat().st_size > XML_LIMIT_BYTES else request.file.read_bytes()
    try:
        if len(body) > XML_LIMIT_BYTES:
            raise markup.NotXml("it is too large")
        tree = markup.parse(_CONTROLS.sub(_disguised, body), root)
    except markup.NotXml as exc:
        raise Refused(400, "MalformedXML", "The XML you provided was not well-formed.") from exc
    if _CONTROLS.search(body):
        for node in tree.iter():
            node.text = node.text and node.text.translate(_SHOWN)
    return tree


def _disguised(control: re.Match[bytes]) -> bytes:
    """Give a private character in place of one that XML cannot carry: oss2 sends keys with such."""
    return chr(_PRIVATE + control[0][0]).encode()


def number(text: str | None, name: str, default: int, allowed: range) -> int:
    """Read a whole number. Raises Refused: 400 InvalidArgument."""
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 18 or int(text) not in allowed:
        raise Refused(
            400, "InvalidArgument", f"{name} must be between {allowed.start} and {allowed.stop - 1}."
        )
    return int(text)


def acl_of(text: str | None, *, default: bool = False) -> str | None:
    """Read an ACL; None when there is none. Raises Refused: 400 InvalidArgument."""
    if text is None:
        return None
    if text not in ACLS and not (default and text == "default"):
        raise Refused(400, "InvalidArgument", "no such bucket access control exists")
    return text


def storage_class_of(text: str | None) -> str:
    """Read a storage class, empty without one. Raises Refused: 400 InvalidArgument."""
    if text and text not in STORAGE_CLASSES:
        raise Refused(400, "InvalidArgument", "no such storage class exists")
    return text or ""


def encryption_of(text: str) -> str:
    """Read a method of encryption. Raises Refused: 501 NotImplemented for keys of KMS, else 400."""
    if text == "KMS":
        raise Refused(501, "NotImplemented", "The sandbox's OSS does not have encryption with keys of KMS.")
    if text not in _ENCRYPTIONS:
        raise Refused(400, "InvalidEncryptionAlgorithmError", "The encryption request is not valid.")
    return text


def checked_tags(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Give tags. Raises Refused: 400 InvalidTag."""
    rows = list(pairs)
    tags = dict(rows)
    wrong = any(not _TAG_KEY.fullmatch(key) or not _TAG_VALUE.fullmatch(value) for key, value in rows)
    if wrong or len(tags) != len(rows) or len(rows) > TAGS_LIMIT:
        raise Refused(400, "InvalidTag", "The tags are not valid: at most 10, none twice or too long.")
    return tags


def traits_of(request: Incoming) -> Traits:
    """Read what a write says about its object."""
    headers = request.headers
    kept = {k: v for k, v in headers.items() if k in _KEPT or k.startswith("x-oss-meta-")}
    if sum(len(k) + len(v) for k, v in kept.items() if k.startswith("x-oss-meta-")) > META_LIMIT_BYTES:
        raise Refused(400, "InvalidArgument", "The user metadata is larger than 8 KB.")
    tagging = parse_qsl(headers.get("x-oss-tagging", ""), keep_blank_values=True)
    return Traits(
        headers=kept,
        acl=acl_of(headers.get("x-oss-object-acl"), default=True) or "default",
        tags=checked_tags(tagging),
        storage_class=storage_class_of(headers.get("x-oss-storage-class")),
        encryption=encryption_of(headers.get("x-oss-server-side-encryption", "")),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Restore:
    """An order to restore: for how many days, and how fast, empty where its class knows no choice."""

    days: int
    tier: str


def restore_of(request: Incoming, storage_class: str) -> Restore:
    """Read an order to restore. Raises Refused: 400 MalformedXML or InvalidArgument."""
    cold = storage_class != "Archive"
    if not request.body:
        return Restore(days=1, tier="Standard" if cold else "")
    tree = xml_body(request, "RestoreRequest")
    days = number(tree.findtext("Days"), "Days", 1, range(1, 366))
    tier = tree.findtext("JobParameters/Tier")
    if tier is not None and not cold:
        raise Refused(400, "MalformedXML", "The XML you provided was not well-formed.")
    if tier is not None and tier not in ("Expedited", "Standard", "Bulk"):
        raise Refused(400, "InvalidArgument", "Tier must be Expedited, Standard or Bulk.")
    return Restore(days=days, tier=tier or ("Standard" if cold else ""))


def overwrites(request: Incoming) -> bool:
    """Tell whether a write may replace an object."""
    return request.headers.get("x-oss-forbid-overwrite", "").lower() != "true"


def _seconds(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except ValueError:
        return None


def _names(text: str, etag: str) -> bool:
    return any(each.strip().strip('"').upper() in ("*", etag) for each in text.split(","))


def require_conditions(headers: Mapping[str, str], stored: StoredObject, prefix: str = "") -> None:
    """Check If-Match and its kin, or those of a copy with the prefix ``x-oss-copy-source-``.

    Raises:
        Refused: 412 PreconditionFailed, 304 NotModified.
    """

    def failed(condition: str) -> Refused:
        text = "At least one of the pre-conditions you specified did not hold."
        return Refused(412, "PreconditionFailed", f"{text} (condition: {condition})")

    same = Refused(304, "NotModified", "The object was not modified.")
    modified = int(stored.modified)
    match, none_match = headers.get(f"{prefix}if-match"), headers.get(f"{prefix}if-none-match")
    since = _seconds(headers.get(f"{prefix}if-modified-since", ""))
    until = _seconds(headers.get(f"{prefix}if-unmodified-since", ""))
    if match is not None and not _names(match, stored.etag):
        raise failed("If-Match")
    if until is not None and modified > until:
        raise failed("If-Unmodified-Since")
    if none_match is not None:
        if _names(none_match, stored.etag):
            raise same
    elif since is not None and modified <= since:
        raise same


def wants_gzip(asked: Mapping[str, str], described: Mapping[str, str], size: int) -> bool:
    """Tell whether a whole object goes out compressed.

    Source: Alibaba Cloud, OSS GetObject, Accept-Encoding, read 2026-11-22.
    """
    names = {name.lower(): value for name, value in described.items()}
    return (
        "gzip" in asked.get("accept-encoding", "").lower()
        and size >= _GZIPPED_FROM_BYTES
        and "content-encoding" not in names
        and names.get("content-type", "").partition(";")[0].strip() in _GZIPPED
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """The bytes from ``start`` to ``end``, both included."""

    start: int
    end: int

    @property
    def length(self) -> int:
        return self.end - self.start + 1


def span_of(text: str, size: int, *, strict: bool = False) -> Span | None:
    """Read a Range header; None when the whole object is meant.

    A range that is not legal is ignored, unless ``strict`` (x-oss-range-behavior: standard).
    Source: Alibaba Cloud, OSS GetObject, read 2026-11-22.

    Raises:
        Refused: 416 InvalidRange, if strict.
    """
    found = _RANGE.fullmatch(text)
    if not found or not (found[1] or found[2]):
        return None
    start, end = (int(found[1]), size - 1) if found[1] else (max(0, size - int(found[2])), size - 1)
    if found[1] and found[2]:
        end = min(int(found[2]), size - 1)
    if start <= end and (found[1] or int(found[2])):
        return Span(start=start, end=end)
    if strict:
        raise Refused(416, "InvalidRange", "The requested range cannot be satisfied.")
    return None
