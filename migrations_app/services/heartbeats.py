"""Signs of life of `watch` and of the workers."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from migrations_app.models import ProcessHeartbeat

ALIVE_WITHIN = dt.timedelta(seconds=10)


def beat(name: str, *, trouble: str = "") -> None:
    """Write down that the process ``name`` works now, and what it could not do."""
    ProcessHeartbeat.objects.update_or_create(
        name=name, defaults={"at": timezone.now(), "trouble": trouble[:400]}
    )


def down(*, now: dt.datetime | None = None) -> tuple[str, ...]:
    """Give the processes that have not said anything lately, `watch` first; one that never did is down."""
    since = (now or timezone.now()) - ALIVE_WITHIN
    alive = set(ProcessHeartbeat.objects.filter(at__gte=since).values_list("name", flat=True))
    return tuple(name for name in ("watch", "work", "rollback") if name not in alive)
