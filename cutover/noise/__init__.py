"""Which fields vary by themselves: learned from the primary against itself, with counts and a test."""

from cutover.noise.knowledge import (
    LEARNED,
    MAX_FIELDS,
    MAX_LOG_FIELDS,
    Field,
    Knowledge,
    Source,
    knowledge_document,
    knowledge_from_document,
    learned,
    learned_logs,
    merged,
)
from cutover.noise.log_lines import PREFIX as LOG
from cutover.noise.significance import Evidence, Finding, Reading, classify, evidence_of

__all__ = [
    "LEARNED",
    "LOG",
    "MAX_FIELDS",
    "MAX_LOG_FIELDS",
    "Evidence",
    "Field",
    "Finding",
    "Knowledge",
    "Reading",
    "Source",
    "classify",
    "evidence_of",
    "knowledge_document",
    "knowledge_from_document",
    "learned",
    "learned_logs",
    "merged",
]
