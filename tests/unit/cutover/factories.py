"""Observations, evidence and function facts with defaults."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from cutover.analysis import PairEvidence
from cutover.comparison import Comparison, PairOutcome, Rule, compare
from cutover.observation import LogLine, Observation, Outcome, Side
from cutover.ports import FunctionFacts

AT = datetime(2026, 11, 22, 5, 41, 7, tzinfo=UTC)


def observation(
    answer: Any = None,
    *,
    side: Side = Side.PRIMARY,
    outcome: Outcome = Outcome.OK,
    logs: tuple[str, ...] | None = None,
    **fields: Any,
) -> Observation:
    """An observation; ``answer`` is the payload as bytes, or a value that becomes JSON."""
    return Observation(
        side=side,
        outcome=outcome,
        payload=answer if isinstance(answer, bytes) else orjson.dumps(answer),
        request_id=fields.pop("request_id", f"{side}-1"),
        at=AT,
        logs=None if logs is None else tuple(LogLine(text=text) for text in logs),
        **fields,
    )


def compared(primary: Any, candidate: Any, *rules: Rule) -> Comparison:
    """The comparison of two answers."""
    return compare(observation(primary), observation(candidate, side=Side.CANDIDATE), rules=rules)


def failed(side: Side = Side.CANDIDATE, kind: str = "TypeError", message: str = "no name") -> Observation:
    """An observation of a function that raised."""
    return observation(
        {"errorType": kind, "errorMessage": message, "trace": [f"at {side}"]},
        side=side,
        outcome=Outcome.ERROR,
    )


def pair(outcome: PairOutcome = PairOutcome.MATCH, **fields: Any) -> PairEvidence:
    """Evidence of one warm pair that took 40 ms on both sides."""
    defaults: dict[str, Any] = {"primary_ms": 40.0, "candidate_ms": 40.0, "cold": False}
    return PairEvidence(outcome=outcome, **{**defaults, **fields})


def function(**fields: Any) -> FunctionFacts:
    """A Lambda function that nothing speaks against."""
    aliases: Mapping[str, Mapping[str, Any]] = {"live": {"version": "3", "weights": {}}}
    defaults: dict[str, Any] = {
        "name": "greet",
        "arn": "arn:aws:lambda:us-east-1:123456789012:function:greet",
        "runtime": "nodejs20.x",
        "handler": "index.handler",
        "role": "arn:aws:iam::123456789012:role/greet",
        "memory_mb": 512,
        "timeout_s": 10,
        "code_sha256": "aGFzaA==",
        "code_size": 20_000,
        "package_type": "Zip",
        "architectures": ("x86_64",),
        "layers": (),
        "environment": {"GREETING": "0" * 64},
        "description": "",
        "tags": {},
        "vpc": False,
        "dead_letter": "",
        "reserved_concurrency": None,
        "ephemeral_mb": 512,
        "last_modified": "2026-11-20T08:00:00Z",
        "versions": ("1", "2", "3"),
        "aliases": aliases,
        "triggers": (),
        "managed_by": "",
        "limits": (),
    }
    return FunctionFacts(**{**defaults, **fields})
