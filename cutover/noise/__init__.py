"""Which fields vary by themselves: learned from the primary against itself, with counts and a test."""

from cutover.noise.knowledge import (
    Field,
    Knowledge,
    Source,
    knowledge_document,
    knowledge_from_document,
    learned,
    merged,
)
from cutover.noise.significance import Evidence, Finding, Reading, classify, evidence_of

__all__ = [
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
    "merged",
]
