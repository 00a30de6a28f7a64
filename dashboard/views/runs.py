"""How is a validation going, and what does it show?"""

from __future__ import annotations

import statistics
import uuid
from collections.abc import Sequence
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from dashboard.access import operator, viewer
from dashboard.views.common import actor, see_other
from migrations_app.models import Run
from migrations_app.selectors import pairs as selector
from migrations_app.services import usage, validation

Durations = Sequence[tuple[float | None, float | None, bool]]


@require_GET
@viewer
def run(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """Show one validation; by htmx only what lives."""
    view = selector.run(key)
    if view is None:
        raise Http404(_("There is no such validation."))
    context = {
        "view": view,
        "run": view.run,
        "function": view.run.function,
        "address": f"{view.run.function.connection.name}:{view.run.function.name}",
        "percent": round(100 * view.run.done_pairs / max(1, view.run.wanted_pairs), 1),
        "open": view.run.state in ("pending", "running"),
        "shares": shares(view.run.outcomes),
        "plot": plot(view.durations),
        "quantiles": quantiles(view.durations),
        "used": _used(view.run),
        "used_together": usage.gb_seconds(view.run.usage),
        "section": "functions",
    }
    live = bool(getattr(request, "htmx", False))
    return render(request, "run/_live.html" if live else "run/run.html", context)


@require_POST
@operator
def cancel_run(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """Stop a validation; its pairs stay."""
    validation.cancel_run(key, actor=actor(request))
    return see_other(request, reverse("run", args=[key]))


def shares(outcomes: dict[str, int]) -> list[dict[str, Any]]:
    """Give the outcome bar: each outcome with its place and width in percent."""
    total = sum(outcomes.values()) or 1
    at, found = 0.0, []
    for name, n in sorted(outcomes.items(), key=lambda item: -item[1]):
        width = 100 * n / total
        found.append({"outcome": name, "n": n, "x": f"{at:.2f}%", "width": f"{width:.2f}%"})
        at += width
    return found


def plot(durations: Durations) -> dict[str, Any]:
    """Give points of AWS ms (x) against FC ms (y) on one scale, with the scale's end."""
    timed = [(aws or 0.0, fc or 0.0, counts) for aws, fc, counts in durations]
    top = max([value for aws, fc, _counts in timed for value in (aws, fc)], default=1.0) * 1.05 or 1.0
    dots = [
        {"x": f"{100 * aws / top:.2f}%", "y": f"{100 - 100 * fc / top:.2f}%", "bad": counts}
        for aws, fc, counts in timed
    ]
    return {"dots": dots, "top": top, "slower": sum(1 for aws, fc, _counts in timed if fc > aws)}


def quantiles(durations: Durations) -> list[tuple[str, float, float]]:
    """Give (name, AWS ms, FC ms) for the plot's table."""
    both = [sorted(one) for one in zip(*((aws or 0.0, fc or 0.0) for aws, fc, _ in durations), strict=True)]
    if not both:
        return []
    found = [(_("fastest"), both[0][0], both[1][0])]
    if len(both[0]) > 1:
        cuts = [statistics.quantiles(one, n=100, method="inclusive") for one in both]
        found += [(f"p{at}", cuts[0][at - 1], cuts[1][at - 1]) for at in (50, 90, 95, 99)]
    return [*found, (_("slowest"), both[0][-1], both[1][-1])]


def _used(run: Run) -> list[dict[str, Any]]:
    """Give requests and GB-seconds by side; empty before anything was billed."""
    names = (("primary", "AWS"), ("candidate", "FC"))
    return [{"cloud": name, **run.usage[side]} for side, name in names if side in run.usage]
