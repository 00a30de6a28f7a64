"""What can be done with a function now: every verb, each open or refused with the way to clear it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cutover.phases import Phase, Trigger, legal_triggers
from dashboard.templatetags.cutover import share
from migrations_app.models import FunctionMigration, Operation
from migrations_app.services import guards, policies

DEFAULT_LADDER = (100, 500, 2500, 5000, 10_000)


@dataclass(frozen=True, kw_only=True, slots=True)
class Possibility:
    """One verb now. ``url`` is a page, or takes a POST when ``posts``. Refusals have sentences with links."""

    verb: str
    sentence: str | Promise
    label: str | Promise
    url: str
    posts: bool = False
    refusals: tuple[guards.Guard, ...] = ()

    @property
    def open(self) -> bool:
        """Whether it can be done now."""
        return not self.refusals


def ladder(function: FunctionMigration) -> tuple[int, ...]:
    """Give the weights a function climbs, in basis points."""
    return tuple(policies.policy_for(function).ladder) or DEFAULT_LADDER


def next_weight(function: FunctionMigration, steps: Sequence[int]) -> int | None:
    """Give the first step above the present weight; None at the top."""
    return next((bp for bp in steps if bp > function.desired_weight_bp), None)


def possibilities(
    function: FunctionMigration, *, address: str, steps: Sequence[int], running: Operation | None
) -> tuple[Possibility, ...]:
    """Give every verb that belongs to the function's phase, the next one first."""
    if running is not None:
        return (_running(address, running), *(p for p in (_back(function, address),) if p))
    found = [offer(function, address, steps) for offer in _OFFERS]
    return tuple(one for one in found if one is not None)


def can_roll_back(function: FunctionMigration) -> bool:
    """Whether rollback is the way back from the present phase."""
    return Trigger.ROLL_BACK in legal_triggers(function.stage)


def _running(address: str, running: Operation) -> Possibility:
    return Possibility(
        verb="watch",
        sentence=_("An operation is running. Everything else waits for it; rollback goes first."),
        label=_("Watch"),
        url=reverse("operation", args=[running.pk]),
    )


def _assess(function: FunctionMigration, address: str, steps: Sequence[int]) -> Possibility | None:
    if Trigger.ASSESS not in legal_triggers(function.stage):
        return None
    sentence = (
        gettext_lazy("Assess: see what it needs before it can run on FC.")
        if function.stage is Phase.DISCOVERED
        else gettext_lazy("Assess again, from the latest inventory.")
    )
    return Possibility(
        verb="assess", sentence=sentence, label=_("Assess"), url=reverse("assess", args=[address]), posts=True
    )


def _declare(function: FunctionMigration, address: str, steps: Sequence[int]) -> Possibility | None:
    if function.stage in (Phase.DISCOVERED, Phase.DECOMMISSIONING, Phase.DECOMMISSIONED, Phase.RESTORING):
        return None
    if function.effects != "unknown":
        return None
    return Possibility(
        verb="declare",
        sentence=_("Declare its side effects, so that it may be invoked for smoke tests and validation."),
        label=_("Declare…"),
        url=reverse("declare", args=[address]),
    )


def _deploy(function: FunctionMigration, address: str, steps: Sequence[int]) -> Possibility | None:
    if Trigger.DEPLOY not in legal_triggers(function.stage):
        return None
    return Possibility(
        verb="deploy",
        sentence=_("Deploy it to FC. AWS keeps all traffic."),
        label=_("Plan"),
        url=reverse("deploy", args=[address]),
        refusals=guards.deploy_reasons(function),
    )


def _validate(function: FunctionMigration, address: str, steps: Sequence[int]) -> Possibility | None:
    if function.stage not in (
        Phase.DEPLOYED,
        Phase.VALIDATED,
        Phase.SHIFTING,
        Phase.CUT_OVER,
        Phase.ROLLED_BACK,
    ):
        return None
    return Possibility(
        verb="validate",
        sentence=_("Validate: send the suite's events to both sides and compare."),
        label=_("Validate…"),
        url=reverse("validate", args=[address]),
        refusals=guards.validate_reasons(function, None),
    )


def _shift(function: FunctionMigration, address: str, steps: Sequence[int]) -> Possibility | None:
    if function.stage not in (Phase.DEPLOYED, Phase.VALIDATED, Phase.SHIFTING):
        return None
    to_bp = next_weight(function, steps)
    if to_bp is None:
        return None
    return Possibility(
        verb="shift",
        sentence=_("Move to %(share)s, or set a weight by hand.") % {"share": share(to_bp)},
        label=_("Plan"),
        url=f"{reverse('shift', args=[address])}?to={to_bp}",
        refusals=guards.shift_reasons(function, to_bp),
    )


def _back(function: FunctionMigration, address: str, steps: Sequence[int] = ()) -> Possibility | None:
    if not can_roll_back(function):
        return None
    return Possibility(
        verb="rollback",
        sentence=_("Roll back. One call to AWS; no guard ever blocks it."),
        label=_("Plan"),
        url=reverse("rollback", args=[address]),
    )


def _decommission(function: FunctionMigration, address: str, steps: Sequence[int]) -> Possibility | None:
    if function.stage not in (Phase.SHIFTING, Phase.CUT_OVER):
        return None
    return Possibility(
        verb="decommission",
        sentence=_("Decommission the AWS side: archived first, removed in rungs, by two people."),
        label=_("Plan"),
        url=reverse("decommission", args=[address]),
        refusals=guards.decommission_reasons(function),
    )


def _restore(function: FunctionMigration, address: str, steps: Sequence[int]) -> Possibility | None:
    if Trigger.RESTORE not in legal_triggers(function.stage):
        return None
    return Possibility(
        verb="restore",
        sentence=_("Restore the AWS side from its archive. No guard ever blocks it."),
        label=_("Plan"),
        url=reverse("restore", args=[address]),
    )


_OFFERS: tuple[Callable[[FunctionMigration, str, Sequence[int]], Possibility | None], ...] = (
    _assess,
    _declare,
    _deploy,
    _validate,
    _shift,
    _back,
    _decommission,
    _restore,
)
