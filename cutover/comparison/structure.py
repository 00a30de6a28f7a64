"""Where two JSON values differ, by JSON pointer.

Theory of operation: ``==`` prunes what is equal at the speed of C, in chunks for lists, so that time is spent
only along the paths that lead to a difference, and a pointer is built only there. But ``==`` takes 1, 1.0 and
true for equal. So what was pruned is collected on both sides, and at the end the two collections are written
out once and compared as bytes, which is strict. Only if they differ the walk is done again, this time strict
at every step.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import orjson

from cutover.comparison.acceptance import Acceptance
from cutover.comparison.body import Canonical, exact_canonical, fast_canonical
from cutover.comparison.lists import CHUNK, Alignment, aligned, as_multisets, by_field, differ, is_reordered
from cutover.comparison.model import Kind
from cutover.comparison.pointers import below, is_generated

ABSENT: Any = object()
"""Stands for a side that has nothing at a place."""

LONG_TAIL = 50
"""More list elements than this on one side only are said as one difference in length."""
MAX_PLACES = 50_000
"""Beyond this many places the walk stops and says so: 6 MB of numbers would be a million differences."""
GENERATED_KEY = "generated key"
"""Keys such as uuids, of which each side made its own."""


class Place(NamedTuple):
    """One place where the values differ.

    ``rule`` names an order that a person accepted; ``noise`` says why it is known to be noise.
    A tuple and not a dataclass: thousands are made where every element of a list differs.
    """

    pointer: str
    kind: Kind
    primary: Any
    candidate: Any
    rule: str = ""
    noise: str = ""


def differing_places(
    primary: Any, candidate: Any, acceptance: Acceptance, *, exact: bool = False
) -> list[Place]:
    """Give the places where two values differ; they may be equal. Pointers are the same if sides swap.

    Args:
        exact: a value may hold what ``orjson`` does not carry (long integers, NaN).
    """
    if not exact:
        walk = _Walk(fast_canonical, acceptance, strict=False)
        walk.values(primary, candidate, "")
        if walk.was_right():
            return walk.all_places(primary, candidate)
    walk = _Walk(exact_canonical if exact else fast_canonical, acceptance, strict=True)
    walk.values(primary, candidate, "")
    return walk.all_places(primary, candidate)


class _Walk:
    """One descent through two values, which collects places."""

    __slots__ = ("_acceptance", "_canonical", "_left", "_places", "_right", "_shaped", "_strict")

    def __init__(self, canonical: Canonical, acceptance: Acceptance, *, strict: bool) -> None:
        self._places: list[Place] = []
        self._canonical = canonical
        self._acceptance = acceptance
        self._shaped = acceptance.has_shapes
        self._strict = strict
        self._left: list[Any] = []
        self._right: list[Any] = []

    def was_right(self) -> bool:
        """Tell whether all that ``==`` called equal is so by type, too."""
        try:
            return orjson.dumps(self._left) == orjson.dumps(self._right) or (
                fast_canonical(self._left) == fast_canonical(self._right)
            )
        except orjson.JSONEncodeError:  # The two lists are one level deeper than what they hold.
            return False

    def all_places(self, primary: Any, candidate: Any) -> list[Place]:
        """Give what was found; when it was too much, the last place says so."""
        if len(self._places) <= MAX_PLACES:
            return self._places
        more = Place("", "length", _size(primary), _size(candidate))
        return [*self._places[:MAX_PLACES], more]

    def _same(self, primary: Any, candidate: Any) -> bool:
        """Tell whether two containers that are ``==`` are so by type; unless strict, settled later."""
        if self._strict:
            return self._canonical(primary) == self._canonical(candidate)
        self._left.append(primary)
        self._right.append(candidate)
        return True

    def values(self, primary: Any, candidate: Any, pointer: str) -> None:
        """Collect the places of two values that are not known to be equal."""
        kind = type(primary)
        if kind is not type(candidate):
            self._places.append(Place(pointer, "type", primary, candidate))
        elif kind is dict:
            self._objects(primary, candidate, pointer)
        elif kind is list:
            self._lists(primary, candidate, pointer)
        elif primary != candidate and not _both_nan(primary, candidate):
            self._places.append(Place(pointer, "value", primary, candidate))

    def _objects(self, primary: Mapping[str, Any], candidate: Mapping[str, Any], pointer: str) -> None:
        if len(self._places) > MAX_PLACES:
            return
        add, find, strict = self._places.append, candidate.get, self._strict
        same_keys = len(primary) == len(candidate)
        for key, value in primary.items():
            other = find(key, ABSENT)
            if value is other:
                continue
            kind = type(value)
            if kind is type(other):
                if value == other:
                    if kind is not dict and kind is not list:
                        continue
                    if not strict:
                        self._left.append(value)
                        self._right.append(other)
                        continue
                    if self._same(value, other):
                        continue
                if kind is str or kind is int or (kind is float and value == value):
                    add(Place(below(pointer, key), "value", value, other))
                else:
                    self.values(value, other, below(pointer, key))
            elif other is ABSENT:
                same_keys = False
            else:
                add(Place(below(pointer, key), "type", value, other))
        if not same_keys:
            self._keys(primary, candidate, pointer)

    def _keys(self, primary: Mapping[str, Any], candidate: Mapping[str, Any], pointer: str) -> None:
        missing = [key for key in primary if key not in candidate]
        extra = [key for key in candidate if key not in primary]
        noise = ""
        if len(missing) == len(extra) and all(map(is_generated, missing)) and all(map(is_generated, extra)):
            noise = GENERATED_KEY
            self._generated(primary, candidate, missing, extra, pointer)
        self._places += [
            Place(below(pointer, key), "missing", primary[key], ABSENT, noise=noise) for key in missing
        ]
        self._places += [
            Place(below(pointer, key), "extra", ABSENT, candidate[key], noise=noise) for key in extra
        ]

    def _generated(
        self,
        primary: Mapping[str, Any],
        candidate: Mapping[str, Any],
        missing: list[str],
        extra: list[str],
        pointer: str,
    ) -> None:
        """Compare what stands under keys that each side made by itself: equal values first, then in order."""
        left, right = [primary[key] for key in missing], [candidate[key] for key in extra]
        pairs, _, _ = as_multisets(left, right, self._canonical)
        for one, other in pairs:
            self.values(left[one], right[other], below(pointer, min(missing[one], extra[other])))

    def _lists(self, primary: list[Any], candidate: list[Any], pointer: str) -> None:
        if len(self._places) > MAX_PLACES:
            return
        if self._shaped:
            if rule := self._acceptance.unordered(pointer):
                self._unordered(primary, candidate, pointer, rule)
                return
            if keyed := self._acceptance.keyed(pointer):
                found = by_field(primary, candidate, keyed.value, self._canonical)
                if found is not None:
                    self._keyed(primary, candidate, found, pointer, keyed.name)
                    return
        if len(primary) == len(candidate):
            indices = self._differing(primary, candidate)
            if len(indices) > 1 and is_reordered(primary, candidate, indices, self._canonical):
                self._places.append(Place(pointer, "order", primary, candidate))
                return
            for index in indices:
                one, other = primary[index], candidate[index]
                if type(one) is dict and type(other) is dict:
                    self._objects(one, other, f"{pointer}/{index}")
                else:
                    self.values(one, other, f"{pointer}/{index}")
            return
        self._pairs(primary, candidate, aligned(primary, candidate, self._canonical), pointer)

    def _pairs(self, primary: list[Any], candidate: list[Any], alignment: Alignment, pointer: str) -> None:
        pairs, missing, extra = alignment
        for left, right in pairs:
            self.values(primary[left], candidate[right], f"{pointer}/{min(left, right)}")
        self._places += _tail(primary, candidate, missing, extra, pointer)

    def _differing(self, primary: list[Any], candidate: list[Any]) -> list[int]:
        """Give the indices at which two lists of one length differ; what is pruned is settled later."""
        if self._strict:
            both = enumerate(zip(primary, candidate, strict=True))
            return [index for index, (one, other) in both if differ(one, other, self._canonical)]
        found: list[int] = []
        for start in range(0, len(primary), CHUNK):
            left, right = primary[start : start + CHUNK], candidate[start : start + CHUNK]
            if left != right:
                differing = [place for place, one in enumerate(left) if one != right[place]]
                found += [start + place for place in differing]
                for place in reversed(differing):
                    del left[place], right[place]
            self._left.append(left)
            self._right.append(right)
        return found

    def _unordered(self, primary: list[Any], candidate: list[Any], pointer: str, rule: str) -> None:
        alignment = as_multisets(primary, candidate, self._canonical)
        if any(alignment):
            self._pairs(primary, candidate, alignment, pointer)
        else:
            self._order(primary, candidate, pointer, rule)

    def _keyed(
        self, primary: list[Any], candidate: list[Any], found: Alignment, pointer: str, rule: str
    ) -> None:
        pairs, missing, extra = found
        if any(left != right for left, right in pairs) and not (missing or extra):
            self._order(primary, candidate, pointer, rule)
        self._pairs(primary, candidate, found, pointer)

    def _order(self, primary: list[Any], candidate: list[Any], pointer: str, rule: str) -> None:
        if primary != candidate:
            self._places.append(Place(pointer, "order", primary, candidate, rule))


def _both_nan(primary: Any, candidate: Any) -> bool:
    return isinstance(primary, float) and math.isnan(primary) and math.isnan(candidate)


def _tail(
    primary: list[Any], candidate: list[Any], missing: list[int], extra: list[int], pointer: str
) -> Iterator[Place]:
    if len(missing) + len(extra) > LONG_TAIL:
        yield Place(pointer, "length", _size(primary), _size(candidate))
        return
    for index in missing:
        yield Place(f"{pointer}/{index}", "missing", primary[index], ABSENT)
    for index in extra:
        yield Place(f"{pointer}/{index}", "extra", ABSENT, candidate[index])


def _size(value: Any) -> str:
    if isinstance(value, list):
        return f"{len(value)} elements"
    return f"{len(value)} members" if isinstance(value, dict) else "one value"
