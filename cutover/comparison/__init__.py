"""Two observations of one event, set side by side."""

from cutover.comparison.model import (
    COUNTS_AGAINST,
    AnswerRow,
    Blame,
    Comparison,
    Difference,
    EffectRow,
    LogRow,
    LogState,
    PairOutcome,
    Rule,
    RuleKind,
    Standing,
    document,
    from_document,
)
from cutover.comparison.outcome import compare, restated
from cutover.comparison.pointers import template
from cutover.comparison.rows import answer_rows
from cutover.comparison.trial import Hidden, Trial, checked, try_rule

__all__ = [
    "COUNTS_AGAINST",
    "AnswerRow",
    "Blame",
    "Comparison",
    "Difference",
    "EffectRow",
    "Hidden",
    "LogRow",
    "LogState",
    "PairOutcome",
    "Rule",
    "RuleKind",
    "Standing",
    "Trial",
    "answer_rows",
    "checked",
    "compare",
    "document",
    "from_document",
    "restated",
    "template",
    "try_rule",
]
