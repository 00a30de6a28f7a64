"""What the code supposes about credentials, region and the platform's own environment."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cutover.assessment.code import View
from cutover.assessment.finding import Finding
from cutover.assessment.on_code.places import Words, once
from cutover.assessment.source import Source
from cutover.ports import FunctionFacts

CREDENTIALS = frozenset(
    {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_ACCESS_KEY"}
)
REGION = frozenset({"AWS_REGION", "AWS_DEFAULT_REGION"})
PLATFORM = re.compile(r"^(?:AWS_LAMBDA_|LAMBDA_|_HANDLER$|_X_AMZN_|AWS_EXECUTION_ENV$)")
_REGION_NAME = re.compile(r"^(?:us|eu|ap|ca|sa|me|af|il|mx|cn)-(?:gov-)?[a-z]+-\d$")
_REGION_KEYS = re.compile(r"region", re.IGNORECASE)
SOURCE = "AWS Lambda, environment variables of the runtime, read 2026-11-22"
ON_CREDENTIALS = Words(
    rule="credentials",
    why="Lambda puts the role's credentials there; FC does not, and what it gives are Alibaba Cloud's.",
    remedy="Leave credentials to the driver of each cloud; never copy a key into the environment.",
    source=SOURCE,
)
ON_REGION = Words(
    rule="region",
    why="FC does not set AWS_REGION, and an AWS region is not one of Alibaba Cloud's.",
    remedy="Give the region by an environment variable of your own.",
    source=SOURCE,
)
ON_PLATFORM = Words(
    rule="platform-names",
    why="Lambda sets it and FC does not.",
    remedy="Deploy with the adapter, which sets what has a meaning on FC, or do not depend on it.",
    source=SOURCE,
)


def check(facts: FunctionFacts, source: Source) -> Iterator[Finding]:
    """Give findings on credentials, on regions, and on names that only Lambda sets."""
    yield from once(_credentials(source), ON_CREDENTIALS)
    yield from once(_regions(source), ON_REGION)
    yield from once(
        (
            (f"{one.text} is set by Lambda only", view, one.line)
            for view in _own(source)
            for one in view.environment
            if PLATFORM.match(one.text)
        ),
        ON_PLATFORM,
    )


def _credentials(source: Source) -> Iterator[tuple[str, View, int]]:
    for view in _own(source):
        for one in view.environment:
            if one.text in CREDENTIALS:
                yield f"{one.text} is read", view, one.line
        for call in view.calls:
            name = call.name.rpartition(".")[2]
            if name in ("SharedIniFileCredentials", "fromIni", "fromEnv", "EnvironmentCredentials"):
                yield f"Credentials come from {name}", view, call.line
        for member in view.members:
            if member.owner == "AWS.config" and member.name == "credentials":
                yield "AWS.config.credentials is used", view, member.line


def _regions(source: Source) -> Iterator[tuple[str, View, int]]:
    for view in _own(source):
        for one in view.environment:
            if one.text in REGION:
                yield f"{one.text} is read", view, one.line
        for literal in view.literals:
            if _REGION_KEYS.search(literal.key) and _REGION_NAME.match(literal.text):
                yield f"The region {literal.text} is fixed in the code", view, literal.line


def _own(source: Source) -> Iterator[View]:
    """Give files that people wrote: what an SDK in a bundle reads is no supposition of the code."""
    return (view for view in source.views if not view.bundled)
