"""Two observations of one event, set side by side."""

from cutover.comparison.model import (
    COUNTS_AGAINST,
    AnswerRow,
    Blame,
    Comparison,
    Difference,
    LogRow,
    PairOutcome,
    Rule,
    Standing,
    document,
    from_document,
)
from cutover.comparison.outcome import compare
from cutover.comparison.rows import answer_rows

__all__ = [
    "COUNTS_AGAINST",
    "AnswerRow",
    "Blame",
    "Comparison",
    "Difference",
    "LogRow",
    "PairOutcome",
    "Rule",
    "Standing",
    "answer_rows",
    "compare",
    "document",
    "from_document",
]
