"""Provisioned instances and scaling as stored state: checked, kept and shown; no instance is held warm.

Source of the fields: alibabacloud-fc20230330 4.8.3, PutProvisionConfigInput and PutScalingConfigInput, read
2026-11-22. The codes for a configuration that does not exist are unverified.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.alibaba.fc.model import LATEST, invalid
from sandbox.alibaba.fc.registry import Document, Registry, listing, page_of
from sandbox.alibaba.fc.versions import holder_of
from sandbox.alibaba.wire import Refused

INSTANCES_LIMIT = 10_000
ACTIONS_LIMIT = 100
_POLICY_METRICS = frozenset(
    {"ProvisionedConcurrencyUtilization", "CPUUtilization", "GPUSmUtilization", "GPUMemUtilization"}
)


def whole_number(given: Document, name: str, low: int, high: int, default: int) -> int:
    """Give a whole number out of a request, the default when it is absent.

    Raises:
        Refused: 400 InvalidArgument when it is no number or out of range.
    """
    value = given.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise invalid(f"{name} must be a number between {low} and {high}")
    return value


def _rows(given: Document, name: str) -> list[Document]:
    rows = given.get(name) or []
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise invalid(f"{name} must be a list of objects")
    if len(rows) > ACTIONS_LIMIT:
        raise invalid(f"{name} has more than {ACTIONS_LIMIT} entries")
    names = [row.get("name") for row in rows]
    if not all(isinstance(text, str) and text for text in names) or len(set(names)) != len(names):
        raise invalid(f"every entry of {name} needs a name of its own")
    return rows


def _schedules(given: Document, name: str) -> list[Document]:
    rows = _rows(given, name)
    for row in rows:
        expression = row.get("scheduleExpression")
        if not isinstance(expression, str) or not expression.startswith(("at(", "cron(")):
            raise invalid(f"scheduleExpression of {name} must be at(...) or cron(...)")
        whole_number(row, "target", 0, INSTANCES_LIMIT, 0)
    return rows


def _policies(given: Document, name: str, low: str, high: str) -> list[Document]:
    rows = _rows(given, name)
    for row in rows:
        if row.get("metricType") not in _POLICY_METRICS:
            raise invalid(f"metricType of {name} must be one of {', '.join(sorted(_POLICY_METRICS))}")
        least = whole_number(row, low, 0, INSTANCES_LIMIT, 0)
        if whole_number(row, high, 0, INSTANCES_LIMIT, 0) < least:
            raise invalid(f"{high} of {name} must not be below {low}")
    return rows


class QualifierConfigs:
    """One kind of configuration that is kept per qualifier of a function."""

    def __init__(
        self,
        registry: Registry,
        arn: Callable[[str], str],
        *,
        place: str,
        collection: str,
        missing: str,
        build: Callable[[Document], Document],
    ) -> None:
        self._registry = registry
        self._arn = arn
        self._place = place
        self._collection = collection
        self._missing = missing
        self._build = build

    def _public(self, name: str, qualifier: str, config: Document) -> dict[str, Any]:
        return {"functionArn": f"{self._arn(name)}/{qualifier}", **config}

    def put(self, name: str, qualifier: str, given: Document) -> dict[str, Any]:
        """Keep the configuration of a qualifier, in the place of an earlier one."""
        chosen = qualifier or LATEST
        config = self._build(given)
        with self._registry.lock:
            document = self._registry.find(name)
            holder_of(document, chosen)
            kept = {**document.get(self._place, {}), chosen: config}
            self._registry.save({**document, self._place: kept})
        return self._public(name, chosen, config)

    def get(self, name: str, qualifier: str) -> dict[str, Any]:
        """Give the configuration of a qualifier. Raises Refused: 404 when there is none."""
        chosen = qualifier or LATEST
        with self._registry.lock:
            config = self._registry.find(name).get(self._place, {}).get(chosen)
        if config is None:
            raise Refused(404, self._missing, f"'{name}' has no such configuration for '{chosen}'")
        return self._public(name, chosen, config)

    def delete(self, name: str, qualifier: str) -> None:
        """Forget the configuration of a qualifier."""
        chosen = qualifier or LATEST
        with self._registry.lock:
            document = self._registry.find(name)
            kept = {key: value for key, value in document.get(self._place, {}).items() if key != chosen}
            self._registry.save({**document, self._place: kept})

    def list(self, query: dict[str, str]) -> dict[str, Any]:
        """List the configurations of one function or of all."""
        if named := query.get("functionName"):
            self._registry.find(named)
        found = [
            self._public(document["name"], qualifier, config)
            for document in self._registry.all()
            if named in (None, "", document["name"])
            for qualifier, config in sorted(document.get(self._place, {}).items())
        ]
        page, token = page_of(found, query, lambda row: str(row["functionArn"]))
        return listing(self._collection, page, token)


def _provision(given: Document) -> Document:
    name = "defaultTarget" if given.get("defaultTarget") is not None else "target"
    target = whole_number(given, name, 0, INSTANCES_LIMIT, 0)
    return {
        "defaultTarget": target,
        "target": target,
        "current": target,
        "currentError": "",
        "alwaysAllocateCPU": bool(given.get("alwaysAllocateCPU")),
        "alwaysAllocateGPU": bool(given.get("alwaysAllocateGPU")),
        "scheduledActions": _schedules(given, "scheduledActions"),
        "targetTrackingPolicies": _policies(given, "targetTrackingPolicies", "minCapacity", "maxCapacity"),
    }


def _scaling(given: Document) -> Document:
    least = whole_number(given, "minInstances", 0, INSTANCES_LIMIT, 0)
    return {
        "minInstances": least,
        "targetInstances": least,
        "currentInstances": least,
        "currentError": "",
        "enableOnDemandScaling": given.get("enableOnDemandScaling", True) is not False,
        "enableMixMode": bool(given.get("enableMixMode")),
        "requestDispatchPolicy": str(given.get("requestDispatchPolicy") or ""),
        "residentPoolId": str(given.get("residentPoolId") or ""),
        "horizontalScalingPolicies": _policies(
            given, "horizontalScalingPolicies", "minInstances", "maxInstances"
        ),
        "scheduledPolicies": _schedules(given, "scheduledPolicies"),
    }


def provision_configs(registry: Registry, arn: Callable[[str], str]) -> QualifierConfigs:
    """Give the calls on provision-config; ``current`` repeats the target."""
    return QualifierConfigs(
        registry,
        arn,
        place="provisionConfigs",
        collection="provisionConfigs",
        missing="ProvisionConfigNotFound",
        build=_provision,
    )


def scaling_configs(registry: Registry, arn: Callable[[str], str]) -> QualifierConfigs:
    """Give the calls on scaling-config; ``currentInstances`` repeats the target."""
    return QualifierConfigs(
        registry,
        arn,
        place="scalingConfigs",
        collection="scalingConfigs",
        missing="ScalingConfigNotFound",
        build=_scaling,
    )
