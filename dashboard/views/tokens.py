"""A person's own tokens for the REST API: made, shown once, revoked."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from cutover.errors import BadInput, RuleError
from dashboard.access import viewer
from dashboard.errors import refusal
from dashboard.forms import TokenForm
from dashboard.views.common import actor, see_other
from migrations_app.services import tokens
from migrations_app.services.people import role_of


@require_http_methods(["GET", "POST"])
@viewer
def own(request: HttpRequest) -> HttpResponse:
    """Show the tokens of whoever looks; a POST makes one and shows it this once."""
    owner: Any = request.user
    form = TokenForm(request.POST or None, held=role_of(owner))
    made, why = None, None
    if request.method == "POST":
        try:
            if not form.is_valid():
                raise BadInput(form.first_error)
            given = form.cleaned_data
            made = tokens.issue(
                owner,
                name=given["name"],
                role=given["role"] or None,
                days=given["days"],
                actor=actor(request),
            )
            form = TokenForm(held=role_of(owner))
        except RuleError as error:
            why = refusal(error)
    context = {
        "tokens": tokens.of(owner),
        "form": form,
        "made": made,
        "refusal": why,
        "section": "settings",
        "tab": "tokens",
    }
    response = render(request, "settings/tokens.html", context, status=why.status if why else 200)
    if made:
        response["Cache-Control"] = "no-store"
    return response


@require_POST
@viewer
def revoke(request: HttpRequest, key: int) -> HttpResponse:
    """Stop one's own token."""
    owner: Any = request.user
    row = tokens.revoke(owner, key, actor=actor(request))
    messages.success(request, _("The token “%(name)s” is revoked.") % {"name": row.name})
    return see_other(request, reverse("tokens"))
