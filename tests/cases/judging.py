"""What the assessment says of a case, held against the difficulties that its recording names."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from cutover.assessment import Finding, assess, read_package, readiness
from cutover.ports import FunctionFacts
from cutover.translation import Kind, Untranslatable, recognise
from tests.cases.recorded import Case

_KINDS: dict[Kind, dict[str, Any]] = {
    Kind.S3: {"kind": "s3", "source": "arn:aws:s3:::cases"},
    Kind.SQS: {"kind": "sqs", "source": "arn:aws:sqs:us-east-1:123456789012:cases"},
    Kind.SNS: {"kind": "sns", "source": "arn:aws:sns:us-east-1:123456789012:cases"},
    Kind.SCHEDULE: {"kind": "schedule", "source": "arn:aws:events:us-east-1:123456789012:rule/cases"},
    Kind.EVENTS: {"kind": "eventbridge", "source": "arn:aws:events:us-east-1:123456789012:rule/cases"},
    Kind.API_V1: {"kind": "apigateway", "version": "1.0", "source": "REST API"},
    Kind.API_V2: {"kind": "apigateway", "version": "2.0", "source": "HTTP API"},
}
DIFFICULTIES: tuple[tuple[str, str], ...] = (
    (r"container image", "package"),
    (r"cached \w+ connection", "state"),
    (r"\bcallback\b", "handler-form"),
    (r"aws-sdk v2|boto3", "bundled-by-lambda"),
    (r"aws-sdk v2 SQS|aws-sdk v2 S3|boto3", "sdk-write"),
    (r"relational DB|MongoDB", "database"),
    (r"pinned", "runtime-upgrade"),
    (r"uses messageAttributes", "event-fields"),
)
"""Words of a recording -> the rule that must speak up."""
BLOCKING = frozenset({"package"})
"""Rules that may block, and only where a recording's words ask for them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """Findings with score, and what is wrong with them: missed difficulties and blockers without cause."""

    findings: tuple[Finding, ...]
    score: int
    blockers: tuple[str, ...]
    wrong: tuple[str, ...]


def judge(case: Case, facts: FunctionFacts, package: bytes) -> Judgement:
    """Assess the function as it stands in its repository, with the trigger that its events come from."""
    told = replace(facts, triggers=triggers_of(case))
    if _is_image(case):
        told = replace(told, package_type="Image", runtime="", handler=facts.handler)
    findings = assess(told, read_package(package))
    expected = {rule for words, rule in DIFFICULTIES if re.search(words, _words(case))}
    rules = {one.rule for one in findings if one.severity != "ok"}
    blockers = tuple(one.rule for one in findings if one.severity == "blocker")
    return Judgement(
        findings=findings,
        score=readiness(list(findings), waived=[], code_read=True).score,
        blockers=blockers,
        wrong=(
            *(f"the assessment does not tell of {rule}" for rule in sorted(expected - rules)),
            *(f"{rule} blocks without cause" for rule in blockers if rule not in expected & BLOCKING),
        ),
    )


def triggers_of(case: Case) -> tuple[dict[str, Any], ...]:
    """Give the triggers that the shapes of the events tell of."""
    kinds = dict.fromkeys(kind for event in case.events if (kind := _kind(event)) in _KINDS)
    return tuple({**_KINDS[kind], "qualifier": "", "enabled": True} for kind in kinds if kind)


def _kind(event: Any) -> Kind | None:
    try:
        return recognise(event)
    except Untranslatable:
        return None


def _is_image(case: Case) -> bool:
    return "container image" in f"{case.trigger} {case.covers}"


def _words(case: Case) -> str:
    return f"{case.trigger} | {case.covers} | {case.note.lower()} | {case.offline}"
