"""The comparison of a pair: its differences, their standing and blame, its outcome and its sentence.

The outcome is decided by the answer (or the error) alone; differences in logs stand beside it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import orjson

from cutover.comparison.acceptance import Acceptance
from cutover.comparison.body import Body, exact_canonical, fast_canonical, read
from cutover.comparison.lines import MAX_LINES, align, log_rows, shortened
from cutover.comparison.model import (
    Blame,
    Comparison,
    Difference,
    LogRow,
    PairOutcome,
    Rule,
    Standing,
)
from cutover.comparison.sentences import sentence_of
from cutover.comparison.structure import ABSENT, Place, differing_places, unwrapped
from cutover.comparison.volatile import masked, shape_of_pair
from cutover.observation import Observation, Outcome

MAX_DIFFERENCES = 1_000
"""Differences kept one by one; ``counts`` has them all."""

LOSS_FACT = "translation-loss"
"""A fact of the candidate under this name holds the pointer of a field that translation could not give."""

_FAILED = frozenset({Outcome.ERROR, Outcome.TIMEOUT})
_PLATFORM_SHAPES = frozenset({"ARN", "region", "request id"})


def compare(primary: Observation, candidate: Observation, *, rules: Sequence[Rule] = ()) -> Comparison:
    """Set two observations of one event side by side.

    Raises:
        BadInput: when a rule cannot be read.
    """
    acceptance = Acceptance(rules)
    rows, log_differences, equal_lines = _logs(primary, candidate, acceptance)
    known = frozenset({Outcome.OK}) | _FAILED
    if primary.outcome not in known or candidate.outcome not in known:
        found: list[Difference] = []
        tally: Counter[str] = Counter()
        outcome = PairOutcome.NOT_COMPARABLE
    elif primary.outcome is Outcome.OK and candidate.outcome is Outcome.OK:
        found, tally = _kept(_answer(primary, candidate, acceptance))
        outcome = _outcome_of_answers(tally)
    else:
        found, tally = _kept(_errors(primary, candidate, acceptance))
        outcome = _outcome_of_errors(primary, candidate, tally)
    own = found[0] if found else None
    kept_logs, log_tally = _kept(log_differences)
    equal = equal_lines + (not tally and outcome is not PairOutcome.NOT_COMPARABLE)
    sides = (primary, candidate)
    return Comparison(
        outcome=outcome,
        differences=(*found, *kept_logs),
        log_rows=rows,
        sentence=sentence_of(outcome, sides, own, found),
        counts={
            **{standing.value: tally[standing] + log_tally[standing] for standing in Standing},
            "equal": equal,
        },
    )


def _kept(differences: Iterable[Difference]) -> tuple[list[Difference], Counter[str]]:
    """Give the differences to keep, those that count first, and the tally of all by standing."""
    tally: Counter[str] = Counter()
    counting: list[Difference] = []
    others: list[Difference] = []
    for difference in differences:
        tally[difference.standing] += 1
        group = counting if difference.standing is Standing.COUNTS else others
        if len(group) < MAX_DIFFERENCES:
            group.append(difference)
    return [*counting, *others][:MAX_DIFFERENCES], tally


def _logs(
    primary: Observation, candidate: Observation, acceptance: Acceptance
) -> tuple[tuple[LogRow, ...] | None, tuple[Difference, ...], int]:
    if primary.logs is None or candidate.logs is None:
        return None, (), 0
    return log_rows(primary.logs, candidate.logs, acceptance)


def _outcome_of_answers(tally: Mapping[str, int]) -> PairOutcome:
    for standing, outcome in (
        (Standing.COUNTS, PairOutcome.MISMATCH),
        (Standing.LOSS, PairOutcome.TRANSLATION_LOSS),
        (Standing.IGNORED, PairOutcome.IGNORED),
        (Standing.NOISE, PairOutcome.NOISE),
    ):
        if tally.get(standing):
            return outcome
    return PairOutcome.MATCH


def _outcome_of_errors(primary: Observation, candidate: Observation, tally: Mapping[str, int]) -> PairOutcome:
    if primary.outcome is Outcome.OK:
        return PairOutcome.CANDIDATE_ERROR
    if candidate.outcome is Outcome.OK:
        return PairOutcome.PRIMARY_ERROR
    return PairOutcome.BOTH_ERROR_DIFFERENT if tally.get(Standing.COUNTS) else PairOutcome.BOTH_ERROR_SAME


# --------------------------------------------------------------------------------------------- answers


def _answer(primary: Observation, candidate: Observation, acceptance: Acceptance) -> Iterator[Difference]:
    if primary.payload == candidate.payload:
        return
    left, right = read(primary.payload), read(candidate.payload)
    left, right = as_answers(left, right, candidate.payload)
    losses = frozenset(value for name, value in candidate.facts if name == LOSS_FACT)
    ids = (primary.request_id, candidate.request_id)
    for place in _places(left, right, acceptance):
        yield _judged(place, acceptance, losses, ids)
    for key in sorted(set(left.duplicates) ^ set(right.duplicates)):
        yield _duplicate(key, key in left.duplicates)


def as_answers(left: Body, right: Body, candidate_payload: bytes) -> tuple[Body, Body]:
    """Give the two bodies in one form: FC hands out a returned string as it is, Lambda as JSON.

    Source: facts on Function Compute, section 4: str and bytes are returned as is, other types as JSON.
    """
    if left.form != "json" or not isinstance(left.value, str):
        return left, right
    if right.form == "json" and isinstance(right.value, str):
        return left, right
    try:
        text = candidate_payload.decode("utf-8")
    except UnicodeDecodeError:
        return left, right
    if text == left.value or right.form == "text":
        return left, Body(form="json", value=text, exact=True)
    inner = read(left.value.encode("utf-8", "surrogatepass"))
    return (inner, right) if inner.form == "json" and isinstance(inner.value, dict | list) else (left, right)


def _places(left: Body, right: Body, acceptance: Acceptance) -> Iterator[Place]:
    if left.form == "text" and right.form == "text":
        yield from _text_places(left.value, right.value)
        return
    if left.form != right.form:
        if _is_nothing(left) and _is_nothing(right):
            yield Place("", "value", left.value, right.value, NO_ANSWER)
        else:
            yield Place("", "type", left.value, right.value)
        return
    if left.canonical and left.canonical == right.canonical:
        return
    canonical = fast_canonical if left.canonical and right.canonical else exact_canonical
    if canonical is fast_canonical or canonical(left.value) != canonical(right.value):
        yield from differing_places(*unwrapped(left.value, right.value), canonical, acceptance)


NO_ANSWER = "no answer"
"""``null`` on one side and an empty body on the other: both returned nothing."""


def _is_nothing(body: Body) -> bool:
    return body.value is None or body.value == ""


def _text_places(primary: str, candidate: str) -> Iterator[Place]:
    left, right = primary.splitlines(), candidate.splitlines()
    longest = max(len(left), len(right))
    if longest <= 1 or longest > MAX_LINES or left == right:
        yield Place("", "value", primary, candidate)
        return
    pairings = align([masked(line) for line in left], [masked(line) for line in right])
    for row, (mine, other) in enumerate(pairings, start=1):
        if mine is None:
            yield Place(f"line {row}", "extra", ABSENT, right[other or 0])
        elif other is None:
            yield Place(f"line {row}", "missing", left[mine], ABSENT)
        elif left[mine] != right[other]:
            yield Place(f"line {row}", "value", left[mine], right[other])


def _judged(place: Place, acceptance: Acceptance, losses: frozenset[str], ids: tuple[str, str]) -> Difference:
    standing, blame, reason = _standing(place, acceptance, losses, ids)
    return Difference(
        part="answer",
        pointer=place.pointer,
        kind=place.kind,
        primary=shown(place.primary),
        candidate=shown(place.candidate),
        standing=standing,
        blame=blame,
        reason=reason,
    )


def _standing(
    place: Place, acceptance: Acceptance, losses: frozenset[str], ids: tuple[str, str]
) -> tuple[Standing, Blame, str]:
    if place.rule == NO_ANSWER:
        return Standing.LOSS, Blame.PLATFORM, NO_ANSWER
    rule = place.rule or acceptance.accepts(place.pointer, place.primary, place.candidate)
    if rule:
        return Standing.IGNORED, Blame.LOGIC, rule
    if place.pointer in losses:
        return Standing.LOSS, Blame.TRANSLATION, LOSS_FACT
    if place.kind == "value":
        if (place.primary, place.candidate) == ids and ids[0]:
            return Standing.NOISE, Blame.PLATFORM, "request id"
        if shape := shape_of_pair(place.primary, place.candidate):
            return Standing.NOISE, Blame.PLATFORM if shape in _PLATFORM_SHAPES else Blame.NOISE, shape
    return Standing.COUNTS, _blame(place), ""


def _blame(place: Place) -> Blame:
    return Blame.PLATFORM if place.pointer.startswith(("/headers/", "/multiValueHeaders/")) else Blame.LOGIC


def _duplicate(key: str, on_primary: bool) -> Difference:
    return Difference(
        part="answer",
        pointer=f"/{key}",
        kind="missing" if on_primary else "extra",
        primary=f'"{key}" occurs twice' if on_primary else "",
        candidate="" if on_primary else f'"{key}" occurs twice',
        standing=Standing.COUNTS,
        blame=Blame.LOGIC,
        reason="duplicate keys",
    )


def shown(value: Any) -> str:
    """Give a short printable form of a JSON value; an empty string for nothing at all."""
    if value is ABSENT:
        return ""
    try:
        text = orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        text = exact_canonical(value).decode()
    return shortened(text)


# ---------------------------------------------------------------------------------------------- errors


def _errors(primary: Observation, candidate: Observation, acceptance: Acceptance) -> Iterator[Difference]:
    left, right = _error(primary), _error(candidate)
    if primary.outcome is Outcome.TIMEOUT and candidate.outcome is Outcome.TIMEOUT:
        return
    for pointer, one, other in zip(("/errorType", "/errorMessage"), left, right, strict=True):
        if one == other:
            continue
        rule = acceptance.accepts(pointer, one, other)
        shape = shape_of_pair(one, other) if one and other else ""
        standing = Standing.IGNORED if rule else Standing.NOISE if shape else Standing.COUNTS
        timed_out = Outcome.TIMEOUT in (primary.outcome, candidate.outcome)
        yield Difference(
            part="error",
            pointer=pointer,
            kind="value" if one and other else "missing" if one else "extra",
            primary=shortened(one),
            candidate=shortened(other),
            standing=standing,
            blame=Blame.NOISE if shape else Blame.PLATFORM if timed_out else Blame.LOGIC,
            reason=rule or shape,
        )


def _error(observation: Observation) -> tuple[str, str]:
    """Give (type, message) of what went wrong, both empty when nothing did.

    The runtime's own document goes before the platform's header, whose words differ between the clouds.
    """
    if observation.outcome is Outcome.OK:
        return "", ""
    if observation.outcome is Outcome.TIMEOUT:
        return "Timeout", observation.error_message
    body = read(observation.payload)
    stated = body.value if isinstance(body.value, dict) else {}
    kind, message = stated.get("errorType"), stated.get("errorMessage")
    return (
        kind if isinstance(kind, str) and kind else observation.error_type,
        message if isinstance(message, str) else observation.error_message,
    )
