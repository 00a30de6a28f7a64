"""How two lists are set side by side: by index, as multisets, or by a field of their elements."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import orjson

from cutover.comparison.body import Canonical, fast_canonical

CHUNK = 16
"""List elements that are compared at once while they are equal."""

Alignment = tuple[list[tuple[int, int]], list[int], list[int]]
"""Index pairs whose elements differ, indices only in the primary, indices only in the candidate."""


def aligned(primary: list[Any], candidate: list[Any], canonical: Canonical) -> Alignment:
    """Align two lists: by index, after equal ends are set aside where the lengths differ."""
    shorter = min(len(primary), len(candidate))
    if len(primary) == len(candidate):
        head, tail = 0, 0
    else:
        head = _equal_head(primary, candidate, shorter, canonical)
        tail = 0
        while tail < shorter - head and not differ(primary[-1 - tail], candidate[-1 - tail], canonical):
            tail += 1
    middle = shorter - tail
    pairs = [
        (index, index) for index in range(head, middle) if differ(primary[index], candidate[index], canonical)
    ]
    return pairs, list(range(middle, len(primary) - tail)), list(range(middle, len(candidate) - tail))


def _equal_head(primary: list[Any], candidate: list[Any], shorter: int, canonical: Canonical) -> int:
    head = 0
    while head < shorter and not differ(primary[head], candidate[head], canonical):
        head += 1
    return head


def differ(primary: Any, candidate: Any, canonical: Canonical) -> bool:
    """Tell whether two values differ, strictly by type. Cheap where ``==`` already says so."""
    kind = type(primary)
    if kind is not type(candidate):
        return True
    if kind is dict or kind is list:
        return bool(primary != candidate) or canonical(primary) != canonical(candidate)
    return bool(primary != candidate)


def is_reordered(primary: list[Any], candidate: list[Any], indices: list[int], canonical: Canonical) -> bool:
    """Tell whether the elements at ``indices`` are the same on both sides, in another order."""
    left = [primary[index] for index in indices]
    right = [candidate[index] for index in indices]
    if left[0] not in right:
        return False
    # Keys mostly stand in one order on both sides, and unsorted is faster.
    quick = canonical is fast_canonical and _are_permuted(left, right, orjson.dumps)
    return quick or _are_permuted(left, right, canonical)


def _are_permuted(left: list[Any], right: list[Any], write: Callable[[Any], bytes]) -> bool:
    # One side's forms are never kept: holding both at once costs four times as much, in page faults.
    ours = Counter(map(write, left))
    for form in map(write, right):
        if not ours[form]:
            return False
        ours[form] -= 1
    return True


def as_multisets(primary: list[Any], candidate: list[Any], canonical: Canonical) -> Alignment:
    """Set aside what both lists hold, wherever it stands; the rest is paired in its order."""
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


def by_field(primary: list[Any], candidate: list[Any], field: str, canonical: Canonical) -> Alignment | None:
    """Pair elements by the value of a field. All pairs are given, also those whose elements are equal.

    None when it cannot be done: an element without the field, or two elements with the same value.
    """
    left, right = _keys(primary, field, canonical), _keys(candidate, field, canonical)
    if left is None or right is None:
        return None
    pairs = [(index, right[key]) for key, index in left.items() if key in right]
    missing = [index for key, index in left.items() if key not in right]
    extra = [index for key, index in right.items() if key not in left]
    return pairs, missing, extra


def _keys(elements: list[Any], field: str, canonical: Canonical) -> dict[bytes, int] | None:
    keys = {
        canonical(element[field]): index
        for index, element in enumerate(elements)
        if isinstance(element, dict) and field in element
    }
    return keys if len(keys) == len(elements) else None
