"""Two looks at a resource, before and after an invocation, and what changed between them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from cutover.effects.model import TEXT_LIMIT, Effect, EffectKind


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """One thing that a resource holds: an object or a row.

    ``stamp`` differs whenever it was written again: hash and time of an object, hash of a row. ``content`` is
    None while it was not read.
    """

    stamp: str
    size: int | None = None
    content: bytes | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """What a probe saw before an invocation: key -> what was held, and for messages those that were there.

    ``strays``: messages that waited in a shadow queue and were taken out of it: an earlier call's, sent late.
    ``fresh``: keys that were written so lately that writing them again with equal content could not be seen.
    """

    held: Mapping[str, Held] = field(default_factory=dict)
    messages: frozenset[str] = frozenset()
    strays: int = 0
    fresh: frozenset[str] = frozenset()


Kinds = tuple[EffectKind, EffectKind, EffectKind]
"""What it is called when something appears, is written again, and disappears."""


def changes(
    twin: str,
    before: Mapping[str, Held],
    after: Mapping[str, Held],
    kinds: Kinds,
    *,
    read: Callable[[str], bytes | None] | None = None,
) -> tuple[Effect, ...]:
    """Give what changed, by key.

    Args:
        read: gives the content of a key that appeared or was written again, where ``Held`` has none; None for
            content that is too large to be read.
    """
    appeared, written, gone = kinds
    found = [Effect(kind=gone, twin=twin, key=key) for key in before if key not in after]
    for key, held in after.items():
        earlier = before.get(key)
        if earlier is not None and earlier.stamp == held.stamp:
            continue
        content = held.content if held.content is not None else read(key) if read else None
        kind = appeared if earlier is None else written
        found.append(content_of(kind, twin, key, content, size=held.size))
    return tuple(sorted(found, key=lambda effect: (effect.key, effect.kind)))


def content_of(
    kind: EffectKind, twin: str, key: str, content: bytes | None, *, size: int | None = None
) -> Effect:
    """Give an effect with its content: hashed, and as text when it is UTF-8 that can be printed."""
    if content is None:
        return Effect(kind=kind, twin=twin, key=key, size=size)
    return Effect(
        kind=kind,
        twin=twin,
        key=key,
        size=len(content) if size is None else size,
        digest=hashlib.sha256(content).hexdigest(),
        text=_text(content),
    )


def _text(content: bytes) -> str:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return ""
    return "" if "\x00" in text else text[:TEXT_LIMIT]
