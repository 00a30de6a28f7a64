"""Where the handler is, and in which form it answers: callback, promise, both, or a stream."""

from __future__ import annotations

from collections.abc import Iterator

from cutover.assessment.code import Function, View
from cutover.assessment.finding import Finding, Severity
from cutover.assessment.on_code.places import Words, at
from cutover.assessment.source import Source
from cutover.ports import FunctionFacts

SOURCE = "Alibaba Cloud, Function Compute 3.0, request handlers, read 2026-04"
STREAMS = "awslambda.streamifyResponse"
_NODE = (".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".tsx", "/index.js")
_ANSWERS = frozenset({"done", "succeed", "fail"})
WHY = {
    "callback": "FC's newer Node runtimes document handlers that return a promise; the callback form is "
    "documented for Node 16 and before.",
    "both": "The answer comes by callback and by the promise; which of the two counts differs between "
    "platforms and between runtimes.",
    "stream": "The handler writes its answer as a stream of Lambda's own; FC's built-in runtimes have none.",
    "async": "An async function is a plain coroutine to Python; neither platform awaits it by itself.",
    "promise": "Both clouds call it with event and context and await what it returns.",
    "function": "Both clouds call it with event and context and take what it returns.",
}
REMEDY = {
    "callback": "Deploy with the adapter, which takes the callback's answer, or return a promise.",
    "both": "Deploy with the adapter, which answers by Lambda's rules, or use one form only.",
    "stream": "Answer whole, or rebuild the function for a custom runtime that streams over HTTP.",
    "async": "Call it from a plain handler with asyncio.run.",
}
BUILD = Words(
    rule="handler-build",
    why="Neither cloud's Node runs TypeScript; what is deployed is what a build makes of it.",
    remedy="Build the function (tsc, esbuild) and assess the package that is deployed.",
    source=SOURCE,
)


def check(facts: FunctionFacts, source: Source) -> Iterator[Finding]:
    """Give a finding on the handler's file, on its export, and on its form."""
    if not source.code or facts.package_type == "Image" or "." not in facts.handler:
        return
    python = facts.runtime.startswith("python") or (not facts.runtime and source.language == "python")
    if not python and not facts.runtime.startswith("nodejs"):
        return
    view = handler_view(facts, source)
    if view is None:
        yield from _absent(facts, source)
        return
    if view.language == "typescript":
        yield at(view, 1, f"{view.path} is TypeScript, which must be built first", BUILD)
    name = facts.handler.rpartition(".")[2]
    if name not in view.exports:
        if not view.open_exports and not view.bundled and not view.trouble:
            yield _not_exported(facts, view, name)
        return
    place = view.exports[name]
    if place >= 0:
        yield from _form(view, view.functions[place], place)
    elif line := next((one.line for one in view.calls if one.name == STREAMS), 0):
        yield at(view, line, "The handler streams its answer", _words("stream"))


def handler_view(facts: FunctionFacts, source: Source) -> View | None:
    """Give the view of the file that the handler names; None when there is none, or it was not read."""
    path = facts.handler.rpartition(".")[0]
    endings: tuple[str, ...] = _NODE
    if facts.runtime.startswith("python"):
        path, endings = path.replace(".", "/"), (".py", "/__init__.py")
    path = path.removeprefix("./")
    return next((found for ending in endings if (found := source.view(path + ending))), None)


def handler_function(facts: FunctionFacts, source: Source) -> tuple[View, int] | None:
    """Give the handler's view and its index in ``functions``; None when it cannot be told."""
    view = handler_view(facts, source)
    place = view.exports.get(facts.handler.rpartition(".")[2], -1) if view else -1
    return (view, place) if view and place >= 0 else None


def _absent(facts: FunctionFacts, source: Source) -> Iterator[Finding]:
    path = facts.handler.rpartition(".")[0].removeprefix("./")
    if any(name.startswith((f"{path}.", f"{path.replace('.', '/')}.")) for name in source.names):
        return  # it is there, and why it was not read is told already
    wrapped, built = bool(facts.layers), bool(facts.configuration.get("declared"))
    yield Finding(
        rule="handler-file",
        severity="warn" if wrapped or built else "blocker",
        title=f"No file of the package defines {facts.handler}",
        place=f"Handler: {facts.handler}",
        why="A layer may bring it; the package alone does not."
        if wrapped
        else "These are sources beside a template; a build or a plugin may make the file."
        if built
        else "FC would find no function.",
        remedy="Name the handler in the package's own code, or bring the layer's file along.",
        source=SOURCE,
    )


def _not_exported(facts: FunctionFacts, view: View, name: str) -> Finding:
    words = Words(
        rule="handler-export",
        why="Every export of the file could be read and this name is not among them.",
        remedy=f"Export {name}, or correct the handler's name.",
        source=SOURCE,
    )
    return at(view, 1, f"{view.path} does not export {name}", words)


def _form(view: View, function: Function, place: int) -> Iterator[Finding]:
    form = _form_of(view, function, place)
    titles = {
        "callback": "The handler answers by callback",
        "both": "The handler is async and calls back as well",
        "stream": "The handler streams its answer",
        "async": "The handler is an async function, which Lambda for Python does not await",
        "promise": "The handler returns a promise",
        "function": "The handler returns its answer",
    }
    yield at(view, function.line, titles[form], _words(form))


def _words(form: str) -> Words:
    """Give what a form means. A stream blocks: what it is written with exists on Lambda alone."""
    known: dict[str, Severity] = {"promise": "ok", "function": "ok", "stream": "blocker"}
    return Words(
        rule="handler-form",
        severity=known.get(form, "warn"),
        why=WHY[form],
        remedy=REMEDY.get(form, ""),
        source=SOURCE,
    )


def _form_of(view: View, function: Function, place: int) -> str:
    if view.language == "python":
        return "async" if function.is_async else "function"
    if any(call.name == STREAMS for call in view.calls):
        return "stream"
    third = function.parameters[2] if len(function.parameters) > 2 else ""
    second = function.parameters[1] if len(function.parameters) > 1 else "context"
    answers = {f"{second}.{name}" for name in _ANSWERS}
    inside = [call for call in view.calls if function.line <= call.line <= function.end_line]
    calls_back = any(call.name == third or call.name in answers for call in inside) or (
        bool(third) and any(f"{third})" in line or f"{third}," in line for line in _body(view, function))
    )
    if calls_back:
        return "both" if function.is_async else "callback"
    return "promise" if function.is_async else "callback" if third else "function"


def _body(view: View, function: Function) -> tuple[str, ...]:
    return view.lines[function.line : function.end_line]
