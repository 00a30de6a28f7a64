"""What acts: Celery shells, steps on clouds, and ``watch``. The only place that names concrete clouds is
``workers.wiring``."""

from workers.celery import app as celery_app

__all__ = ["celery_app"]
