"""A Python file becomes a business part: what does I/O moves into a function that is given the drivers.

Statements of the top level that reach a driver, and those that use what such statements declare, go into the
function; all others stay where they are, with the state that they hold. Imports stay at the top.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from cutover.scaffold.editing import closed_up
from cutover.scaffold.model import CannotScaffold
from cutover.scaffold.operations import UNSEEN
from cutover.scaffold.python_calls import Calls

_IMPORTS = (ast.Import, ast.ImportFrom)
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_UNIT = "    "


def business(calls: Calls, *, handler: str, folder: str, services: Sequence[str]) -> str:
    """Give the file with its I/O in ``create_business(*, storage, queue)``.

    Raises:
        CannotScaffold: the handler does not reach the calls, or the file's form could not be followed.
    """
    chunks = list(_chunks(calls))
    inside = _reached(calls, [statement for statement, _, _ in chunks])
    declared = {name for one in inside for name in _declared(one)}
    if handler not in declared:
        raise CannotScaffold(
            f"{handler} of {calls.view.path} does not reach the calls to S3 or SQS in a way that could be "
            "followed. Define it in the file that makes the calls."
        )
    _shared(calls, inside, declared)
    _drop_imports(calls)
    outside: list[str] = []
    inner: list[str] = []
    for statement, start, end in chunks:
        within = statement in inside
        text = calls.edits.rendered(start, end, mark="#", indent=_UNIT if within else "")
        text = text if text.endswith("\n") or not text else text + "\n"
        (inner if within else outside).append(text.replace("@FOLDER@", folder))
    names = sorted(calls.names[service] for service in services)
    returned = sorted(
        name
        for one in inside
        if isinstance(one, _DEFINITIONS) or handler in _declared(one)
        for name in _declared(one)
        if not name.startswith("_")
    )
    head = _with_imports("".join(closed_up(outside)).strip("\n"), calls)
    body = "\n\n".join(text.strip("\n") for text in inner if text.strip())
    given = ", ".join(f"{name}={name}" for name in returned)
    return (
        f"{head}\n\n\ndef create_business(*, {', '.join(names)}):\n"
        f'{_UNIT}"""The business part: it knows drivers, and no cloud. Gives what the module defined."""\n\n'
        f"{body}\n\n{_UNIT}return SimpleNamespace({given})\n"
    )


def _chunks(calls: Calls) -> Iterator[tuple[ast.stmt, int, int]]:
    start = 0
    last = 0
    for statement in calls.tree.body:
        decorators = getattr(statement, "decorator_list", [])
        first = min([statement.lineno, *(one.lineno for one in decorators)])
        if first <= last:
            raise CannotScaffold(
                f"{calls.view.path}:{first} has several statements on a line. Give each its own first."
            )
        last = statement.end_lineno or statement.lineno
        end = calls.starts[last] if last < len(calls.starts) else len(calls.content)
        yield statement, start, end
        start = end


def _declared(statement: ast.stmt) -> set[str]:
    """Give the names that a statement declares at the top level."""
    if isinstance(statement, _DEFINITIONS):
        return {statement.name}
    found: set[str] = set()
    waiting: list[ast.AST] = [statement]
    while waiting:
        node = waiting.pop()
        if isinstance(node, _DEFINITIONS):
            found.add(node.name)
            continue
        if isinstance(node, _IMPORTS):
            found |= {one.asname or one.name.partition(".")[0] for one in node.names}
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        waiting += [one for one in ast.iter_child_nodes(node) if not isinstance(one, ast.Lambda)]
    return found


def _reached(calls: Calls, statements: Sequence[ast.stmt]) -> list[ast.stmt]:
    seeds = set(map(id, calls.rewritten))
    inside = [one for one in statements if any(id(node) in seeds for node in ast.walk(one))]
    while True:
        names = {name for one in inside for name in _declared(one)}
        more = [
            one
            for one in statements
            if one not in inside
            and any(isinstance(node, ast.Name) and node.id in names for node in ast.walk(one))
        ]
        if not more:
            return [one for one in statements if one in inside]
        inside += more


def _shared(calls: Calls, inside: Sequence[ast.stmt], declared: set[str]) -> None:
    """Let `global` reach what moved into the function."""
    for one in inside:
        for node in ast.walk(one):
            if isinstance(node, ast.Global) and set(node.names) & declared:
                if not set(node.names) <= declared:
                    raise CannotScaffold(
                        f"{calls.view.path}:{node.lineno} shares names of which some do I/O and some do not. "
                        "Say `global` for each kind on a line of its own first."
                    )
                first = calls.start(node)
                calls.edits.replace(first, first + len("global"), "nonlocal")


def _drop_imports(calls: Calls) -> None:
    """Leave out boto3 when nobody uses it any more."""
    for node in calls.tree.body:
        if not isinstance(node, _IMPORTS):
            continue
        module = node.module if isinstance(node, ast.ImportFrom) else None
        if module != "boto3" and not all(one.name.partition(".")[0] == "boto3" for one in node.names):
            continue
        names = {one.asname or one.name.partition(".")[0] for one in node.names}
        left = [
            inner
            for inner in calls.nodes
            if isinstance(inner, ast.Name)
            and inner.id in names
            and not calls.edits.covered(calls.start(inner))
        ]
        if not left:
            calls.drop(node)
        elif not calls.kept and not calls.elsewhere:
            calls.say(left[0], UNSEEN)


def _with_imports(head: str, calls: Calls) -> str:
    """Put imports that the business part needs now among the others of the top."""
    wanted = ["from types import SimpleNamespace"]
    if calls.uses_files and not any(one.names.get("*") == "io" for one in calls.view.imports):
        wanted.insert(0, "import io")
    lines = head.split("\n")
    for line in wanted:
        at = _place(lines, line)
        beside = _is_import(lines[at - 1 : at]) or _is_import(lines[at : at + 1])
        lines[at:at] = [line] if at and beside else _apart(lines, at, line)
    return "\n".join(lines)


def _apart(lines: list[str], at: int, line: str) -> list[str]:
    """Give a line that stands alone, with blank lines to what is around it."""
    before = [""] if at and lines[at - 1].strip() else []
    return [*before, line, *([""] if at < len(lines) and not _is_import(lines[at : at + 1]) else [])]


def _is_import(lines: list[str]) -> bool:
    return any(line.startswith(("import ", "from ")) for line in lines)


def _place(lines: list[str], wanted: str) -> int:
    """Give the number of the line that an import goes before: in the first group, `import` before `from`."""
    at, group = 0, False
    for node in ast.parse("\n".join(lines)).body:
        text = lines[node.lineno - 1]
        docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and at == 0
        future = text.startswith("from __future__")
        if docstring or future:
            at = node.end_lineno or node.lineno
            continue
        apart = group and node.lineno - 1 > at
        if not isinstance(node, _IMPORTS) or apart or _order(text) > _order(wanted):
            return at if group or not isinstance(node, _IMPORTS) else node.lineno - 1
        at, group = node.end_lineno or node.lineno, True
    return at


def _order(line: str) -> tuple[bool, str]:
    kind, name, *_ = line.split()
    return kind == "from", name
