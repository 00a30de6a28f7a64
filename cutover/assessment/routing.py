"""Whether traffic can be shifted: the alias, `$LATEST`, and what forbids tap and relay."""

from __future__ import annotations

from collections.abc import Iterator

from cutover.assessment.finding import Finding
from cutover.planning import ALIAS
from cutover.ports import Document, FunctionFacts

SOURCE = "AWS Lambda, weighted aliases and versions, read 2026-11-22"
LATEST = "$LATEST"


def check(facts: FunctionFacts) -> Iterator[Finding]:
    """Give findings on the alias, on `$LATEST` and on each limit."""
    alias = facts.aliases.get(ALIAS)
    if alias is None:
        yield Finding(
            rule="alias",
            severity="warn",
            title=f"There is no alias {ALIAS}",
            place=f"Aliases: {', '.join(sorted(facts.aliases)) or 'none'}",
            why="Traffic is shifted by the weights of an alias that all callers use.",
            remedy=f"Publish a version, create the alias {ALIAS} on it and let callers and "
            "triggers address it.",
            source=SOURCE,
        )
    else:
        yield from _alias(facts, alias)
    for limit in facts.limits:
        yield Finding(
            rule="relay",
            severity="blocker",
            title=limit.rstrip("."),
            place="Function configuration",
            why="Tap and relay cannot be published for such a function, so its traffic cannot be shifted.",
            remedy="Deploy and validate work. For traffic, move callers by DNS or change what forbids it.",
            source=SOURCE,
        )


def _alias(facts: FunctionFacts, alias: Document) -> Iterator[Finding]:
    version = str(alias.get("version", ""))
    place = f"Alias {ALIAS}: version {version}"
    if version == LATEST:
        yield Finding(
            rule="alias",
            severity="blocker",
            title=f"{ALIAS} points at {LATEST}",
            place=place,
            why=f"AWS splits traffic between published versions only, and {LATEST} takes the relay's "
            "configuration for a moment while it is published.",
            remedy=f"Publish a version and point {ALIAS} at it.",
            source=SOURCE,
        )
        return
    weights = alias.get("weights") or {}
    yield Finding(
        rule="alias",
        severity="warn" if weights else "ok",
        title=f"{ALIAS} already splits traffic" if weights else f"{ALIAS} points at version {version}",
        place=place,
        why="An alias knows two versions at most; a split of somebody else would be overwritten."
        if weights
        else "A published version does not change, so a rollback brings back exactly what runs today.",
        remedy="Finish that deployment first." if weights else "",
        source=SOURCE,
    )
    yield from _latest(facts, alias, version)


def _latest(facts: FunctionFacts, alias: Document, version: str) -> Iterator[Finding]:
    """`$LATEST` differs when the alias's code hash says so, or when a newer version was published."""
    newest = max((int(number) for number in facts.versions if number.isdigit()), default=0)
    served_hash = alias.get("code_sha256")
    differs = served_hash is not None and served_hash != facts.code_sha256
    if not differs and not (version.isdigit() and newest > int(version)):
        return
    yield Finding(
        rule="latest",
        severity="warn",
        title=f"{LATEST} is not what {ALIAS} serves",
        place=f"Alias {ALIAS}: version {version}"
        + (f"; newest version {newest}" if newest > int(version or 0) else ""),
        why=f"A shift publishes tap and relay from {LATEST}: the tap would run its code, not version "
        f"{version}'s.",
        remedy=f"Publish {LATEST} and let {ALIAS} serve it, or put {LATEST} back to version {version}.",
        source=SOURCE,
    )
