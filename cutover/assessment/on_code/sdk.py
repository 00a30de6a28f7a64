"""Which AWS services the code uses, and whether it only reads."""

from __future__ import annotations

from collections.abc import Iterator

from cutover.assessment.finding import Finding
from cutover.assessment.on_code.places import MOST, Words, at, once
from cutover.assessment.on_code.services import Use, loads_sdk, uses, uses_of
from cutover.assessment.source import Source
from cutover.ports import FunctionFacts

TWINS = {
    "s3": "OSS",
    "sqs": "MNS queue",
    "sns": "MNS topic",
    "dynamodb": "Tablestore, with another data model",
    "secretsmanager": "KMS Secrets Manager",
    "secrets-manager": "KMS Secrets Manager",
    "ssm": "OOS Parameter Store",
    "kms": "KMS",
    "ses": "Direct Mail",
    "sesv2": "Direct Mail",
    "cloudwatch": "CloudMonitor",
    "logs": "Log Service (SLS)",
    "cloudwatch-logs": "Log Service (SLS)",
    "cloudwatchlogs": "Log Service (SLS)",
    "events": "EventBridge",
    "eventbridge": "EventBridge",
    "stepfunctions": "Serverless Workflow",
    "sfn": "Serverless Workflow",
    "lambda": "Function Compute",
    "sts": "STS",
    "rds-data": "none",
    "cognito-identity-provider": "IDaaS, with another interface",
    "cognito-idp": "IDaaS, with another interface",
}
SOURCE = "Alibaba Cloud, product overview, and AWS SDK references, read 2026-11-22"
REMEDY = (
    "Name a twin for each resource, or declare that FC uses the AWS resource and give it "
    "credentials for that; "
    "then put the calls behind a driver with one implementation per cloud."
)


def check(facts: FunctionFacts, source: Source) -> Iterator[Finding]:
    """Give one finding per service and access, and one per file whose calls were not resolved."""
    by_service: dict[tuple[str, str], list[Use]] = {}
    for use in uses(source):
        by_service.setdefault((use.service, use.access), []).append(use)
    for (service, access), found in sorted(by_service.items()):
        yield _finding(source, service, access, found)
    unresolved = (
        (f"{view.path} loads an AWS SDK, and which calls it makes is not resolved", view, line)
        for view in source.views
        if loads_sdk(view) and not uses_of(view)
        for line in [min(one.line for one in view.imports)]
    )
    yield from once(
        unresolved,
        Words(
            rule="sdk",
            why="Clients are made or used in a way that reading the code does not follow, so "
            "whether it writes "
            "is not known; take it for writing.",
            remedy=REMEDY,
            source=SOURCE,
        ),
    )


def _finding(source: Source, service: str, access: str, found: list[Use]) -> Finding:
    names = sorted({use.operation for use in found if use.operation})
    shown = ", ".join(names[:MOST])
    does = {
        "read": f"{service}: reads ({shown})",
        "write": f"{service}: writes ({shown})",
        "unresolved": f"{service}: calls that are not resolved" + (f" ({shown})" if shown else ""),
    }[access]
    twin = TWINS.get(service, "")
    there = (
        f"On Alibaba Cloud its counterpart is {twin}."
        if twin and twin != "none"
        else "Alibaba Cloud has no direct counterpart that we know."
    )
    words = Words(
        rule="sdk" if access == "read" else "sdk-write",
        why=f"On FC there is no execution role of AWS, so these calls have no credentials. {there}"
        + (" What FC writes there stays there when traffic goes back." if access != "read" else ""),
        remedy=REMEDY,
        source=SOURCE,
    )
    first = min(found, key=lambda use: (use.path, use.line))
    view = source.view(first.path)
    assert view is not None, "uses come from the views"
    return at(view, first.line, does, words)
