"""A move of the weight, with tap and relay published first where they are not there yet."""

from __future__ import annotations

from typing import Any

from cutover.errors import UnsafePlan
from cutover.planning.model import (
    ALIAS,
    FULL_BP,
    ORIGINAL_ALIAS,
    ActionKind,
    OperationKind,
    Plan,
    PlannedAction,
    Routing,
    ShiftSettings,
    Undo,
    on_aws,
)


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
        on_aws(
            "route",
            ActionKind.ROUTE,
            "lambda:UpdateAlias",
            after,
            f"{ALIAS} sends {to_bp / 100:g}% to FC (relay) and {(FULL_BP - to_bp) / 100:g}% to AWS (tap)",
            Undo(kind=ActionKind.ROUTE_BACK, request=before),
        )
    )
    actions.append(
        on_aws("verify", ActionKind.VERIFY_ROUTE, "lambda:GetAlias", after, "Nothing: reads the weight back")
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
        on_aws(
            "callers",
            ActionKind.CALLERS,
            "cloudwatch:GetMetricData",
            {"function": function, "window_s": settings.callers_window_s},
            "Nothing: proves that nobody calls the function without its alias",
        ),
        on_aws(
            "queue",
            ActionKind.QUEUE,
            "sqs:CreateQueue",
            {"name": settings.queue_name, "role_arn": settings.role_arn},
            "The observation queue exists and the function's role may send to it",
        ),
        on_aws(
            "secret",
            ActionKind.SECRET,
            "secretsmanager:CreateSecret",
            {"name": settings.secret_name, "role_arn": settings.role_arn},
            "The invoke-only FC key waits in a secret that the function's role may read",
        ),
        on_aws(
            "relay-layer",
            ActionKind.LAYER,
            "lambda:PublishLayerVersion",
            {"name": "cutover-relay", "content": "relay", "runtimes": ["python3.12"], "settings": {}},
            "The relay layer is published (an unchanged one is used again)",
        ),
        on_aws(
            "tap-layer",
            ActionKind.LAYER,
            "lambda:PublishLayerVersion",
            {"name": "cutover-tap", "content": "tap", "runtimes": [settings.runtime], "settings": {}},
            "The tap layer is published (an unchanged one is used again)",
        ),
        on_aws(
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
            on_aws(
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
            on_aws(
                f"{name}-write",
                ActionKind.LATEST_WRITE,
                "lambda:UpdateFunctionConfiguration",
                {"function": function, "original_version": original, "changes": changes},
                f"$LATEST takes the {name}'s configuration for a moment, under the revision just read",
                restore,
            ),
            on_aws(
                f"{name}-version",
                ActionKind.VERSION,
                "lambda:PublishVersion",
                {"function": function, "original_version": original, "marker": f"{marker}-{name}"},
                f"The {name} is published as a version",
            ),
        ]
    actions += [
        on_aws(
            "latest-restore",
            ActionKind.LATEST_RESTORE,
            "lambda:UpdateFunctionConfiguration",
            {"function": function, "original_version": original},
            "$LATEST is as it was; every field and the code hash are compared",
        ),
        on_aws(
            "relay-probe",
            ActionKind.PROBE,
            "lambda:Invoke",
            {"function": function, "version": "@relay-version.version", "answers": "relay"},
            "Nothing: the relay answers a probe without calling FC",
        ),
        on_aws(
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
