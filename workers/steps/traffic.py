"""Steps on aliases. Forward moves carry the revision just read; the way back carries none and wins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cutover.errors import AlreadyExists, Conflict, NotFound, Unavailable
from cutover.planning import FULL_BP, OperationKind
from cutover.ports import Receipt, Route
from workers.steps.work import Change, Look, Prepared, Resolved, Work, as_planned, never_seen

_REPAIRS = 3


# ------------------------------------------------------------------------------------------- forward


def _prepare_route(work: Work) -> Prepared:
    """Read the alias; it must be where Cutover left it. What was read is the undo."""
    request = work.request
    route = work.primary.router.read(request["function"], request["alias"])
    if not (_is(route, request) or _believed(work, route)):
        raise _moved(work, route)
    undo = work.action.undo
    if not work.sent_before:
        undo = {
            "kind": "aws.alias.route-back",
            "request": {
                **request,
                "version": route.version,
                "weights": dict(route.weights),
            },
        }
    return Prepared(resolved={**request, "revision_id": route.revision_id}, undo=undo)


def _believed(work: Work, route: Route) -> bool:
    before = (work.action.undo or {}).get("request", {})
    if _is(route, before):
        return True
    # At 0% the alias is at the tap after a move down, at the original after a rollback: both are AWS alone.
    at_zero = not before.get("weights") and before.get("version") != work.function.routing.get(
        "relay_version"
    )
    return at_zero and route.version == work.request["original_version"] and not route.weights


def _observe_route(work: Work, resolved: Resolved) -> Receipt | None:
    route = work.primary.router.read(resolved["function"], resolved["alias"])
    return Receipt(request_id="", outcome=_outcome(work, route)) if _is(route, resolved) else None


def _route(work: Work, resolved: Resolved) -> Receipt:
    try:
        return work.primary.router.route(
            resolved["function"],
            resolved["alias"],
            version=resolved["version"],
            weights=resolved["weights"],
            revision_id=resolved["revision_id"],
        )
    except Conflict as exc:
        route = work.primary.router.read(resolved["function"], resolved["alias"])
        raise _moved(work, route) from exc


# ---------------------------------------------------------------------------------------------- back


def _route_back(work: Work, resolved: Resolved) -> Receipt:
    """Send version and empty weights, always: what looks right may be about to change by a late call.

    As the undo of a move, which is no rollback, it is conditional: if somebody moved the alias since, theirs
    stays.
    """
    router, name, alias = work.primary.router, resolved["function"], resolved["alias"]
    revision = None
    if work.undoing:
        route = router.read(name, alias)
        if not (_is(route, work.action.resolved) or _is(route, resolved)):
            return Receipt(request_id="", outcome={**_outcome(work, route), "left": True})
        revision = route.revision_id
    receipt = router.route(
        name, alias, version=resolved["version"], weights=resolved["weights"], revision_id=revision
    )
    route = router.read(name, alias)
    return Receipt(request_id=receipt.request_id, outcome=_outcome(work, route))


def _verify(work: Work) -> Receipt:
    """Read the alias back and compare. On the way back, a difference is overwritten, not only found."""
    request = work.request
    router = work.primary.router
    route = router.read(request["function"], request["alias"])
    for _ in range(_REPAIRS if work.way_back else 0):
        if _is(route, request):
            break
        router.route(
            request["function"],
            request["alias"],
            version=request["version"],
            weights=request["weights"],
            revision_id=None,
        )
        route = router.read(request["function"], request["alias"])
    if _is(route, request):
        return Receipt(request_id="", outcome=_outcome(work, route))
    if work.way_back:
        raise Unavailable(
            f"{request['alias']} is moved by somebody else again and again.",
            cloud="aws",
            operation="lambda:GetAlias",
        )
    raise _moved(work, route)


# ------------------------------------------------------------------------------------------- aliases


def _prepare_create(work: Work) -> Prepared:
    """Read whether the alias is there; one that points elsewhere is moved, and moved back by the undo."""
    request = work.request
    try:
        route = work.primary.router.read(request["function"], request["alias"])
    except NotFound:
        return Prepared(resolved={**request, "revision_id": ""}, undo=work.action.undo)
    undo = work.action.undo
    if not work.sent_before:
        undo = None
    return Prepared(resolved={**request, "revision_id": route.revision_id}, undo=undo)


def _observe_create(work: Work, resolved: Resolved) -> Receipt | None:
    try:
        route = work.primary.router.read(resolved["function"], resolved["alias"])
    except NotFound:
        return None
    wanted = {**resolved, "weights": {}}
    return Receipt(request_id="", outcome=_outcome(work, route)) if _is(route, wanted) else None


def _create(work: Work, resolved: Resolved) -> Receipt:
    router, name, alias = work.primary.router, resolved["function"], resolved["alias"]
    if resolved["revision_id"]:
        return router.route(
            name,
            alias,
            version=resolved["version"],
            weights={},
            revision_id=None if work.way_back else resolved["revision_id"],
        )
    try:
        return router.create(name, alias, version=resolved["version"])
    except AlreadyExists:
        if (seen := _observe_create(work, resolved)) is not None:
            return seen
        raise


def _delete(work: Work, resolved: Resolved) -> Receipt:
    return work.primary.router.delete(resolved["function"], resolved["alias"])


# ------------------------------------------------------------------------------------------- details


def observed_bp(route: Mapping[str, Any], relay: str) -> int:
    """Give the candidate's weight of an alias ({"version", "weights"}) in basis points."""
    if relay and route["version"] == relay:
        return FULL_BP
    return int(route["weights"].get(relay, 0)) if relay else 0


def relay_of(work: Work) -> str:
    """Give the version that is the relay, by this operation or by an earlier one."""
    for row in work.actions:
        if row.key == "relay-version" and row.outcome.get("version"):
            return str(row.outcome["version"])
    return str(work.function.routing.get("relay_version", ""))


def _outcome(work: Work, route: Route) -> dict[str, Any]:
    plain = {"version": route.version, "weights": dict(route.weights)}
    return {
        **plain,
        "revision_id": route.revision_id,
        "weight_bp": observed_bp(plain, relay_of(work)),
    }


def _is(route: Route, wanted: Mapping[str, Any]) -> bool:
    return route.version == wanted.get("version") and dict(route.weights) == dict(wanted.get("weights", {}))


def _moved(work: Work, route: Route) -> Conflict:
    rest = "".join(f" with {bp / 100:g}% on version {version}" for version, bp in route.weights.items())
    kind = OperationKind(work.operation.kind)
    return Conflict(
        f"'{route.alias}' of {work.function.name} points at version {route.version}{rest}, which is not what "
        f"Cutover left there: somebody else moved it. The {kind.value} stops, theirs stays. Sync first.",
        cloud="aws",
        operation=work.action.call,
    )


ROUTE = Change(prepare=_prepare_route, observe=_observe_route, apply=_route)
ROUTE_BACK = Change(prepare=as_planned, observe=never_seen, apply=_route_back)
VERIFY_ROUTE = Look(look=_verify)
CREATE_ALIAS = Change(prepare=_prepare_create, observe=_observe_create, apply=_create)
DELETE_ALIAS = Change(prepare=as_planned, observe=never_seen, apply=_delete)
