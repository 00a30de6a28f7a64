"""Which AWS services the code calls, and with which operations: aws-sdk v2 and v3, boto3.

A client is followed from where it is made to the calls on its name, within a file. A call on a name whose
making is not seen (a client that is handed over) is not resolved, and the file says so by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from cutover.assessment.code import View
from cutover.assessment.source import Source

Access = Literal["read", "write", "unresolved"]

_READS = re.compile(
    r"^(?:get|list|describe|head|query|scan|select|batch_?get|lookup|search|download|wait|paginat|can_paginate"
    r"|filter|generate_presigned|verify|simulate|decrypt|transact_?get|check|estimate|detect|analyze|recognize"
    r"|compare|translate|synthesize|classify|converse|retrieve|invoke_?model|invoke_?endpoint|predict|select|preview|discover)",
    re.IGNORECASE,
)
_WRITES = re.compile(
    r"^(?:put|post|delete|create|update|send|publish|start|stop|copy|upload|invoke|batch_?write|write|receive"
    r"|add|remove|set|tag|untag|change|transact_?write|execute|purge|subscribe|unsubscribe|import|export"
    r"|enable|disable|register|deregister|run|terminate|attach|detach|modify|restore|abort|complete|cancel"
    r"|encrypt|sign|admin|confirm|initiate|respond|load|reset|revoke|grant|increment|append|assume|save|insert)",
    re.IGNORECASE,
)
_MODEL = re.compile(r"^invoke_?(?:model|endpoint)", re.IGNORECASE)
"""Asking a model changes nothing, whatever its verb."""
_NOT_OPERATIONS = frozenset(
    {"promise", "send", "config", "on", "destroy", "middlewareStack", "close", "meta", "Table", "Bucket",
     "Object", "Queue", "Topic", "get_queue_by_name", "get_paginator", "get_waiter", "exceptions",
     "createReadStream", "makeRequest", "then", "catch"}
)  # fmt: skip
_PARTS = frozenset(
    {"config", "util", "httpoptions", "endpoint", "httprequest", "httpresponse", "httpclient", "signers",
     "nodehttpclient", "request", "response", "service", "metadataservice", "eventlisteners", "xml", "json",
     "paramvalidator", "tokenproviderchain", "credentialproviderchain", "sequentialexecutor"}
)  # fmt: skip
"""What aws-sdk 2 has at its top beside services; requests that are signed by hand are not resolved."""
LIBRARIES = {
    "dynamoose": "dynamodb", "electrodb": "dynamodb", "dynamodb-toolbox": "dynamodb",
    "pynamodb": "dynamodb",
    "@aws/dynamodb-data-mapper": "dynamodb", "dynamodb-onetable": "dynamodb", "s3fs": "s3",
    "smart_open": "s3", "awswrangler": "s3", "@middy/s3-object-response": "s3", "sqs-consumer": "sqs",
    "sqs-producer": "sqs", "@middy/ssm": "ssm", "aws-param-store": "ssm", "ssm_parameter_store": "ssm",
    "@middy/secrets-manager": "secretsmanager", "aws_secretsmanager_caching": "secretsmanager",
    "cloudwatch-metrics": "cloudwatch",
}  # fmt: skip
"""Libraries that call a service by themselves; which calls they make, their documentation says."""
_CLIENT_OF = re.compile(
    r"(?:^|[/-])(s3|sqs|sns|dynamodb|kinesis|firehose|lambda|ssm|secretsmanager|eventbridge|ses|stepfunctions)"
    r"-client$"
)
_SDK = re.compile(r"^(?:aws-sdk|@aws-sdk/|boto3|botocore|aioboto3|aiobotocore)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Use:
    """One call to an AWS service. ``operation`` is empty for a client whose calls were not found."""

    service: str
    operation: str
    access: Access
    path: str
    line: int
    owner: int = -1


def access_of(operation: str) -> Access:
    """Tell reading from writing by the operation's verb; a verb that is not known is unresolved."""
    if _WRITES.match(operation) and not _MODEL.match(operation):
        return "write"
    return "read" if _READS.match(operation) else "unresolved"


def uses(source: Source) -> tuple[Use, ...]:
    """Give every call to AWS that could be found, and every client whose calls could not."""
    return tuple(use for view in source.views for use in uses_of(view))


def loads_sdk(view: View) -> bool:
    """Tell whether a file loads an AWS SDK."""
    return any(_SDK.match(one.module) and not one.types_only for one in view.imports)


def uses_of(view: View) -> tuple[Use, ...]:
    """Give the calls to AWS in one file."""
    clients = dict(_clients(view))
    found = [*_called(view, clients), *_commands(view)] if clients or loads_sdk(view) else []
    seen = {use.service for use in found}
    made = {service: line for service, line in (*_made(view), *_by_libraries(view)) if service not in seen}
    return (
        *found,
        *(
            Use(service=service, operation="", access="unresolved", path=view.path, line=line)
            for service, line in made.items()
        ),
    )


def _by_libraries(view: View) -> Iterator[tuple[str, int]]:
    for one in view.imports:
        name = one.module if one.module in LIBRARIES else one.module.partition(".")[0]
        client = _CLIENT_OF.search(one.module)
        if one.types_only or one.module.startswith((".", "@aws-sdk/")):
            continue
        if name in LIBRARIES:
            yield LIBRARIES[name], one.line
        elif client:
            yield client[1], one.line


def _service_of(call: str, text: str, names: Mapping[str, str]) -> str:
    """Give the service that a call makes a client of, in lower case; empty when it makes none."""
    head, _, rest = call.partition(".")
    module = names.get(head, "")
    if module in ("boto3", "aioboto3") and rest in ("client", "resource"):
        return text.lower()
    if re.search(r"(?:^|\.)Session\(\)\.(?:client|resource)$", call) or (
        call in ("client", "resource") and module == "boto3"
    ):
        return text.lower()
    if module == "aws-sdk" and rest:
        return _v2(names.get(f"{head}\0name", rest))
    if module.startswith("aws-sdk/clients/"):
        return module.rpartition("/")[2].lower()
    if module == "aws-sdk" and not rest:
        return _v2(names.get(f"{head}\0name", head))
    if module.startswith("@aws-sdk/client-") and not call.endswith("Command"):
        return module.removeprefix("@aws-sdk/client-")
    if module == "@aws-sdk/lib-dynamodb":
        return "dynamodb"
    return ""


def _v2(name: str) -> str:
    service = name.removesuffix("()").partition(".")[0].lower()
    return "" if service in _PARTS or service.endswith("credentials") else service


def _modules(view: View) -> dict[str, str]:
    """Give local name -> module for what comes from an SDK; "name\\0name" holds what it was there."""
    found: dict[str, str] = {}
    for one in view.imports:
        for there, local in one.names.items():
            if _SDK.match(one.module):
                found[local] = one.module
                if there not in ("*", "default"):
                    found[f"{local}\0name"] = there
    for bound in view.bindings:
        head = bound.call.partition(".")[0]
        if head in found and bound.call.endswith("Session"):
            found[bound.name] = found[head]
        if bound.call.endswith("captureAWS"):
            found[bound.name] = "aws-sdk"
    return found


def _clients(view: View) -> Iterator[tuple[str, str]]:
    names = _modules(view)
    known: dict[str, str] = {}
    for one in view.bindings:
        service = _service_of(one.call, one.text, names)
        if not service:
            head, _, method = one.call.rpartition(".")
            if head in known and method in (
                "Table",
                "Bucket",
                "Queue",
                "Topic",
                "Object",
                "get_queue_by_name",
            ):
                service = known[head]
        if service:
            known[one.name] = service
            yield one.name, service


def _called(view: View, clients: Mapping[str, str]) -> Iterator[Use]:
    names = _modules(view)
    at_line = {(f"{one.name}()", one.line): one.text for one in view.calls if one.text}
    for call in view.calls:
        owner, _, operation = call.name.rpartition(".")
        if not owner or operation in _NOT_OPERATIONS:
            continue
        service = (
            clients.get(owner)
            or _direct(owner, at_line.get((owner, call.line), ""), names)
            or _chained(owner, clients)
        )
        if service and operation.isidentifier():
            yield Use(
                service=service,
                operation=operation,
                access=access_of(operation),
                path=view.path,
                line=call.line,
                owner=call.owner,
            )


def _direct(owner: str, text: str, names: Mapping[str, str]) -> str:
    """Resolve a client that is made and called at once: `new AWS.S3().getObject(...)`,
    `boto3.client("sqs").send_message(...)`; ``text`` is the first argument of its making."""
    if not owner.endswith("()") or owner.count("()") > 1:
        return ""
    return _service_of(owner.removesuffix("()"), text, names)


def _chained(owner: str, clients: Mapping[str, str]) -> str:
    """Resolve `s3.Bucket('x').upload_file(...)` by the client at the head of the chain."""
    head, _, rest = owner.partition(".")
    return clients.get(head, "") if rest.startswith(("Table()", "Bucket()", "Object()", "Queue()")) else ""


def _commands(view: View) -> Iterator[Use]:
    """Resolve v3's commands: `new PutObjectCommand(...)`, from whichever client package it came."""
    modules: dict[str, tuple[str, str]] = {}
    for one in view.imports:
        if one.module.startswith("@aws-sdk/client-") or one.module == "@aws-sdk/lib-dynamodb":
            service = (
                "dynamodb"
                if one.module.endswith("lib-dynamodb")
                else one.module.removeprefix("@aws-sdk/client-")
            )
            for there, local in one.names.items():
                modules[local] = (service, there)
    uploads = {
        local
        for one in view.imports
        if one.module == "@aws-sdk/lib-storage"
        for there, local in one.names.items()
        if there == "Upload"
    }
    for call in view.calls:
        head, _, rest = call.name.partition(".")
        if call.new and head in uploads:
            yield Use(
                service="s3",
                operation="upload",
                access="write",
                path=view.path,
                line=call.line,
                owner=call.owner,
            )
        if not call.new or head not in modules:
            continue
        service, there = modules[head]
        command = rest or there
        if command.endswith("Command"):
            operation = command.removesuffix("Command")
            yield Use(
                service=service,
                operation=operation[:1].lower() + operation[1:],
                access=access_of(operation),
                path=view.path,
                line=call.line,
                owner=call.owner,
            )


def _made(view: View) -> Iterable[tuple[str, int]]:
    """Give clients that are made, with the line, whether or not calls on them were found."""
    names = _modules(view)
    for call in view.calls:
        service = _service_of(call.name, call.text, names)
        if service and (call.new or call.name.endswith(("client", "resource"))):
            yield service, call.line
