"""What came with newer releases than FC has: names, modules, and what a manifest asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator

import orjson

from cutover.assessment.code import View
from cutover.assessment.finding import Finding
from cutover.assessment.on_code.places import Words, once
from cutover.assessment.on_code.upgrades import release
from cutover.assessment.source import Source
from cutover.assessment.target import target_runtime
from cutover.ports import FunctionFacts

NODE_MODULES = {"node:sqlite": (22,), "node:sea": (21,), "node:ffi": (26,)}
NODE_NAMES: dict[str, tuple[int, ...]] = {
    "Array.fromAsync": (22,),
    "Promise.withResolvers": (22,),
    "Promise.try": (24,),
    "Object.groupBy": (21,),
    "Map.groupBy": (21,),
    "Iterator.from": (22,),
    "RegExp.escape": (24,),
    "Error.isError": (24,),
    "URL.parse": (22,),
    "fs.glob": (22,),
    "fs.globSync": (22,),
    "process.getBuiltinModule": (22,),
    "module.enableCompileCache": (22,),
    "util.styleText": (21,),
    "util.diff": (22,),
}
NODE_CLASSES: dict[str, tuple[int, ...]] = {"WebSocket": (22,), "URLPattern": (24,), "Float16Array": (24,)}
"""Global classes: a file that imports the name has it from elsewhere."""
PYTHON_MODULES = {
    "annotationlib": (3, 14),
    "compression": (3, 14),
    "string.templatelib": (3, 14),
    "concurrent.interpreters": (3, 14),
    "dbm.sqlite3": (3, 13),
}
PYTHON_NAMES: dict[str, tuple[int, ...]] = {
    "itertools.batched": (3, 12),
    "typing.override": (3, 12),
    "copy.replace": (3, 13),
    "warnings.deprecated": (3, 13),
    "typing.TypeIs": (3, 13),
    "typing.ReadOnly": (3, 13),
    "queue.ShutDown": (3, 13),
    "uuid.uuid6": (3, 14),
    "uuid.uuid7": (3, 14),
    "uuid.uuid8": (3, 14),
    "heapq.heappush_max": (3, 14),
    "heapq.heappop_max": (3, 14),
}
_ASKED = re.compile(r"^\s*(?:>=|\^|~|>|=)?\s*v?(\d+)")
SOURCE = "Release notes of Node and Python; FC 3.0, runtime overview, read 2026-11-22"


def check(facts: FunctionFacts, source: Source) -> Iterator[Finding]:
    """Give a blocker for each thing that FC's release lacks, and a warning for what asks for a newer one."""
    here, there = release(facts.runtime), release(target_runtime(facts.runtime) or "")
    if not there or there >= here:
        return
    shown = ".".join(map(str, there))
    words = Words(
        rule="runtime-downgrade",
        severity="blocker",
        why=f"The function would run on release {shown} on FC, which does not have it.",
        remedy="Use what the older release has, or rebuild the function for FC's custom runtime.",
        source=SOURCE,
    )
    python = facts.runtime.startswith("python")
    yield from once(_python(source, there) if python else _node(source, there), words)
    if not python:
        yield from _engines(source, there)


def _python(source: Source, there: tuple[int, ...]) -> Iterator[tuple[str, View, int]]:
    for view in source.views:
        names = {f"{member.owner}.{member.name}": member.line for member in view.members}
        for one in view.imports:
            if one.guarded:
                continue
            module = next((name for name in PYTHON_MODULES if _is_in(one.module, name)), "")
            if module and there < PYTHON_MODULES[module]:
                yield _title(module, PYTHON_MODULES[module]), view, one.line
            names |= {f"{one.module}.{name}": one.line for name in one.names if name != "*"}
        for name, line in names.items():
            if name in PYTHON_NAMES and there < PYTHON_NAMES[name]:
                yield _title(name, PYTHON_NAMES[name]), view, line


def _is_in(module: str, name: str) -> bool:
    return module == name or module.startswith(f"{name}.")


def _node(source: Source, there: tuple[int, ...]) -> Iterator[tuple[str, View, int]]:
    for view in source.views:
        if view.bundled:
            continue
        local = {name for one in view.imports for name in one.names.values()}
        for one in view.imports:
            if not one.guarded and there < NODE_MODULES.get(one.module, ()):
                yield _title(one.module, NODE_MODULES[one.module]), view, one.line
        for member in view.members:
            name = f"{member.owner}.{member.name}"
            if there < NODE_NAMES.get(name, ()):
                yield _title(name, NODE_NAMES[name]), view, member.line
        for call in view.calls:
            if call.new and call.name not in local and there < NODE_CLASSES.get(call.name, ()):
                yield _title(call.name, NODE_CLASSES[call.name]), view, call.line


def _title(name: str, since: tuple[int, ...]) -> str:
    return f"{name} exists since release {'.'.join(map(str, since))}"


def _engines(source: Source, there: tuple[int, ...]) -> Iterator[Finding]:
    for place, content in source.manifests.items():
        if not place.endswith("package.json"):
            continue
        try:
            engines = orjson.loads(content.removeprefix(b"\xef\xbb\xbf")).get("engines")
        except (orjson.JSONDecodeError, AttributeError):
            continue
        asked = str(engines.get("node", "")) if isinstance(engines, dict) else ""
        found = _ASKED.match(asked)
        if found and "||" not in asked and int(found.group(1)) > there[0]:
            yield Finding(
                rule="runtime-downgrade",
                severity="warn",
                title=f"The manifest asks for Node {asked}",
                place=place,
                why=f"FC would run it on Node {there[0]}. npm warns of it; the code may still run.",
                remedy="Validate with a suite that covers the code.",
                source=SOURCE,
            )
