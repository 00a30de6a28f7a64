"""One page of a listing: rows, common prefixes, where the next page begins."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """``last`` is the last name (key or common prefix) of the page; ``cut`` tells that more follows."""

    keys: list[str]
    prefixes: list[str]
    last: str
    cut: bool


def page_of(ordered: Sequence[str], *, prefix: str, delimiter: str, after: str, most: int) -> Page:
    """Give a page of keys that are in the order of their bytes.

    Args:
        after: only names behind this one are given.
        most: how many names, prefixes included, a page may have.
    """
    keys: list[str] = []
    prefixes: list[str] = []
    last = after
    begin = max(prefix.encode(), after.encode())
    at = bisect.bisect_left(ordered, begin, key=str.encode)
    while at < len(ordered) and ordered[at].startswith(prefix):
        key = ordered[at]
        head, found, _ = key[len(prefix) :].partition(delimiter) if delimiter else ("", "", "")
        folder = prefix + head + delimiter if found else ""
        name = folder or key
        at = _behind(ordered, folder, at) if folder else at + 1
        if name == after:
            continue
        if len(keys) + len(prefixes) >= most:
            return Page(keys=keys, prefixes=prefixes, last=last, cut=True)
        last = name
        (prefixes if folder else keys).append(name)
    return Page(keys=keys, prefixes=prefixes, last=last, cut=False)


def _behind(ordered: Sequence[str], folder: str, at: int) -> int:
    """Give the index of the first key from ``at`` on that is not in the folder."""
    while at < len(ordered) and ordered[at].startswith(folder):
        at += 1
    return at
