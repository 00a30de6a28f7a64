"""Expected side effects: what an event must leave in the twins, on each side alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Protocol

from cutover.errors import BadInput

KINDS = (
    "object-written",
    "object-deleted",
    "message-sent",
    "row-inserted",
    "row-updated",
    "row-deleted",
)
MOST = 50
_NAMES = frozenset({"kind", "twin", "key"})


class Seen(Protocol):
    """An effect that was seen."""

    @property
    def kind(self) -> str: ...
    @property
    def twin(self) -> str: ...
    @property
    def key(self) -> str: ...


def checked(effects: Any) -> tuple[Mapping[str, str], ...]:
    """Give expected effects: objects {"kind", "twin"?, "key"?}; ``*`` and ``?`` in a key stand for anything.

    Raises BadInput when they are not.
    """
    if not isinstance(effects, Sequence) or isinstance(effects, str) or len(effects) > MOST:
        raise BadInput(f"has expected effects that are no list of at most {MOST}")
    return tuple(_checked(one) for one in effects)


def _checked(effect: Any) -> Mapping[str, str]:
    if not isinstance(effect, Mapping) or not set(effect) <= _NAMES:
        raise BadInput('has an expected effect that is not {"kind", "twin", "key"}')
    if effect.get("kind") not in KINDS:
        raise BadInput(f"has an expected effect of no known kind: it is one of {', '.join(KINDS)}")
    if not all(
        isinstance(value, str) and len(value) <= 1024 and "\x00" not in value for value in effect.values()
    ):
        raise BadInput("has an expected effect whose twin or key is no text")
    return {name: effect[name] for name in ("kind", "twin", "key") if effect.get(name)}


def lacking(expected: Sequence[Mapping[str, str]], seen: Sequence[Seen]) -> tuple[Mapping[str, str], ...]:
    """Give the expected effects that were not seen; each effect that was seen stands for one of them."""
    left = list(seen)
    missing = []
    for one in expected:
        found = next((effect for effect in left if _fits(one, effect)), None)
        if found is None:
            missing.append(one)
        else:
            left.remove(found)
    return tuple(missing)


def _fits(expected: Mapping[str, str], seen: Seen) -> bool:
    return (
        expected["kind"] == seen.kind
        and expected.get("twin") in (None, seen.twin)
        and fnmatchcase(seen.key, expected.get("key", "*"))
    )
