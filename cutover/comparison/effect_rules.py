"""Rules on effects: which keys are the same, and what may differ in which content."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

import re2

from cutover.comparison.acceptance import EFFECTS, Acceptance
from cutover.comparison.model import Rule


class _Held(NamedTuple):
    """A rule with the patterns of its twin and its key, and the place in the content that is left over."""

    rule: Rule
    twin: re.Pattern[str]
    key: re.Pattern[str]
    within: str


class EffectRules:
    """The rules of one comparison that are about effects.

    Raises:
        BadInput: when one of them cannot be read; the message names it.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._held = [_held(rule) for rule in rules if rule.pointer.startswith(EFFECTS)]
        for held in self._held:
            _acceptance((replace(held.rule, pointer=held.within),))
        self._masks = [
            (held, re2.compile(held.rule.value))
            for held in self._held
            if held.rule.kind == "mask" and not held.within
        ]

    def same_key(self, twin: str, primary: str, candidate: str) -> str:
        """Give the name of the rule that takes two keys for one, or nothing."""
        for held, pattern in self._masks:
            if not (held.twin.fullmatch(twin) and _covers(held, primary) and _covers(held, candidate)):
                continue
            if pattern.sub("", primary) == pattern.sub("", candidate):
                return held.rule.name
        return ""

    def ignores(self, twin: str, key: str, pointer: str) -> str:
        """Give the name of the rule that accepts an effect that only one side has, or nothing."""
        searched = (
            held.rule.name
            for held in self._covering(twin, key)
            if held.rule.kind == "pattern" and re2.search(held.rule.value, pointer)
        )
        return self.of_content(twin, key).accepts("", None, None) or next(searched, "")

    def of_content(self, twin: str, key: str) -> Acceptance:
        """Give the rules that hold for what an effect wrote, with pointers that begin at its content."""
        return _acceptance(
            tuple(replace(held.rule, pointer=held.within) for held in self._covering(twin, key))
        )

    def _covering(self, twin: str, key: str) -> list[_Held]:
        return [held for held in self._held if held.twin.fullmatch(twin) and _covers(held, key)]


def _held(rule: Rule) -> _Held:
    twin, _, rest = rule.pointer.removeprefix(EFFECTS).partition("/")
    key, slash, within = rest.partition("/")
    return _Held(rule, _glob(twin), _glob(key or "*"), f"{slash}{within}")


def _covers(held: _Held, key: str) -> bool:
    return held.key.fullmatch(segment_of(key)) is not None


def segment_of(key: str) -> str:
    """Give a key as one segment of a pointer; a message, which has no key, is called so."""
    return key.replace("~", "~0").replace("/", "~1") if key else "message"


def _glob(text: str) -> re.Pattern[str]:
    """Give the expression of a name in which ``*`` stands for any characters."""
    # Runs of stars are one star: two of them side by side make an expression slow, not different.
    parts = [re.escape(part) for part in re.split(r"\*+", text)]
    return re.compile(".*".join(parts), re.DOTALL)


@lru_cache(maxsize=256)
def _acceptance(rules: tuple[Rule, ...]) -> Acceptance:
    return Acceptance(rules)
