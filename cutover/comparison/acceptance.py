"""Rules made ready: which differences did a person accept?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import re2

from cutover.comparison.model import Rule
from cutover.errors import BadInput

LOGS = "logs"


class Acceptance:
    """The rules of one comparison, compiled.

    Raises:
        BadInput: when a pattern or a tolerance cannot be read; the message names the rule.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._ignored = [(_segments(rule.pointer), rule) for rule in rules if rule.kind == "ignore"]
        self._unordered = [(_segments(rule.pointer), rule) for rule in rules if rule.kind == "unordered"]
        self._valued = [
            (_segments(rule.pointer), rule, _Mask(rule) if rule.kind == "mask" else _Tolerance(rule))
            for rule in rules
            if rule.kind in ("mask", "tolerance")
        ]
        self.empty = not rules

    def unordered(self, pointer: str) -> str:
        """Give the name of the rule that lets the list at ``pointer`` come in any order, or nothing."""
        if not self._unordered:
            return ""
        place = pointer.split("/")
        return next((rule.name for segments, rule in self._unordered if _covers(segments, place)), "")

    def accepts(self, pointer: str, primary: Any, candidate: Any) -> str:
        """Give the name of the rule that accepts these two values at ``pointer``, or nothing."""
        if self.empty:
            return ""
        place = pointer.split("/")
        for segments, rule in self._ignored:
            if _covers(segments, place[: len(segments)]):
                return rule.name
        for segments, rule, accepted in self._valued:
            if _covers(segments, place) and accepted(primary, candidate):
                return rule.name
        return ""

    def masks_log_line(self, primary: str, candidate: str) -> str:
        """Give the name of the rule that makes two log lines equal, or nothing."""
        return next(
            (
                rule.name
                for segments, rule, accepted in self._valued
                if rule.kind == "mask" and segments == [LOGS] and accepted(primary, candidate)
            ),
            "",
        )


def _segments(pointer: str) -> list[str]:
    return pointer.split("/")


def _covers(segments: Sequence[str], place: Sequence[str]) -> bool:
    return len(segments) == len(place) and all(
        wanted in ("*", found) for wanted, found in zip(segments, place, strict=True)
    )


class _Mask:
    """Equal once every match of the rule's pattern is blanked on both sides."""

    def __init__(self, rule: Rule) -> None:
        try:
            self._compiled = re2.compile(rule.value)
        except re2.error as error:
            raise BadInput(f"Rule '{rule.name}': its pattern cannot be read.") from error

    def __call__(self, primary: Any, candidate: Any) -> bool:
        if not (isinstance(primary, str) and isinstance(candidate, str)):
            return False
        return bool(self._compiled.sub("", primary) == self._compiled.sub("", candidate))


class _Tolerance:
    """Two numbers no further apart than the rule's number, or its share of the larger one."""

    def __init__(self, rule: Rule) -> None:
        text = rule.value.strip()
        try:
            number = float(text.removesuffix("%"))
        except ValueError:
            raise BadInput(f"Rule '{rule.name}': its tolerance must be a number or a share (1%).") from None
        self._share, self._absolute = (number / 100, 0.0) if text.endswith("%") else (0.0, number)

    def __call__(self, primary: Any, candidate: Any) -> bool:
        if any(
            isinstance(value, bool) or not isinstance(value, int | float) for value in (primary, candidate)
        ):
            return False
        allowed = self._absolute or self._share * max(abs(primary), abs(candidate))
        return bool(abs(primary - candidate) <= allowed)
