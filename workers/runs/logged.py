"""Events for a suite out of the function's own logs on AWS."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from cutover.suites import Entry, entry_of, events_in, shape_of
from migrations_app.models import FunctionMigration
from workers import wiring

MOST_HOURS = 24 * 30
MESSAGES = 20_000
"""Messages read at most, so that a busy function costs no hour of paging."""


def logged_entries(function: FunctionMigration, *, hours: float, at_most: int) -> list[Entry]:
    """Give the events that the function wrote down when it was called, each once. Raises CloudError."""
    now = timezone.now()
    messages = wiring.primary(function.connection).logs.window(
        function.name, since=now - dt.timedelta(hours=hours), until=now, at_most=MESSAGES
    )
    events = events_in(messages, at_most=at_most)
    return [
        entry_of({"title": f"logged {shape_of(event)} {number}", "event": event, "tags": ["logs"]})
        for number, event in enumerate(events, 1)
    ]
