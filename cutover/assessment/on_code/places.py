"""Findings with a place in the code, and a limit to how many of a kind are told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from cutover.assessment.code import View
from cutover.assessment.finding import Finding, Severity
from cutover.assessment.masking import around, excerpt, mask

MOST = 20
"""Findings of one kind in one function; more say nothing more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """What all findings of a rule say alike."""

    rule: str
    why: str
    remedy: str
    source: str
    severity: Severity = "warn"


def at(view: View, line: int, title: str, words: Words) -> Finding:
    """Give a finding at a line of a file, with the line as excerpt and its neighbours; secrets are masked."""
    return Finding(
        rule=words.rule,
        severity=words.severity,
        title=mask(title),
        place=f"{view.path}:{line}",
        why=words.why,
        remedy=words.remedy if words.severity != "ok" else "",
        source=words.source,
        line=line,
        excerpt=excerpt(view.lines, line),
        around=around(view.lines, line),
    )


def once(found: Iterable[tuple[str, View, int]], words: Words) -> Iterator[Finding]:
    """Give one finding per title and file, at its first line; the title counts the lines."""
    kept: dict[tuple[str, str], tuple[View, set[int]]] = {}
    for title, view, line in found:
        kept.setdefault((title, view.path), (view, set()))[1].add(line)
    for (title, _), (view, lines) in islice(kept.items(), MOST):
        more = f", on {len(lines)} lines" if len(lines) > 1 else ""
        yield at(view, min(lines), title + more, words)
