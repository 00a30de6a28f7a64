"""What is known of each field: how often it was seen, and how often it differed from itself.

Theory of operation, after Diffy's idea: the primary is set beside a *secondary*, the primary itself once
more (or an older recorded answer of it to the same event). Where those two differ, the difference cannot
come from the candidate. The same count is kept of the pairs of primary and candidate; a field whose candidate
pairs differ no more often than its secondary pairs is noise (see ``cutover.noise.significance``). The
candidate's own behaviour is counted, but nothing is learned from it: without a difference of the primary from
itself no field ever is noise, however often the candidate differs there.

Lines of logs are counted in the same way, by the name of their template (``cutover.noise.log_lines``). Logs
arrive late or not at all, so they have their own number of pairs.

Counters are plain sums, so that those of many workers and rows merge in any order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from cutover.comparison import Comparison, Difference, PairOutcome, Standing, template
from cutover.noise.log_lines import PREFIX, Cleaned, as_it_is, names_of

MAX_FIELDS = 2_000
"""Fields kept of one function; an answer that is all ids would otherwise fill the row."""
MAX_LOG_FIELDS = 500
"""Templates of log lines among them."""
LEARNED = "varies on AWS itself"
"""Why a difference in a field that is noise does not count."""


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

    ``itself`` and ``candidate``: pairs seen; ``logs``: those of them whose logs were set side by side;
    ``fields``: by ``part`` and pointer template, such as ``answer /items/*/at``, or ``log:`` and the template
    of a line. A field that is not named never differed.
    """

    itself: int = 0
    candidate: int = 0
    fields: Mapping[str, Field] = field(default_factory=dict)
    logs: Field = Field()

    def pairs_of(self, name: str) -> Field:
        """Give in how many pairs a field could have differed."""
        return self.logs if name.startswith(PREFIX) else Field(itself=self.itself, candidate=self.candidate)


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


def learned(
    knowledge: Knowledge, comparison: Comparison, source: Source, *, cleaned: Cleaned = as_it_is
) -> Knowledge:
    """Give the knowledge with one comparison more. Each field counts once per pair, however often it differs.

    Pairs in which one side failed or gave nothing tell nothing about fields and are not counted. Of logs that
    are pending nothing is counted; ``learned_logs`` does so when they are in.
    """
    if comparison.outcome not in _ANSWERED:
        return knowledge
    one = _once(source)
    names = {name_of(found.part, found.pointer) for found in comparison.differences if found.part != "logs"}
    fresh = Knowledge(itself=one.itself, candidate=one.candidate, fields=dict.fromkeys(sorted(names), one))
    return learned_logs(merged((knowledge, fresh)), comparison, source, cleaned=cleaned)


def learned_logs(
    knowledge: Knowledge, comparison: Comparison, source: Source, *, cleaned: Cleaned = as_it_is
) -> Knowledge:
    """Give the knowledge with the logs of one comparison more, and nothing but its logs.

    Args:
        cleaned: takes secrets out of a line before it names a field.
    """
    if comparison.outcome not in _ANSWERED or comparison.log_rows is None:
        return knowledge
    one = _once(source)
    names = {
        name
        for found in comparison.differences
        if found.part == "logs" and not _explained(found)
        for name in names_of(found, cleaned)
    }
    return merged((knowledge, Knowledge(fields=dict.fromkeys(sorted(names), one), logs=one)))


def _once(source: Source) -> Field:
    ours = source is not Source.CANDIDATE
    return Field(itself=int(ours), candidate=int(not ours))


def _explained(found: Difference) -> bool:
    """Tell whether a row of logs needs no explanation: its shape gives one. Most rows with a time do."""
    return found.standing is Standing.NOISE and found.reason != LEARNED


def merged(parts: Iterable[Knowledge]) -> Knowledge:
    """Give the sum of counters; the order does not matter while there are at most ``MAX_FIELDS`` fields."""
    itself = candidate = 0
    logs = Field()
    fields: dict[str, Field] = {}
    for part in parts:
        itself += part.itself
        candidate += part.candidate
        logs += part.logs
        for name, counted in part.fields.items():
            fields[name] = fields[name] + counted if name in fields else counted
    if len(fields) > MAX_LOG_FIELDS:
        fields = _most(fields, MAX_LOG_FIELDS, of_logs=True) | _most(fields, MAX_FIELDS, of_logs=False)
    return Knowledge(itself=itself, candidate=candidate, fields=fields, logs=logs)


def _most(fields: Mapping[str, Field], room: int, *, of_logs: bool) -> dict[str, Field]:
    """Give those that differed most often, as many as there is room for."""
    own = [(name, one) for name, one in fields.items() if name.startswith(PREFIX) is of_logs]
    if len(own) > room:
        own = sorted(own, key=lambda item: (-item[1].itself, -item[1].candidate, item[0]))[:room]
    return dict(own)


def knowledge_document(knowledge: Knowledge) -> dict[str, Any]:
    """Give the counters as plain JSON, fit for a row."""
    return {
        "itself": knowledge.itself,
        "candidate": knowledge.candidate,
        "logs": [knowledge.logs.itself, knowledge.logs.candidate],
        "fields": {name: [one.itself, one.candidate] for name, one in sorted(knowledge.fields.items())},
    }


def knowledge_from_document(stored: Mapping[str, Any]) -> Knowledge:
    """Give the counters that ``knowledge_document`` wrote; an empty document is no knowledge."""
    of_logs, of_logs_candidate = stored.get("logs", (0, 0))
    return Knowledge(
        itself=stored.get("itself", 0),
        candidate=stored.get("candidate", 0),
        logs=Field(itself=of_logs, candidate=of_logs_candidate),
        fields={
            name: Field(itself=itself, candidate=candidate)
            for name, (itself, candidate) in stored.get("fields", {}).items()
        },
    )
