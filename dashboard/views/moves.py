"""Acting on a function. What changes traffic or a cloud is a plan page first, all through one template.

A plan page shows the exact calls with their undo and posts the version it saw, a reason and a key. A refusal
(409, 422) is the same page with what is true now, and with what was typed. Rollback needs no plan page: one
POST does it; its page is there for those who want to see the calls first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from cutover.errors import BadInput, RuleError, UnsafePlan
from cutover.planning import Plan
from dashboard import verbs
from dashboard.access import Role, may, operator, viewer
from dashboard.access import refusal as role_refusal
from dashboard.errors import Refusal, refusal
from dashboard.forms import DeclareForm, MoveForm
from dashboard.templatetags.cutover import share
from dashboard.views.common import Context, actor, find, fresh_key, reason_of, see_other
from migrations_app.models import FunctionMigration, Operation
from migrations_app.services import (
    assessment,
    decommission,
    deployment,
    guards,
    restoration,
    shifting,
    twins,
)
from migrations_app.services import (
    rollback as rollbacks,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Move:
    """A verb with a plan page. ``confirm``: the name has to be typed, since it cannot be undone."""

    verb: str
    title: Promise
    button: Promise
    explain: Promise
    danger: bool = False
    confirm: bool = False


MOVES = {
    move.verb: move
    for move in (
        Move(
            verb="deploy",
            title=gettext_lazy("Deploy %(name)s to FC"),
            button=gettext_lazy("Deploy to FC"),
            explain=gettext_lazy(
                "The same function is made on FC, with a version and an alias. AWS keeps all traffic."
            ),
        ),
        Move(
            verb="shift",
            title=gettext_lazy("Move %(name)s from %(before)s to %(after)s on FC"),
            button=gettext_lazy("Move to %(after)s"),
            explain=gettext_lazy(
                "Cutover goes back to 100% AWS by itself as soon as the evidence says that FC is worse."
            ),
        ),
        Move(
            verb="rollback",
            title=gettext_lazy("Roll %(name)s back to 100%% AWS"),
            button=gettext_lazy("Roll back to 100%% AWS"),
            explain=gettext_lazy(
                "Traffic goes back, data does not: what FC wrote while it answered stays there."
            ),
            danger=True,
        ),
        Move(
            verb="decommission",
            title=gettext_lazy("Decommission %(name)s on AWS"),
            button=gettext_lazy("Ask for the decommission"),
            explain=gettext_lazy(
                "Everything is archived first and read back. A second person has to approve this exact plan."
            ),
            danger=True,
            confirm=True,
        ),
        Move(
            verb="restore",
            title=gettext_lazy("Restore %(name)s on AWS"),
            button=gettext_lazy("Restore on AWS"),
            explain=gettext_lazy("The AWS side comes back from its archive, and all traffic goes to it."),
        ),
    )
}


@require_http_methods(["GET", "POST"])
@viewer
def plan_page(request: HttpRequest, address: str, verb: str) -> HttpResponse:
    """Show what an operation would do; on POST start it and go to its page."""
    function = find(address)
    if request.method == "GET":
        return _show(
            request, function, address, MOVES[verb], MoveForm(initial=_initial(request, function, verb))
        )
    if not may(request, Role.OPERATOR):
        raise PermissionDenied(role_refusal(Role.OPERATOR))
    form = MoveForm(request.POST)
    try:
        started = _start(request, function, MOVES[verb], form)
    except RuleError as error:
        return _show(request, find(address), address, MOVES[verb], form, refusal(error))
    return see_other(request, reverse("operation", args=[started.pk]))


@require_POST
@operator
def roll_back(request: HttpRequest, address: str) -> HttpResponse:
    """Go back to 100 % AWS at once: one click, never refused as stale."""
    function = find(address)
    reason = reason_of(request, _("From the page"))
    started = rollbacks.request(function.pk, actor=actor(request), reason=reason)
    return see_other(request, reverse("operation", args=[started.pk]))


@require_POST
@operator
def hold(request: HttpRequest, address: str) -> HttpResponse:
    """Stop going forward. The way back stays open."""
    function = find(address)
    shifting.hold(function.pk, actor=actor(request), reason=reason_of(request, _("From the page")))
    return see_other(request, reverse("function", args=[address]))


@require_POST
@operator
def resume(request: HttpRequest, address: str) -> HttpResponse:
    """Let it go forward again."""
    function = find(address)
    shifting.resume(function.pk, actor=actor(request), reason=reason_of(request, _("From the page")))
    return see_other(request, reverse("function", args=[address]))


@require_POST
@operator
def assess(request: HttpRequest, address: str) -> HttpResponse:
    """Judge the inventory's facts at once and show the findings."""
    function = find(address)
    assessment.assess(function.pk, actor=actor(request))
    return see_other(request, reverse("findings", args=[address]))


@require_http_methods(["GET", "POST"])
@viewer
def declare(request: HttpRequest, address: str) -> HttpResponse:
    """Take the side-effect contract down, with who says so and why."""
    function = find(address)
    initial = {"version": function.version, "effects": function.effects, "reason": function.effects_reason}
    form = DeclareForm(request.POST or None, initial=initial)
    why = None
    if request.method == "POST":
        if not may(request, Role.OPERATOR):
            raise PermissionDenied(role_refusal(Role.OPERATOR))
        try:
            given = _valid(form)
            deployment.declare(
                function.pk,
                effects=given["effects"],
                reason=given["reason"],
                actor=actor(request),
                expected_version=given["version"],
            )
            return see_other(request, reverse("function", args=[address]))
        except RuleError as error:
            why = refusal(error)
    context = {
        "function": function,
        "address": address,
        "form": form,
        "refusal": why,
        "section": "functions",
        "twins": list(function.twins.all()),
    }
    return _answer(request, "function/declare.html", "function/_declare.html", context, why)


@require_POST
@operator
def acknowledge_twin(request: HttpRequest, address: str, name: str) -> HttpResponse:
    """Accept that what FC writes to a one-way twin stays there."""
    function = find(address)
    twins.acknowledge(function.pk, name, reason=request.POST.get("reason", ""), actor=actor(request))
    return see_other(request, reverse("declare", args=[address]))


def _initial(request: HttpRequest, function: FunctionMigration, verb: str) -> Context:
    initial: Context = {"version": function.version, "key": fresh_key()}
    if verb == "shift":
        steps = verbs.ladder(function)
        asked = request.GET.get("to", "")
        fallback = verbs.next_weight(function, steps) or 10_000
        to_bp = min(10_000, int(asked)) if asked.isdigit() else fallback
        initial["weight"] = f"{to_bp / 100:g}"
    if verb == "rollback":
        initial["reason"] = _("From the page")
    return initial


def _start(request: HttpRequest, function: FunctionMigration, move: Move, form: MoveForm) -> Operation:
    given = _valid(form)
    common: dict[str, Any] = {"actor": actor(request), "reason": given["reason"]}
    if move.verb == "rollback":
        return rollbacks.request(function.pk, **common)
    if move.confirm and given["confirm"] != function.name:
        raise BadInput(
            _("Type the function's name, %(name)s, to say that you mean it. Nothing was done.")
            % {"name": function.name}
        )
    common |= {"expected_version": given["version"], "idempotency_key": given["key"]}
    if move.verb == "shift":
        if given["ladder"]:
            return shifting.start(function.pk, ladder=given["ladder"], **common)
        return shifting.start(function.pk, to_bp=_to_bp(given["weight"]), **common)
    if move.verb == "restore":
        common.pop("expected_version")
    starts: dict[str, Callable[..., Operation]] = {
        "deploy": deployment.start,
        "decommission": decommission.start,
        "restore": restoration.start,
    }
    return starts[move.verb](function.pk, **common)


def _to_bp(weight: Decimal | None) -> int:
    if weight is None:
        raise BadInput(_("Say how much of the traffic FC shall answer, from 0 to 100%. Nothing was done."))
    return round(weight * 100)


def _valid(form: Any) -> dict[str, Any]:
    """Give what was typed; raises BadInput with the first error."""
    if not form.is_valid():
        raise BadInput(form.first_error)
    return dict(form.cleaned_data)


def _plan(
    function: FunctionMigration, move: Move, to_bp: int
) -> tuple[Plan | None, tuple[guards.Guard, ...]]:
    """Give the plan and the guards that are not met."""
    try:
        match move.verb:
            case "shift":
                return shifting.plan(function, to_bp), guards.shift_reasons(function, to_bp)
            case "deploy":
                return deployment.plan(function), guards.deploy_reasons(function)
            case "decommission":
                return decommission.plan(function), guards.decommission_reasons(function)
            case "restore":
                return restoration.plan(function), ()
            case _:
                return rollbacks.plan(function), ()
    except (UnsafePlan, RuleError) as error:
        link = reverse("function", args=[function.name])
        return None, (guards.Guard(sentence=str(error), link_name=_("Function"), link=link),)


def _show(
    request: HttpRequest,
    function: FunctionMigration,
    address: str,
    move: Move,
    form: MoveForm,
    why: Refusal | None = None,
) -> HttpResponse:
    weight = form["weight"].value() if move.verb == "shift" else None
    try:
        to_bp = min(10_000, max(0, round(float(weight or 0) * 100)))
    except ValueError:
        to_bp = function.desired_weight_bp
    plan, reasons = _plan(function, move, to_bp)
    words = {"name": function.name, "before": share(function.desired_weight_bp), "after": share(to_bp)}
    steps = verbs.ladder(function) if move.verb == "shift" else ()
    context = {
        "function": function,
        "address": address,
        "move": move,
        "title": move.title % words,
        "button": move.button % words,
        "plan": plan,
        "plan_reasons": reasons,
        "form": form,
        "refusal": why,
        "to_bp": to_bp,
        "steps": steps,
        "ladder_text": ", ".join(f"{bp / 100:g}" for bp in steps if bp > function.desired_weight_bp),
        "key": fresh_key(),
        "section": "functions",
        "move_text": _("Move to {}%"),
        "range_text": _("{}% on FC"),
    }
    return _answer(request, "function/plan.html", "function/_plan.html", context, why)


def _answer(
    request: HttpRequest, page: str, fragment: str, context: Context, why: Refusal | None
) -> HttpResponse:
    """Render a page, or its fragment for a refused htmx form, with the refusal's status."""
    partial = bool(getattr(request, "htmx", False)) and request.method == "POST"
    return render(request, fragment if partial else page, context, status=why.status if why else 200)
