"""Decommissioning in rungs, and the restore from any of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cutover.errors import UnsafePlan
from cutover.planning.model import (
    ALIAS,
    ActionKind,
    OperationKind,
    Plan,
    PlannedAction,
    Routing,
    Undo,
    on_aws,
)

NOT_RESTORED = (
    "After the deletion a restore does not bring back: version numbers, other aliases, the function URL, "
    "event source mappings and asynchronous settings. Note them before, and set them again after."
)


def plan_decommission(
    *, function: str, routing: Routing, bucket: str, key: str, reserved: int | None, quiet_s: int, soak_s: int
) -> Plan:
    """Plan the removal of the AWS side in rungs: archive, prove quiet, tripwire, delete.

    ``reserved``: the reserved concurrency before, None for none. Windows are seconds.
    """
    archive = {
        "function": function,
        "bucket": bucket,
        "key": key,
        "original_version": routing.original_version,
    }
    actions = [
        on_aws(
            "quiet",
            ActionKind.QUIET,
            "cloudwatch:GetMetricData",
            {"function": function, "window_s": quiet_s},
            "Nothing: proves that nobody calls the AWS side",
        ),
        on_aws(
            "archive",
            ActionKind.ARCHIVE,
            "s3:PutObject",
            archive,
            f"Package, configuration, aliases and policy are archived in {bucket}; environment in a secret",
        ),
        on_aws(
            "archive-verify",
            ActionKind.ARCHIVE_VERIFY,
            "s3:GetObject",
            {"archive": "@archive"},
            "Nothing: reads the whole archive back and compares",
        ),
        on_aws(
            "tripwire",
            ActionKind.CONCURRENCY,
            "lambda:PutFunctionConcurrency",
            {"function": function, "reserved": 0},
            "Reserved concurrency 0: a missed caller is refused and seen",
            Undo(kind=ActionKind.CONCURRENCY, request={"function": function, "reserved": reserved}),
        ),
        on_aws(
            "soak",
            ActionKind.TRIPWIRE,
            "cloudwatch:GetMetricData",
            {"function": function, "window_s": soak_s},
            "Nothing: waits, and stops if anybody was refused",
        ),
        on_aws(
            "delete",
            ActionKind.DELETE_FUNCTION,
            "lambda:DeleteFunction",
            {"function": function},
            "The function, its versions and its aliases are removed from AWS; only restore brings them back",
            reversible=False,
        ),
    ]
    return Plan(
        kind=OperationKind.DECOMMISSION,
        function=function,
        actions=tuple(actions),
        notes=("Restore is possible from every rung, from the archive.", NOT_RESTORED),
    )


def plan_restore(
    *,
    function: str,
    archive: Mapping[str, Any] | None,
    reserved: int | None,
    deleted: bool,
    original_version: str,
    marker: str,
) -> Plan:
    """Plan the way back from decommissioning. ``deleted``: whether the function is gone from AWS."""
    actions: list[PlannedAction] = []
    version: str = original_version
    if deleted:
        if not archive:
            raise UnsafePlan("There is no archive to restore from, although the function is gone from AWS.")
        actions += [
            on_aws(
                "recreate",
                ActionKind.RECREATE,
                "lambda:CreateFunction",
                {"function": function, "archive": dict(archive)},
                "The function is created from its archive",
            ),
            on_aws(
                "recreate-version",
                ActionKind.RECREATE_VERSION,
                "lambda:PublishVersion",
                {"function": function, "marker": marker},
                "The original code is published as a version",
            ),
            on_aws(
                "recreate-alias",
                ActionKind.CREATE_ALIAS,
                "lambda:CreateAlias",
                {"function": function, "alias": ALIAS, "version": "@recreate-version.version"},
                f"Alias {ALIAS} points at it",
            ),
            on_aws(
                "policy",
                ActionKind.REPEAT_POLICY,
                "lambda:AddPermission",
                {"function": function, "archive": dict(archive), "alias": ALIAS},
                "Those who were allowed to call it may call it again",
            ),
        ]
        version = "@recreate-version.version"
    actions += [
        on_aws(
            "concurrency",
            ActionKind.CONCURRENCY,
            "lambda:DeleteFunctionConcurrency",
            {"function": function, "reserved": reserved},
            "Reserved concurrency is as it was before",
        ),
        on_aws(
            "route-back",
            ActionKind.ROUTE_BACK,
            "lambda:UpdateAlias",
            {"function": function, "alias": ALIAS, "version": version, "weights": {}},
            f"{ALIAS} sends 100% to the original",
        ),
        on_aws(
            "verify",
            ActionKind.VERIFY_ROUTE,
            "lambda:GetAlias",
            {"function": function, "alias": ALIAS, "version": version, "weights": {}},
            "Nothing: reads the alias back",
        ),
    ]
    return Plan(
        kind=OperationKind.RESTORE,
        function=function,
        actions=tuple(actions),
        notes=(NOT_RESTORED,) if deleted else (),
    )
