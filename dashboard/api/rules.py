"""Routes of rules: tried before they are saved, switched off and on, removed, with what each would change."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest
from ninja import Router, Schema
from pydantic import Field

from dashboard.api.roles import needs
from dashboard.api.shapes import Problem
from dashboard.views.common import find
from migrations_app.models import Rule
from migrations_app.selectors import rule_lists as selectors
from migrations_app.services import history, rules, rules_trials
from migrations_app.services.people import Role

router = Router()
PROBLEMS = {403: Problem, 404: Problem, 409: Problem, 422: Problem}


class RuleTriedIn(Schema):
    """A rule that is only tried. ``kind``: ignore, pattern, mask, shape, tolerance, unordered or keyed."""

    kind: str
    pointer: str = Field(max_length=200)
    value: str = Field(default="", max_length=200)


class RuleIn(RuleTriedIn):
    """A rule to save."""

    name: str = Field(min_length=1, max_length=80)
    reason: str = Field(min_length=1, max_length=400)
    everywhere: bool = False


class WhyIn(Schema):
    """Why."""

    reason: str = Field(default="", max_length=400)


class ReasonIn(Schema):
    """Why; it has to be said."""

    reason: str = Field(min_length=1, max_length=400)


@router.get("/rules", response={200: list[dict[str, Any]], **PROBLEMS}, summary="All rules")
def all_rules(request: HttpRequest, retired: bool = False) -> list[dict[str, Any]]:
    """Every rule that holds, and with ``retired`` also those that were switched off; five hundred at most."""
    needs(request, Role.VIEWER)
    return [_listed(row) for row in selectors.listing() if retired or row.rule.retired_at is None]


@router.get("/functions/{address}/rules", response={200: dict[str, Any], **PROBLEMS}, summary="Rules")
def list_rules(request: HttpRequest, address: str) -> dict[str, Any]:
    """The rules that hold for a function, and how far its stored pairs were compared anew."""
    needs(request, Role.VIEWER)
    function = find(address)
    return {
        "rules": [_listed(row) for row in selectors.holding_for(function)],
        "history": history.document(history.state_of(function.pk)),
    }


@router.post(
    "/functions/{address}/rules/try", response={200: dict[str, Any], **PROBLEMS}, summary="Try a rule"
)
def try_rule(request: HttpRequest, address: str, body: RuleTriedIn) -> dict[str, Any]:
    """Say what a rule would hide among the newest stored pairs, and the verdict then; nothing is saved."""
    needs(request, Role.VIEWER)
    tried = rules_trials.preview(
        find(address), name="this rule", kind=body.kind, pointer=body.pointer, value=body.value
    )
    return rules_trials.preview_document(tried)


@router.post("/functions/{address}/rules", response={200: dict[str, Any], **PROBLEMS}, summary="Save a rule")
def add_rule(request: HttpRequest, address: str, body: RuleIn) -> dict[str, Any]:
    """Accept a difference; stored pairs are compared anew."""
    actor = needs(request, Role.OPERATOR)
    row = rules.add(
        None if body.everywhere else find(address).pk,
        name=body.name,
        kind=body.kind,
        pointer=body.pointer,
        value=body.value,
        reason=body.reason,
        actor=actor,
    )
    return rules.document(row)


@router.get("/rules/{key}", response={200: dict[str, Any], **PROBLEMS}, summary="One rule")
def one_rule(request: HttpRequest, key: int) -> dict[str, Any]:
    """A rule, and what switching it off (or on again) would change for each function that it holds for."""
    needs(request, Role.VIEWER)
    row = selectors.rule(key)
    if row is None:
        raise Http404(f"There is no rule {key}.")
    effects = [
        {"function": one.function.name, **rules_trials.preview_document(one.tried)}
        for one in rules_trials.effects(row)
    ]
    return rules.document(row) | {"if_switched": effects}


@router.post("/rules/{key}/retire", response={200: dict[str, Any], **PROBLEMS}, summary="Retire a rule")
def retire_rule(request: HttpRequest, key: int, body: WhyIn) -> dict[str, Any]:
    """Switch it off; stored pairs are compared anew."""
    actor = needs(request, Role.OPERATOR)
    return rules.document(rules.retire(key, actor=actor, reason=body.reason))


@router.post("/rules/{key}/restore", response={200: dict[str, Any], **PROBLEMS}, summary="Restore a rule")
def restore_rule(request: HttpRequest, key: int, body: ReasonIn) -> dict[str, Any]:
    """Switch it on again; stored pairs are compared anew."""
    actor = needs(request, Role.OPERATOR)
    return rules.document(rules.restore(key, actor=actor, reason=body.reason))


@router.delete("/rules/{key}", response={200: dict[str, Any], **PROBLEMS}, summary="Remove a rule")
def remove_rule(request: HttpRequest, key: int, reason: str = "") -> dict[str, Any]:
    """Take it out of all lists; the trail keeps what it was. Stored pairs are compared anew if it held."""
    actor = needs(request, Role.OPERATOR)
    removed = rules.remove(key, actor=actor, reason=reason[:400])
    return rules.document(removed) | {"id": key}


def _listed(row: selectors.Listed) -> dict[str, Any]:
    rule: Rule = row.rule
    function = rule.function.name if rule.function else None
    return rules.document(rule) | {"function": function, "hides": row.hides}
