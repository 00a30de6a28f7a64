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
    PACKAGE = "fc.package.upload"  # function, version, bucket, object
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
    """What the function will be on FC. ``cpu`` in vCPU; environment by name only."""

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


# -------------------------------------------------------------------------------------------- deploy


def plan_deploy(
    *, function: str, code_sha256: str, original_version: str, target: Target, smoke: bool, marker: str
) -> Plan:
    """Plan the dual deploy: AWS is only read. ``marker`` finds a published version again after a kill.

    ``smoke``: whether the side-effect contract allows an invocation; otherwise the plan says that it waits.
    """
    name = target.name
    stored = f"{name}/{_short(code_sha256)}.zip"
    specification = {
        "function": name,
        "original_function": function,
        "original_version": original_version,
        "runtime": target.runtime,
        "handler": target.handler,
        "memory_mb": target.memory_mb,
        "cpu": target.cpu,
        "disk_mb": target.disk_mb,
        "timeout_s": target.timeout_s,
        "bucket": target.bucket,
        "object": stored,
        "project": target.log_project,
        "store": target.log_store,
        "environment_names": list(target.environment_names),
    }
    actions = [
        _fc(
            "bucket",
            ActionKind.BUCKET,
            "oss:PutBucket",
            {"bucket": target.bucket},
            f"Bucket {target.bucket} for packages exists",
        ),
        _fc(
            "package",
            ActionKind.PACKAGE,
            "oss:PutObject",
            {"function": function, "version": original_version, "bucket": target.bucket, "object": stored},
            f"The package of version {original_version} is stored as {stored}",
        ),
        _fc(
            "logs",
            ActionKind.LOGS,
            "sls:CreateLogStore",
            {"project": target.log_project, "store": target.log_store},
            f"Log store {target.log_project}/{target.log_store} exists",
        ),
        _fc(
            "candidate",
            ActionKind.CANDIDATE,
            "fc:CreateFunction",
            specification,
            f"Function {name} exists on FC with {target.runtime}, {target.memory_mb} MB",
            Undo(
                kind=ActionKind.CANDIDATE_DELETE,
                request={"function": name, "if_created": "@candidate.created"},
            ),
        ),
        _fc(
            "candidate-version",
            ActionKind.CANDIDATE_VERSION,
            "fc:PublishVersion",
            {"function": name, "marker": marker},
            "A new immutable version is published",
        ),
        _fc(
            "candidate-alias",
            ActionKind.CANDIDATE_ALIAS,
            "fc:CreateAlias",
            {"function": name, "alias": ALIAS, "version": "@candidate-version.version"},
            f"Alias {ALIAS} points at the new version",
        ),
    ]
    notes = ["AWS keeps all traffic. Nothing on AWS is changed."]
    if smoke:
        actions.append(
            _fc(
                "smoke",
                ActionKind.SMOKE,
                "fc:InvokeFunction",
                {"function": name, "alias": ALIAS, "original_function": function},
                "The function is invoked once with a suite event",
            )
        )
    else:
        notes.append("The smoke test waits for the declaration of side effects.")
    return Plan(kind=OperationKind.DEPLOY, function=function, actions=tuple(actions), notes=tuple(notes))


# --------------------------------------------------------------------------------------------- shift


def plan_shift(
    *,
    function: str,
    target: str,
    routing: Routing,
    settings: ShiftSettings,
    from_bp: int,
    to_bp: int,
    original_alias_exists: bool,
    marker: str,
) -> Plan:
    """Plan one move of the weight, with tap and relay published first where they are not there yet.

    Args:
        from_bp, to_bp: weight of the candidate in basis points, 0 to 10,000.
        routing: what is known of the versions; empty tap or relay means that they are still to be made.
    """
    if not 0 <= to_bp <= FULL_BP:
        raise UnsafePlan(f"A weight lies between 0% and 100%, not {to_bp / 100:g}%.")
    original = routing.original_version
    actions: list[PlannedAction] = []
    tap, relay = routing.tap_version, routing.relay_version
    if not relay:
        actions += _publish_tap_and_relay(function, target, original, settings, original_alias_exists, marker)
        tap, relay = "@tap-version.version", "@relay-version.version"
    before = _route_request(
        function, routing.tap_version or original, routing.relay_version, original, from_bp
    )
    after = _route_request(function, tap, relay, original, to_bp)
    actions.append(
        _aws(
            "route",
            ActionKind.ROUTE,
            "lambda:UpdateAlias",
            after,
            f"{ALIAS} sends {to_bp / 100:g}% to FC (relay) and {(FULL_BP - to_bp) / 100:g}% to AWS (tap)",
            Undo(kind=ActionKind.ROUTE_BACK, request=before),
        )
    )
    actions.append(
        _aws("verify", ActionKind.VERIFY_ROUTE, "lambda:GetAlias", after, "Nothing: reads the weight back")
    )
    notes = (
        "Rollback is one UpdateAlias, open at every moment.",
        "What goes to FC takes one hop more; AWS bills the relay's waiting too, and answers cross as egress.",
    )
    return Plan(kind=OperationKind.SHIFT, function=function, actions=tuple(actions), notes=notes)


def _publish_tap_and_relay(
    function: str,
    target: str,
    original: str,
    settings: ShiftSettings,
    original_alias_exists: bool,
    marker: str,
) -> list[PlannedAction]:
    restore = Undo(
        kind=ActionKind.LATEST_RESTORE, request={"function": function, "original_version": original}
    )
    relay_settings = {
        "function": function,
        "target": target,
        "alias": ALIAS,
        "fc_url": settings.fc_url,
        "fc_region": settings.fc_region,
        "fc_account_id": settings.fc_account_id,
        "secret_arn": "@secret.arn",
        "queue_url": "@queue.url",
        "handler": settings.handler,
        "timeout_s": settings.timeout_s,
        "repeatable": settings.repeatable,
        **settings.extra,
    }
    runtimes = [settings.runtime, "python3.12"]
    layers = [*settings.layers]
    actions = [
        _aws(
            "callers",
            ActionKind.CALLERS,
            "cloudwatch:GetMetricData",
            {"function": function, "window_s": settings.callers_window_s},
            "Nothing: proves that nobody calls the function without its alias",
        ),
        _aws(
            "queue",
            ActionKind.QUEUE,
            "sqs:CreateQueue",
            {"name": settings.queue_name, "role_arn": settings.role_arn},
            "The observation queue exists and the function's role may send to it",
        ),
        _aws(
            "secret",
            ActionKind.SECRET,
            "secretsmanager:CreateSecret",
            {"name": settings.secret_name, "role_arn": settings.role_arn},
            "The invoke-only FC key waits in a secret that the function's role may read",
        ),
        _aws(
            "relay-layer",
            ActionKind.LAYER,
            "lambda:PublishLayerVersion",
            {"name": "cutover-relay", "content": "relay", "runtimes": ["python3.12"], "settings": {}},
            "The relay layer is published (an unchanged one is used again)",
        ),
        _aws(
            "tap-layer",
            ActionKind.LAYER,
            "lambda:PublishLayerVersion",
            {"name": "cutover-tap", "content": "tap", "runtimes": [settings.runtime], "settings": {}},
            "The tap layer is published (an unchanged one is used again)",
        ),
        _aws(
            "settings-layer",
            ActionKind.LAYER,
            "lambda:PublishLayerVersion",
            {
                "name": f"cutover-settings-{function}"[:140],
                "content": "settings",
                "runtimes": runtimes,
                "settings": relay_settings,
            },
            "The settings of this function's relay and tap are published; no secret is in them",
        ),
    ]
    if not original_alias_exists:
        actions.append(
            _aws(
                "original-alias",
                ActionKind.CREATE_ALIAS,
                "lambda:CreateAlias",
                {"function": function, "alias": ORIGINAL_ALIAS, "version": original},
                f"Alias {ORIGINAL_ALIAS} keeps version {original} from being deleted",
                Undo(kind=ActionKind.DELETE_ALIAS, request={"function": function, "alias": ORIGINAL_ALIAS}),
            )
        )
    relay_changes = {
        "Runtime": "python3.12",
        "Handler": "cutover_relay.handler",
        "Layers": ["@relay-layer.arn", "@settings-layer.arn"],
        "Timeout": min(900, settings.timeout_s + 5),
    }
    tap_changes = {
        "Runtime": settings.runtime,
        "Handler": tap_handler(settings.runtime),
        "Layers": [*layers, "@tap-layer.arn", "@settings-layer.arn"],
        "Timeout": settings.timeout_s,
    }
    for name, changes in (("relay", relay_changes), ("tap", tap_changes)):
        actions += [
            _aws(
                f"{name}-write",
                ActionKind.LATEST_WRITE,
                "lambda:UpdateFunctionConfiguration",
                {"function": function, "original_version": original, "changes": changes},
                f"$LATEST takes the {name}'s configuration for a moment, under the revision just read",
                restore,
            ),
            _aws(
                f"{name}-version",
                ActionKind.VERSION,
                "lambda:PublishVersion",
                {"function": function, "original_version": original, "marker": f"{marker}-{name}"},
                f"The {name} is published as a version",
            ),
        ]
    actions += [
        _aws(
            "latest-restore",
            ActionKind.LATEST_RESTORE,
            "lambda:UpdateFunctionConfiguration",
            {"function": function, "original_version": original},
            "$LATEST is as it was; every field and the code hash are compared",
        ),
        _aws(
            "relay-probe",
            ActionKind.PROBE,
            "lambda:Invoke",
            {"function": function, "version": "@relay-version.version", "answers": "relay"},
            "Nothing: the relay answers a probe without calling FC",
        ),
        _aws(
            "tap-probe",
            ActionKind.PROBE,
            "lambda:Invoke",
            {"function": function, "version": "@tap-version.version", "answers": "tap"},
            "Nothing: the tap answers a probe without calling the function",
        ),
    ]
    return actions


def tap_handler(runtime: str) -> str:
    """Give the handler string that redirects to the tap in its layer, by the family of the runtime."""
    if runtime.startswith("nodejs"):
        return "/opt/nodejs/node_modules/cutover-tap/index.handler"
    return "cutover_tap.handler"


def _route_request(function: str, tap: str, relay: str, original: str, weight_bp: int) -> dict[str, Any]:
    """Give the alias at a weight. 100 %: the relay alone; 0 %: the tap alone, or the original without one."""
    if weight_bp == FULL_BP:
        version, weights = relay, {}
    else:
        version, weights = tap or original, ({relay: weight_bp} if weight_bp else {})
    return {
        "function": function,
        "alias": ALIAS,
        "version": version,
        "weights": weights,
        "original_version": original,
    }


# ------------------------------------------------------------------------------------------ rollback


def plan_rollback(*, function: str, routing: Routing, restore_latest: bool) -> Plan:
    """Plan the way back: one unconditional UpdateAlias to the original, read back.

    ``restore_latest``: a relay was being published when the rollback came, so `$LATEST` is put back as well,
    after the traffic.
    """
    back = {"function": function, "alias": ALIAS, "version": routing.original_version, "weights": {}}
    actions = [
        _aws(
            "route-back",
            ActionKind.ROUTE_BACK,
            "lambda:UpdateAlias",
            back,
            f"{ALIAS} sends 100% to version {routing.original_version}, the original",
        ),
        _aws("verify", ActionKind.VERIFY_ROUTE, "lambda:GetAlias", back, "Nothing: reads the alias back"),
    ]
    if restore_latest:
        actions.append(
            _aws(
                "latest-restore",
                ActionKind.LATEST_RESTORE,
                "lambda:UpdateFunctionConfiguration",
                {"function": function, "original_version": routing.original_version},
                "$LATEST is as it was",
            )
        )
    return Plan(
        kind=OperationKind.ROLLBACK,
        function=function,
        actions=tuple(actions),
        notes=(
            "Traffic goes back, data does not: what FC wrote while it answered stays where it is.",
            "Relay and tap stay published for hours: events already queued for them still find them.",
        ),
    )


# -------------------------------------------------------------------------------------- decommission


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
        _aws(
            "quiet",
            ActionKind.QUIET,
            "cloudwatch:GetMetricData",
            {"function": function, "window_s": quiet_s},
            "Nothing: proves that nobody calls the AWS side",
        ),
        _aws(
            "archive",
            ActionKind.ARCHIVE,
            "s3:PutObject",
            archive,
            f"Package, configuration, aliases and policy are archived in {bucket}; environment in a secret",
        ),
        _aws(
            "archive-verify",
            ActionKind.ARCHIVE_VERIFY,
            "s3:GetObject",
            {"archive": "@archive"},
            "Nothing: reads the whole archive back and compares",
        ),
        _aws(
            "tripwire",
            ActionKind.CONCURRENCY,
            "lambda:PutFunctionConcurrency",
            {"function": function, "reserved": 0},
            "Reserved concurrency 0: a missed caller is refused and seen",
            Undo(kind=ActionKind.CONCURRENCY, request={"function": function, "reserved": reserved}),
        ),
        _aws(
            "soak",
            ActionKind.TRIPWIRE,
            "cloudwatch:GetMetricData",
            {"function": function, "window_s": soak_s},
            "Nothing: waits, and stops if anybody was refused",
        ),
        _aws(
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
        notes=("Restore is possible from every rung, from the archive.",),
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
            _aws(
                "recreate",
                ActionKind.RECREATE,
                "lambda:CreateFunction",
                {"function": function, "archive": dict(archive)},
                "The function is created from its archive",
            ),
            _aws(
                "recreate-version",
                ActionKind.RECREATE_VERSION,
                "lambda:PublishVersion",
                {"function": function, "marker": marker},
                "The original code is published as a version",
            ),
            _aws(
                "recreate-alias",
                ActionKind.CREATE_ALIAS,
                "lambda:CreateAlias",
                {"function": function, "alias": ALIAS, "version": "@recreate-version.version"},
                f"Alias {ALIAS} points at it",
            ),
            _aws(
                "policy",
                ActionKind.REPEAT_POLICY,
                "lambda:AddPermission",
                {"function": function, "archive": dict(archive), "alias": ALIAS},
                "Those who were allowed to call it may call it again",
            ),
        ]
        version = "@recreate-version.version"
    actions += [
        _aws(
            "concurrency",
            ActionKind.CONCURRENCY,
            "lambda:DeleteFunctionConcurrency",
            {"function": function, "reserved": reserved},
            "Reserved concurrency is as it was before",
        ),
        _aws(
            "route-back",
            ActionKind.ROUTE_BACK,
            "lambda:UpdateAlias",
            {"function": function, "alias": ALIAS, "version": version, "weights": {}},
            f"{ALIAS} sends 100% to the original",
        ),
        _aws(
            "verify",
            ActionKind.VERIFY_ROUTE,
            "lambda:GetAlias",
            {"function": function, "alias": ALIAS, "version": version, "weights": {}},
            "Nothing: reads the alias back",
        ),
    ]
    return Plan(kind=OperationKind.RESTORE, function=function, actions=tuple(actions))


def _short(digest: str) -> str:
    return hashlib.sha256(digest.encode()).hexdigest()[:16]


def _fc(
    key: str, kind: ActionKind, call: str, request: Mapping[str, Any], changes: str, undo: Undo | None = None
) -> PlannedAction:
    return PlannedAction(
        key=key, kind=kind, cloud=Cloud.ALIBABA, call=call, request=request, changes=changes, undo=undo
    )


def _aws(
    key: str,
    kind: ActionKind,
    call: str,
    request: Mapping[str, Any],
    changes: str,
    undo: Undo | None = None,
    *,
    reversible: bool = True,
) -> PlannedAction:
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
