"""What an invocation leaves around it: objects, messages, rows; and the twins that hold them."""

from cutover.effects.changes import Held, Mark, changes, content_of
from cutover.effects.messages import said
from cutover.effects.model import (
    CONTENT_LIMIT_BYTES,
    DECLARED,
    LATE,
    TEXT_LIMIT,
    UNREAD,
    Effect,
    EffectKind,
    Twin,
    TwinKind,
    TwinState,
)
from cutover.effects.naming import Names

__all__ = [
    "CONTENT_LIMIT_BYTES",
    "DECLARED",
    "LATE",
    "TEXT_LIMIT",
    "UNREAD",
    "Effect",
    "EffectKind",
    "Held",
    "Mark",
    "Names",
    "Twin",
    "TwinKind",
    "TwinState",
    "changes",
    "content_of",
    "said",
]
