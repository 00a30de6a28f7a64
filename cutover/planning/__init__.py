"""Plans: the exact calls of an operation, in order, each with its undo, before anything is done."""

from cutover.planning.adapter import Adapter, adapter_for, adapter_settings
from cutover.planning.bundled import BUNDLES, missing_bundles
from cutover.planning.deployment import plan_deploy
from cutover.planning.marks import MADE, Form, Mark, adoptable, mark, read_mark
from cutover.planning.model import (
    ALIAS,
    FULL_BP,
    ORIGINAL_ALIAS,
    ActionKind,
    Cloud,
    OperationKind,
    Plan,
    PlannedAction,
    Routing,
    ShiftSettings,
    Target,
    Undo,
    describe,
    resolve,
)
from cutover.planning.removal import plan_decommission, plan_restore
from cutover.planning.rollback import plan_rollback
from cutover.planning.shifting import plan_shift, tap_handler

__all__ = [
    "ALIAS",
    "BUNDLES",
    "FULL_BP",
    "MADE",
    "ORIGINAL_ALIAS",
    "ActionKind",
    "Adapter",
    "Cloud",
    "Form",
    "Mark",
    "OperationKind",
    "Plan",
    "PlannedAction",
    "Routing",
    "ShiftSettings",
    "Target",
    "Undo",
    "adapter_for",
    "adapter_settings",
    "adoptable",
    "describe",
    "mark",
    "missing_bundles",
    "plan_decommission",
    "plan_deploy",
    "plan_restore",
    "plan_rollback",
    "plan_shift",
    "read_mark",
    "resolve",
    "tap_handler",
]
