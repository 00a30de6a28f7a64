"""Signs of life of `watch` and of the workers."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from migrations_app.models import ProcessHeartbeat

ALIVE_WITHIN = {
    "watch": dt.timedelta(seconds=10),
    "work": dt.timedelta(seconds=60),
    "rollback": dt.timedelta(seconds=60),
}
"""Process -> how long it may be silent. Workers speak between two tasks only, `watch` all the time."""


def beat(name: str, *, trouble: str = "") -> None:
    """Write down that the process ``name`` works now, and what it could not do."""
    ProcessHeartbeat.objects.update_or_create(
        name=name, defaults={"at": timezone.now(), "trouble": trouble[:400]}
    )


def down(*, now: dt.datetime | None = None) -> tuple[str, ...]:
    """Give the processes that have not said anything lately, `watch` first; one that never did is down."""
    now = now or timezone.now()
    seen = dict(ProcessHeartbeat.objects.values_list("name", "at"))
    return tuple(name for name, limit in ALIVE_WITHIN.items() if name not in seen or now - seen[name] > limit)
