"""What is accepted of a function, what varies by itself, and a rule tried before it is saved."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from cutover.errors import BadInput
from dashboard.access import operator, viewer
from dashboard.forms import RuleForm, TriedRuleForm
from dashboard.views.common import Context, actor, find, reason_of, see_other
from dashboard.words import RULES
from migrations_app.models import FunctionMigration
from migrations_app.selectors import function as functions
from migrations_app.services import history, noise, rules, rules_trials


@require_GET
@viewer
def function_rules(request: HttpRequest, address: str) -> HttpResponse:
    """Show a function's rules and noise; by htmx only how far its history has come."""
    function = find(address)
    if getattr(request, "htmx", False):
        return render(request, "rules/_history.html", {"history": history.state_of(function.pk), "oob": True})
    drafted = {name: request.GET[name][:200] for name in ("kind", "pointer", "value") if name in request.GET}
    form = RuleForm(initial=drafted)
    return render(request, "rules/function.html", _context(function, address, form))


@require_POST
@viewer
def try_rule(request: HttpRequest, address: str) -> HttpResponse:
    """Show what a rule would hide among the newest pairs; nothing is saved."""
    function = find(address)
    form = TriedRuleForm(request.POST)
    if not form.is_valid():
        raise BadInput(form.first_error)
    given = form.cleaned_data
    name = given["name"] or _("this rule")
    tried = rules_trials.preview(
        function, name=name, kind=given["kind"], pointer=given["pointer"], value=given["value"]
    )
    if getattr(request, "htmx", False):
        return render(request, "rules/_tried.html", {"tried": tried})
    return render(request, "rules/function.html", _context(function, address, form) | {"tried": tried})


@require_POST
@operator
def add_rule(request: HttpRequest, address: str) -> HttpResponse:
    """Save a rule; stored pairs are compared anew."""
    function = find(address)
    form = RuleForm(request.POST)
    if not form.is_valid():
        raise BadInput(form.first_error)
    given = form.cleaned_data
    rules.add(
        None if given["everywhere"] else function.pk,
        name=given["name"],
        kind=given["kind"],
        pointer=given["pointer"],
        value=given["value"],
        reason=given["reason"],
        actor=actor(request),
    )
    messages.success(request, _("The rule is saved. Stored pairs are compared anew."))
    return see_other(request, reverse("function-rules", args=[address]))


@require_POST
@operator
def forget_noise(request: HttpRequest, address: str) -> HttpResponse:
    """Forget one field that was learned as noise, or all of them."""
    function = find(address)
    noise.forget(
        function.pk,
        actor=actor(request),
        name=request.POST.get("field", "")[:240],
        reason=reason_of(request, _("From the page")),
    )
    return see_other(request, reverse("function-rules", args=[address]))


def _context(function: FunctionMigration, address: str, form: RuleForm) -> Context:
    return {
        "function": function,
        "address": address,
        "tab": "rules",
        "section": "functions",
        "rules": functions.rules_for(function),
        "form": form,
        "kinds": RULES.items(),
        "history": history.state_of(function.pk),
        "noise": noise.evidence(function),
    }
