"""The REST API under /api/v1/: the same nouns and verbs as the pages, with token authentication."""

from dashboard.api.routes import api

__all__ = ["api"]
