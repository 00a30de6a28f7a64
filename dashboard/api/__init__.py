"""The REST API under /api/v1/: the same nouns and verbs as the pages, with token authentication."""

from dashboard.api.assessment import router
from dashboard.api.comparison import router as comparison
from dashboard.api.routes import api

api.add_router("", router)
api.add_router("", comparison)

__all__ = ["api"]
