"""Makes an answer wrong in one place: a key, a number, an order or a type; the same seed, the same place."""

import copy
import json
import random
from collections.abc import Callable, Iterator
from typing import Any

SPOILED = frozenset({"wrong", "wrong-key", "wrong-number", "wrong-order", "wrong-type"})
Place = tuple[Any, Any]
_ENVELOPE = "body"


def spoil(payload: bytes, kind: str, seed: int = 0) -> bytes:
    """Give the answer changed in one place.

    An answer that is no JSON loses its last byte. One without a place for this kind, such as a list for
    `wrong-order`, stays as it is. The body of an answer for HTTP is looked into where it is JSON itself.
    """
    try:
        answer = json.loads(payload)
    except ValueError:
        return payload[:-1]
    chance = random.Random(seed)  # noqa: S311 - a repeatable choice is wanted
    changed = _spoiled(answer, kind, chance)
    return payload if changed is _SAME else json.dumps(changed, separators=(",", ":")).encode()


_SAME = object()


def _spoiled(answer: Any, kind: str, chance: random.Random) -> Any:
    if isinstance(answer, dict) and isinstance(answer.get(_ENVELOPE), str):
        try:
            inner = json.loads(answer[_ENVELOPE])
        except ValueError:
            inner = None
        if isinstance(inner, (dict, list)):
            changed = _spoiled(inner, kind, chance)
            return _SAME if changed is _SAME else {**answer, _ENVELOPE: json.dumps(changed)}
    if kind == "wrong":
        changed = _first_of(answer, ("wrong-number", "wrong-key", "wrong-type"), chance)
        return None if changed is _SAME else changed
    holder = {"root": copy.deepcopy(answer)}
    fits, change = _WAYS[kind]
    places = [(owner, key) for owner, key in _places(holder) if fits(owner[key])]
    if kind == "wrong-key":
        places = [(owner, key) for owner, key in places if isinstance(owner, dict) and owner is not holder]
    if not places:
        return _SAME
    owner, key = chance.choice(places)
    change(owner, key)
    return holder["root"]


def _first_of(answer: Any, kinds: tuple[str, ...], chance: random.Random) -> Any:
    for kind in kinds:
        if (changed := _spoiled(answer, kind, chance)) is not _SAME:
            return changed
    return _SAME


def _places(holder: Any) -> Iterator[Place]:
    entries = holder.items() if isinstance(holder, dict) else enumerate(holder)
    for key, value in list(entries):
        yield holder, key
        if isinstance(value, (dict, list)):
            yield from _places(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _add_one(owner: Any, key: Any) -> None:
    owner[key] += 1


def _drop(owner: Any, key: Any) -> None:
    del owner[key]


def _turn(owner: Any, key: Any) -> None:
    # Of equal elements some are passed, so that the order really is another.
    values = owner[key]
    other = next(place for place in range(1, len(values)) if values[place:] + values[:place] != values)
    owner[key] = values[other:] + values[:other]


def _retype(owner: Any, key: Any) -> None:
    value = owner[key]
    owner[key] = 0 if value is None else [value] if isinstance(value, str) else json.dumps(value)


def _can_turn(value: Any) -> bool:
    return isinstance(value, list) and any(value[:1] != [other] for other in value)


_WAYS: dict[str, tuple[Callable[[Any], bool], Callable[[Any, Any], None]]] = {
    "wrong-number": (_is_number, _add_one),
    "wrong-key": (lambda _value: True, _drop),
    "wrong-order": (_can_turn, _turn),
    "wrong-type": (lambda value: not isinstance(value, (dict, list)), _retype),
}
