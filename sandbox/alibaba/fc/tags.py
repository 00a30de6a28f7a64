"""Tags of functions (tags-v2): lists travel as JSON in one query value, keys are in CamelCase.

Source: alibabacloud-fc20230330 4.8.3, tag_resources, untag_resources, list_tag_resources, read 2026-11-22.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from sandbox.alibaba.fc.model import invalid
from sandbox.alibaba.fc.registry import Document, Registry, page_of

TAGS_LIMIT = 20
RESOURCES_LIMIT = 50
_TYPES = frozenset({"function", "ALIYUN::FC:FUNCTION", "ALIYUN::FC::FUNCTION"})


class Tags:
    """The calls on tags."""

    def __init__(self, registry: Registry, arn: Callable[[str], str]) -> None:
        self._registry = registry
        self._arn = arn

    @staticmethod
    def _require_type(kind: object) -> None:
        if not isinstance(kind, str) or kind not in _TYPES:
            raise invalid("ResourceType must be function: the sandbox tags nothing else")

    def _names(self, resource_ids: object) -> Sequence[str]:
        if not isinstance(resource_ids, list) or len(resource_ids) > RESOURCES_LIMIT:
            raise invalid(f"ResourceId must be a list of at most {RESOURCES_LIMIT} ARNs")
        names = [str(resource_id).rpartition("functions/")[2] for resource_id in resource_ids]
        for name in names:
            self._registry.find(name)
        return names

    def tag(self, given: Document) -> None:
        """TagResources: ``{ResourceType, ResourceId: [arn], Tag: [{Key, Value}]}``."""
        self._require_type(given.get("ResourceType"))
        tags = checked_tags(given.get("Tag"))
        if not tags:
            raise invalid("Tag is required")
        with self._registry.lock:
            for name in self._names(given.get("ResourceId")):
                document = self._registry.find(name)
                together = {**document["tags"], **tags}
                if len(together) > TAGS_LIMIT:
                    raise invalid(f"a function has at most {TAGS_LIMIT} tags")
                self._registry.save({**document, "tags": together})

    def untag(self, query: dict[str, str]) -> None:
        """UntagResources: the named keys, or all."""
        self._require_type(query.get("ResourceType"))
        keys, everything = _json_list(query.get("TagKey")), query.get("All", "").lower() == "true"
        with self._registry.lock:
            for name in self._names(_json_list(query.get("ResourceId"))):
                document = self._registry.find(name)
                left = {} if everything else {k: v for k, v in document["tags"].items() if k not in keys}
                self._registry.save({**document, "tags": left})

    def list(self, query: dict[str, str]) -> dict[str, Any]:
        """ListTagResources of the named functions, or of all, with the given tags only."""
        self._require_type(query.get("ResourceType"))
        wanted = [
            (tag.get("Key"), tag.get("Value"))
            for tag in _json_list(query.get("Tag"))
            if isinstance(tag, dict)
        ]
        names = self._names(_json_list(query.get("ResourceId")))
        rows: list[Document] = [
            {"ResourceId": self._arn(name), "ResourceType": "function", "TagKey": key, "TagValue": value}
            for name in names or [str(document["name"]) for document in self._registry.all()]
            for key, value in sorted(self._registry.find(name)["tags"].items())
            if not wanted or any(key == k and v in (None, "", value) for k, v in wanted)
        ]
        paged = {"limit": query.get("Limit", ""), "nextToken": query.get("NextToken", "")}
        page, token = page_of(rows, paged, lambda row: f"{row['ResourceId']} {row['TagKey']}")
        return {"TagResources": page, **({"NextToken": token} if token else {})}


def checked_tags(given: object) -> dict[str, str]:
    """Give ``[{Key, Value}]`` as a dictionary. Raises Refused: 400 when it is no such list."""
    rows = given or []
    if not isinstance(rows, list) or len(rows) > TAGS_LIMIT:
        raise invalid(f"tags must be a list of at most {TAGS_LIMIT}")
    tags: dict[str, str] = {}
    for row in rows:
        name = row.get("Key") if isinstance(row, dict) else None
        if not isinstance(name, str) or not 1 <= len(name) <= 128:
            raise invalid("the key of a tag must have 1 to 128 characters")
        if name.lower().startswith(("aliyun", "acs:", "http://", "https://")):
            raise invalid(f"the key of a tag must not start with aliyun, acs: or http, as {name!r} does")
        tags[name] = str(row.get("Value") or "")
    return tags


def tag_filter(text: str | None) -> dict[str, str | None]:
    """Read the ``tags`` filter of ListFunctions: JSON of ``[{Key, Value}]``."""
    return {
        str(tag["Key"]): tag.get("Value")
        for tag in _json_list(text)
        if isinstance(tag, dict) and tag.get("Key")
    }


def _json_list(text: str | None) -> list[Any]:
    try:
        parsed = json.loads(text or "[]")
    except json.JSONDecodeError as exc:
        raise invalid("a list in the query must be JSON") from exc
    return parsed if isinstance(parsed, list) else [parsed]
