"""Settings of a bucket that are documents: put, given back, deleted.

Tags and the default encryption are carried out (see `routes` and `objects`); all others are kept and shown
and change nothing, as docs/sandbox/alibaba-storage.md says of each. Policies are refused: a grant or a denial
that is taken and not obeyed would be worse than none.
Source: Alibaba Cloud, OSS API overview, operations on buckets, read 2026-11-22; oss2 2.19.1, xml_utils.py.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from xml.etree import ElementTree

from sandbox.alibaba.markup import leaf, leaves, tag
from sandbox.alibaba.oss import reading
from sandbox.alibaba.oss.replies import xml_reply
from sandbox.alibaba.oss.storage import Storage
from sandbox.alibaba.wire import Incoming, Refused, Reply

INVENTORY = "inventory"
_OVERLAPS = "x-oss-allow-same-action-overlap"
RULES_LIMIT = 1000
TAGS_LIMIT = 20
CORS_RULES_LIMIT = 10
INVENTORIES_LIMIT = 1000
_CORS_METHODS = frozenset({"GET", "PUT", "DELETE", "POST", "HEAD"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """A kind of setting. name: its sub-resource. absent: the document or the error code without any."""

    root: str
    absent: str
    deletable: bool = True


_REFERER = tag("RefererConfiguration", leaf("AllowEmptyReferer", "true"), tag("RefererList"))
KINDS = {
    "lifecycle": Kind(root="LifecycleConfiguration", absent="NoSuchLifecycle"),
    "cors": Kind(root="CORSConfiguration", absent="NoSuchCORSConfiguration"),
    "website": Kind(root="WebsiteConfiguration", absent="NoSuchWebsiteConfiguration"),
    "logging": Kind(root="BucketLoggingStatus", absent="<BucketLoggingStatus/>"),
    "referer": Kind(root="RefererConfiguration", absent=_REFERER, deletable=False),
    "encryption": Kind(root="ServerSideEncryptionRule", absent="NoSuchServerSideEncryptionRule"),
    "tagging": Kind(root="Tagging", absent="<Tagging><TagSet/></Tagging>"),
    "requestPayment": Kind(
        root="RequestPaymentConfiguration",
        absent=tag("RequestPaymentConfiguration", leaf("Payer", "BucketOwner")),
        deletable=False,
    ),
    "transferAcceleration": Kind(
        root="TransferAccelerationConfiguration",
        absent="NoSuchTransferAccelerationConfiguration",
        deletable=False,
    ),
    INVENTORY: Kind(root="InventoryConfiguration", absent="NoSuchInventory"),
}


_SPOKEN = {"cors": "CORS Configuration", "lifecycle": "LifecycleConfiguration", "inventory": "inventory task"}


class Settings:
    """The calls on these settings, by sub-resource."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def put(self, name: str, request: Incoming, bucket: str) -> Reply:
        """Keep a setting. Raises Refused: 400 for a document that OSS would not take."""
        self._storage.bucket(bucket)
        place = _place(name, request)
        tree = reading.xml_body(request, KINDS[name].root)
        _check(name, tree)
        if name == "lifecycle" and request.headers.get(_OVERLAPS, "").lower() != "true":
            _check_overlaps(tree.findall("Rule"))
        for node in tree.iter():
            if node.text in ("True", "False"):  # as oss2 writes them; OSS gives them back in lower case
                node.text = node.text.lower()
        found = self._storage.bucket(bucket).settings
        if name == INVENTORY and place in found:
            raise Refused(409, "InventoryAlreadyExist", "The specified inventory already exists.")
        if name == INVENTORY and len(_inventories(found)) >= INVENTORIES_LIMIT:
            raise Refused(400, "InventoryExceedLimit", "The bucket has too many inventories.")
        self._storage.set_setting(bucket, place, ElementTree.tostring(tree, encoding="unicode"))
        return Reply()

    def get(self, name: str, request: Incoming, bucket: str) -> Reply:
        """Give a setting. Raises Refused: 404 where there is none and OSS knows no default."""
        found = self._storage.bucket(bucket).settings
        if name == INVENTORY and "inventoryId" not in request.query:
            return _inventory_list(found, request)
        text = found.get(_place(name, request))
        if text is None:
            text = KINDS[name].absent
            if not text.startswith("<"):
                raise Refused(404, text, f"The {_SPOKEN.get(name, name)} does not exist.")
        return xml_reply(text)

    def delete(self, name: str, request: Incoming, bucket: str) -> Reply:
        """Forget a setting; that there was none is no error. Of tags, those that the query names."""
        self._storage.bucket(bucket)
        if name == "tagging" and request.query.get(name):
            self._untag(bucket, frozenset(request.query[name].split(",")))
        else:
            self._storage.set_setting(bucket, _place(name, request), None)
        return Reply(status=204)

    def _untag(self, bucket: str, keys: frozenset[str]) -> None:
        kept = {key: value for key, value in self.tags(bucket).items() if key not in keys}
        rows = (tag("Tag", leaves(Key=key, Value=value)) for key, value in kept.items())
        text = tag("Tagging", tag("TagSet", *rows)) if kept else None
        self._storage.set_setting(bucket, "tagging", text)

    def tags(self, bucket: str) -> dict[str, str]:
        """Give the tags of a bucket."""
        text = self._storage.bucket(bucket).settings.get("tagging")
        tree = ElementTree.fromstring(text) if text else None  # noqa: S314 - written by this module
        return dict(_tags(tree)) if tree is not None else {}

    def encryption(self, bucket: str) -> str:
        """Give the method by which new objects of a bucket are encrypted, empty for none."""
        text = self._storage.bucket(bucket).settings.get("encryption")
        if text is None:
            return ""
        return ElementTree.fromstring(text).findtext(".//SSEAlgorithm") or ""  # noqa: S314 - written here


def _place(name: str, request: Incoming) -> str:
    return f"{name}:{request.query.get('inventoryId', '')}" if name == INVENTORY else name


def _malformed() -> Refused:
    return Refused(400, "MalformedXML", "The XML you provided was not well-formed.")


def _check(name: str, tree: ElementTree.Element) -> None:
    """Refuse what OSS would not take, as far as its documentation tells."""
    if name == "lifecycle":
        _check_lifecycle(tree)
    elif name == "cors":
        rules = tree.findall("CORSRule")
        methods = {node.text for rule in rules for node in rule.findall("AllowedMethod")}
        if not 1 <= len(rules) <= CORS_RULES_LIMIT or not methods <= _CORS_METHODS:
            raise Refused(400, "InvalidArgument", "A CORS rule is not valid, or there are too many.")
    elif name == "tagging":
        _check_tags(_tags(tree))
    elif name == "encryption":
        method = reading.encryption_of(tree.findtext(".//SSEAlgorithm") or "")
        if not method or tree.findtext(".//KMSMasterKeyID"):
            raise Refused(400, "InvalidArgument", "A key of KMS belongs to the method KMS.")
    elif not _is_complete(name, tree):
        raise _malformed()


def _is_complete(name: str, tree: ElementTree.Element) -> bool:
    if name == "requestPayment":
        return tree.findtext("Payer") in ("BucketOwner", "Requester")
    return name != INVENTORY or (bool(tree.findtext("Id")) and tree.find("Destination") is not None)


def _tags(tree: ElementTree.Element) -> list[tuple[str, str]]:
    return [(node.findtext("Key") or "", node.findtext("Value") or "") for node in tree.findall("TagSet/Tag")]


def _check_tags(tags: list[tuple[str, str]]) -> None:
    long = any(not 0 < len(key) <= 128 or len(value) > 256 for key, value in tags)
    if long or len(dict(tags)) != len(tags) or len(tags) > TAGS_LIMIT:
        message = f"The tags are not valid: at most {TAGS_LIMIT}, none twice or too long."
        raise Refused(400, "InvalidTag", message)


def _check_lifecycle(tree: ElementTree.Element) -> None:
    """Check the rules and give an ID to each without one."""
    rules = tree.findall("Rule")
    if not 1 <= len(rules) <= RULES_LIMIT:
        raise _malformed()
    ids: set[str] = set()
    for rule in rules:
        if rule.findtext("Status") not in ("Enabled", "Disabled"):
            raise _malformed()
        node = rule.find("ID")
        if node is None:
            node = ElementTree.Element("ID")
            rule.insert(0, node)
        node.text = node.text or str(uuid.uuid4())
        if node.text in ids or len(node.text) > 255:
            raise Refused(400, "InvalidArgument", "The ID of a lifecycle rule is too long or used twice.")
        ids.add(node.text)
        _check_days(rule)


def _check_days(rule: ElementTree.Element) -> None:
    expires = rule.findtext("Expiration/Days")
    for node in rule.iter("Days"):
        if not (node.text or "").isdigit() or int(node.text or 0) < 1:
            raise Refused(400, "InvalidArgument", "'Days' of a lifecycle rule must be a positive number.")
    for transition in rule.findall("Transition"):
        days, target = transition.findtext("Days"), transition.findtext("StorageClass")
        if target not in reading.STORAGE_CLASSES or target == "Standard":
            raise _malformed()
        if days and expires and int(days) >= int(expires):
            raise Refused(400, "InvalidArgument", "Objects would expire before their transition.")


def _check_overlaps(rules: Iterable[ElementTree.Element]) -> None:
    """Refuse two rules without tags that expire objects under prefixes of which one begins the other."""
    prefixes = [
        rule.findtext("Prefix") or ""
        for rule in rules
        if rule.find("Expiration") is not None and rule.find("Tag") is None and rule.find("Filter") is None
    ]
    ordered = sorted(prefixes)
    if any(later.startswith(earlier) for earlier, later in pairwise(ordered)):
        message = "Overlap for same action type Expiration"
        raise Refused(400, "InvalidArgument", message)


def _inventories(settings: dict[str, str]) -> list[str]:
    return sorted(name for name in settings if name.startswith(f"{INVENTORY}:"))


def _inventory_list(settings: dict[str, str], request: Incoming) -> Reply:
    """Give 100 inventories, from behind the continuation token on."""
    after = request.query.get("continuation-token", "")
    names = [name for name in _inventories(settings) if name.partition(":")[2] > after]
    if not names:
        raise Refused(404, "NoSuchInventory", "The specified inventory does not exist.")
    shown = names[:100]
    cut = len(names) > len(shown)
    more = leaves(
        IsTruncated=str(cut).lower(),
        NextContinuationToken=shown[-1].partition(":")[2] if cut else None,
    )
    return xml_reply(tag("ListInventoryConfigurationsResult", *(settings[name] for name in shown), more))
