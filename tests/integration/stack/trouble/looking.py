"""What is there before and after: read from both clouds and from PostgreSQL, to be compared."""

from __future__ import annotations

import json
import re
import urllib.parse
from collections import Counter
from html import unescape
from typing import Any

from tests.stack import Answer, Stack

Picture = dict[str, Any]

_OF_WRITES = frozenset({"RevisionId", "LastModified", "ConfigSha256", "ResponseMetadata"})
"""Fields of `$LATEST` that a write moves even when it is taken back: no layers and an empty list of them are
the same, but not to a hash."""


class Looking:
    """Looks without changing anything."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack

    def picture(self, name: str) -> Picture:
        """Give everything of a function in both clouds, with revisions, and where its row stands."""
        aws = self.stack.aws("lambda")
        target = self._target(name)
        return {
            "latest": _without(aws.get_function_configuration(FunctionName=name), {"ResponseMetadata"}),
            "aliases": self._aliases(name),
            "versions": [
                row["Version"] for row in aws.list_versions_by_function(FunctionName=name)["Versions"]
            ],
            "fc": self.on_fc(target),
            "row": self.stack.rows(
                "SELECT phase, version, desired_weight_bp, routing::text, deployment::text"
                " FROM migrations_app_functionmigration WHERE name = %s",
                name,
            ),
            "operations": self.stack.rows(
                "SELECT count(*) FROM migrations_app_operation o"
                " JOIN migrations_app_functionmigration f ON f.id = o.function_id WHERE f.name = %s",
                name,
            ),
        }

    def latest(self, name: str) -> Picture:
        """Give what `$LATEST` means: configuration and code hash, whoever wrote it how often."""
        found = self.stack.aws("lambda").get_function_configuration(FunctionName=name)
        return {key: value for key, value in _without(found, _OF_WRITES).items() if value != []}

    def serving(self, name: str) -> tuple[str, dict[str, float]]:
        """Give the version that `live` points at, and the weights beside it."""
        alias = self.stack.aws("lambda").get_alias(FunctionName=name, Name="live")
        return alias["FunctionVersion"], (alias.get("RoutingConfig") or {}).get(
            "AdditionalVersionWeights"
        ) or {}

    def markers(self, name: str) -> Counter[str]:
        """Give how often each version that Cutover published on AWS is there, by its marker."""
        versions = self.stack.aws("lambda").list_versions_by_function(FunctionName=name)["Versions"]
        return Counter(
            row["Description"] for row in versions if row.get("Description", "").startswith("cutover-")
        )

    def markers_on_fc(self, name: str) -> Counter[str]:
        """Give how often each version that Cutover published on FC is there, by its marker."""
        from alibabacloud_fc20230330 import models

        request = models.ListFunctionVersionsRequest(limit=100)
        listed = self.stack.fc().list_function_versions(self._target(name), request).body.versions
        return Counter(one.description for one in listed if (one.description or "").startswith("cutover-"))

    def on_fc(self, target: str) -> list[tuple[str, str]]:
        """Give the functions on FC of this name with their code's checksum: one, or none."""
        from alibabacloud_fc20230330 import models

        listed = self.stack.fc().list_functions(models.ListFunctionsRequest(prefix=target, limit=100))
        return [
            (one.function_name, one.code_checksum)
            for one in listed.body.functions
            if one.function_name == target
        ]

    def phase(self, name: str) -> str:
        """Give where the function's row stands."""
        return str(self.stack.one("SELECT phase FROM migrations_app_functionmigration WHERE name = %s", name))

    def seen_version(self, name: str) -> str:
        """Give the version of the row that a page shows now."""
        return str(
            self.stack.one("SELECT version FROM migrations_app_functionmigration WHERE name = %s", name)
        )

    def last_operation(self, name: str) -> tuple[str, str, str]:
        """Give kind, state and error of the function's newest operation."""
        ((kind, state, error),) = self.stack.rows(
            "SELECT o.kind, o.state, o.error FROM migrations_app_operation o"
            " JOIN migrations_app_functionmigration f ON f.id = o.function_id"
            " WHERE f.name = %s ORDER BY o.created_at DESC LIMIT 1",
            name,
        )
        return str(kind), str(state), str(error)

    def _target(self, name: str) -> str:
        found = self.stack.rows(
            "SELECT target ->> 'name' FROM migrations_app_functionmigration WHERE name = %s", name
        )
        return str(found[0][0] or name) if found else name

    def _aliases(self, name: str) -> list[Any]:
        listed = self.stack.aws("lambda").list_aliases(FunctionName=name)["Aliases"]
        return sorted(listed, key=lambda one: str(one["Name"]))


def said(answer: Answer) -> dict[str, Any]:
    """Give the document that a command printed."""
    return dict(json.loads(answer.text))


def plain(answer: Answer) -> str:
    """Give a page's words, without its marks."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def address(name: str, verb: str = "") -> str:
    """Give a function's page."""
    return f"/functions/{urllib.parse.quote(name)}/{verb}"


def _without(document: dict[str, Any], names: set[str] | frozenset[str]) -> Picture:
    return {key: value for key, value in document.items() if key not in names}
