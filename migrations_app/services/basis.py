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
    by_function: dict[int | None, _Words] = defaultdict(list)
    for owner, *words in rows.values_list("function_id", "name", "kind", "pointer", "value"):
        by_function[owner].append((words[0], words[1], words[2], words[3]))
    everywhere = by_function.pop(None, [])
    if function_id is None:
        _write(FunctionMigration.objects.exclude(pk__in=by_function), everywhere)
        for owner, own in by_function.items():
            _write(FunctionMigration.objects.filter(pk=owner), everywhere + own)
        return
    _write(FunctionMigration.objects.filter(pk=function_id), everywhere + by_function.get(function_id, []))


def _write(functions: QuerySet[FunctionMigration], rules: _Words) -> None:
    digest = hashlib.sha256(orjson.dumps(sorted(rules))).hexdigest() if rules else ""
    functions.exclude(rules_digest=digest).update(rules_digest=digest, changed_at=timezone.now())
