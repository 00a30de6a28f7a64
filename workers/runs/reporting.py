"""A run as a JUnit report: one case per event of its suite, and one for the verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cutover.analysis import Result
from cutover.comparison import PairOutcome
from cutover.observation import Side
from cutover.suites import Case, junit
from migrations_app.models import Pair, Run
from migrations_app.services import suites

_NOT_TOLD = (PairOutcome.NOT_COMPARABLE.value, PairOutcome.PRIMARY_ERROR.value)
"""Outcomes that say nothing of the candidate."""


def junit_of(run: Run) -> bytes:
    """Give the report of a run that has ended. Its sentences are those of the rows, redacted."""
    events = suites.events_of_run(run)
    by_event: list[list[Pair]] = [[] for _ in events]
    rows = Pair.objects.filter(run_id=run.pk).order_by("position").defer("event", "primary", "candidate")
    for row in rows:
        by_event[row.position % len(events)].append(row)
    cases = [
        _case(f"{number:03d} {event.title}", own)
        for number, (event, own) in enumerate(zip(events, by_event, strict=True), 1)
    ]
    return junit(
        f"{run.function.name}.{run.suite.name}",
        cases,
        verdict=_verdict(run),
        timestamp=run.created_at.strftime("%Y-%m-%dT%H:%M:%S"),
        properties=(
            ("run", str(run.pk)),
            ("suite_version", str(run.suite_version)),
            ("pairs", str(run.done_pairs)),
            ("result", run.verdict_result or run.state),
        ),
    )


def _case(title: str, rows: Sequence[Pair]) -> Case:
    seconds = sum(row.candidate_ms or 0.0 for row in rows) / 1000
    against = [row for row in rows if row.counts]
    without = [row for row in rows if _lacking(row)]
    told = [row for row in rows if row.outcome not in _NOT_TOLD]
    if against:
        first = against[0]
        return Case(
            title=title,
            standing="failure",
            kind=first.outcome,
            sentence=f"{first.sentence} ({len(against)} of {len(rows)} pairs)",
            pointer=first.first_pointer,
            seconds=seconds,
        )
    if without:
        named = _lacking(without[0])[0]
        return Case(
            title=title,
            standing="failure",
            kind="expected-effect",
            sentence=f"FC did not do what is expected: {' '.join(named.values())} "
            f"({len(without)} of {len(rows)} pairs)",
            seconds=seconds,
        )
    if not told:
        sentence = rows[0].sentence if rows else "It was not called."
        return Case(title=title, standing="skipped", sentence=sentence, seconds=seconds)
    return Case(title=title, standing="passed", seconds=seconds)


def _lacking(row: Pair) -> Sequence[Mapping[str, str]]:
    """Give the effects that the suite expects of FC and that were not seen."""
    return (row.comparison.get("expected_effects") or {}).get(Side.CANDIDATE.value) or ()


def _verdict(run: Run) -> Case:
    sentence = str(run.verdict.get("sentence") or run.error)
    match run.verdict_result:
        case Result.PASS.value:
            return Case(title="verdict", standing="passed")
        case Result.FAIL.value:
            return Case(title="verdict", standing="failure", kind="fail", sentence=sentence)
        case other:
            return Case(title="verdict", standing="error", kind=other or run.state, sentence=sentence)
