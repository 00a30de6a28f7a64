"""How large events and answers may be on both clouds."""

from __future__ import annotations

from collections.abc import Iterator

from cutover.assessment.finding import Finding
from cutover.ports import FunctionFacts

SOURCE = "Alibaba Cloud, Function Compute, limits of usage; AWS Lambda, quotas, read 2026-11-22"
ASYNC_KB_FC, ASYNC_KB_LAMBDA = 128, 256
LARGE = ("sns", "eventbridge", "account", "iot")
"""Kinds whose events are asynchronous and may be larger than FC takes: their text is the producer's."""


def check(facts: FunctionFacts) -> Iterator[Finding]:
    """Give one finding: a warning when a trigger may bring asynchronous events that FC refuses."""
    kinds = sorted({str(one.get("kind", "")) for one in facts.triggers} & set(LARGE))
    yield Finding(
        rule="payload",
        severity="warn" if kinds else "ok",
        title=f"Events of {', '.join(kinds)} may be larger than FC takes" if kinds else "Payloads fit",
        place=f"Triggers: {', '.join(kinds)}" if kinds else "Invoke",
        why=f"An asynchronous event has {ASYNC_KB_FC} KB at most on FC, and {ASYNC_KB_LAMBDA} KB or more on "
        "Lambda. A synchronous one may have 32 MB on FC and 6 MB on Lambda.",
        remedy="Look for the largest event; send a reference instead of the content where it is too much."
        if kinds
        else "",
        source=SOURCE,
    )
