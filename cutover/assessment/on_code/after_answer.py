"""Work that goes on after the answer: promises that nobody awaits, timers, threads, loose callbacks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cutover.assessment.code import Call, View
from cutover.assessment.finding import Finding
from cutover.assessment.on_code.places import Words, once
from cutover.assessment.on_code.services import uses_of
from cutover.assessment.source import Source
from cutover.ports import FunctionFacts

_PROMISES = re.compile(r"^(?:fetch|axios(?:\.\w+)?|got(?:\.\w+)?|superagent\.\w+|needle)$|\.promise$")
_TIMERS = frozenset({"setInterval", "setTimeout", "setImmediate"})
_THREADS = re.compile(
    r"(?:^|\.)(?:Thread|Timer|Process)\(\)\.start$|^(?:asyncio\.)?(?:create_task|ensure_future)$"
)
_GO = re.compile(r"\.submit$|\.apply_async$")
WORDS = Words(
    rule="after-answer",
    why="Both clouds freeze an instance once it has answered. What still runs then stops in the middle, and "
    "goes on at some later invocation or never; when that is differs between the clouds.",
    remedy="Await it before answering, or give it to a queue or a schedule of its own.",
    source="AWS Lambda, execution environment; FC, instance life cycle, read 2026-11-22",
)


def check(facts: FunctionFacts, source: Source) -> Iterator[Finding]:
    """Give a finding for each piece of work that nothing waits for."""
    yield from once((one for view in source.views if not view.bundled for one in _found(view)), WORDS)


def _found(view: View) -> Iterator[tuple[str, View, int]]:
    for line in view.answered:
        yield "It has answered, and goes on", view, line
    if view.language == "python":
        yield from _python(view)
    else:
        yield from _javascript(view)


def _javascript(view: View) -> Iterator[tuple[str, View, int]]:
    asynchronous = {one.name.rpartition(".")[2] for one in view.functions if one.is_async and one.name}
    uses = uses_of(view)
    operations = {use.operation for use in uses if use.operation}
    called = {use.line for use in uses}
    for call in view.calls:
        name = call.name.rpartition(".")[2]
        if call.name in _TIMERS and (call.owner < 0 or call.floating) and not _awaited(view, call):
            yield f"{call.name} is set, and nothing waits for it", view, call.line
        elif not call.floating or call.owner < 0:
            continue
        elif _PROMISES.search(call.name) or (name == "then" and _starts_work(call, operations)):
            yield f"{_short(call.name)} is not awaited", view, call.line
        elif call.name.removeprefix("this.") in asynchronous:
            yield f"{call.name} is async and not awaited", view, call.line
        elif name == "send" and _sends_command(view, call, called):
            yield f"{_short(call.name)} is not awaited", view, call.line
    for call in view.calls:
        if call.name.endswith(".forEach") and call.floating and _takes_async(view, call):
            yield "forEach does not await its async function", view, call.line


def _starts_work(call: Call, operations: set[str]) -> bool:
    head = call.name.removesuffix(".then").removesuffix("()")
    return bool(_PROMISES.search(head)) or any(head.endswith(f".{name}") for name in operations)


def _sends_command(view: View, call: Call, called: set[int]) -> bool:
    return bool({call.line, call.line + 1} & called) and any(
        one.module.startswith("@aws-sdk/") for one in view.imports
    )


def _awaited(view: View, call: Call) -> bool:
    """Take a timer for awaited when its owner is the executor of a `new Promise(...)`."""
    executor = view.functions[call.owner] if call.owner >= 0 else None
    if executor is None:
        return False
    return any(
        one.new and one.name == "Promise" and executor.line <= one.line + 1 and one.line <= executor.line
        for one in view.calls
    )


def _takes_async(view: View, call: Call) -> bool:
    return any(
        one.is_async and not one.name and call.line <= one.line <= call.line + 1 for one in view.functions
    )


def _python(view: View) -> Iterator[tuple[str, View, int]]:
    joined = any(call.name.endswith((".join", "gather", "as_completed", "wait")) for call in view.calls)
    threads = {
        one.name for one in view.bindings if one.call.rpartition(".")[2] in ("Thread", "Timer", "Process")
    }
    for call in view.calls:
        owner, _, method = call.name.rpartition(".")
        started = _THREADS.search(call.name) or (method == "start" and owner in threads)
        if started and call.owner >= 0 and not joined:
            yield f"{_short(call.name)} starts work that nothing waits for", view, call.line
        elif _GO.search(call.name) and call.floating and call.owner >= 0 and not joined:
            yield f"{_short(call.name)} starts work whose result nobody takes", view, call.line


def _short(name: str) -> str:
    return name if len(name) <= 60 else f"{name[:57]}..."
