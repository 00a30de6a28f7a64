"""`audit`: who did what and why."""

from __future__ import annotations

import argparse
from typing import Any

from migrations_app.models import AuditEntry
from migrations_app.services import audit
from workers.cli.frame import Answer, Code, Context, moment, table
from workers.cli.lookup import function_named


def register(verbs: Any, common: argparse.ArgumentParser) -> None:
    """Add the verb of this group."""
    verb = verbs.add_parser("audit", parents=[common], help="who did what and why")
    verb.add_argument("function", metavar="FUNCTION", nargs="?")
    verb.add_argument("--verify", action="store_true", help="walk the whole chain of digests")
    verb.add_argument("--limit", type=int, default=100)
    verb.set_defaults(run=show)


def show(context: Context) -> Answer:
    """Give the entries, newest first, and with --verify whether the chain is whole."""
    options = context.options
    rows = AuditEntry.objects.select_related("function")
    if options.function:
        rows = rows.filter(function=function_named(options.function))
    entries = [
        {
            "at": moment(row.at),
            "actor": row.actor,
            "verb": row.verb,
            "function": row.function.name if row.function else None,
            "operation": str(row.operation_id) if row.operation_id else None,
            "reason": row.reason,
            "detail": row.detail,
            "digest": row.digest,
        }
        for row in rows[: max(1, options.limit)]
    ]
    found: dict[str, Any] = {"entries": entries}
    text = table(
        ("AT", "WHO", "WHAT", "FUNCTION", "WHY"),
        [(one["at"], one["actor"], one["verb"], one["function"], one["reason"]) for one in entries],
    )
    code = Code.GOOD
    if options.verify:
        whole, sentence = audit.verify()
        found |= {"whole": whole, "sentence": sentence}
        text, code = f"{text}\n{sentence}", Code.GOOD if whole else Code.BAD
    return Answer(document=found, text=text, code=code)
