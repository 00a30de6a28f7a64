"""A finding: one thing that somebody must know, or do, before the function can run on FC."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

Severity = Literal["ok", "warn", "blocker"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What a rule found.

    ``place``: where in code ("file:line") or configuration; ``source``: where the fact comes from. ``line``
    and ``excerpt`` belong to code only (0 and "" otherwise), as does ``around``: numbers and text of the line
    and its neighbours. Secrets are masked in both.
    """

    rule: str
    severity: Severity
    title: str
    place: str
    why: str
    remedy: str = ""
    source: str = ""
    line: int = 0
    excerpt: str = ""
    around: tuple[tuple[int, str], ...] = ()

    @property
    def identity(self) -> str:
        """Give what a waiver holds on to: it stays when lines move, and changes when the text changes."""
        where = self.place.rpartition(":")[0] if self.line else self.place
        words = "\0".join((self.rule, self.title, where, " ".join(self.excerpt.split())))
        return hashlib.sha256(words.encode()).hexdigest()[:16]
