"""Members of Lambda's context that FC's context lacks or names otherwise."""

from __future__ import annotations

from collections.abc import Iterator

from cutover.assessment.code import View
from cutover.assessment.finding import Finding
from cutover.assessment.on_code.handler_form import handler_function
from cutover.assessment.on_code.places import Words, once
from cutover.assessment.source import Source
from cutover.ports import FunctionFacts

COUNTERPARTS = {
    "getRemainingTimeInMillis": "",
    "callbackWaitsForEmptyEventLoop": "",
    "invokedFunctionArn": "",
    "clientContext": "",
    "identity": "",
    "logStreamName": "",
    "logGroupName": "context.service.logProject and logStore",
    "memoryLimitInMB": "context.function.memory",
    "awsRequestId": "context.requestId",
    "functionName": "context.function.name",
    "functionVersion": "context.service.versionId",
    "done": "",
    "succeed": "",
    "fail": "",
    "get_remaining_time_in_millis": "",
    "invoked_function_arn": "",
    "client_context": "",
    "log_stream_name": "",
    "log_group_name": "context.log_project and log_store",
    "memory_limit_in_mb": "context.function.memory",
    "aws_request_id": "context.request_id",
    "function_name": "context.function.name",
    "function_version": "context.function.version_id",
}
"""Member on Lambda -> its counterpart on FC; empty where there is none."""

WORDS = Words(
    rule="context",
    why="FC's context has other members; reading one that is not there gives undefined in Node and an "
    "AttributeError in Python.",
    remedy="Deploy with the adapter, which gives a context like Lambda's, or read FC's own member.",
    source="Alibaba Cloud, Function Compute 3.0, context, read 2026-09",
)


def check(facts: FunctionFacts, source: Source) -> Iterator[Finding]:
    """Give a finding for each member of the context that is used."""
    yield from once(_found(facts, source), WORDS)


def _found(facts: FunctionFacts, source: Source) -> Iterator[tuple[str, View, int]]:
    handler = handler_function(facts, source)
    for view in source.views:
        if view.bundled:
            continue
        names = {"context", "ctx", "lambda_context", "lambdaContext"}
        if handler and handler[0] is view:
            parameters = view.functions[handler[1]].parameters
            second = parameters[1] if len(parameters) > 1 else ""
            names.add(second)
            if second.startswith("{"):
                for name in second.strip("{}").split(","):
                    if name in COUNTERPARTS:
                        yield _title(name), view, view.functions[handler[1]].line
        for member in view.members:
            if member.owner in names and member.name in COUNTERPARTS:
                yield _title(member.name), view, member.line


def _title(name: str) -> str:
    there = COUNTERPARTS[name]
    return f"context.{name}: on FC {there}" if there else f"context.{name} has no counterpart on FC"
