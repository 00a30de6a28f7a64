"""Two answers, or two errors, compared: each difference with its standing, its blame and its reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from cutover.comparison.acceptance import Acceptance
from cutover.comparison.body import Body, exact_canonical, read
from cutover.comparison.envelopes import unwrapped
from cutover.comparison.lines import MAX_LINES, align, shortened
from cutover.comparison.model import SHOWN_CHARACTERS, Blame, Difference, Standing
from cutover.comparison.structure import ABSENT, Place, differing_places
from cutover.comparison.volatile import masked, shape_of_pair
from cutover.observation import Observation, Outcome

LOSS_FACT = "translation-loss"
"""A fact of the candidate under this name holds the pointer of a field that translation could not give."""
NO_ANSWER = "no answer"
"""``null`` on one side and an empty body on the other: both returned nothing."""

_PLATFORM_SHAPES = frozenset({"ARN", "region", "request id"})
_dumps = orjson.dumps
_HEADERS = ("/headers/", "/multiValueHeaders/")


def answer_differences(
    primary: Observation, candidate: Observation, acceptance: Acceptance
) -> list[Difference]:
    """Give every difference between two answers, in the order of the document."""
    if primary.payload == candidate.payload:
        return []
    left, right = as_answers(read(primary.payload), read(candidate.payload), candidate.payload)
    losses = frozenset(value for name, value in candidate.facts if name == LOSS_FACT)
    judge = _Judge(acceptance, losses, primary.request_id, candidate.request_id)
    found = [judge(place) for place in _places(left, right, acceptance)]
    if left.duplicates or right.duplicates:
        found += [
            _duplicate(key, key in left.duplicates)
            for key in sorted(set(left.duplicates) ^ set(right.duplicates))
        ]
    return found


def content_differences(
    primary: bytes, candidate: bytes, acceptance: Acceptance, ids: tuple[str, str]
) -> list[Difference]:
    """Give every difference between two contents of any kind, as they are: they are nobody's answer.

    Args:
        ids: what stands for itself on either side when it differs: the request's ids, or generated keys.
    """
    if primary == candidate:
        return []
    left, right = read(primary), read(candidate)
    judge = _Judge(acceptance, frozenset(), *ids)
    if left.form != right.form:
        return [judge(Place("", "type", left.value, right.value))]
    if left.form == "text":
        return [judge(place) for place in _text_places(left.value, right.value)]
    exact = left.exact or right.exact
    return [judge(place) for place in differing_places(left.value, right.value, acceptance, exact=exact)]


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


def _places(left: Body, right: Body, acceptance: Acceptance) -> list[Place]:
    if left.form == "text" and right.form == "text":
        return list(_text_places(left.value, right.value))
    if left.form != right.form:
        if _is_nothing(left) and _is_nothing(right):
            return [Place("", "value", left.value, right.value, NO_ANSWER)]
        return [Place("", "type", left.value, right.value)]
    if left.text and left.text == right.text:
        return []
    exact = left.exact or right.exact
    return differing_places(*unwrapped(left.value, right.value), acceptance, exact=exact)


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


class _Judge:
    """Gives places their standing, blame and reason; one per comparison."""

    __slots__ = ("_acceptance", "_candidate_id", "_losses", "_plain", "_primary_id")

    def __init__(
        self, acceptance: Acceptance, losses: frozenset[str], primary_id: str, candidate_id: str
    ) -> None:
        self._acceptance = acceptance
        self._losses = losses
        self._plain = acceptance.empty and not losses
        self._primary_id = primary_id
        self._candidate_id = candidate_id

    def __call__(self, place: Place) -> Difference:
        pointer, kind, primary, candidate, rule, noise = place
        one, other = shown(primary), shown(candidate)
        if rule or noise or not self._plain:
            excused = self._excused(pointer, primary, candidate, rule, noise)
            if excused:
                standing, blame, reason = excused
                return Difference("answer", pointer, kind, one, other, standing, blame, reason)
        if kind == "value":
            if primary == self._primary_id and primary and candidate == self._candidate_id:
                return Difference(
                    "answer", pointer, kind, one, other, Standing.NOISE, Blame.PLATFORM, "request id"
                )
            if shape := shape_of_pair(primary, candidate):
                blame = Blame.PLATFORM if shape in _PLATFORM_SHAPES else Blame.NOISE
                return Difference("answer", pointer, kind, one, other, Standing.NOISE, blame, shape)
        blame = Blame.PLATFORM if pointer.startswith(_HEADERS) else Blame.LOGIC
        return Difference("answer", pointer, kind, one, other, Standing.COUNTS, blame)

    def _excused(
        self, pointer: str, primary: Any, candidate: Any, rule: str, noise: str
    ) -> tuple[Standing, Blame, str] | None:
        if rule == NO_ANSWER:
            return Standing.LOSS, Blame.PLATFORM, NO_ANSWER
        rule = rule or self._acceptance.accepts(pointer, primary, candidate)
        if rule:
            return Standing.IGNORED, Blame.LOGIC, rule
        if pointer in self._losses:
            return Standing.LOSS, Blame.TRANSLATION, LOSS_FACT
        return (Standing.NOISE, Blame.NOISE, noise) if noise else None


def _duplicate(key: str, on_primary: bool) -> Difference:
    said = f'"{shortened(key)}" occurs twice'
    return Difference(
        part="answer",
        pointer=f"/{key}",
        kind="missing" if on_primary else "extra",
        primary=said if on_primary else "",
        candidate="" if on_primary else said,
        standing=Standing.COUNTS,
        blame=Blame.LOGIC,
        reason="duplicate keys",
    )


def shown(value: Any) -> str:
    """Give a short printable form of a JSON value; an empty string for nothing at all."""
    kind = type(value)
    if kind is str:
        value = value[: SHOWN_CHARACTERS + 1]
    elif kind is list or kind is dict:
        value = _beginning(value, [SHOWN_CHARACTERS])
    elif value is ABSENT:
        return ""
    try:
        text = _dumps(value).decode()
    except orjson.JSONEncodeError:
        text = exact_canonical(value).decode()
    return text if len(text) <= SHOWN_CHARACTERS else shortened(text)


def _beginning(value: Any, room: list[int], depth: int = 20) -> Any:
    """Give the part of a value that fills what is shown of it, so that a long one costs no more to print."""
    if isinstance(value, str):
        room[0] -= len(value)
        return value[: SHOWN_CHARACTERS + 1]
    if depth == 0 and isinstance(value, dict | list):
        return "…"
    room[0] -= 2
    if isinstance(value, list):
        taken = []
        for element in value:
            if room[0] < 0:
                break
            taken.append(_beginning(element, room, depth - 1))
        return taken
    if isinstance(value, dict):
        members: dict[str, Any] = {}
        for key, member in value.items():
            if room[0] < 0:
                break
            room[0] -= len(key)
            members[key] = _beginning(member, room, depth - 1)
        return members
    return value


# ---------------------------------------------------------------------------------------------- errors


def error_differences(
    primary: Observation, candidate: Observation, acceptance: Acceptance
) -> list[Difference]:
    """Give the differences between what went wrong on either side: in type and in message."""
    left, right = _error(primary), _error(candidate)
    if primary.outcome is Outcome.TIMEOUT and candidate.outcome is Outcome.TIMEOUT:
        return []
    timed_out = Outcome.TIMEOUT in (primary.outcome, candidate.outcome)
    return [
        _error_difference(pointer, one, other, acceptance, timed_out)
        for pointer, one, other in zip(("/errorType", "/errorMessage"), left, right, strict=True)
        if one != other
    ]


def _error_difference(
    pointer: str, one: str, other: str, acceptance: Acceptance, timed_out: bool
) -> Difference:
    rule = acceptance.accepts(pointer, one, other)
    shape = shape_of_pair(one, other) if one and other else ""
    return Difference(
        part="error",
        pointer=pointer,
        kind="value" if one and other else "missing" if one else "extra",
        primary=shortened(one),
        candidate=shortened(other),
        standing=Standing.IGNORED if rule else Standing.NOISE if shape else Standing.COUNTS,
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
    stated: Mapping[str, Any] = body.value if isinstance(body.value, dict) else {}
    kind, message = stated.get("errorType"), stated.get("errorMessage")
    return (
        kind if isinstance(kind, str) and kind else observation.error_type,
        message if isinstance(message, str) else observation.error_message,
    )
