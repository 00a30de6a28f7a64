"""How does the move stand, and what needs me now?"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from dashboard import histogram
from dashboard.access import viewer
from dashboard.progress import draw
from migrations_app.selectors import portfolio as portfolios
from migrations_app.selectors.assessment import portfolio_readiness


@require_GET
@viewer
def portfolio(request: HttpRequest) -> HttpResponse:
    """Show the portfolio; by htmx only its live regions."""
    state = portfolios.portfolio()
    context = {
        "portfolio": state,
        "progress": draw(state.progress),
        "readiness": histogram.draw(portfolio_readiness()),
        "section": "portfolio",
    }
    live = getattr(request, "htmx", False)
    return render(request, "portfolio/_live.html" if live else "portfolio/portfolio.html", context)
