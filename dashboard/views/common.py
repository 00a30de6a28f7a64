"""What several views need: finding a function by its address, and answers that work with and without htmx."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from dashboard.errors import Ambiguous
from migrations_app.models import FunctionMigration
from migrations_app.selectors import function as functions
from migrations_app.selectors.functions import suggestions


def find(address: str) -> FunctionMigration:
    """Give the function at an address (NAME or CONNECTION:NAME).

    Raises Http404 with near names, or Ambiguous.
    """
    found = functions.named(address)
    if len(found) == 1:
        return found[0]
    if found:
        raise Ambiguous(found)
    near = ", ".join(suggestions(address))
    sentence = _("There is no function named “%(name)s”.") % {"name": address}
    hint = (
        _("Near names: %(names)s.") % {"names": near}
        if near
        else _("Sync the connection, or check the name.")
    )
    raise Http404(f"{sentence} {hint}")


def see_other(request: HttpRequest, url: str) -> HttpResponse:
    """Send the browser on: 303 for a plain form, a client redirect for htmx."""
    if getattr(request, "htmx", False):
        return HttpResponseClientRedirect(url)
    response = HttpResponseRedirect(url)
    response.status_code = 303
    return response


def fresh_key() -> str:
    """Give a key that makes a form count once, however often it is sent."""
    return uuid.uuid4().hex


def actor(request: HttpRequest) -> str:
    """Give the name that stands in the audit trail."""
    return request.user.get_username()


def reason_of(request: HttpRequest, default: str = "") -> str:
    """Give the reason that was typed."""
    return (request.POST.get("reason") or default).strip()[:400]


Context = dict[str, Any]
