"""Logging in and out, the language, the theme, and the sign of life."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import login, logout
from django.contrib.auth.forms import AuthenticationForm
from django.db import DatabaseError, connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import check_for_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from dashboard.context import THEMES
from migrations_app.services import people

BACKEND = "dashboard.backends.RoleBackend"
YEAR_S = 31_536_000


def log_in(request: HttpRequest) -> HttpResponse:
    """Show the login card; on the right password go where the reader wanted to."""
    form = AuthenticationForm(request, data=request.POST or None)
    if request.method == "POST" and form.is_valid():
        login(request, form.get_user())
        return redirect(_next(request))
    context = {"form": form, "next": _next(request)}
    return render(request, "session/login.html", context, status=422 if request.method == "POST" else 200)


@require_GET
def demo_log_in(request: HttpRequest, token: str) -> HttpResponse:
    """Log the person of a demo link in, as often as it is opened."""
    person = people.demo_user(token)
    if person is None:
        raise Http404(_("This login link is not valid. A running demo prints links that are."))
    login(request, person, backend=BACKEND)
    return redirect("portfolio")


@require_POST
def log_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    logout(request)
    return redirect("login")


@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    """Remember the language in a cookie."""
    response = redirect(_next(request))
    language = request.POST.get("language", "")
    if check_for_language(language):
        response.set_cookie(settings.LANGUAGE_COOKIE_NAME, language, max_age=YEAR_S, samesite="Lax")
    return response


@require_POST
def choose_theme(request: HttpRequest) -> HttpResponse:
    """Remember the theme in a cookie; none means as the system has it."""
    response = redirect(_next(request))
    theme = request.POST.get("theme", "")
    if theme in THEMES:
        response.set_cookie("theme", theme, max_age=YEAR_S, samesite="Lax", httponly=True)
    else:
        response.delete_cookie("theme")
    return response


@require_GET
def healthz(request: HttpRequest) -> HttpResponse:
    """Say whether this process and its database answer. Redis is no part of it: pages work without."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return JsonResponse({"ok": False, "database": False}, status=503)
    return JsonResponse({"ok": True, "database": True})


def _next(request: HttpRequest) -> str:
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if safe else "/"
