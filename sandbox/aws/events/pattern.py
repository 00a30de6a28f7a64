"""EventBridge's patterns, as rules and event source mappings use them; the matching is moto's."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from moto.events.models import EventPattern


@lru_cache(maxsize=256)
def _parsed(pattern: str) -> EventPattern:
    return EventPattern.load(pattern)


def matches(pattern: str, event: Mapping[str, Any]) -> bool:
    """Tell whether an event fits a pattern, which is JSON text that was accepted before."""
    return bool(_parsed(pattern).matches_event(dict(event)))
