"""What evidence belongs to, where it is not the function's own: the rules that hold for it.

Rules are rows of their own and may hold everywhere. So that reading a function's basis needs no query,
whoever changes rules writes their digest to the functions concerned, in the same transaction.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict

import orjson
from django.db.models import QuerySet
from django.utils import timezone

from migrations_app.models import FunctionMigration, Rule

_Words = list[tuple[str, str, str, str]]


def refresh_rules(function_id: int | None) -> None:
    """Write the digest of the rules that hold now; None: to every function. Other verdicts are stale."""
    rows = Rule.objects.filter(retired_at=None).order_by("pk")
    everywhere: _Words = []
    by_function: dict[int, _Words] = defaultdict(list)
    for row in rows:
        words = by_function[row.function_id] if row.function_id is not None else everywhere
        words.append((row.name, row.kind, row.pointer, row.value))
    if function_id is None:
        _write(FunctionMigration.objects.exclude(pk__in=list(by_function)), everywhere)
        for owner, own in by_function.items():
            _write(FunctionMigration.objects.filter(pk=owner), everywhere + own)
        return
    _write(FunctionMigration.objects.filter(pk=function_id), everywhere + by_function.get(function_id, []))


def _write(functions: QuerySet[FunctionMigration], rules: _Words) -> None:
    digest = hashlib.sha256(orjson.dumps(sorted(rules))).hexdigest() if rules else ""
    functions.exclude(rules_digest=digest).update(rules_digest=digest, changed_at=timezone.now())
