"""Who did what and why; connections, policies and people."""

from __future__ import annotations

import csv
import io

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cutover.errors import BadInput, RuleError
from dashboard.access import approver, operator, viewer
from dashboard.errors import refusal
from dashboard.forms import ConnectionForm, PolicyForm
from dashboard.views.common import actor, reason_of, see_other
from migrations_app.models import Connection, Policy
from migrations_app.selectors import audit as trail
from migrations_app.services import audit as chain
from migrations_app.services import connections as services
from migrations_app.services.people import role_of

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@require_GET
@viewer
def audit(request: HttpRequest) -> HttpResponse:
    """Show who did what and why, with the check of the hash chain on top."""
    found, before = trail.page(before=request.GET.get("before", ""), who=request.GET.get("who", ""))
    whole, sentence = chain.verify()
    context = {"entries": found, "before": before, "whole": whole, "sentence": sentence, "section": "audit"}
    return render(request, "audit/audit.html", context)


@require_GET
@viewer
def audit_csv(request: HttpRequest) -> HttpResponse:
    """Give the whole trail as CSV; no cell can become a formula."""
    written = io.StringIO()
    sheet = csv.writer(written)
    sheet.writerow(["id", "at", "actor", "verb", "function", "reason", "digest"])
    for entry in trail.everything():
        cells = [
            entry.pk,
            entry.at.isoformat(),
            entry.actor,
            entry.verb,
            entry.function.name if entry.function else "",
            entry.reason,
            entry.digest,
        ]
        sheet.writerow([escaped(str(cell)) for cell in cells])
    response = HttpResponse(written.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="audit.csv"'
    return response


@require_http_methods(["GET", "POST"])
@viewer
def connections(request: HttpRequest) -> HttpResponse:
    """Show connections with what their checks found; a POST adds or changes one."""
    form = ConnectionForm(request.POST or None)
    why = None
    if request.method == "POST":
        try:
            _save_connection(request, form)
            return see_other(request, reverse("connections"))
        except RuleError as error:
            why = refusal(error)
    found = Connection.objects.select_related("counterpart").order_by("name")
    context = {
        "connections": found,
        "form": form,
        "refusal": why,
        "section": "settings",
        "tab": "connections",
    }
    return render(request, "settings/connections.html", context, status=why.status if why else 200)


@operator
def _save_connection(request: HttpRequest, form: ConnectionForm) -> HttpResponse:
    if not form.is_valid():
        raise BadInput(form.first_error)
    given = form.cleaned_data
    services.save(
        name=given["name"],
        cloud=given["cloud"],
        region=given["region"],
        account_id=given["account_id"],
        authentication=given["authentication"],
        authentication_names=form.authentication_names,
        endpoints=_known_endpoints(given["name"]),
        proxy=given["proxy"],
        counterpart_name=given["counterpart_name"],
        actor=actor(request),
    )
    return HttpResponse()


def _known_endpoints(name: str) -> dict[str, str]:
    """Keep the endpoints of a connection that exists: the form does not ask for them."""
    return Connection.objects.filter(name=name).values_list("endpoints", flat=True).first() or {}


@require_POST
@operator
def check_connection(request: HttpRequest, key: int) -> HttpResponse:
    """Ask a worker to check identity and permissions."""
    services.request_check(get_object_or_404(Connection, pk=key), actor=actor(request))
    return see_other(request, reverse("connections"))


@require_POST
@operator
def sync_connection(request: HttpRequest, key: int) -> HttpResponse:
    """Ask a worker to read the inventory."""
    services.request_sync(get_object_or_404(Connection, pk=key), actor=actor(request))
    return see_other(request, reverse("connections"))


@require_GET
@viewer
def policies(request: HttpRequest) -> HttpResponse:
    """Show what must hold before a function moves on."""
    row = Policy.objects.order_by("pk").first() or Policy()
    context = {"form": PolicyForm(instance=row), "policy": row, "section": "settings", "tab": "policies"}
    return render(request, "settings/policies.html", context)


@require_POST
@approver
def save_policies(request: HttpRequest) -> HttpResponse:
    """Change the defaults; the trail keeps what they were."""
    row = Policy.objects.order_by("pk").first() or Policy()
    form = PolicyForm(request.POST, instance=row)
    if not form.is_valid():
        name, errors = next(iter(form.errors.items()))
        raise BadInput(f"{form.fields[name].label}: {errors[0]}")
    detail = {name: [form.initial.get(name), form.cleaned_data[name]] for name in form.changed_data}
    form.save()
    chain.record(actor=actor(request), verb="policy:changed", reason=reason_of(request), detail=detail)
    return see_other(request, reverse("policies"))


@require_GET
@viewer
def people(request: HttpRequest) -> HttpResponse:
    """Show who may do what."""
    found = [(user, role_of(user)) for user in User.objects.prefetch_related("groups").order_by("username")]
    return render(request, "settings/people.html", {"people": found, "section": "settings", "tab": "people"})


def escaped(cell: str) -> str:
    """Give a cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell
