"""One name for both twins: what a side calls a bucket, a queue, a topic or a table becomes ``twin:NAME``.

An address carries the name of its resource in a form of its cloud's own: an ARN, a URL, a bare name. All
forms of a twin's two names are replaced on both sides, so that equal content is equal, whoever wrote it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import replace

from cutover.effects.model import Effect, Twin

_ARN = (
    r"(?:arn:aws[a-z-]{0,10}|acs):[a-z0-9-]{1,20}:[a-z0-9-]{0,30}:\d{0,20}:(?:/?(?:topics|queues)/|table/)?"
)
_URL = r"(?:https?|s3|oss)://[^\s\"'<>/?#]{1,255}/(?:\d{1,20}/|queues/|topics/)?"
_HOST = r"(?:https?|s3|oss)://"
_ENDPOINT = r"\.(?:s3[a-z0-9.-]{0,60}\.amazonaws\.com(?:\.cn)?|oss-[a-z0-9-]{1,40}\.aliyuncs\.com)"


class Names:
    """The names of a function's twins, ready to be replaced. Patterns are bounded: no text makes one slow."""

    def __init__(self, twins: Iterable[Twin]) -> None:
        self._forms = [(f"twin:{twin.name}", _pattern(twin)) for twin in twins]

    def text(self, text: str) -> str:
        """Give the text with every form of a twin's name replaced."""
        for name, pattern in self._forms:
            text = pattern.sub(name, text)
        return text

    def effect(self, effect: Effect) -> Effect:
        """Give the effect with the names in its text replaced, and the hash of what that gives.

        Content that is longer than what is kept of it, or no text, is left as it is; so are keys.
        """
        if not effect.text or _digest(effect.text) != effect.digest:
            return effect
        text = self.text(effect.text)
        return replace(effect, text=text, digest=_digest(text))


def _pattern(twin: Twin) -> re.Pattern[str]:
    names = {part for name in (twin.primary, twin.candidate) for part in (name, _last(name)) if part}
    # The longer first: a queue's URL before the name that it ends with.
    alternatives = "|".join(re.escape(name) for name in sorted(names, key=lambda one: (-len(one), one)))
    # A bare name that is the same on both sides needs no replacing, and may be any word.
    alone = "" if twin.primary == twin.candidate else r"|(?<![\w.-])"
    return re.compile(
        rf"{_HOST}(?:{alternatives}){_ENDPOINT}(?![\w.-])"
        rf"|{_HOST}(?:{alternatives})(?![\w.-])"
        rf"|(?:{_ARN}|{_URL}{alone})(?:{alternatives})(?![\w-])"
    )


def _last(name: str) -> str:
    """Give the resource's own name of a queue's URL or an ARN."""
    return re.split(r"[/:]", name)[-1] if "://" in name or name.startswith(("arn:", "acs:")) else ""


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
