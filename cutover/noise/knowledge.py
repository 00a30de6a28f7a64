"""What is known of each field: how often it was seen, and how often it differed from itself.

Theory of operation, after Diffy's idea: the primary is set beside a *secondary*, the primary itself once
more (or an older recorded answer of it to the same event). Where those two differ, the difference cannot
come from the candidate. The same count is kept of the pairs of primary and candidate; a field whose candidate
pairs differ no more often than its secondary pairs is noise (see ``cutover.noise.significance``). The
candidate's own behaviour is counted, but nothing is learned from it: without a difference of the primary from
itself no field ever is noise, however often the candidate differs there.

Counters are plain sums, so that those of many workers and rows merge in any order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from cutover.comparison import Comparison, PairOutcome, template

MAX_FIELDS = 2_000
"""Fields kept of one function; an answer that is all ids would otherwise fill the row."""


class Source(StrEnum):
    """What two observations a comparison was made of.

    ``SECONDARY``: the primary invoked twice; ``RECORDED``: the primary and its own recorded answer;
    ``CANDIDATE``: the primary and the candidate.
    """

    SECONDARY = "secondary"
    RECORDED = "recorded"
    CANDIDATE = "candidate"


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """How often a field differed: in pairs of the primary with itself, and with the candidate."""

    itself: int = 0
    candidate: int = 0

    def __add__(self, other: Field) -> Field:
        return Field(itself=self.itself + other.itself, candidate=self.candidate + other.candidate)


@dataclass(frozen=True, kw_only=True, slots=True)
class Knowledge:
    """All counters of one function.

    ``itself`` and ``candidate``: pairs seen; ``fields``: by ``part`` and pointer template, such as
    ``answer /items/*/at``. A field that is not named never differed.
    """

    itself: int = 0
    candidate: int = 0
    fields: Mapping[str, Field] = field(default_factory=dict)


_ANSWERED = frozenset(
    {
        PairOutcome.MATCH,
        PairOutcome.NOISE,
        PairOutcome.IGNORED,
        PairOutcome.TRANSLATION_LOSS,
        PairOutcome.MISMATCH,
        PairOutcome.BOTH_ERROR_SAME,
        PairOutcome.BOTH_ERROR_DIFFERENT,
    }
)


def name_of(part: str, pointer: str) -> str:
    """Give the name under which a field is counted."""
    return f"{part} {template(pointer)}"


def learned(knowledge: Knowledge, comparison: Comparison, source: Source) -> Knowledge:
    """Give the knowledge with one comparison more. Each field counts once per pair, however often it differs.

    Pairs in which one side failed or gave nothing tell nothing about fields and are not counted.
    """
    if comparison.outcome not in _ANSWERED:
        return knowledge
    ours = source is not Source.CANDIDATE
    one = Field(itself=int(ours), candidate=int(not ours))
    names = {name_of(found.part, found.pointer) for found in comparison.differences if found.part != "logs"}
    return merged(
        (
            knowledge,
            Knowledge(itself=int(ours), candidate=int(not ours), fields=dict.fromkeys(sorted(names), one)),
        )
    )


def merged(parts: Iterable[Knowledge]) -> Knowledge:
    """Give the sum of counters; the order does not matter while there are at most ``MAX_FIELDS`` fields."""
    itself = candidate = 0
    fields: dict[str, Field] = {}
    for part in parts:
        itself += part.itself
        candidate += part.candidate
        for name, counted in part.fields.items():
            fields[name] = fields[name] + counted if name in fields else counted
    if len(fields) > MAX_FIELDS:
        most = sorted(fields.items(), key=lambda item: (-item[1].itself, -item[1].candidate, item[0]))
        fields = dict(most[:MAX_FIELDS])
    return Knowledge(itself=itself, candidate=candidate, fields=fields)


def knowledge_document(knowledge: Knowledge) -> dict[str, Any]:
    """Give the counters as plain JSON, fit for a row."""
    return {
        "itself": knowledge.itself,
        "candidate": knowledge.candidate,
        "fields": {name: [one.itself, one.candidate] for name, one in sorted(knowledge.fields.items())},
    }


def knowledge_from_document(stored: Mapping[str, Any]) -> Knowledge:
    """Give the counters that ``knowledge_document`` wrote; an empty document is no knowledge."""
    return Knowledge(
        itself=stored.get("itself", 0),
        candidate=stored.get("candidate", 0),
        fields={
            name: Field(itself=itself, candidate=candidate)
            for name, (itself, candidate) in stored.get("fields", {}).items()
        },
    )
