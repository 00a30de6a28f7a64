"""What a rule would hide before it is saved, and what would count again before it goes. Nothing is written.

Theory of operation. A rule that comes is tried on the newest pairs of a function. A rule that goes can change
only pairs that name it as the reason of a difference, so those alone are compared without it. The effect on
the verdict is drawn from the pairs that the newest verdict was drawn from: what differs among them is
compared anew under the rules that would hold, and all are judged as the policy says.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import F, Q

from cutover import comparison as comparing
from cutover.analysis import PairEvidence, judge
from cutover.comparison import Comparison, PairOutcome
from cutover.observation import Observation, Side
from migrations_app.models import FunctionMigration, Pair, Rule, Run
from migrations_app.services import evidence, noise, reevaluation, rules, rules_input
from migrations_app.services.policies import policy_for

PREVIEWED = 500
JUDGED = 1_000
JUDGED_S = 2.0
"""So many pairs that differ, and so long, are compared anew to draw a verdict that would be."""
CONCERNED = 10
CONCERNED_S = 3.0
"""So many functions are shown for a rule that holds everywhere, and none is begun after so long."""
_CHUNK = 50
_Anew = tuple[PairOutcome, bool | None, bool | None]
"""Outcome, whether logs differ, whether effects differ."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdicts:
    """The verdict of a run under the rules of now, and under those that would hold.

    ``judged``: how many pairs that differ were compared anew, the newest; ``whole``: that is all of them.
    """

    run: uuid.UUID
    pairs: int
    judged: int
    before: str
    after: str
    sentence: str
    whole: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    """What a rule that comes, or one that goes, does to stored pairs: outcome -> count, before and after it.

    ``hidden``: the fields that would be ignored, or would count again, the most frequent first; ``examples``:
    the newest pair of each. ``kept``: pairs that cannot be compared anew, since a body was cut or redacted.
    ``verdict`` None: none was drawn yet.
    """

    pairs: int
    changed: int
    before: dict[str, int]
    after: dict[str, int]
    hidden: tuple[comparing.Hidden, ...] = ()
    examples: tuple[uuid.UUID | None, ...] = ()
    kept: int = 0
    verdict: Verdicts | None = None

    @property
    def rows(self) -> tuple[tuple[comparing.Hidden, uuid.UUID | None], ...]:
        """Give each field with its example."""
        return tuple(zip(self.hidden, self.examples, strict=True))


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """What switching a rule would change for one function."""

    function: FunctionMigration
    tried: Preview


# --------------------------------------------------------------------------------------- a rule that comes


def preview(function: FunctionMigration, *, name: str, kind: str, pointer: str, value: str = "") -> Preview:
    """Give what the rule would change among the latest stored pairs.

    Raises BadInput as ``rules.add`` does.
    """
    rule = rules_input.checked(name=name, kind=kind, pointer=pointer, text=value, reason="preview")
    return _coming(function, rule)


def of_restoring(function: FunctionMigration, row: Rule) -> Preview:
    """Give what a retired rule would hide again."""
    return _coming(function, rules.value_of(row))


def _coming(function: FunctionMigration, rule: comparing.Rule) -> Preview:
    rows = list(Pair.objects.filter(function=function).defer("event").order_by("-at")[:PREVIEWED])
    whole = [row for row in rows if not evidence.why_kept(row)]
    held = rules.active(function.pk)
    trial = comparing.try_rule(rule, (_observed(row) for row in whole), held=held)
    return Preview(
        pairs=trial.pairs,
        changed=trial.changed,
        before=dict(trial.before),
        after=dict(trial.after),
        hidden=trial.hidden,
        examples=tuple(_example(whole, one) for one in trial.hidden),
        kept=len(rows) - len(whole),
        verdict=verdicts(function, (*held, rule)),
    )


# --------------------------------------------------------------------------------------- a rule that goes


def of_retiring(function: FunctionMigration, row: Rule) -> Preview:
    """Give what would count again without the rule."""
    rule = rules.value_of(row)
    held = tuple(one for one in rules.active(function.pk) if one != rule)
    rows = Pair.objects.filter(function=function).exclude(outcome=PairOutcome.MATCH.value).order_by("-at")
    newest = list(rows.values_list("pk", "day", "comparison")[:PREVIEWED])
    named = [(key, day) for key, day, compared in newest if _names(compared, row.name)]
    found = Pair.objects.filter(pk__in=[key for key, _ in named], day__in={day for _, day in named})
    touched = list(found.defer("event").order_by("-at"))
    whole = [one for one in touched if not evidence.why_kept(one)]
    trial = comparing.try_rule(rule, (_observed(one) for one in whole), held=held)
    return Preview(
        pairs=len(newest),
        changed=trial.changed,
        before=dict(trial.after),
        after=dict(trial.before),
        hidden=trial.hidden,
        examples=tuple(_example(whole, one) for one in trial.hidden),
        kept=len(touched) - len(whole),
        verdict=verdicts(function, held),
    )


def effects(row: Rule) -> tuple[Effect, ...]:
    """Give what switching a rule off would change, or on again, for each function that it is about.

    The functions whose verdicts are newest come first, as many as a few seconds allow.
    """
    tries = of_retiring if row.retired_at is None else of_restoring
    until = time.monotonic() + CONCERNED_S
    found: list[Effect] = []
    for function in concerned(row):
        if found and time.monotonic() > until:
            break
        found.append(Effect(function=function, tried=tries(function, row)))
    return tuple(found)


def concerned(row: Rule) -> tuple[FunctionMigration, ...]:
    """Give the functions that the rule holds for and that have a verdict, the newest first; ten at most."""
    if row.function is not None:
        return (row.function,)
    found = FunctionMigration.objects.filter(pk__in=Run.objects.values("function_id"))
    return tuple(
        found.select_related("connection").order_by(F("verdict_at").desc(nulls_last=True), "pk")[:CONCERNED]
    )


def _names(compared: dict[str, Any], name: str) -> bool:
    return any(
        one["reason"] == name and one["standing"] == comparing.Standing.IGNORED.value
        for one in compared.get("differences", ())
    )


# ----------------------------------------------------------------------------------------- the verdict


def verdicts(function: FunctionMigration, held: Sequence[comparing.Rule]) -> Verdicts | None:
    """Give the newest verdict as it is, and as it would be under other rules; None: none was drawn yet."""
    finished = function.runs.filter(state=Run.State.FINISHED, primary_url="", candidate_url="")
    run = finished.exclude(kind=Run.Kind.LEARN).order_by("-created_at").first()
    if run is None:
        return None
    found, pairs = evidence.paired_evidence(run)
    if not found:
        return None
    fresh, whole = _anew(run, held)
    would_be = [
        _replaced(one, fresh[pair.pk]) if pair.pk in fresh else one
        for one, pair in zip(found, pairs, strict=True)
    ]
    policy = policy_for(function).analysis
    before, after = judge(found, policy), judge(would_be, policy)
    return Verdicts(
        run=run.pk,
        pairs=len(found),
        judged=len(fresh),
        before=before.result.value,
        after=after.result.value,
        sentence=after.sentence,
        whole=whole,
    )


def _anew(run: Run, held: Sequence[comparing.Rule]) -> tuple[dict[uuid.UUID, _Anew], bool]:
    """Compare what differs in a run, and in the one that counts beside it, under other rules.

    Bodies may be large, so rows are read in chunks and only what counts is kept of them.
    """
    runs = [one for one in (run, evidence.beside(run)) if one is not None]
    days = {one.created_at.date() for one in runs}
    differing = ~Q(outcome=PairOutcome.MATCH.value) | Q(comparison__logs_differ=True)
    rows = Pair.objects.filter(run__in=runs, day__in=days).filter(differing).defer("event").order_by("-at")
    known, until = noise.knowledge(run.function_id), time.monotonic() + JUDGED_S
    fresh: dict[uuid.UUID, _Anew] = {}
    for place, row in enumerate(rows[: JUDGED + 1].iterator(chunk_size=_CHUNK)):
        if place == JUDGED or time.monotonic() > until:
            return fresh, False
        if compared := reevaluation.anew(row, held, known):
            fresh[row.pk] = _what_counts(row, compared)
    return fresh, True


def _what_counts(row: Pair, compared: Comparison) -> _Anew:
    lacking = (row.comparison.get("expected_effects") or {}).get(Side.CANDIDATE.value)
    effects_differ = True if lacking else evidence.effects_differ(compared)
    return compared.outcome, evidence.logs_differ(compared), effects_differ


def _replaced(one: PairEvidence, fresh: _Anew) -> PairEvidence:
    outcome, logs_differ, effects_differ = fresh
    return replace(one, outcome=outcome, logs_differ=logs_differ, effects_differ=effects_differ)


# ------------------------------------------------------------------------------------------- documents


def preview_document(tried: Preview) -> dict[str, Any]:
    """Give a preview as plain JSON."""
    return {
        "pairs": tried.pairs,
        "changed": tried.changed,
        "kept": tried.kept,
        "before": tried.before,
        "after": tried.after,
        "hidden": [
            {
                "field": hidden.template,
                "kind": hidden.kind,
                "times": hidden.times,
                "pairs": hidden.pairs,
                "primary": hidden.primary,
                "candidate": hidden.candidate,
                "example": str(example) if example else None,
            }
            for hidden, example in tried.rows
        ],
        "verdict": _verdict_document(tried.verdict),
    }


def _verdict_document(found: Verdicts | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "run": str(found.run),
        "pairs": found.pairs,
        "judged": found.judged,
        "before": found.before,
        "after": found.after,
        "sentence": found.sentence,
        "whole": found.whole,
    }


def _observed(row: Pair) -> tuple[Observation, Observation]:
    return (
        evidence.observation_from_document(Side.PRIMARY, row.primary),
        evidence.observation_from_document(Side.CANDIDATE, row.candidate),
    )


def _example(rows: Sequence[Pair], hidden: comparing.Hidden) -> uuid.UUID | None:
    """Give the newest pair that has such a difference."""
    for row in rows:
        for one in row.comparison.get("differences", ()):
            if one["kind"] == hidden.kind and comparing.template(one["pointer"]) == hidden.template:
                return row.pk
    return None
