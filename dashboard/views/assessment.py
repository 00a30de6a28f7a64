"""What a function needs before it runs on FC: findings, waivers, the map of its triggers."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from cutover.errors import BadInput
from dashboard.access import operator, viewer
from dashboard.forms import ReasonForm
from dashboard.views.common import actor, find, see_other
from dashboard.views.functions import tab
from migrations_app.selectors import assessment as selectors
from migrations_app.services import assessment as services

SEVERITIES = ("blocker", "warn", "ok", "waived")


@require_GET
@viewer
def findings(request: HttpRequest, address: str) -> HttpResponse:
    """Show what assessment found, blockers first, with the readiness and the checklist."""
    function = find(address)
    severity = request.GET.get("severity", "")
    asked = severity if severity in SEVERITIES else ""
    shown = selectors.assessment_page(function, severity=asked)
    context = tab(function, address, "findings") | {"shown": shown, "severity": asked}
    return render(request, "function/findings.html", context)


@require_POST
@operator
def waive(request: HttpRequest, address: str, identity: str) -> HttpResponse:
    """Set a finding aside with a reason."""
    given = _given(request)
    services.waive(
        find(address).pk,
        identity,
        reason=given["reason"],
        actor=actor(request),
        expected_version=given["version"],
    )
    return see_other(request, f"{reverse('findings', args=[address])}#waived")


@require_POST
@operator
def unwaive(request: HttpRequest, address: str, identity: str) -> HttpResponse:
    """Let a finding count again."""
    given = _given(request)
    services.withdraw_waiver(
        find(address).pk,
        identity,
        reason=given["reason"],
        actor=actor(request),
        expected_version=given["version"],
    )
    return see_other(request, f"{reverse('findings', args=[address])}#f-{identity}")


@require_GET
@viewer
def triggers(request: HttpRequest, address: str) -> HttpResponse:
    """Show each trigger beside its counterpart on FC, and what is lost on the way."""
    function = find(address)
    context = tab(function, address, "triggers") | {"rows": selectors.trigger_map(function)}
    return render(request, "assessment/triggers.html", context)


def _given(request: HttpRequest) -> dict[str, Any]:
    """Give the reason and the version that was seen; raises BadInput with the first error."""
    form = ReasonForm(request.POST)
    if not form.is_valid():
        raise BadInput(form.first_error)
    return dict(form.cleaned_data)
