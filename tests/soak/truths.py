"""What must be true whenever no operation is open, read from both clouds and from PostgreSQL."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from tests.soak.travellers import Journey, Traveller
from tests.stack import Stack

FULL_BP = 10_000
SHARED_LAYERS = ("cutover-relay", "cutover-tap")
OURS = "cutover-"
BETWEEN = frozenset(
    {
        "FunctionArn",
        "Version",
        "RevisionId",
        "LastModified",
        "LastUpdateStatus",
        "LastUpdateStatusReason",
        "LastUpdateStatusReasonCode",
        "State",
        "StateReason",
        "StateReasonCode",
        "MasterArn",
        # A version that Cutover published carries its marker there.
        "Description",
        "ResponseMetadata",
        "RuntimeVersionConfig",
        "ConfigSha256",
    }
)
"""Fields in which `$LATEST` and a version published from it differ by nature."""


class Truths:
    """Looks at everything that a traveller's operations touched."""

    def __init__(self, stack: Stack, journey: Journey) -> None:
        self.stack = stack
        self.journey = journey
        self.endings: Counter[str] = Counter()
        self.resent = 0
        self._counted: set[str] = set()

    def assert_all(self, travellers: Sequence[Traveller]) -> None:
        """Assert every truth of every traveller, the layers and the audit chain."""
        for one in travellers:
            self._operations_ended_as_planned(one)
            self._clouds_agree_with_the_rows(one)
        self._layers_are_published_once()
        self._audit_chain_is_whole()

    def _operations_ended_as_planned(self, traveller: Traveller) -> None:
        found = self.journey.operations(traveller)
        for place, (key, kind, state, _, error) in enumerate(found):
            assert state in ("succeeded", "undone", "superseded"), (traveller.name, kind, state, error)
            if state == "superseded":
                back = [row for row in found[place + 1 :] if row[1] in ("rollback", "restore")]
                assert [row[2] for row in back[:1]] == ["succeeded"], (traveller.name, kind, error, back)
            if kind in ("rollback", "restore"):
                assert state == "succeeded", (traveller.name, kind, state, error)
            if key not in self._counted:
                self._counted.add(key)
                self.endings[f"{kind} {state}"] += 1
                self.resent += self._sent_again(key)

    def _sent_again(self, key: str) -> int:
        return int(
            self.stack.one(
                "SELECT count(*) FROM migrations_app_action WHERE operation_id = %s AND calls > 1", key
            )
        )

    def _clouds_agree_with_the_rows(self, traveller: Traveller) -> None:
        name = traveller.name
        phase, desired, observed, routing, target, deployment = self.stack.rows(
            "SELECT phase, desired_weight_bp, observed_weight_bp, routing, target, deployment"
            " FROM migrations_app_functionmigration WHERE name = %s",
            name,
        )[0]
        routing, target, deployment = (_document(each) for each in (routing, target, deployment))
        self._fc_is_right(target.get("name", ""), deployment)
        aws = self.stack.aws("lambda")
        if phase == "decommissioned":
            names = [
                row["FunctionName"]
                for page in aws.get_paginator("list_functions").paginate()
                for row in page["Functions"]
            ]
            assert name not in names, f"{name} is decommissioned and still on AWS"
            return
        versions = [
            row
            for page in aws.get_paginator("list_versions_by_function").paginate(FunctionName=name)
            for row in page["Versions"]
        ]
        markers = Counter(
            row["Description"] for row in versions if row.get("Description", "").startswith(OURS)
        )
        assert not _repeated(markers), f"{name}: published twice: {_repeated(markers)}"
        assert len(markers) <= self._publications(name), f"{name}: versions that nobody asked for: {markers}"
        alias = aws.get_alias(FunctionName=name, Name="live")
        weights = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
        points = (alias["FunctionVersion"], {key: round(value * FULL_BP) for key, value in weights.items()})
        original = routing.get("original_version") or "1"
        if phase in ("shifting", "cut-over"):
            assert desired == observed, f"{name}: {desired} is asked for, {observed} was read"
            expected = _route(routing, desired)
        else:
            expected = (original, {})
        assert points == expected, f"{name} is {phase}: its alias is {points}, not {expected}"
        latest, first = (
            aws.get_function_configuration(FunctionName=name, Qualifier=qualifier)
            for qualifier in ("$LATEST", original)
        )
        assert _fields(latest) == _fields(first), f"{name}: $LATEST is not what version {original} is"

    def _publications(self, name: str) -> int:
        """Give how many actions may have published a version of the function, in all its lives."""
        return int(
            self.stack.one(
                "SELECT count(*) FROM migrations_app_action a"
                " JOIN migrations_app_operation o ON o.id = a.operation_id"
                " JOIN migrations_app_functionmigration f ON f.id = o.function_id"
                " WHERE f.name = %s AND a.kind IN ('aws.version.publish', 'aws.version.recreate')"
                " AND a.calls > 0",
                name,
            )
        )

    def _fc_is_right(self, name: str, deployment: dict[str, Any]) -> None:
        from alibabacloud_fc20230330 import models

        if not deployment.get("version"):
            return
        fc = self.stack.fc()
        listed = fc.list_function_versions(name, models.ListFunctionVersionsRequest(limit=100)).body.versions
        markers = Counter(one.description for one in listed if (one.description or "").startswith(OURS))
        assert not _repeated(markers), f"FC {name}: published twice: {_repeated(markers)}"
        alias = fc.get_alias(name, "live").body
        assert alias.version_id == deployment["version"], f"FC {name}: {alias.version_id} {deployment}"
        assert not alias.additional_version_weight

    def _layers_are_published_once(self) -> None:
        """Assert one version per content; of the shared layers one per operation that met no other's.

        Two functions that begin their first shift in the same moment may both publish the relay's layer:
        AWS knows no condition for it. One operation publishes it once, however often it was begun.
        """
        aws = self.stack.aws("lambda")
        published = {
            str(arn): str(operation)
            for arn, operation in self.stack.rows(
                "SELECT outcome ->> 'arn', operation_id FROM migrations_app_action"
                " WHERE kind = 'aws.layer.publish' AND outcome ->> 'existing' = 'false'"
            )
        }
        for page in aws.get_paginator("list_layers").paginate():
            for layer in page["Layers"]:
                by_marker: dict[str, list[str]] = {}
                for row in aws.list_layer_versions(LayerName=layer["LayerName"])["LayerVersions"]:
                    by_marker.setdefault(row["Description"], []).append(row["LayerVersionArn"])
                for marker, arns in by_marker.items():
                    makers = {published.get(arn, "an interrupted one") for arn in arns}
                    shared = layer["LayerName"] in SHARED_LAYERS
                    assert len(arns) <= (len(makers) if shared else 1), f"published twice: {marker} {arns}"

    def _audit_chain_is_whole(self) -> None:
        answer = self.stack.cutover("audit", "--verify", "--limit", "1", "--json")
        assert answer.status == 0, answer.text
        assert json.loads(answer.text)["whole"] is True

    def assert_one_open_operation_at_most(self) -> None:
        """Assert what the database promises, at any moment."""
        found = self.stack.rows(
            "SELECT function_id, count(*) FROM migrations_app_operation WHERE state IN"
            " ('blocked', 'pending', 'running', 'undoing') GROUP BY function_id HAVING count(*) > 1"
        )
        assert not found, found


def _route(routing: dict[str, Any], weight_bp: int) -> tuple[str, dict[str, int]]:
    tap, relay = routing["tap_version"], routing["relay_version"]
    if weight_bp == FULL_BP:
        return relay, {}
    return tap, {relay: weight_bp} if weight_bp else {}


def _fields(configuration: dict[str, Any]) -> dict[str, Any]:
    """Give what a configuration means: an empty list of layers and none at all are the same."""
    return {name: value for name, value in configuration.items() if name not in BETWEEN and value != []}


def _repeated(markers: Counter[str]) -> list[str]:
    return [marker for marker, count in markers.items() if count > 1]


def _document(value: Any) -> dict[str, Any]:
    return dict(json.loads(value)) if isinstance(value, str) else dict(value)
