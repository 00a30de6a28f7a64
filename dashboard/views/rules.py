"""What is accepted: rules of a function or of all, tried before they are saved and shown before they go."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from cutover.comparison.volatile import SHAPE_WORDS
from cutover.errors import BadInput
from dashboard.access import operator, viewer
from dashboard.forms import RuleForm, TriedRuleForm
from dashboard.views.common import Context, actor, find, reason_of, see_other
from dashboard.words import RULE_HELP, RULES
from migrations_app.models import FunctionMigration, Rule
from migrations_app.selectors import rule_lists
from migrations_app.services import history, rules, rules_trials


@require_GET
@viewer
def listing(request: HttpRequest) -> HttpResponse:
    """Show every rule with its author, reason and what it hides, those that hold first."""
    return render(request, "rules/rules.html", {"rules": rule_lists.listing(), "section": "rules"})


@require_GET
@viewer
def detail(request: HttpRequest, key: int) -> HttpResponse:
    """Show one rule, and what switching it off or on again would change."""
    row = _found(key)
    context = {
        "rule": row,
        "hides": rule_lists.hides(row),
        "effects": rules_trials.effects(row),
        "section": "rules",
    }
    return render(request, "rules/rule.html", context)


@require_POST
@operator
def retire(request: HttpRequest, key: int) -> HttpResponse:
    """Switch a rule off: the difference counts again."""
    row = rules.retire(key, actor=actor(request), reason=reason_of(request, _("From the page")))
    messages.success(request, _("The rule is switched off. Stored pairs are compared anew."))
    return see_other(request, _home_of(row))


@require_POST
@operator
def restore(request: HttpRequest, key: int) -> HttpResponse:
    """Switch a rule on again."""
    row = rules.restore(key, actor=actor(request), reason=reason_of(request))
    messages.success(request, _("The rule holds again. Stored pairs are compared anew."))
    return see_other(request, _home_of(row))


@require_POST
@operator
def remove(request: HttpRequest, key: int) -> HttpResponse:
    """Take a rule out of all lists."""
    row = rules.remove(key, actor=actor(request), reason=reason_of(request, _("From the page")))
    messages.success(request, _("The rule is removed. The audit trail keeps what it was."))
    return see_other(request, _home_of(row))


@require_GET
@viewer
def function_rules(request: HttpRequest, address: str) -> HttpResponse:
    """Show a function's rules; by htmx only how far its history has come."""
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


def _context(function: FunctionMigration, address: str, form: RuleForm) -> Context:
    return {
        "function": function,
        "address": address,
        "tab": "rules",
        "part": "rules",
        "section": "functions",
        "rules": rule_lists.holding_for(function),
        "form": form,
        "kinds": RULES.items(),
        "kinds_explained": [(RULES[word], *RULE_HELP[word]) for word in RULES],
        "shapes": SHAPE_WORDS,
        "history": history.state_of(function.pk),
    }


def _found(key: int) -> Rule:
    row = rule_lists.rule(key)
    if row is None:
        raise Http404(
            _("There is no such rule. It may have been removed; the audit trail keeps what it was.")
        )
    return row


def _home_of(row: Rule) -> str:
    """Give the page that a person comes from: the function's rules, or all of them."""
    if row.function is None:
        return reverse("rules")
    return reverse("function-rules", args=[f"{row.function.connection.name}:{row.function.name}"])
