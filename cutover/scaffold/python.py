"""The scaffold of a Python function: its file becomes a business part; drivers and handlers are new."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from cutover.assessment.code import View
from cutover.assessment.code.reading import text_of
from cutover.assessment.on_code.services import uses_of
from cutover.assessment.source import Source, normal
from cutover.ports import FunctionFacts
from cutover.scaffold import events, python_drivers, python_handlers
from cutover.scaffold.model import CannotScaffold, Note
from cutover.scaffold.naming import free, restored
from cutover.scaffold.operations import PACKAGES, SERVICES, driver_names
from cutover.scaffold.python_calls import Calls
from cutover.scaffold.python_handlers import Business, Making
from cutover.scaffold.python_module import business

_KNOWN = frozenset({"os", "str", "int", "bool", "float", "dict", "True", "False", "None"})
_IN_CONTEXT = frozenset(
    {"aws_request_id", "function_name", "memory_limit_in_mb", "get_remaining_time_in_millis"}
)


def parts_of(
    source: Source, facts: FunctionFacts, view: View
) -> tuple[dict[str, str], dict[str, str], list[Note]]:
    """Give the new and changed files, the handlers by cloud, and notes.

    Raises:
        CannotScaffold: nothing calls S3 or SQS in a way that is known, or the file's form is not.
    """
    handler = facts.handler.rpartition(".")[2]
    calls = Calls(view, text_of(source.code[view.path]).replace("\r\n", "\n").replace("\r", "\n"))
    names = driver_names(calls.identifiers, python=True)
    calls.rewrite(names)
    services = [service for service in SERVICES if service in calls.services]
    if not services:
        raise CannotScaffold(_nothing(source, view))
    folder = free(source, "drivers")
    makings = {service: _making(calls, service) for service in services}
    files = {
        view.path: restored(
            source.code[view.path], business(calls, handler=handler, folder=folder, services=services)
        ),
        **python_drivers.files(services, folder=folder),
    }
    on_aws, on_fc = free(source, "handler_aws"), free(source, "handler_alibaba")
    module = view.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    part = Business(module=module, handler=handler, folder=folder, names=names)
    files[f"{on_aws}.py"] = python_handlers.aws(part, makings, f"{on_aws}.{handler}")
    files[f"{on_fc}.py"] = python_handlers.alibaba(part, services, events.kinds(facts, [view]))
    files["requirements.txt"] = _requirements(source, services)
    notes = [*_notes(calls), *_elsewhere(source, view), *_context_notes(view, handler)]
    return files, {"aws": f"{on_aws}.{handler}", "alibaba": f"{on_fc}.{handler}"}, notes


def _nothing(source: Source, view: View) -> str:
    others = sorted(
        one.path
        for one in source.views
        if one.path != view.path and any(use.service in SERVICES for use in uses_of(one))
    )
    if others:
        return (
            f"{view.path} does not call S3 or SQS itself; {', '.join(others)} does. Move the calls into the "
            "handler's file first, or put them behind drivers by hand."
        )
    return (
        f"Nothing in {view.path} calls S3 or SQS in a form that is known here. "
        "There is nothing to put behind drivers."
    )


def _elsewhere(source: Source, view: View) -> Iterator[Note]:
    for one in source.views:
        if one.path == view.path:
            continue
        for use in uses_of(one):
            if use.service in SERVICES:
                yield Note(
                    place=f"{one.path}:{use.line}",
                    sentence=f"This file calls {use.service.upper()} itself and was left; decide if the "
                    "function needs it on Alibaba Cloud.",
                )
                break


def _making(calls: Calls, service: str) -> Making:
    """Give how the function makes its client, once; several ways are the reviewer's to tell apart."""
    found: dict[str, Making] = {}
    sdk = {
        local: _line(one.module, there, local)
        for one in calls.view.imports
        for there, local in one.names.items()
        if one.module.partition(".")[0] in ("boto3", "botocore", "os")
    }
    for node in calls.nodes:
        if not isinstance(node, ast.Call) or calls.service_of(node) != service:
            continue
        text = calls.of(node)
        used = {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}
        foreign = used - _KNOWN - set(sdk)
        if foreign:
            found[text] = Making(
                expression=f'boto3.client("{service}")',
                imports=("import boto3",),
                reviewer=f"it was made with {', '.join(sorted(foreign))}, unknown here; say what they are.",
            )
        else:
            lines = sorted({sdk[name] for name in used & set(sdk)})
            found[text] = Making(expression=text, imports=tuple(lines))
    first = next(iter(found.values()))
    if len(found) > 1:
        return Making(
            expression=first.expression,
            imports=first.imports,
            reviewer=f"there are {len(found)} clients of {service.upper()}; this is the "
            "first. Decide whether one is enough.",
        )
    return first


def _line(module: str, there: str, local: str) -> str:
    if there == "*":
        return f"import {module}" if local == module.partition(".")[0] else f"import {module} as {local}"
    return f"from {module} import {there}" + ("" if there == local else f" as {local}")


def _requirements(source: Source, services: list[str]) -> str:
    given = text_of(source.manifests.get("requirements.txt", b""))
    present = {normal(found) for found in re.findall(r"(?m)^\s*([A-Za-z0-9][\w.-]*)", given)}
    wanted = [
        f"{PACKAGES['pypi', service].name}=={PACKAGES['pypi', service].version}\n"
        for service in services
        if PACKAGES["pypi", service].name not in present
    ]
    return given + ("" if given.endswith("\n") or not given else "\n") + "".join(wanted)


def _notes(calls: Calls) -> Iterator[Note]:
    for at, sentences in sorted(calls.edits.comments.items()):
        line = calls.content.count(b"\n", 0, at) + 1
        for sentence in sentences:
            yield Note(place=f"{calls.view.path}:{line}", sentence=sentence)
    if calls.catches:
        yield Note(
            place=calls.view.path,
            sentence="ClientError is caught as the drivers' DriverError now; its response keeps the shape.",
        )


def _context_notes(view: View, handler: str) -> Iterator[Note]:
    place = view.exports.get(handler, -1)
    names = view.functions[place].parameters if place >= 0 else ()
    for member in view.members if len(names) > 1 else ():
        if member.owner == names[1] and member.name not in _IN_CONTEXT:
            yield Note(
                place=f"{view.path}:{member.line}",
                sentence=f"{names[1]}.{member.name} has no counterpart on FC, so it is absent there; "
                "decide what stands for it.",
            )
