"""Plans: the exact calls of an operation, in order, each with its undo, before anything is done.

Theory of operation: a plan is a tuple of ``PlannedAction``. Each is at most one changing call on one cloud.
A request may name what an earlier action of the same operation will leave behind as ``"@key.field"``
(``"@relay-version.version"``); ``resolve`` puts the outcome in when the action's turn comes. The undo of an
action is a value too: another action kind with its request. ``digest`` names a plan; an approval is given to
one digest and dies with it. Kinds are the vocabulary shared with ``workers.steps``, which has one step each.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import orjson

from cutover.errors import UnsafePlan

ALIAS = "live"
ORIGINAL_ALIAS = "cutover-original"
FULL_BP = 10_000


class Cloud(StrEnum):
    """Where an action takes effect. ``CUTOVER``: nowhere but here (a check or a wait)."""

    AWS = "aws"
    ALIBABA = "alibaba"
    CUTOVER = "cutover"


class OperationKind(StrEnum):
    """What an operation is for."""

    DEPLOY = "deploy"
    SHIFT = "shift"
    ROLLBACK = "rollback"
    DECOMMISSION = "decommission"
    RESTORE = "restore"
    DRILL = "drill"


class ActionKind(StrEnum):
    """What one action does. The request's keys stand behind each; outcomes are those of ``cutover.ports``."""

    BUCKET = "fc.bucket.ensure"  # bucket
    PACKAGE = "fc.package.upload"  # function, version, bucket, object, adapter, adapter_settings
    LOGS = "fc.logs.ensure"  # project, store
    CANDIDATE = (
        "fc.function.put"  # function, original_version, and CandidateSpecification without environment
    )
    CANDIDATE_VERSION = "fc.version.publish"  # function, marker
    CANDIDATE_ALIAS = "fc.alias.point"  # function, alias, version
    CANDIDATE_DELETE = "fc.function.delete"  # function
    SMOKE = "fc.smoke"  # function, alias, event
    QUEUE = "aws.queue.ensure"  # name, role_arn
    SECRET = "aws.secret.ensure"  # noqa: S105 - a kind of action, no secret
    LAYER = "aws.layer.publish"  # name, content (relay | tap | settings), marker, runtimes, settings
    CALLERS = "aws.callers.check"  # function, window_s
    CREATE_ALIAS = "aws.alias.create"  # function, alias, version
    DELETE_ALIAS = "aws.alias.delete"  # function, alias
    LATEST_WRITE = "aws.latest.write"  # function, original_version, changes
    LATEST_RESTORE = "aws.latest.restore"  # function, original_version
    VERSION = "aws.version.publish"  # function, marker
    PROBE = "aws.version.probe"  # function, version, answers
    ROUTE = "aws.alias.route"  # function, alias, version, weights
    ROUTE_BACK = "aws.alias.route-back"  # function, alias, version: all to it, unconditionally
    VERIFY_ROUTE = "aws.alias.verify"  # function, alias, version, weights
    ARCHIVE = "aws.archive.store"  # function, bucket, key, original_version
    ARCHIVE_VERIFY = "aws.archive.verify"  # archive
    QUIET = "aws.quiet.prove"  # function, window_s
    CONCURRENCY = "aws.concurrency.set"  # function, reserved
    TRIPWIRE = "aws.tripwire.watch"  # function, window_s
    DELETE_FUNCTION = "aws.function.delete"  # function
    RECREATE = "aws.function.recreate"  # function, archive
    RECREATE_VERSION = "aws.version.recreate"  # function, marker
    REPEAT_POLICY = "aws.policy.repeat"  # function, archive, alias


@dataclass(frozen=True, kw_only=True, slots=True)
class Undo:
    """How an action is taken back: a kind and its request. References to the action itself are allowed."""

    kind: ActionKind
    request: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedAction:
    """One step of a plan.

    ``key`` is unique in the plan. ``call`` is the vendor's name of the call as a person knows it, ``changes``
    one sentence on what it changes. ``undo`` None: it changes nothing, or it cannot be undone, told apart by
    ``reversible``.
    """

    key: str
    kind: ActionKind
    cloud: Cloud
    call: str
    request: Mapping[str, Any]
    changes: str
    undo: Undo | None = None
    reversible: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """An operation's actions, and what forbids it now (``reasons``; empty when it may be applied)."""

    kind: OperationKind
    function: str
    actions: tuple[PlannedAction, ...]
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """Hex SHA-256 over kind, function and every action."""
        return hashlib.sha256(
            orjson.dumps(
                [self.kind, self.function, [_plain(a) for a in self.actions]], option=orjson.OPT_SORT_KEYS
            )
        ).hexdigest()


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """What the function will be on FC. ``cpu`` in vCPU; environment by name only.

    ``handler`` is the function's own; ``adapter`` (``node``, ``python``, ``none``) says what calls it there.
    ``bundled``: names of the bundles of dependencies that a person asked to add, see ``planning.bundled``.
    """

    name: str
    runtime: str
    handler: str
    memory_mb: int
    cpu: float
    disk_mb: int
    timeout_s: int
    bucket: str
    log_project: str
    log_store: str
    environment_names: tuple[str, ...] = ()
    adapter: str = "none"
    bundled: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Routing:
    """What the shift left on AWS. Versions are Lambda version numbers as strings."""

    original_version: str
    tap_version: str = ""
    relay_version: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ShiftSettings:
    """What relay and tap need to know; nothing secret (the key's value stays in the secret)."""

    queue_name: str
    secret_name: str
    fc_url: str
    fc_region: str
    fc_account_id: str
    role_arn: str
    runtime: str
    handler: str
    layers: tuple[str, ...]
    timeout_s: int
    repeatable: bool
    callers_window_s: int
    digest: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)


def resolve(request: Mapping[str, Any], outcomes: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Give the request with every ``@key.field`` replaced by what that action left behind.

    Raises:
        UnsafePlan: when the action named has not left that field.
    """
    return {name: _resolve(value, outcomes) for name, value in request.items()}


def _resolve(value: Any, outcomes: Mapping[str, Mapping[str, Any]]) -> Any:
    match value:
        case str() if value.startswith("@"):
            key, _, name = value[1:].partition(".")
            try:
                found = outcomes[key]
                return found[name] if name else dict(found)
            except KeyError:
                raise UnsafePlan(
                    f"The plan needs {value}, which no earlier action has left behind."
                ) from None
        case Mapping():
            return {_resolve(k, outcomes): _resolve(v, outcomes) for k, v in value.items()}
        case list() | tuple():
            return [_resolve(item, outcomes) for item in value]
        case _:
            return value


def _plain(action: PlannedAction) -> list[Any]:
    undo = [action.undo.kind, dict(action.undo.request)] if action.undo else None
    return [action.key, action.kind, dict(action.request), undo]


def short(digest: str) -> str:
    """Give a name of 16 hex digits for a digest in any alphabet."""
    return hashlib.sha256(digest.encode()).hexdigest()[:16]


def on_fc(
    key: str, kind: ActionKind, call: str, request: Mapping[str, Any], changes: str, undo: Undo | None = None
) -> PlannedAction:
    """Give an action that takes effect on Alibaba Cloud."""
    return PlannedAction(
        key=key, kind=kind, cloud=Cloud.ALIBABA, call=call, request=request, changes=changes, undo=undo
    )


def on_aws(
    key: str,
    kind: ActionKind,
    call: str,
    request: Mapping[str, Any],
    changes: str,
    undo: Undo | None = None,
    *,
    reversible: bool = True,
) -> PlannedAction:
    """Give an action that takes effect on AWS."""
    return PlannedAction(
        key=key,
        kind=kind,
        cloud=Cloud.AWS,
        call=call,
        request=request,
        changes=changes,
        undo=undo,
        reversible=reversible,
    )


def describe(actions: Sequence[PlannedAction]) -> list[dict[str, Any]]:
    """Give actions as plain documents for pages, the command line and rows."""
    return [
        {
            "key": action.key,
            "kind": action.kind.value,
            "cloud": action.cloud.value,
            "call": action.call,
            "request": dict(action.request),
            "changes": action.changes,
            "undo": {"kind": action.undo.kind.value, "request": dict(action.undo.request)}
            if action.undo
            else None,
            "reversible": action.reversible,
        }
        for action in actions
    ]
