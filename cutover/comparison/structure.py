"""Where two JSON values differ, by JSON pointer.

Theory of operation: equal subtrees are pruned by their type-strict bytes, in chunks for lists, so that time
is spent only along the paths that lead to a difference. A pointer is built only on such a path.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from cutover.comparison.acceptance import Acceptance
from cutover.comparison.body import Canonical, binary, read
from cutover.comparison.model import Kind

ABSENT: Any = object()
"""Stands for a side that has nothing at a place."""

CHUNK = 16
LONG_TAIL = 50
"""More list elements than this on one side only are said as one difference in length."""


class Place(NamedTuple):
    """One place where the values differ. ``rule`` names an order that a person accepted.

    A tuple and not a dataclass: thousands are made where every element of a list differs.
    """

    pointer: str
    kind: Kind
    primary: Any
    candidate: Any
    rule: str = ""


def differing_places(
    primary: Any, candidate: Any, canonical: Canonical, acceptance: Acceptance
) -> list[Place]:
    """Give the places where two values differ; they may be equal. Pointers are the same if sides swap."""
    walk = _Walk(canonical, acceptance)
    walk.values(primary, candidate, "")
    return walk.places


class _Walk:
    """One descent through two values, which collects places."""

    __slots__ = ("_acceptance", "_canonical", "places")

    def __init__(self, canonical: Canonical, acceptance: Acceptance) -> None:
        self.places: list[Place] = []
        self._canonical = canonical
        self._acceptance = acceptance

    def values(self, primary: Any, candidate: Any, pointer: str) -> None:
        kind = type(primary)
        if kind is not type(candidate):
            self.places.append(Place(pointer, "type", primary, candidate))
        elif kind is dict:
            self._objects(primary, candidate, pointer)
        elif kind is list:
            self._lists(primary, candidate, pointer)
        elif primary != candidate and not _both_nan(primary, candidate):
            self.places.append(Place(pointer, "value", primary, candidate))

    def _objects(self, primary: Mapping[str, Any], candidate: Mapping[str, Any], pointer: str) -> None:
        canonical = self._canonical
        for key, value in primary.items():
            other = candidate.get(key, ABSENT)
            if value == other and (kind := type(value)) is type(other):
                if (kind is not dict and kind is not list) or canonical(value) == canonical(other):
                    continue
            elif other is ABSENT:
                self.places.append(Place(below(pointer, key), "missing", value, ABSENT))
                continue
            self.values(value, other, below(pointer, key))
        if candidate.keys() != primary.keys():
            self.places += [
                Place(below(pointer, key), "extra", ABSENT, value)
                for key, value in candidate.items()
                if key not in primary
            ]

    def _lists(self, primary: list[Any], candidate: list[Any], pointer: str) -> None:
        canonical = self._canonical
        rule = self._acceptance.unordered(pointer)
        pairs, missing, extra = (
            _as_multisets(primary, candidate, canonical) if rule else aligned(primary, candidate, canonical)
        )
        if rule and not (pairs or missing or extra):
            self.places.append(Place(pointer, "order", primary, candidate, rule))
        elif not rule and _is_reordered(primary, candidate, pairs, canonical):
            self.places.append(Place(pointer, "order", primary, candidate))
        else:
            for left, right in pairs:
                self.values(primary[left], candidate[right], f"{pointer}/{min(left, right)}")
            self.places += _tail(primary, candidate, missing, extra, pointer)


def _both_nan(primary: Any, candidate: Any) -> bool:
    return isinstance(primary, float) and math.isnan(primary) and math.isnan(candidate)


def _differ(primary: Any, candidate: Any, canonical: Canonical) -> bool:
    """Tell whether two values differ, strictly by type. Cheap where ``==`` already says so."""
    kind = type(primary)
    if kind is not type(candidate):
        return True
    if kind is dict or kind is list:
        return bool(primary != candidate) or canonical(primary) != canonical(candidate)
    return bool(primary != candidate)


def below(pointer: str, key: str | int) -> str:
    """Give the pointer one segment further down (RFC 6901)."""
    if isinstance(key, str) and ("~" in key or "/" in key):
        key = key.replace("~", "~0").replace("/", "~1")
    return f"{pointer}/{key}"


# ----------------------------------------------------------------------------------------------- lists


def _tail(
    primary: list[Any], candidate: list[Any], missing: list[int], extra: list[int], pointer: str
) -> Iterator[Place]:
    if len(missing) + len(extra) > LONG_TAIL:
        yield Place(pointer, "length", f"{len(primary)} elements", f"{len(candidate)} elements")
        return
    for index in missing:
        yield Place(f"{pointer}/{index}", "missing", primary[index], ABSENT)
    for index in extra:
        yield Place(f"{pointer}/{index}", "extra", ABSENT, candidate[index])


Alignment = tuple[list[tuple[int, int]], list[int], list[int]]
"""Index pairs whose elements differ, indices only in the primary, indices only in the candidate."""


def aligned(primary: list[Any], candidate: list[Any], canonical: Canonical) -> Alignment:
    """Align two lists: by index, after equal ends are set aside where the lengths differ."""
    if len(primary) == len(candidate):
        return _differing_indices(primary, candidate, canonical), [], []
    shorter = min(len(primary), len(candidate))
    head = 0
    while head < shorter and not _differ(primary[head], candidate[head], canonical):
        head += 1
    tail = 0
    while tail < shorter - head and not _differ(primary[-1 - tail], candidate[-1 - tail], canonical):
        tail += 1
    middle = shorter - tail
    pairs = [
        (index, index)
        for index in range(head, middle)
        if _differ(primary[index], candidate[index], canonical)
    ]
    return pairs, list(range(middle, len(primary) - tail)), list(range(middle, len(candidate) - tail))


def _differing_indices(
    primary: list[Any], candidate: list[Any], canonical: Canonical
) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for start in range(0, len(primary), CHUNK):
        left, right = primary[start : start + CHUNK], candidate[start : start + CHUNK]
        if left == right and canonical(left) == canonical(right):
            continue
        found += [
            (start + offset, start + offset)
            for offset, (one, other) in enumerate(zip(left, right, strict=True))
            if _differ(one, other, canonical)
        ]
    return found


def _is_reordered(
    primary: list[Any], candidate: list[Any], pairs: list[tuple[int, int]], canonical: Canonical
) -> bool:
    if len(primary) != len(candidate) or len(pairs) < 2:
        return False
    first = primary[pairs[0][0]]
    if not any(first == candidate[right] for _, right in pairs):
        return False
    ours = Counter(canonical(primary[left]) for left, _ in pairs)
    for _, right in pairs:
        form = canonical(candidate[right])
        if not ours[form]:
            return False
        ours[form] -= 1
    return True


def _as_multisets(primary: list[Any], candidate: list[Any], canonical: Canonical) -> Alignment:
    left = [canonical(value) for value in primary]
    right = [canonical(value) for value in candidate]
    only_left, only_right = _without(left, Counter(right)), _without(right, Counter(left))
    paired = min(len(only_left), len(only_right))
    return (
        list(zip(only_left[:paired], only_right[:paired], strict=True)),
        only_left[paired:],
        only_right[paired:],
    )


def _without(forms: list[bytes], others: Counter[bytes]) -> list[int]:
    rest: list[int] = []
    for index, form in enumerate(forms):
        if others[form]:
            others[form] -= 1
        else:
            rest.append(index)
    return rest


# ------------------------------------------------------------------------------------------- envelopes


def unwrapped(primary: Any, candidate: Any) -> tuple[Any, Any]:
    """Give two values with API Gateway envelopes opened, if both are envelopes.

    Header names become lower case, a body that is JSON on both sides becomes that JSON, and a body in base64
    becomes its length and hash. Source: API Gateway Lambda proxy integration, response format.
    """
    if not (_is_envelope(primary) and _is_envelope(candidate)):
        return primary, candidate
    left, right = _opened(primary), _opened(candidate)
    bodies = _json_body(left), _json_body(right)
    if bodies[0] is not ABSENT and bodies[1] is not ABSENT:
        left["body"], right["body"] = bodies
    return left, right


def _is_envelope(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and "statusCode" in value
        and bool(value.keys() & {"body", "headers", "multiValueHeaders", "isBase64Encoded", "cookies"})
    )


def _opened(envelope: Mapping[str, Any]) -> dict[str, Any]:
    opened = dict(envelope)
    for name in ("headers", "multiValueHeaders"):
        if isinstance(headers := opened.get(name), dict):
            opened[name] = {key.lower(): value for key, value in headers.items()}
    body = opened.get("body")
    if opened.get("isBase64Encoded") is True and isinstance(body, str):
        try:
            opened["body"] = binary(base64.b64decode(body, validate=True))
        except (binascii.Error, ValueError):
            opened["body"] = body
    return opened


def _json_body(envelope: Mapping[str, Any]) -> Any:
    text = envelope.get("body")
    if not isinstance(text, str) or not text.lstrip().startswith(("{", "[")):
        return ABSENT
    body = read(text.encode("utf-8", "surrogatepass"))
    return body.value if body.form == "json" and not body.exact else ABSENT
