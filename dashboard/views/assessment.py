"""What a function needs before it runs on FC: findings, waivers, the map of its triggers, generated code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from cutover.errors import BadInput
from cutover.planning.marks import Form
from dashboard.access import operator, viewer
from dashboard.forms import ReasonForm
from dashboard.views.common import actor, find, see_other
from dashboard.views.functions import tab
from dashboard.words import CODE_FORMS
from migrations_app.models import FunctionMigration
from migrations_app.selectors import assessment as selectors
from migrations_app.services import assessment as services
from migrations_app.services import target_code

SCAFFOLD, DIFF = "scaffold", "scaffold.diff"
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
    return see_other(request, reverse("findings", args=[address]))


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
    return see_other(request, reverse("findings", args=[address]))


@require_GET
@viewer
def triggers(request: HttpRequest, address: str) -> HttpResponse:
    """Show each trigger beside its counterpart on FC, and what is lost on the way."""
    function = find(address)
    context = tab(function, address, "triggers") | {"rows": selectors.trigger_map(function)}
    return render(request, "assessment/triggers.html", context)


@require_GET
@viewer
def code(request: HttpRequest, address: str) -> HttpResponse:
    """Show the target as code, what is not in it first; or the scaffold of the function's own code."""
    function = find(address)
    form = request.GET.get("form", "")
    asked = form if form in CODE_FORMS else Form.TERRAFORM.value
    context = tab(function, address, "code") | {"form": asked, "forms": CODE_FORMS}
    if asked == SCAFFOLD:
        return render(
            request, "assessment/scaffold.html", context | {"made": target_code.scaffolded(function)}
        )
    try:
        context["made"] = target_code.generated(function, Form(asked))
    except BadInput as error:
        context["refused"] = str(error)
    return render(request, "assessment/code.html", context)


@require_GET
@viewer
def download(request: HttpRequest, address: str, form: str, path: str) -> HttpResponse:
    """Give one generated file as an attachment."""
    text = _files(find(address), form).get(path)
    if text is None:
        raise Http404(_("Nothing is generated under this name. Open the page again: it may have changed."))
    answer = HttpResponse(text, content_type="text/plain; charset=utf-8")
    answer["Content-Disposition"] = content_disposition_header(True, path.replace("/", "-"))
    return answer


def _files(function: FunctionMigration, form: str) -> Mapping[str, str]:
    """Give path -> text of a form; empty when it is no form, or nothing can be generated."""
    if form == SCAFFOLD:
        made = target_code.scaffolded(function)
        return {**made.files, DIFF: made.diff} if made and made.diff else {}
    try:
        return target_code.generated(function, Form(form)).files if form in list(Form) else {}
    except BadInput:
        return {}


def _given(request: HttpRequest) -> dict[str, Any]:
    """Give the reason and the version that was seen; raises BadInput with the first error."""
    form = ReasonForm(request.POST)
    if not form.is_valid():
        raise BadInput(form.first_error)
    return dict(form.cleaned_data)
