"""What two invocations left behind, set side by side: aligned by twin, kind and key, compared by content.

Keys that are the same on both sides belong together. What is left over is paired by a rule, or by shape where
each side drew a name of its own: a uuid, a time of about now, the number of a new row. Messages have no key;
equal ones are paired first, then those of one template, then in their order.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from cutover.comparison.answers import content_differences
from cutover.comparison.effect_rules import EffectRules, segment_of
from cutover.comparison.model import Blame, Difference, EffectRow, Kind, Standing
from cutover.comparison.volatile import DAY_S, masked, shape_of_pair
from cutover.effects.model import Effect, EffectKind
from cutover.observation import Observation

GENERATED_KEY = "generated key"
MAX_ROWS = 500
"""Rows of effects that are kept one by one; all of them are compared."""

_SHOWN = 200
_GRAVEST = (Standing.COUNTS, Standing.LOSS, Standing.IGNORED, Standing.NOISE)
_ORDER = {standing: place for place, standing in enumerate(_GRAVEST)}
_ROWS = frozenset({EffectKind.ROW_INSERTED, EffectKind.ROW_UPDATED, EffectKind.ROW_DELETED})
_OBJECTS = frozenset({EffectKind.OBJECT_WRITTEN, EffectKind.OBJECT_DELETED})
_DRAWN = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}|(?=[0-9a-f]*\d)[0-9a-f]{16,64}")
_VARYING = re.compile(r"[0-9A-Za-z]*\d[0-9A-Za-z]*|[0-9a-fA-F]{4,}")
_COMPACT = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)[T_ -]?(\d\d)[:._-]?(\d\d)(?:[:._-]?(\d\d))?(?:[.,_-]?\d{1,9})?Z?"
)


class _Couple(NamedTuple):
    """Two effects that belong together, or one alone; ``reason`` or ``rule``: why their keys may differ."""

    primary: Effect | None
    candidate: Effect | None
    reason: str = ""
    rule: str = ""


def effect_differences(
    primary: Observation, candidate: Observation, rules: EffectRules
) -> tuple[tuple[EffectRow, ...], list[Difference], int]:
    """Give the rows, every difference and the number of equal effects of two sides that were looked at."""
    rows: list[EffectRow] = []
    differences: list[Difference] = []
    equal = 0
    for couple in _couples(primary.effects or (), candidate.effects or (), rules):
        found = _differences(couple, rules, (primary.request_id, candidate.request_id))
        standing = min((one.standing for one in found), key=_ORDER.__getitem__, default=None)
        equal += standing is None
        differences += found
        rows.append(_row(couple, standing))
    counting = [row for row in rows if row.standing is Standing.COUNTS]
    others = [row for row in rows if row.standing is not Standing.COUNTS]
    return tuple((*counting, *others)[:MAX_ROWS]), differences, equal


def restanding(rows: Iterable[EffectRow], differences: Sequence[Difference]) -> tuple[EffectRow, ...]:
    """Give rows anew with the standing that the differences at and below their pointers have now."""
    found: list[EffectRow] = []
    for row in rows:
        own = [
            one.standing
            for one in differences
            if one.part == "effects"
            and (one.pointer == row.pointer or one.pointer.startswith(f"{row.pointer}/"))
        ]
        standing = min(own, key=_ORDER.__getitem__) if own else row.standing
        found.append(
            EffectRow(
                twin=row.twin,
                kind=row.kind,
                key=row.key,
                primary=row.primary,
                candidate=row.candidate,
                standing=standing,
                pointer=row.pointer,
            )
        )
    return tuple(found)


# ------------------------------------------------------------------------------------------- alignment


def _couples(primary: Iterable[Effect], candidate: Iterable[Effect], rules: EffectRules) -> Iterator[_Couple]:
    left, right = _by_place(primary), _by_place(candidate)
    for place in sorted({*left, *right}):
        mine, other = left.get(place, []), right.get(place, [])
        yield from _messages(mine, other) if place[1] == "message" else _keyed(mine, other, rules)


def _by_place(effects: Iterable[Effect]) -> dict[tuple[str, str], list[Effect]]:
    """Give effects by twin and family: what may stand for each other."""
    found: dict[tuple[str, str], list[Effect]] = defaultdict(list)
    for effect in effects:
        found[effect.twin, _family(effect.kind)].append(effect)
    return found


def _family(kind: EffectKind) -> str:
    if kind in _OBJECTS:
        return "object"
    if kind in _ROWS:
        return "row"
    return "message" if kind is EffectKind.MESSAGE_SENT else "schema"


def _keyed(primary: list[Effect], candidate: list[Effect], rules: EffectRules) -> Iterator[_Couple]:
    left, right = list(primary), list(candidate)

    def by_rule(one: Effect, other: Effect) -> tuple[str, str] | None:
        rule = rules.same_key(one.twin, one.key, other.key)
        return ("", rule) if rule else None

    for matches in (_same_key, by_rule, _by_shape):
        # Of several that might belong together, those with equal content do.
        yield from _taken(left, right, _and_alike(matches))
        yield from _taken(left, right, matches)
    yield from _left_over(left, right)


def _messages(primary: list[Effect], candidate: list[Effect]) -> Iterator[_Couple]:
    left, right = list(primary), list(candidate)
    for matches in (_and_alike(_any), _by_template, _any):
        yield from _taken(left, right, matches)
    yield from _left_over(left, right)


def _left_over(left: Iterable[Effect], right: Iterable[Effect]) -> Iterator[_Couple]:
    yield from (_Couple(one, None) for one in left)
    yield from (_Couple(None, other) for other in right)


_Matches = Callable[[Effect, Effect], tuple[str, str] | None]


def _taken(left: list[Effect], right: list[Effect], matches: _Matches) -> Iterator[_Couple]:
    """Give what matches, each effect once, in order, and take it from both lists."""
    for one in list(left):
        for other in right:
            found = matches(one, other)
            if found is not None:
                left.remove(one)
                right.remove(other)
                yield _Couple(one, other, *found)
                break


def _any(_one: Effect, _other: Effect) -> tuple[str, str] | None:
    return "", ""


def _and_alike(matches: _Matches) -> _Matches:
    """Give the same, for effects whose content is equal."""

    def found(one: Effect, other: Effect) -> tuple[str, str] | None:
        return matches(one, other) if one.digest == other.digest and one.size == other.size else None

    return found


def _same_key(one: Effect, other: Effect) -> tuple[str, str] | None:
    return ("", "") if one.key == other.key else None


def _by_template(one: Effect, other: Effect) -> tuple[str, str] | None:
    return ("", "") if masked(one.text) == masked(other.text) else None


def _by_shape(one: Effect, other: Effect) -> tuple[str, str] | None:
    if _outline(one.key) != _outline(other.key):
        return None
    reason = _drawn_anew(one, other)
    return (reason, "") if reason else None


@lru_cache(maxsize=4096)
def _outline(key: str) -> str:
    """Give what keys of one shape have in common; far quicker to compare than shapes are."""
    return _VARYING.sub("#", key)


def _drawn_anew(one: Effect, other: Effect) -> str:
    """Give why two keys may be one: each side drew its own. The number of a row only where both inserted."""
    if one.kind is other.kind is EffectKind.ROW_INSERTED and one.key.isdigit() and other.key.isdigit():
        return GENERATED_KEY
    if reason := shape_of_pair(one.key, other.key):
        return reason
    if _close(one.key, other.key):
        return "time"
    blank = _DRAWN.sub("*", one.key)
    return GENERATED_KEY if "*" in blank and blank == _DRAWN.sub("*", other.key) else ""


def _close(one: str, other: str) -> bool:
    """Tell whether two keys differ in compact times only, such as 20261122T101500Z, within a day."""
    if _COMPACT.sub("*", one) != _COMPACT.sub("*", other):
        return False
    times = list(zip(_COMPACT.finditer(one), _COMPACT.finditer(other), strict=True))
    return bool(times) and all(_within_a_day(mine, theirs) for mine, theirs in times)


def _within_a_day(mine: re.Match[str], theirs: re.Match[str]) -> bool:
    try:
        first, second = (
            datetime(*(int(part or 0) for part in found.groups()), tzinfo=UTC)  # type: ignore[arg-type, misc]
            for found in (mine, theirs)
        )
    except ValueError:
        return False
    return abs((first - second).total_seconds()) <= DAY_S


# ------------------------------------------------------------------------------------------ differences


def _differences(couple: _Couple, rules: EffectRules, ids: tuple[str, str]) -> list[Difference]:
    one, other = couple.primary, couple.candidate
    pointer = _pointer(couple)
    if one is None or other is None:
        return [_alone(couple, pointer, rules)]
    found: list[Difference] = []
    if one.key != other.key:
        standing = Standing.IGNORED if couple.rule else Standing.NOISE
        reason = couple.rule or couple.reason
        blame = Blame.LOGIC if couple.rule else Blame.NOISE
        found.append(_difference(pointer, "value", one.key, other.key, standing, blame, reason))
    if one.kind is not other.kind:
        found.append(_counted(pointer, "type", one.kind, other.kind, rules, couple))
        return found
    return [*found, *_contents(one, other, pointer, rules, ids)]


def _alone(couple: _Couple, pointer: str, rules: EffectRules) -> Difference:
    one, other = couple.primary, couple.candidate
    kind: Kind = "missing" if other is None else "extra"
    return _counted(pointer, kind, _said(one) or "", _said(other) or "", rules, couple)


def _counted(
    pointer: str, kind: Kind, primary: str, candidate: str, rules: EffectRules, couple: _Couple
) -> Difference:
    effect = couple.primary or couple.candidate
    assert effect is not None
    rule = rules.ignores(effect.twin, effect.key, pointer)
    standing = Standing.IGNORED if rule else Standing.COUNTS
    return _difference(pointer, kind, primary, candidate, standing, _blame(effect), rule)


def _contents(
    one: Effect, other: Effect, pointer: str, rules: EffectRules, ids: tuple[str, str]
) -> list[Difference]:
    if one.digest == other.digest and (one.digest or one.size == other.size):
        return []
    found: list[Difference] = []
    acceptance = rules.of_content(one.twin, one.key)
    if one.text and other.text:
        own = (one.key, other.key) if one.key != other.key else ids
        places = content_differences(one.text.encode(), other.text.encode(), acceptance, own)
        found = [_of_content(place, pointer, one, other) for place in places]
    if found or (_whole(one) and _whole(other)):
        return found
    rule = acceptance.accepts("", None, None)
    standing = Standing.IGNORED if rule else Standing.COUNTS
    return [_difference(pointer, "value", _measured(one), _measured(other), standing, _blame(one), rule)]


def _of_content(place: Difference, pointer: str, one: Effect, other: Effect) -> Difference:
    """Give a difference of content as one of effects; a drawn key is noise where the content repeats it."""
    own = one.key != other.key and (place.primary, place.candidate) == (one.key, other.key)
    joint = "" if not place.pointer or place.pointer.startswith("/") else "/"
    placed = place._replace(part="effects", pointer=f"{pointer}{joint}{place.pointer}")
    if own and place.standing is Standing.COUNTS:
        return placed._replace(standing=Standing.NOISE, blame=Blame.NOISE, reason=GENERATED_KEY)
    if place.standing is Standing.COUNTS:
        return placed._replace(blame=_blame(one))
    return placed


def _difference(
    pointer: str, kind: Kind, primary: str, candidate: str, standing: Standing, blame: Blame, reason: str
) -> Difference:
    return Difference("effects", pointer, kind, primary, candidate, standing, blame, reason)


def _blame(effect: Effect) -> Blame:
    """The schema of a database is none of the function's doing; everything else is, unless it is excused."""
    return Blame.PLATFORM if effect.kind is EffectKind.SCHEMA_VERSION else Blame.LOGIC


def _whole(effect: Effect) -> bool:
    return bool(effect.text) and hashlib.sha256(effect.text.encode()).hexdigest() == effect.digest


# ------------------------------------------------------------------------------------------------ rows


def _pointer(couple: _Couple) -> str:
    effect = couple.primary or couple.candidate
    assert effect is not None
    return f"effects/{effect.twin}/{segment_of(effect.key)}"


def _row(couple: _Couple, standing: Standing | None) -> EffectRow:
    effect = couple.primary or couple.candidate
    assert effect is not None
    return EffectRow(
        twin=effect.twin,
        kind=effect.kind.value,
        key=effect.key,
        primary=_said(couple.primary),
        candidate=_said(couple.candidate),
        standing=standing,
        pointer=_pointer(couple),
    )


def _said(effect: Effect | None) -> str | None:
    """Give a short printable form of an effect: what it wrote, or how large that is."""
    if effect is None:
        return None
    if not effect.text:
        return _measured(effect) or effect.kind.value
    return effect.text if len(effect.text) <= _SHOWN else f"{effect.text[: _SHOWN - 1]}…"


def _measured(effect: Effect) -> str:
    size = "" if effect.size is None else f"{effect.size} bytes"
    return f"{size}, sha256 {effect.digest[:12]}".strip(", ") if effect.digest else size
