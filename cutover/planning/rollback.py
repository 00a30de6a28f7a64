"""The way back: one unconditional UpdateAlias, read back."""

from __future__ import annotations

from cutover.planning.model import ALIAS, ActionKind, OperationKind, Plan, Routing, on_aws


def plan_rollback(*, function: str, routing: Routing, restore_latest: bool) -> Plan:
    """Plan the way back: one unconditional UpdateAlias to the original, read back.

    ``restore_latest``: a relay was being published when the rollback came, so `$LATEST` is put back as well,
    after the traffic.
    """
    back = {"function": function, "alias": ALIAS, "version": routing.original_version, "weights": {}}
    actions = [
        on_aws(
            "route-back",
            ActionKind.ROUTE_BACK,
            "lambda:UpdateAlias",
            back,
            f"{ALIAS} sends 100% to version {routing.original_version}, the original",
        ),
        on_aws("verify", ActionKind.VERIFY_ROUTE, "lambda:GetAlias", back, "Nothing: reads the alias back"),
    ]
    if restore_latest:
        actions.append(
            on_aws(
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
