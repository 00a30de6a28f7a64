"""What the rules of the assessment say, in the reader's language.

The rules know no language: they say English sentences, which rows keep. Here a sentence is found again among
the message ids that the rules have (``rule_messages``), what a rule put into it is taken out, and both are
said in the reader's language. What is not found stays as it is. Sentences that stand together are
taken apart.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from django.utils.translation import get_language, gettext

from dashboard.rule_messages import MESSAGES

_PLACE = re.compile(r"\{(\d?)\}")
_BETWEEN = re.compile(r"(?<=[.!?]) (?=[A-Z\"'{])")
DEEPEST = 6


def said(text: str) -> str:
    """Give what a rule said in the reader's language."""
    language = get_language() or "en"
    return str(text or "") if language.startswith("en") else _in(language, str(text or ""))


@lru_cache(maxsize=8192)
def _in(language: str, text: str) -> str:
    """Give the text in a language that is active; ``language`` only keeps the answers apart."""
    return _any(text, 0)


def _any(text: str, depth: int) -> str:
    if not text.strip() or depth > DEEPEST:
        return text
    if text.startswith(": "):
        return f"：{_any(text[2:], depth)}"
    found = _one(text.strip(), depth)
    if found is not None:
        return found
    parts = _BETWEEN.split(text)
    for number in range(len(parts) - 1, 0, -1):
        found = _one(" ".join(parts[:number]), depth)
        if found is not None:
            return found + _any(" ".join(parts[number:]), depth + 1)
    found = _one(text.strip(), depth, loose=True)
    return _parted(text, depth) if found is None else found


def _parted(text: str, depth: int) -> str:
    """Say a sentence whose full stop was put on or taken off, and parts of a list and of "what: which"."""
    if text.endswith(".") and (found := _one(text[:-1], depth)) is not None:
        return f"{found}。"
    if (found := _one(f"{text}.", depth)) is not None:
        return found.removesuffix("。")
    if "; " in text:
        return "；".join(_any(one, depth + 1) for one in text.split("; "))
    head, colon, rest = text.partition(": ")
    if colon:
        there = (_any(head, depth + 1), _any(rest, depth + 1))
        return text if there == (head, rest) else "：".join(there)
    return text


def _one(text: str, depth: int, *, loose: bool = False) -> str | None:
    """Say one sentence, None when no rule says it. ``loose``: what was put in may be several sentences."""
    plain, patterns = _known()
    if text in plain:
        return gettext(plain[text]).strip()
    for message, pattern in patterns:
        found = pattern.fullmatch(text)
        if found is not None and (loose or not any(_BETWEEN.search(one) for one in found.groups())):
            values = [_any(one, depth + 1) for one in found.groups()]
            before = values.pop(0) if message.startswith(",") else ""
            return before + _filled(gettext(message).strip(), values)
    return None


def _filled(sentence: str, values: list[str]) -> str:
    return _PLACE.sub(lambda place: values[int(place[1] or 0)], sentence)


@cache
def _known() -> tuple[dict[str, str], tuple[tuple[str, re.Pattern[str]], ...]]:
    """Give sentences by their text, and those with places as patterns, the most telling first.

    What begins with a comma is said after something else, which is a place of its own, so it comes first.
    """
    plain = {one.strip(): one for one in MESSAGES if not _PLACE.search(one) and not one.startswith(",")}
    rest = [one for one in MESSAGES if one.strip() not in plain]
    rest.sort(key=lambda one: (not one.startswith(","), -len(_PLACE.sub("", one))))
    return plain, tuple((one, _pattern(one)) for one in rest)


def _pattern(message: str) -> re.Pattern[str]:
    pieces = [re.escape(one) for one in re.split(r"\{\d?\}", message.strip())]
    before = "(.+?)" if message.startswith(",") else ""
    return re.compile(before + "(.*?)".join(pieces), re.DOTALL)
