"""ARNs, hosts and secrets that stand in the code."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cutover.assessment.code import View
from cutover.assessment.finding import Finding
from cutover.assessment.on_code.places import Words, once
from cutover.assessment.source import Source
from cutover.ports import FunctionFacts

_ARN = re.compile(r"arn:(?:aws[\w-]*|\{\}):([\w-]+):[\w{}-]*:[\d{}]*:[^\s\"']+")
_HOST = re.compile(
    r"([\w.{}-]+\.(?:amazonaws\.com(?:\.cn)?|on\.aws|cloudfront\.net|execute-api\.[\w-]+\.\w+)|169\.254\.169\.254)"
)
_KEY = re.compile(
    r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|-----BEGIN [A-Z ]*PRIVATE KEY|\b(?:ghp_|sk_live_|xox[bp]-)\w{10,}"
)
_IN_ADDRESS = re.compile(r"://[^\s:/@]+:[^\s@/${}]{3,}@")
_SECRET_NAME = re.compile(
    r"pass(?:word|wd)|secret|api_?key|access_?key|private_?key|auth_?token", re.IGNORECASE
)
_HARMLESS = re.compile(
    r"^(?:|.{1,3}|.*\{\}.*|[A-Z_]+|\$\{.*|%.*|<.*>|[\w.-]*(?:password|secret|key|token)[\w.-]*|changeme|example.*|string"
    r"|arn:.*|/.*|.*\s.*)$",
    re.IGNORECASE,
)
SOURCE = "Cutover, reading of code"
ARN = Words(
    rule="hard-coded-arn",
    why="On FC the code would still address the AWS resource, whose credentials it does not have there.",
    remedy="Take it from the environment, and map it to its twin in the plan.",
    source=SOURCE,
)
HOST = Words(
    rule="hard-coded-host",
    why="The address belongs to AWS: from FC it is reached over the internet, or not at all.",
    remedy="Take it from the environment, and name what FC shall reach instead.",
    source=SOURCE,
)
SECRET = Words(
    rule="secret",
    why="Who can read the package can read it, on both clouds; the copy on FC is one more.",
    remedy="Move it to Secrets Manager on AWS and KMS on Alibaba Cloud, and change it.",
    source=SOURCE,
)


def check(facts: FunctionFacts, source: Source) -> Iterator[Finding]:
    """Give findings on ARNs, hosts and secrets; a secret's text is in none of them."""
    yield from once(_matches(source, _ARN, "An ARN of {} stands in the code"), ARN)
    yield from once(_matches(source, _HOST, "The host {} stands in the code"), HOST)
    yield from once(_secrets(source), SECRET)


def _matches(source: Source, pattern: re.Pattern[str], title: str) -> Iterator[tuple[str, View, int]]:
    for view in source.views:
        if view.bundled and pattern is _HOST:
            continue  # an SDK inside names the hosts of every service
        for one in view.literals:
            if len(one.text) < 5_000 and (found := pattern.search(one.text)):
                yield title.format(found.group(1)), view, one.line


def _secrets(source: Source) -> Iterator[tuple[str, View, int]]:
    for view in source.views:
        for one in view.literals:
            if _KEY.search(one.text[:5_000]):
                yield "A key stands in the code", view, one.line
            elif len(one.text) < 5_000 and _IN_ADDRESS.search(one.text):
                yield "An address with a password stands in the code", view, one.line
            elif not view.bundled and _SECRET_NAME.search(one.key) and not _HARMLESS.match(one.text):
                yield f"{one.key} has a value in the code", view, one.line
