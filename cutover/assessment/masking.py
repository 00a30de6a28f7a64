"""Excerpts of code without the secrets in them."""

from __future__ import annotations

import re
import textwrap

LONGEST = 200
_NAMES = (
    r"(?:pass(?:word|wd|phrase)?|secret\w*|token|api[_-]?key|access[_-]?key(?:[_-]?id)?|private[_-]?key"
    r"|credential\w*)"
)
_SECRETS = (
    re.compile(r"(?P<keep>\b(?:AKIA|ASIA|LTAI))[0-9A-Za-z]{12,}"),
    re.compile(r"(?P<keep>://[^\s:/@'\"]*:)[^\s@'\"]+(?=@)"),
    re.compile(rf"(?i)(?P<keep>[\w-]*{_NAMES}[\w-]*[\"']?\s*[:=,]\s*[\"'`])[^\"'`]+"),
    re.compile(r"(?P<keep>-----BEGIN )[A-Z ]*PRIVATE KEY.*"),
    re.compile(r"(?P<keep>\b(?:gh[pousr]_|xox[abps]-|sk_live_|sk-))[\w-]{10,}"),
    re.compile(r"(?P<keep>[\"'`])(?=[^\"'`]*\d)(?=[^\"'`]*[a-z])(?=[^\"'`]*[A-Z])[A-Za-z0-9+/=_-]{32,}"),
)

_KEY_LINE = re.compile(r"[\s\"'`+]*(?=[^\s]*[0-9+/])[A-Za-z0-9+/]{16,}={0,2}[\\n\s\"'`+,;]*")
"""A line of nothing but base64: the inside of a key whose first line lies outside of what is shown."""


def mask(text: str) -> str:
    """Give text with what looks like a secret replaced by `***`; rather too much than too little."""
    for one in _SECRETS:
        text = one.sub(lambda found: found.group("keep") + "***", text)
    return text


def mask_lines(text: str) -> str:
    """Give a text of many lines, or a diff, with each line masked; the lines inside a key are taken out."""
    return "\n".join(_mask_line(one) for one in text.split("\n"))


def _mask_line(line: str) -> str:
    sign = line[0] if line[:1] in ("+", "-", " ") else ""
    content = line.removeprefix(sign)
    return f"{sign}***" if _KEY_LINE.fullmatch(content) else sign + mask(content)


def excerpt(lines: tuple[str, ...], line: int) -> str:
    """Give one line of code, trimmed to 200 characters and masked; empty when there is none."""
    if not 1 <= line <= len(lines):
        return ""
    # Masked before it is cut, so that no cut hides the end of a pattern; a minified line is cut first,
    # generously, because patterns over megabytes cost time.
    return mask(lines[line - 1].strip()[: LONGEST * 20])[:LONGEST]


def around(lines: tuple[str, ...], line: int, reach: int = 2) -> tuple[tuple[int, str], ...]:
    """Give a line of code with up to ``reach`` lines before and after it, numbered, cut and masked.

    Indentation that all of them share is taken off. Empty when there is no such line.
    """
    if not 1 <= line <= len(lines):
        return ()
    first = max(1, line - reach)
    shown = [one.rstrip()[: LONGEST * 20].expandtabs(4) for one in lines[first - 1 : line + reach]]
    masked = mask("\n".join(mask(one) for one in shown)).split("\n")
    if len(masked) != len(shown):
        # A secret that runs over several lines was taken out with its line ends.
        return ((line, excerpt(lines, line)),)
    kept = ["***" if _KEY_LINE.fullmatch(one) else one for one in masked]
    dedented = textwrap.dedent("\n".join(kept)).split("\n")
    return tuple((first + place, one[:LONGEST]) for place, one in enumerate(dedented))
