"""The scaffold of a Node.js function: files with I/O become business parts; drivers and handlers are new."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from cutover.assessment.code import View
from cutover.assessment.code.reading import text_of
from cutover.assessment.source import Source
from cutover.ports import FunctionFacts
from cutover.scaffold import events, node_drivers, node_handlers
from cutover.scaffold.model import CannotScaffold, Note
from cutover.scaffold.naming import free, restored
from cutover.scaffold.node_calls import Calls
from cutover.scaffold.node_handlers import Business, Making
from cutover.scaffold.node_module import business, handler_parameters
from cutover.scaffold.node_tree import walk
from cutover.scaffold.operations import PACKAGES, SERVICES, driver_names

_KNOWN = frozenset({"process", "undefined", "Number", "String", "Boolean", "parseInt", "JSON", "require"})
_ENDINGS = ("", ".js", ".cjs", ".mjs", "/index.js")
_BY_CONTEXT = frozenset({"done", "succeed", "fail"})
_IN_CONTEXT = frozenset(
    {
        "awsRequestId",
        "functionName",
        "memoryLimitInMB",
        "getRemainingTimeInMillis",
        "callbackWaitsForEmptyEventLoop",
    }
)


def parts_of(
    source: Source, facts: FunctionFacts, view: View
) -> tuple[dict[str, str], dict[str, str], list[Note]]:
    """Give the new and changed files, the handlers by cloud, and notes.

    Raises:
        CannotScaffold: nothing calls S3 or SQS in a way that is known, or the file's form is not.
    """
    handler = facts.handler.rpartition(".")[2]
    esm = _is_module(source, view)
    reached = _reached(source, view)
    calls = {path: _calls(source, path) for path in reached}
    names = driver_names({name for one in calls.values() for name in one.identifiers})
    for one in calls.values():
        one.rewrite(names)
    versions = {service: version for one in calls.values() for service, version in one.versions.items()}
    services = [service for service in SERVICES if service in versions]
    if not services:
        raise CannotScaffold(
            f"Nothing that {facts.handler} loads from its own files calls S3 or SQS in a form that is "
            "known here. There is nothing to put behind drivers."
        )
    becoming = _becoming(calls, view.path)
    if esm and becoming != {view.path}:
        raise CannotScaffold(
            f"{', '.join(sorted(becoming - {view.path}))} does the I/O as an ES module. "
            "Move these calls into the handler's file, or build the package as CommonJS, first."
        )
    makings = {service: _making(calls, service, versions[service], esm) for service in services}
    folder = free(source, "drivers")
    ext = ".cjs" if esm else ".js"
    files: dict[str, str] = {}
    for path in sorted(becoming):
        _drop_settings(calls[path])
        files[path] = restored(
            source.code[path],
            business(
                calls[path],
                handler=handler if path == view.path else "",
                esm=esm,
                helper=_relative(f"{folder}/with-callback{ext if esm else ''}", path),
                services=services,
                made_of=frozenset(_specifiers(calls[path], becoming, source)),
            ),
        )
    callbacks = any(calls[path].uses_callbacks for path in becoming)
    files |= node_drivers.files(
        {service: versions[service] for service in services}, folder=folder, ext=ext, callbacks=callbacks
    )
    module = "./" + (view.path if esm else view.path.removesuffix(".js").removesuffix(".cjs"))
    part = Business(
        module=module,
        handler=handler,
        arity=handler_parameters(calls[view.path], handler),
        esm=esm,
        folder=folder,
        names=names,
    )
    on_aws, on_fc = free(source, "handler-aws"), free(source, "handler-alibaba")
    end = ".mjs" if esm else ".js"
    files[f"{on_aws}{end}"] = node_handlers.aws(part, makings, versions, f"{on_aws}.{handler}")
    kinds = events.kinds(facts, [calls[view.path].view])
    files[f"{on_fc}{end}"] = node_handlers.alibaba(part, services, kinds)
    files["package.json"] = _manifest(source, services)
    notes = [note for path in sorted(becoming) for note in _notes(calls[path])]
    notes += _context_notes(calls[view.path], handler)
    return files, {"aws": f"{on_aws}.{handler}", "alibaba": f"{on_fc}.{handler}"}, notes


def _calls(source: Source, path: str) -> Calls:
    found = source.view(path)
    if found is None:
        raise CannotScaffold(f"{path} was not read.")
    return Calls(found, text_of(source.code[path]).replace("\r\n", "\n").replace("\r", "\n"))


def _is_module(source: Source, view: View) -> bool:
    if view.path.endswith(".mjs"):
        return True
    if view.path.endswith(".cjs"):
        return False
    if _document(source).get("type") == "module":
        return True
    if any(line.startswith(("export ", "import ")) for line in view.lines):
        raise CannotScaffold(
            f"{view.path} is written as an ES module and not named as one. "
            'Name it .mjs, or say "type": "module" in package.json.'
        )
    return False


def _document(source: Source) -> dict[str, Any]:
    try:
        found = orjson.loads(source.manifests.get("package.json", b"{}").removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as exc:
        raise CannotScaffold("package.json is not JSON, so no dependency can be added to it.") from exc
    if not isinstance(found, dict):
        raise CannotScaffold("package.json is not a JSON object, so no dependency can be added to it.")
    return found


# ------------------------------------------------------------------------------------ several files


def _resolved(source: Source, path: str, specifier: str) -> str:
    """Give the own file that a relative specifier names, "" when there is none."""
    if not specifier.startswith("."):
        return ""
    there = posixpath.normpath(posixpath.join(posixpath.dirname(path), specifier))
    return next((there + ending for ending in _ENDINGS if there + ending in source.code), "")


def _reached(source: Source, view: View) -> list[str]:
    found, waiting = [], [view.path]
    while waiting:
        path = waiting.pop()
        here = source.view(path)
        if here is None or path in found or here.language != "javascript" or here.bundled:
            continue
        if here.trouble:
            raise CannotScaffold(f"{path}:{here.trouble_line}: {here.trouble} Nothing was generated.")
        found.append(path)
        waiting += [there for one in here.imports if (there := _resolved(source, path, one.module))]
    return sorted(found)


def _becoming(calls: Mapping[str, Calls], handler: str) -> set[str]:
    """Give the files that become business parts: those that do I/O, and those that load them."""
    found = {path for path, one in calls.items() if one.rewritten}
    while True:
        more = {
            path
            for path, one in calls.items()
            if path not in found and any(_names(path, module.module) & found for module in one.view.imports)
        }
        if not more:
            break
        found |= more
    if handler not in found:
        raise CannotScaffold(
            f"{handler} does not load the files that call S3 or SQS: {', '.join(sorted(found))}."
        )
    return found


def _names(path: str, specifier: str) -> set[str]:
    there = posixpath.normpath(posixpath.join(posixpath.dirname(path), specifier))
    return {there + ending for ending in _ENDINGS} if specifier.startswith(".") else set()


def _specifiers(calls: Calls, becoming: set[str], source: Source) -> Iterator[str]:
    for one in calls.view.imports:
        if _resolved(source, calls.view.path, one.module) in becoming:
            yield one.module


def _relative(there: str, path: str) -> str:
    found = posixpath.relpath(there, posixpath.dirname(path) or ".")
    return found if found.startswith(".") else f"./{found}"


# ------------------------------------------------------------------------------------------- clients


def _making(calls: Mapping[str, Calls], service: str, version: int, esm: bool) -> Making:
    """Give how the function makes its client, once; several ways are the reviewer's to tell apart."""
    found: dict[str, Making] = {}
    for one in calls.values():
        for node in one.nodes:
            if one.service_of(node) != (service, version):
                continue
            text = one.of(node)
            used = {one.of(inner) for inner in walk(node) if inner.type in _REFERENCES}
            foreign = used - _KNOWN - set(one.modules)
            imports = tuple(_import(one, name, esm) for name in sorted(used & set(one.modules)))
            constructor = one.of(node.child_by_field_name("constructor"))
            settings = tuple(f"{text}\n" for text in _settings(one))
            if foreign:
                wanted = ", ".join(sorted(foreign))
                found[text] = Making(
                    expression=f"new {constructor}()",
                    imports=imports + settings,
                    reviewer=f"the client was made with {wanted}, unknown here; say what it needs.",
                )
            else:
                found[text] = Making(expression=text, imports=imports + settings)
    first = next(iter(found.values()))
    if len(found) > 1:
        return Making(
            expression=first.expression,
            imports=first.imports,
            reviewer=f"the function makes {len(found)} clients of {service.upper()}, each in its way; this "
            "is the first. Decide whether one is enough.",
        )
    return first


_REFERENCES = ("identifier", "shorthand_property_identifier")


def _import(calls: Calls, local: str, esm: bool) -> str:
    module, there = calls.modules[local]
    if esm:
        whole = any(one.names.get("*") == local for one in calls.view.imports)
        names = f"* as {local}" if whole else local if not there else _named(there, local, " as ")
        return f"import {names} from '{module}';\n"
    return f"const {_named(there, local, ': ') if there else local} = require('{module}');\n"


def _named(there: str, local: str, between: str) -> str:
    return f"{{ {local} }}" if there == local else f"{{ {there}{between}{local} }}"


def _settings(calls: Calls) -> list[str]:
    """Give statements of the top level that set the SDK up: `AWS.config.update(...)`."""
    return [calls.of(node) for node in calls.root.named_children if _is_setting(calls, node)]


def _is_setting(calls: Calls, node: Any) -> bool:
    return node.type == "expression_statement" and any(
        calls.of(node).startswith(f"{local}.config") for local in calls.modules
    )


def _drop_settings(calls: Calls) -> None:
    for node in calls.root.named_children:
        if _is_setting(calls, node) and not calls.kept:
            calls.drop_statement(node)


# -------------------------------------------------------------------------------------- what is told


def _manifest(source: Source, services: list[str]) -> str:
    document = _document(source) or {"private": True}
    wanted = {PACKAGES["npm", service].name: PACKAGES["npm", service].version for service in services}
    present = document.get("dependencies")
    document["dependencies"] = dict(
        sorted({**wanted, **(present if isinstance(present, dict) else {})}.items())
    )
    return json.dumps(document, indent=_indent(source), ensure_ascii=False) + "\n"


def _indent(source: Source) -> str:
    """Give the indentation that package.json has."""
    found = re.search(rb"\n([ \t]+)", source.manifests.get("package.json", b""))
    return found.group(1).decode() if found else "  "


def _notes(calls: Calls) -> Iterator[Note]:
    for at, sentences in sorted(calls.edits.comments.items()):
        line = calls.content.count(b"\n", 0, at) + 1
        for sentence in sentences:
            yield Note(place=f"{calls.view.path}:{line}", sentence=sentence)


def _context_notes(calls: Calls, handler: str) -> Iterator[Note]:
    place = calls.view.exports.get(handler, -1)
    names = calls.view.functions[place].parameters if place >= 0 else ()
    if len(names) < 2:
        return
    for member in calls.view.members:
        if member.owner != names[1]:
            continue
        where = f"{calls.view.path}:{member.line}"
        if member.name in _BY_CONTEXT:
            yield Note(
                place=where,
                sentence=f"The handler answers by {names[1]}.{member.name}, which FC lacks; return it.",
            )
        elif member.name not in _IN_CONTEXT:
            yield Note(
                place=where,
                sentence=f"{names[1]}.{member.name} has no counterpart on FC, so it is absent "
                "there; decide what stands for it.",
            )
