"""The least that a function needs on Alibaba Cloud: a RAM policy, line by line, and what was left out.

Theory of operation: what the code calls on AWS and what the role allows there are two views of one need, and
the policy is their meeting: an action gets a line when the code calls it (unless the code was not read, or
makes calls that were not resolved) and the role allows it (unless the role was not read), and only on what
stands for the resources that the role names. Nothing is widened: a wildcard, a condition, a denial or a
resource without a counterpart leaves the action out, with the reason. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from cutover.assessment.target import target_name
from cutover.target_code.actions import (
    BY_HAND,
    OF_LOGGING,
    OF_NETWORK,
    OF_POLLING,
    Row,
    Shape,
    rows_for,
    rows_of,
    service_of,
)
from cutover.target_code.actions import ROWS as TABLE
from cutover.target_code.destinations import ACTIONS, destinations
from cutover.target_code.model import Basis, Call, LeftOut, PolicyLine, RamPolicy, RoleStatement
from cutover.target_code.names import (
    Counterpart,
    Naming,
    Resource,
    counterparts,
    is_wild,
    resource_of,
    standing_for,
)

_TWINNED = {
    Shape.OBJECTS: "bucket",
    Shape.BUCKET: "bucket",
    Shape.QUEUE: "queue",
    Shape.QUEUE_MESSAGES: "queue",
    Shape.TOPIC: "topic",
    Shape.TOPIC_MESSAGES: "topic",
}


def ram_policy(basis: Basis, *, naming: Naming | None = None) -> RamPolicy:
    """Give the policy of the function's RAM role.

    Args:
        naming: gives the name, or an expression for it, of a counterpart; without it a bucket that nobody
            has named yet stands as ``TWIN-OF-name``, which RAM allows on nothing.
    """
    return _Drafting(basis, naming or _plain_name).policy()


def _plain_name(one: Counterpart) -> str:
    return one.name or f"TWIN-OF-{one.resource.name}"


class _Drafting:
    """One policy in the making: lines by resource, and what was left out."""

    def __init__(self, basis: Basis, naming: Naming) -> None:
        self._basis, self._naming = basis, naming
        self._known = counterparts(basis)
        self._lines: dict[tuple[str, ...], dict[str, list[str]]] = {}
        self._left: dict[LeftOut, None] = {}

    def policy(self) -> RamPolicy:
        self._always()
        for row, calls in self._called():
            self._grant(row, calls)
        for statement in self._basis.statements or ():
            self._remaining(statement)
        lines = tuple(
            PolicyLine(
                actions=tuple(sorted(reasons)),
                resources=resources,
                reasons=tuple(f"{action}: {why}" for action in sorted(reasons) for why in reasons[action]),
            )
            for resources, reasons in sorted(self._lines.items())
        )
        return RamPolicy(lines=lines, left_out=tuple(self._left))

    # ------------------------------------------------------------------------------- what is always there

    def _always(self) -> None:
        basis = self._basis
        store = (
            f"acs:log:{basis.region}:{basis.account_id}:project/{basis.target.log_project}"
            f"/logstore/{basis.target.log_store}"
        )
        self._allow("log:PostLogStoreLogs", (store,), "the function's log lines go to its own log store")
        if basis.facts.vpc:
            for action in OF_NETWORK:
                self._allow(action, ("*",), "FC puts the function into its VPC; no narrower resource exists")
        for one in destinations(basis):
            why = f"results of asynchronous invocations go there, as they go to {one.aws} on AWS"
            self._allow(ACTIONS[one.kind], (one.arn(basis, self._naming),), why)
        if basis.statements is None:
            self._leave("The role's policies", "they were not read, so only the code's calls are known")
        if basis.calls is None:
            self._leave("The code's calls", "the code was not read, so only the role is known")

    # ----------------------------------------------------------------------------------- from calls to rows

    def _called(self) -> Iterator[tuple[Row, tuple[Call, ...]]]:
        """Give each row of the table that is asked for, with the calls that ask for it."""
        by_row: dict[Row, list[Call]] = {}
        for call in self._basis.calls or ():
            for row in self._rows(call):
                by_row.setdefault(row, []).append(call)
        for row in TABLE:
            if row in by_row:
                yield row, tuple(by_row[row])
            elif self._open(row.service) and self._allowing(row):
                yield row, ()

    def _rows(self, call: Call) -> tuple[Row, ...]:
        service, name = service_of(call.service), f"{call.service} {call.operation}".strip()
        place = f"{name} at {call.path}:{call.line}"
        if service in BY_HAND:
            self._leave(place, BY_HAND[service])
            return ()
        rows = rows_of(call.service, call.operation)
        if not rows:
            why = "no RAM action was derived for it" if call.operation else "its calls were not resolved"
            self._leave(place, why)
        return rows

    def _open(self, service: str) -> bool:
        """Tell whether the code may call more of a service than was found."""
        calls = self._basis.calls
        return calls is None or any(
            service_of(one.service) == service and (one.access == "unresolved" or not one.operation)
            for one in calls
        )

    # ----------------------------------------------------------------------------- from rows to resources

    def _grant(self, row: Row, calls: tuple[Call, ...]) -> None:
        what = f"{row.iam} ({_places(calls)})" if calls else row.iam
        if denied := self._denied(row):
            self._leave(what, f"{_name(denied)} denies it on AWS; where it may be allowed is for a person")
            return
        if self._basis.statements is None:
            self._grant_on_twins(row, what, _places(calls))
            return
        allowing = self._allowing(row)
        if not allowing:
            self._leave(what, "the role does not allow it on AWS")
        for statement in allowing:
            why = f"{_name(statement)} allows {row.iam}"
            reason = f"{_places(calls)}; {why}" if calls else f"{why}; the code's calls are not all known"
            self._grant_by(row, statement, what, reason)

    def _grant_on_twins(self, row: Row, what: str, reason: str) -> None:
        kind = _TWINNED.get(row.shape)
        twins = [one for one in self._known if one.resource.kind == kind]
        if not twins:
            self._leave(what, "on which resource is not known: declare its twin, or let the role be read")
        for one in twins:
            self._allow_row(row, self._resources(row, one, "*"), reason)

    def _grant_by(self, row: Row, statement: RoleStatement, what: str, reason: str) -> None:
        if statement.conditional or statement.inverted:
            shape = "has conditions" if statement.conditional else "names what it does not allow"
            self._leave(what, f"{_name(statement)} {shape}; that is not carried over by itself")
            return
        if _polls(row.iam, statement, self._basis) and not _calls(self._basis, row):
            self._leave(what, "the trigger on FC reads the queue itself, with its own role")
            return
        for arn in statement.resources:
            resources = self._on(row, arn)
            if resources:
                self._allow_row(row, resources, f"{reason} on {arn}")
            elif not self._fits_nothing(row, arn):
                self._leave(f"{what} on {arn}", "nothing on Alibaba Cloud is declared to stand for it")

    def _on(self, row: Row, arn: str) -> tuple[str, ...]:
        """Give the RAM resources for one resource of a statement; none when nothing stands for it."""
        region, account = self._basis.region, self._basis.account_id
        if row.shape in _TWINNED:
            kind = _TWINNED[row.shape]
            if arn == "*":
                found = tuple(one for one in self._known if one.resource.kind == kind)
                return tuple(each for one in found for each in self._resources(row, one, "*"))
            resource = resource_of(arn)
            if resource is None or resource.kind != kind:
                return ()
            if not _of_shape(row.shape, resource) or "${" in resource.keys or "%{" in resource.keys:
                return ()
            found = standing_for(resource, self._known)
            return tuple(each for one in found for each in self._resources(row, one, resource.keys or "*"))
        name = _named(row.shape, arn)
        if not name:
            return ()
        match row.shape:
            case Shape.FUNCTION:
                place = f"acs:fc:{region}:{account}:functions/{target_name(name)}"
                return place, f"{place}/*"
            case Shape.SECRET:
                return (f"acs:kms:{region}:{account}:secret/{name}",)
            case _:
                return ()

    def _resources(self, row: Row, one: Counterpart, keys: str) -> tuple[str, ...]:
        basis, name = self._basis, self._naming(one)
        smq = f"acs:mns:{basis.region}:{basis.account_id}:"
        match row.shape:
            case Shape.OBJECTS:
                return (f"acs:oss:*:{basis.account_id}:{name}/{keys}",)
            case Shape.BUCKET:
                return (f"acs:oss:*:{basis.account_id}:{name}",)
            case Shape.QUEUE:
                return (f"{smq}/queues/{name}",)
            case Shape.QUEUE_MESSAGES:
                return (f"{smq}/queues/{name}/messages",)
            case Shape.TOPIC:
                return (f"{smq}/topics/{name}",)
            case _:
                return (f"{smq}/topics/{name}/messages",)

    def _fits_nothing(self, row: Row, arn: str) -> bool:
        """Tell whether an ARN cannot be what the row is about: the bucket itself, for a row about objects."""
        resource = resource_of(arn)
        return resource is not None and not (
            resource.kind == _TWINNED.get(row.shape) and _of_shape(row.shape, resource)
        )

    # ------------------------------------------------------------------------------ what the role says

    def _allowing(self, row: Row) -> list[RoleStatement]:
        """Give the statements that allow a row; a wildcard counts only for what the code is seen to call."""
        wild = self._basis.calls is not None and bool(_calls(self._basis, row))
        return [
            one
            for one in self._basis.statements or ()
            if one.effect == "Allow" and any(_covers(action, row.iam, wild=wild) for action in one.actions)
        ]

    def _denied(self, row: Row) -> RoleStatement | None:
        return next(
            (
                one
                for one in self._basis.statements or ()
                if one.effect == "Deny" and any(_covers(action, row.iam, wild=True) for action in one.actions)
            ),
            None,
        )

    def _remaining(self, statement: RoleStatement) -> None:
        """Say of each action of the role why it has no line, unless it has one."""
        if statement.effect != "Allow":
            return
        for action in statement.actions:
            what = f"{action} ({_name(statement)})"
            service = service_of(action.partition(":")[0])
            if action in OF_LOGGING:
                self._leave(what, "the line on the function's own log store stands for it")
            elif service in BY_HAND:
                self._leave(what, BY_HAND[service])
            elif is_wild(action):
                self._leave(what, "a wildcard: only what the code is seen to call has a line")
            elif not rows_for(action):
                self._leave(what, "no RAM action was derived for it")
            elif not self._open(service) and not any(_calls(self._basis, row) for row in rows_for(action)):
                self._leave(what, _uncalled(action, statement, self._basis))

    # ---------------------------------------------------------------------------------------- writing

    def _allow_row(self, row: Row, resources: tuple[str, ...], reason: str) -> None:
        for action in row.ram:
            self._allow(action, resources, reason)

    def _allow(self, action: str, resources: tuple[str, ...], reason: str) -> None:
        reasons = self._lines.setdefault(resources, {}).setdefault(action, [])
        if reason not in reasons:
            reasons.append(reason)

    def _leave(self, what: str, why: str) -> None:
        self._left[LeftOut(what=what, why=why)] = None


def _covers(action: str, iam: str, *, wild: bool) -> bool:
    if not is_wild(action):
        return action.lower() == iam.lower()
    return wild and fnmatchcase(iam.lower(), action.lower())


def _calls(basis: Basis, row: Row) -> list[Call]:
    return [one for one in basis.calls or () if row in rows_of(one.service, one.operation)]


def _places(calls: tuple[Call, ...]) -> str:
    shown = [f"{one.path}:{one.line} calls {one.operation}" for one in calls]
    return ", ".join(shown[:3]) + (f" and {len(shown) - 3} more" if len(shown) > 3 else "")


def _name(statement: RoleStatement) -> str:
    return f"{statement.policy}, statement {statement.sid}" if statement.sid else statement.policy


def _of_shape(shape: Shape, resource: Resource) -> bool:
    """Tell objects from their bucket: `bucket/*` is about objects, `bucket` about the bucket."""
    return shape not in (Shape.OBJECTS, Shape.BUCKET) or bool(resource.keys) is (shape is Shape.OBJECTS)


_AFTER: Mapping[Shape, str] = {Shape.FUNCTION: ":function:", Shape.SECRET: ":secret:"}


def _named(shape: Shape, arn: str) -> str:
    """Give the function's or secret's name in an ARN, "" when it is none or has a wildcard.

    The six random characters that Secrets Manager adds to a secret's ARN are taken off.
    """
    before, _, name = arn.partition(_AFTER.get(shape, "\0"))
    if not before or not name:
        return ""
    name = name.partition(":")[0]
    if shape is Shape.SECRET:
        head, _, tail = name.rpartition("-")
        name = head if head and (len(tail) == 6 or tail in ("*", "??????")) else name
    return "" if is_wild(name) else name


def _polls(iam: str, statement: RoleStatement, basis: Basis) -> bool:
    queues = {str(one.get("source")) for one in basis.facts.triggers if one.get("kind") == "sqs"}
    return iam in OF_POLLING and bool(queues) and set(statement.resources) <= queues


def _uncalled(action: str, statement: RoleStatement, basis: Basis) -> str:
    if _polls(action, statement, basis):
        return "the trigger on FC reads the queue itself, with its own role"
    return "the code does not call it"
