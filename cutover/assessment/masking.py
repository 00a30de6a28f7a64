"""Excerpts of code without the secrets in them."""

from __future__ import annotations

import re

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


def mask(text: str) -> str:
    """Give text with what looks like a secret replaced by `***`; rather too much than too little."""
    for one in _SECRETS:
        text = one.sub(lambda found: found.group("keep") + "***", text)
    return text


def excerpt(lines: tuple[str, ...], line: int) -> str:
    """Give one line of code, trimmed to 200 characters and masked; empty when there is none."""
    if not 1 <= line <= len(lines):
        return ""
    # Masked before it is cut, so that no cut hides the end of a pattern; a minified line is cut first,
    # generously, because patterns over megabytes cost time.
    return mask(lines[line - 1].strip()[: LONGEST * 20])[:LONGEST]
