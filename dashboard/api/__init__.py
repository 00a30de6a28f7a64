"""The REST API under /api/v1/: the same nouns and verbs as the pages, with token authentication."""

from dashboard.api.assessment import router
from dashboard.api.comparison import router as comparison
from dashboard.api.drafts import router as drafts
from dashboard.api.noise import router as noise
from dashboard.api.routes import api
from dashboard.api.rules import router as rules
from dashboard.api.runs import router as runs
from dashboard.api.suites import router as suites
from dashboard.api.tokens import router as tokens

api.add_router("", router)
api.add_router("", comparison)
api.add_router("", rules)
api.add_router("", noise)
api.add_router("", tokens)
api.add_router("", suites)
api.add_router("", drafts)
api.add_router("", runs)

__all__ = ["api"]
