"""The REST API under /api/v1/: the same nouns and verbs as the pages, with token authentication."""

from dashboard.api.assessment import router
from dashboard.api.routes import api

api.add_router("", router)

__all__ = ["api"]
