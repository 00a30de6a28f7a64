"""The execution role: what of it the function needs, and that FC knows RAM instead of IAM."""

from __future__ import annotations

from collections.abc import Iterator

from cutover.assessment.finding import Finding
from cutover.assessment.on_code.services import uses
from cutover.assessment.source import Source
from cutover.ports import FunctionFacts

SOURCE = "Alibaba Cloud, Function Compute 3.0, function roles and RAM, read 2026-11-22"
ACTIONS = {
    ("s3", "read"): "oss:GetObject",
    ("s3", "write"): "oss:PutObject",
    ("sqs", "read"): "mns:ReceiveMessage",
    ("sqs", "write"): "mns:SendMessage",
    ("sns", "write"): "mns:PublishMessage",
    ("dynamodb", "read"): "ots:GetRow",
    ("dynamodb", "write"): "ots:PutRow",
}
"""A first action per service and access; the plan's policy names every one."""


def check(facts: FunctionFacts, source: Source) -> Iterator[Finding]:
    """Give one finding: which RAM actions the calls in the code ask for, as far as they were resolved."""
    found = {(use.service, use.access) for use in uses(source)}
    known = sorted({ACTIONS[one] for one in found if one in ACTIONS})
    unknown = sorted({service for service, access in found if (service, access) not in ACTIONS})
    asks = f" They ask for {', '.join(known)} at least." if known else ""
    asks += f" For {', '.join(unknown)} no action was derived." if unknown else ""
    yield Finding(
        rule="role",
        severity="warn" if found else "ok",
        title=f"{len({service for service, _ in found})} AWS services need a RAM policy, or AWS "
        f"credentials, on FC"
        if found
        else "No call in the code was found that needs a role",
        place=f"Role: {facts.role or 'none'}",
        why="IAM and RAM both give a role to one function (FC 3.0); policies are not translated by name."
        + asks,
        remedy="Give FC a RAM role with these actions on the twins alone." if found else "",
        source=SOURCE,
    )
