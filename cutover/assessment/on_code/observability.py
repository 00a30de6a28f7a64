"""Logs, metrics and traces that the code makes by AWS's own means."""

from __future__ import annotations

from collections.abc import Iterator

from cutover.assessment.code import View
from cutover.assessment.finding import Finding
from cutover.assessment.on_code.places import Words, once
from cutover.assessment.source import Source
from cutover.ports import FunctionFacts

LIBRARIES = {
    "aws-xray-sdk": "X-Ray",
    "aws-xray-sdk-core": "X-Ray",
    "aws_xray_sdk": "X-Ray",
    "aws-embedded-metrics": "CloudWatch's embedded metrics",
    "aws_embedded_metrics": "CloudWatch's embedded metrics",
    "aws_lambda_powertools": "Powertools for AWS Lambda",
    "@aws-lambda-powertools/logger": "Powertools for AWS Lambda",
    "@aws-lambda-powertools/metrics": "Powertools for AWS Lambda",
    "@aws-lambda-powertools/tracer": "Powertools for AWS Lambda",
    "datadog-lambda-js": "Datadog's layer",
    "datadog_lambda": "Datadog's layer",
}
WORDS = Words(
    rule="observability",
    why="It writes to, or reads from, services of AWS that FC does not have: metrics and traces "
    "would be lost, "
    "or the library fails where it looks for Lambda's environment.",
    remedy="Turn it off on FC, or replace it by OpenTelemetry and Log Service.",
    source="Alibaba Cloud, Function Compute 3.0, logging and tracing, read 2026-11-22",
)


def check(facts: FunctionFacts, source: Source) -> Iterator[Finding]:
    """Give a finding for each library that belongs to AWS's observability, and one on where logs go."""
    yield from once(_found(source), WORDS)
    if source.views:
        yield Finding(
            rule="logging",
            severity="ok",
            title="Console output goes to Log Service on FC",
            place="Package",
            why="Platform lines, prefixes and times differ; they are taken off before logs are compared.",
            source=WORDS.source,
        )


def _found(source: Source) -> Iterator[tuple[str, View, int]]:
    for view in source.views:
        for one in view.imports:
            name = one.module if one.module in LIBRARIES else one.module.partition(".")[0]
            if name in LIBRARIES:
                yield f"{name} serves {LIBRARIES[name]}", view, one.line
