"""Suites of events: read from files and logs, generated per trigger, written for export and for CI."""

from cutover.suites.changes import Changes, changes
from cutover.suites.entries import (
    MOST_EVENTS,
    BadEntry,
    Entry,
    Reading,
    digest_of,
    entry_document,
    entry_of,
    export_lines,
    read_documents,
    read_entries,
    shape_of,
    tags_of,
)
from cutover.suites.expectations import lacking
from cutover.suites.generators import GENERATED, generate, kind_of_trigger
from cutover.suites.junit import Case, junit
from cutover.suites.logged import events_in

__all__ = [
    "GENERATED",
    "MOST_EVENTS",
    "BadEntry",
    "Case",
    "Changes",
    "Entry",
    "Reading",
    "changes",
    "digest_of",
    "entry_document",
    "entry_of",
    "events_in",
    "export_lines",
    "generate",
    "junit",
    "kind_of_trigger",
    "lacking",
    "read_documents",
    "read_entries",
    "shape_of",
    "tags_of",
]
