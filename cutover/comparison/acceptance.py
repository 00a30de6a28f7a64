"""Rules made ready: which differences did a person accept?

Pointers of rules become anchored expressions over escaped segments, and patterns that people write run in a
linear-time engine (re2), so that no rule can make a comparison hang.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Any

import re2

from cutover.comparison.model import Rule
from cutover.comparison.pointers import ANY
from cutover.comparison.volatile import SHAPE_WORDS, is_shape
from cutover.errors import BadInput

LOGS = "logs"
EFFECTS = "effects/"
"""How the pointer of a rule on effects begins."""
_Accepts = Callable[[Any, Any], bool]


class Acceptance:
    """The rules of one comparison, compiled.

    Raises:
        BadInput: when a pattern, a shape, a field or a tolerance cannot be read; the message names the rule.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        answers = [rule for rule in rules if rule.pointer != LOGS and not rule.pointer.startswith(EFFECTS)]
        self._ignored = _Places([rule for rule in answers if rule.kind == "ignore"], below=True)
        self._unordered = _Places([rule for rule in answers if rule.kind == "unordered"])
        self._keyed = _Places([_with_field(rule) for rule in answers if rule.kind == "keyed"])
        self._patterns = [
            (_Places([rule], below=True), rule, _pattern(rule)) for rule in answers if rule.kind == "pattern"
        ]
        self._valued = [
            (_Places([rule]), rule, _VALUED[rule.kind](rule)) for rule in answers if rule.kind in _VALUED
        ]
        lines = [rule for rule in rules if rule.pointer == LOGS]
        self._line_masks = [(rule, _mask(rule)) for rule in lines if rule.kind == "mask"]
        self._line_patterns = [(rule, _pattern(rule)) for rule in lines if rule.kind == "pattern"]
        self.empty = not answers
        self.has_shapes = any(rule.kind in ("unordered", "keyed") for rule in answers)

    def unordered(self, pointer: str) -> str:
        """Give the name of the rule that lets the list at ``pointer`` come in any order, or nothing."""
        rule = self._unordered.covering(pointer)
        return rule.name if rule else ""

    def keyed(self, pointer: str) -> Rule | None:
        """Give the rule that pairs the elements of the list at ``pointer`` by a field, if any."""
        return self._keyed.covering(pointer)

    def accepts(self, pointer: str, primary: Any, candidate: Any) -> str:
        """Give the name of the rule that accepts these two values at ``pointer``, or nothing."""
        if self.empty:
            return ""
        if rule := self._ignored.covering(pointer):
            return rule.name
        for places, rule, pattern in self._patterns:
            if places.covering(pointer) and pattern.search(pointer):
                return rule.name
        for places, rule, accepted in self._valued:
            if places.covering(pointer) and accepted(primary, candidate):
                return rule.name
        return ""

    def masks_log_line(self, primary: str, candidate: str) -> str:
        """Give the name of the rule that makes two log lines equal, or nothing."""
        for rule, accepted in self._line_masks:
            if accepted(primary, candidate):
                return rule.name
        return next((name for one in (primary, candidate) if (name := self.ignores_log_line(one))), "")

    def ignores_log_line(self, line: str) -> str:
        """Give the name of the rule whose pattern finds something in the line, or nothing."""
        return next((rule.name for rule, pattern in self._line_patterns if pattern.search(line)), "")


class _Places:
    """The pointers of some rules as one expression: each segment escaped, ``*`` for exactly one."""

    def __init__(self, rules: Sequence[Rule], *, below: bool = False) -> None:
        self._rules = rules
        end = "(?:/.*)?" if below else ""
        self._any = re.compile("|".join(f"({_expression(rule.pointer)}){end}" for rule in rules), re.DOTALL)

    def covering(self, pointer: str) -> Rule | None:
        """Give the first rule whose pointer covers this one."""
        found = self._any.fullmatch(pointer) if self._rules else None
        return self._rules[(found.lastindex or 1) - 1] if found else None


def _expression(pointer: str) -> str:
    return "/".join("[^/]*" if segment == ANY else re.escape(segment) for segment in pointer.split("/"))


def _compiled(rule: Rule) -> Any:
    try:
        return re2.compile(rule.value)
    except re2.error as error:
        raise BadInput(f"Rule '{rule.name}': its pattern cannot be read.") from error


def _pattern(rule: Rule) -> Any:
    if not rule.value:
        raise BadInput(f"Rule '{rule.name}': it needs a pattern.")
    return _compiled(rule)


def _with_field(rule: Rule) -> Rule:
    if not rule.value:
        raise BadInput(f"Rule '{rule.name}': it needs the name of the field that tells elements apart.")
    return rule


def _mask(rule: Rule) -> _Accepts:
    """Equal once every match of the rule's pattern is blanked on both sides."""
    compiled = _compiled(rule)

    def accepted(primary: Any, candidate: Any) -> bool:
        if not (isinstance(primary, str) and isinstance(candidate, str)):
            return False
        return bool(compiled.sub("", primary) == compiled.sub("", candidate))

    return accepted


def _shape(rule: Rule) -> _Accepts:
    """Both values are of the rule's shape, whatever they say."""
    if rule.value not in SHAPE_WORDS:
        raise BadInput(f"Rule '{rule.name}': a shape is one of {', '.join(SHAPE_WORDS)}.")
    return lambda primary, candidate: is_shape(rule.value, primary) and is_shape(rule.value, candidate)


def _tolerance(rule: Rule) -> _Accepts:
    """Two numbers no further apart than the rule's number, or than its share of the larger one."""
    absolute, share = _limits(rule)

    def accepted(primary: Any, candidate: Any) -> bool:
        if not (_is_number(primary) and _is_number(candidate)):
            return False
        if primary == candidate:
            return True
        try:
            allowed = max(absolute, share * float(max(abs(primary), abs(candidate))))
            # A hair more, since 1.1 - 1.0 is 0.10000000000000009 in binary.
            return bool(abs(primary - candidate) <= allowed * (1 + 1e-9))
        except OverflowError:
            return False

    return accepted


def _limits(rule: Rule) -> tuple[float, float]:
    """Give (absolute, share) of ``0.01``, ``1%`` or both, ``0.01 or 1%``: the wider one holds."""
    words = [word for word in rule.value.replace(",", " ").split() if word != "or"]
    try:
        numbers = {word.endswith("%"): float(word.removesuffix("%")) for word in words}
    except ValueError:
        numbers = {}
    if not numbers or len(numbers) != len(words) or not all(_is_limit(one) for one in numbers.values()):
        raise BadInput(
            f"Rule '{rule.name}': its tolerance must be a number (0.01), a share (1%) or both (0.01 or 1%)."
        )
    return numbers.get(False, 0.0), numbers.get(True, 0.0) / 100


def _is_limit(number: float) -> bool:
    return math.isfinite(number) and number >= 0


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_VALUED: dict[str, Callable[[Rule], _Accepts]] = {"mask": _mask, "shape": _shape, "tolerance": _tolerance}
