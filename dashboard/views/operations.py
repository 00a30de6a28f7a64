"""Operations: what is done, what is next, what can be undone; and the second person's yes."""

from __future__ import annotations

import uuid

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from cutover.errors import BadInput
from dashboard import sentences
from dashboard.access import approver, viewer
from dashboard.forms import ReasonForm
from dashboard.views.common import actor, see_other
from migrations_app.models import Operation
from migrations_app.selectors import operations as selector
from migrations_app.services import approvals


@require_GET
@viewer
def listing(request: HttpRequest) -> HttpResponse:
    """Show operations, newest first."""
    found, before = selector.page(before=request.GET.get("before", ""), state=request.GET.get("state", ""))
    context = {
        "operations": found,
        "before": before,
        "section": "operations",
        "state": request.GET.get("state", ""),
    }
    return render(request, "operation/operations.html", context)


@require_GET
@viewer
def detail(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """Show one operation; by htmx only what lives."""
    operation = _operation(key)
    actions = list(operation.actions.order_by("position"))
    done = sum(1 for action in actions if action.state in ("done", "skipped", "undone"))
    context = {
        "operation": operation,
        "actions": actions,
        "done": done,
        "done_percent": round(100 * done / len(actions)) if actions else 0,
        "outcome": sentences.outcome(operation),
        "waiting": next((action.waiting_for for action in actions if action.waiting_for), ""),
        "own": operation.asked_by == actor(request),
        "section": "operations",
        "function": operation.function,
    }
    live = bool(getattr(request, "htmx", False))
    return render(request, "operation/_live.html" if live else "operation/operation.html", context)


@require_POST
@approver
def approve(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """Say yes to exactly this plan, as a second person."""
    operation = _operation(key)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        raise BadInput(form.first_error)
    approvals.approve(operation.pk, actor=actor(request), reason=form.cleaned_data["reason"])
    return see_other(request, reverse("operation", args=[operation.pk]))


def _operation(key: uuid.UUID) -> Operation:
    found = selector.operation(key)
    if found is None:
        raise Http404(_("There is no such operation. The list has them all."))
    return found
