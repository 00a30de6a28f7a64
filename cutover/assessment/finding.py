"""A finding: one thing that somebody must know, or do, before the function can run on FC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["ok", "warn", "blocker"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What a rule found. ``place``: where in code or configuration; ``source``: where the fact comes from."""

    rule: str
    severity: Severity
    title: str
    place: str
    why: str
    remedy: str = ""
    source: str = ""
