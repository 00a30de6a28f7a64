"""What people read when something cannot be done. The one place where rule errors become answers.

409: the state does not allow it (stale click, operation running, guard, phase). 422: bad input.
A request by htmx gets a fragment that is put beside the button; any other gets a page.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _

from cutover.errors import BadInput, GuardNotMet, OperationRunning, RuleError, StaleState
from migrations_app.models import FunctionMigration


class Ambiguous(Exception):
    """Several connections have a function of this name; the reader chooses."""

    def __init__(self, found: list[FunctionMigration]) -> None:
        self.found = found
        super().__init__()


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """Why something was not done: HTTP status, a title, one sentence or several reasons."""

    status: int
    title: str
    sentence: str
    reasons: tuple[str, ...] = ()


def refusal(error: RuleError) -> Refusal:
    """Give what a person reads for a rule's error."""
    match error:
        case BadInput():
            return Refusal(status=422, title=_("This input cannot be used"), sentence=str(error))
        case GuardNotMet():
            title = _("Not possible yet. Nothing was done.")
            return Refusal(status=409, title=title, sentence="", reasons=error.reasons)
        case StaleState():
            return Refusal(status=409, title=_("Somebody was faster. Nothing was done."), sentence=str(error))
        case OperationRunning():
            title = _("Another operation is running. Nothing was done.")
            return Refusal(status=409, title=title, sentence=str(error))
        case _:
            return Refusal(status=409, title=_("Not possible now. Nothing was done."), sentence=str(error))


class RefusalMiddleware:
    """Answers ``RuleError`` and, for htmx, ``PermissionDenied`` from any view."""

    sync_capable = True
    async_capable = True

    def __init__(
        self, get_response: Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]
    ) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Pass the request on; errors come through ``process_exception``."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Give the answer for errors that are ours, None for all others."""
        if isinstance(error, RuleError):
            return refused(request, refusal(error))
        if isinstance(error, Ambiguous):
            context = {"found": error.found, "section": "functions"}
            return render(request, "function/choose.html", context, status=300)
        if isinstance(error, PermissionDenied) and getattr(request, "htmx", False):
            title = _("You may not do this")
            return refused(request, Refusal(status=403, title=title, sentence=str(error)))
        return None


def refused(request: HttpRequest, why: Refusal) -> HttpResponse:
    """Render a refusal as a fragment or as a page."""
    name = "_refusal.html" if getattr(request, "htmx", False) else "errors/refused.html"
    return render(request, name, {"refusal": why}, status=why.status)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 403 with the sentence that was raised."""
    sentence = str(exception) or _("You may not see this page.")
    return _page(request, 403, _("You may not do this"), sentence)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 404 with what was looked for."""
    given = exception.args[0] if exception.args and isinstance(exception.args[0], str) else ""
    sentence = given or _("There is nothing at this address. It may have been mistyped, or be gone.")
    return _page(request, 404, _("Not found"), sentence)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 400."""
    return _page(request, 400, _("The request was not understood"), _("Go back and send the form again."))


def forgery(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form without our token: the session ended, or the form is not ours."""
    sentence = _("This form is no longer valid, since the login changed. Load the page again and repeat it.")
    return _page(request, 403, _("Nothing was done"), sentence)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500 without touching the database, which may be what failed."""
    return render(
        None,
        "errors/broken.html",
        {
            "title": _("Cutover could not answer"),
            "sentence": _(
                "Something failed on our side and was written to the log. "
                "Traffic is not touched by this: a rollback works from a shell at any time."
            ),
        },
        status=500,
    )


def _page(request: HttpRequest, status: int, title: str, sentence: str) -> HttpResponse:
    context = {"refusal": Refusal(status=status, title=title, sentence=sentence)}
    return render(request, "errors/refused.html", context, status=status)
