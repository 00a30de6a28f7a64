"""What a person types as a rule, read and refused with a sentence that says how to mend it."""

from __future__ import annotations

import re
from typing import get_args

import re2

from cutover import comparison as comparing
from cutover.comparison.model import RuleKind
from cutover.errors import BadInput

KINDS: tuple[str, ...] = get_args(RuleKind)
_BAD_ESCAPE = re.compile(r"~(?![01])")


def value(name: str, kind: str, pointer: str, text: str) -> comparing.Rule:
    """Give a rule as the comparison takes it. Raises BadInput for a kind that there is not."""
    if kind not in KINDS:
        raise BadInput(f"A rule is one of {', '.join(KINDS)}, not '{kind}'.")
    return comparing.Rule(name=name, kind=kind, pointer=pointer, value=text)  # type: ignore[arg-type]


def checked(*, name: str, kind: str, pointer: str, text: str, reason: str) -> comparing.Rule:
    """Give the rule that was typed, ready to be used.

    Raises BadInput with what is wrong and how to mend it.
    """
    if not name.strip() or len(name) > 80:
        raise BadInput("A rule needs a name of at most 80 characters.")
    if not reason.strip():
        raise BadInput("A rule needs a reason: it says why the difference is accepted.")
    if kind not in KINDS:
        raise BadInput(f"A rule is one of {', '.join(KINDS)}, not '{kind}'.")
    if len(pointer) > 200 or len(text) > 200:
        raise BadInput("Pointer and value of a rule have at most 200 characters.")
    if pointer not in {"", "logs"} and not pointer.startswith(("/", "effects/")):
        raise BadInput(
            f"'{pointer}' is no place. It is a JSON pointer such as /body/id or /items/*/at, "
            "the word logs, or effects/TWIN/KEY."
        )
    if _BAD_ESCAPE.search(pointer):
        raise BadInput(
            f"'{pointer}' is no JSON pointer: a tilde in it is followed by 0 or 1. "
            "Write ~0 for ~ and ~1 for /."
        )
    if pointer == "" and kind == "ignore":
        raise BadInput("A rule that ignores the whole answer would compare nothing. Name a place in it.")
    if pointer == "logs" and kind not in ("mask", "pattern"):
        raise BadInput("For logs there are only rules of kind mask and pattern.")
    if kind in ("mask", "pattern"):
        _checked_pattern(kind, text)
    return comparing.checked(value(name, kind, pointer, text))


def _checked_pattern(kind: str, pattern: str) -> None:
    if not pattern:
        raise BadInput(
            "A mask needs a pattern; what it matches is blanked on both sides."
            if kind == "mask"
            else "This kind needs a pattern: places, or log lines, in which it finds something are ignored."
        )
    try:
        re2.compile(pattern)
    except re2.error as error:
        why = error.args[0] if error.args else ""
        said = why.decode(errors="replace") if isinstance(why, bytes) else str(why)
        raise BadInput(
            f"The pattern cannot be read: {said}. It is an RE2 expression, without look-around and "
            "back-references."
        ) from error
