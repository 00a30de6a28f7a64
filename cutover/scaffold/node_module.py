"""A JavaScript file becomes a business part: what does I/O moves into a function that is given the drivers.

Statements of the top level that reach a driver, and those that use what such statements declare, go into the
function; all others stay where they are, with the state that they hold. Imports stay at the top.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tree_sitter import Node

from cutover.scaffold.editing import closed_up
from cutover.scaffold.model import CannotScaffold
from cutover.scaffold.node_calls import Calls
from cutover.scaffold.node_tree import walk, within
from cutover.scaffold.operations import UNSEEN

_DECLARATIONS = ("function_declaration", "class_declaration", "generator_function_declaration")


@dataclass(frozen=True, kw_only=True, eq=False)
class _Chunk:
    """A statement of the top level with the comments above it; bytes of the original."""

    statement: Node
    start: int
    end: int


@dataclass(kw_only=True)
class _Exports:
    """What the file gave away. ``returned``: entries of the object that the function returns."""

    returned: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)


def business(
    calls: Calls,
    *,
    handler: str,
    esm: bool,
    helper: str,
    services: Sequence[str],
    made_of: frozenset[str] = frozenset(),
) -> str:
    """Give the file with its I/O in ``createBusiness({ storage, queue })``.

    Args:
        handler: the export that must be reached by the function; "" for a file that has none.
        helper: the specifier of the module with ``withCallback``.
        made_of: specifiers of own files that became business parts themselves.

    Raises:
        CannotScaffold: the exports are of a kind that cannot be told apart.
    """
    chunks = list(_chunks(calls))
    parts = _parts(calls, chunks, made_of)
    inside = _reached(calls, chunks, parts)
    _drop_imports(calls, chunks)
    exports = _Exports()
    for chunk in inside:
        _export(calls, chunk.statement, exports, esm)
    if handler and handler not in exports.names:
        raise CannotScaffold(
            f"The export {handler} of {calls.view.path} does not reach the calls to S3 or SQS in a way that "
            "could be followed. Export it by name from the file that makes the calls."
        )
    for part in parts:
        calls.edits.replace(part.end_byte, part.end_byte, f"({_drivers(calls, services)})")
    _exported_names(calls, inside, exports)
    unit = _unit(calls)
    outside = [_text(calls, chunk, "") for chunk in chunks if chunk not in inside]
    inner = [_text(calls, chunk, unit) for chunk in inside]
    return _assembled(calls, outside, inner, exports, unit, esm, helper, services)


def _assembled(
    calls: Calls,
    outside: Sequence[str],
    inner: Sequence[str],
    exports: _Exports,
    unit: str,
    esm: bool,
    helper: str,
    services: Sequence[str],
) -> str:
    head = list(closed_up(outside))
    imports = []
    if calls.uses_callbacks:
        imports.append(_import("{ withCallback }", helper, esm))
    if calls.uses_streams:
        imports.append(_import("{ Readable }", "stream", esm))
    strict = [text for text in head[:1] if text.strip().startswith(("'use strict'", '"use strict"'))]
    rest = head[len(strict) :]
    blocks = ["".join(strict), "".join(imports), "".join(rest)]
    shown = ", ".join(sorted(calls.names[service] for service in services))
    opening = (
        "/**\n * The business part: it knows drivers, and no cloud.\n"
        f" * Takes {shown} as drivers/ describes, and gives what the file exported.\n */\n"
        + ("export default " if esm else "module.exports = ")
        + f"function createBusiness({_drivers(calls, services)}) {{\n"
    )
    body = "".join(inner).strip("\n")
    returned = ", ".join(dict.fromkeys(exports.returned))
    ending = f"\n\n{unit}return {{ {returned} }};\n}}{'' if esm else ';'}\n"
    head_text = "\n".join(block.strip("\n") + "\n" for block in blocks if block.strip())
    return (head_text + "\n" if head_text else "") + opening + body + ending


def _drivers(calls: Calls, services: Sequence[str]) -> str:
    return "{ " + ", ".join(sorted(calls.names[service] for service in services)) + " }"


def _import(names: str, module: str, esm: bool) -> str:
    return f"import {names} from '{module}';\n" if esm else f"const {names} = require('{module}');\n"


def _chunks(calls: Calls) -> Iterator[_Chunk]:
    start = 0
    if calls.content.startswith(b"#!"):
        start = calls.content.find(b"\n") + 1
    previous: Node | None = None
    for node in calls.root.named_children:
        beside = previous is not None and node.start_point[0] == previous.end_point[0]
        if node.type in ("comment", "hash_bang_line"):
            continue
        if beside and previous is not None:
            raise CannotScaffold(
                f"{calls.view.path}:{calls.line(node)} has several statements on a line, as minified code "
                "has. Scaffold from the sources."
            )
        end = calls.content.find(b"\n", node.end_byte)
        end = len(calls.content) if end < 0 else end + 1
        yield _Chunk(statement=node, start=start, end=end)
        start, previous = end, node


def _text(calls: Calls, chunk: _Chunk, indent: str) -> str:
    text = calls.edits.rendered(chunk.start, chunk.end, mark="//", indent=indent)
    return text if text.endswith("\n") or not text else text + "\n"


def _declared(calls: Calls, node: Node) -> Iterator[str]:
    """Give the names that a statement declares at the top level."""
    if node.type == "export_statement":
        inner = node.child_by_field_name("declaration")
        if inner is not None:
            yield from _declared(calls, inner)
    elif node.type in ("lexical_declaration", "variable_declaration"):
        for one in node.named_children:
            name = one.child_by_field_name("name")
            for inner in walk(name) if name is not None else ():
                if inner.type in ("identifier", "shorthand_property_identifier_pattern"):
                    yield calls.of(inner)
    elif node.type in _DECLARATIONS:
        yield calls.of(node.child_by_field_name("name"))
    elif node.type == "expression_statement":
        assigned = node.named_child(0)
        if assigned is not None and assigned.type == "assignment_expression":
            left = calls.of(assigned.child_by_field_name("left"))
            if left.startswith(("exports.", "module.exports.")):
                yield left


def _reached(calls: Calls, chunks: Sequence[_Chunk], parts: Sequence[Node]) -> list[_Chunk]:
    seeds = [*calls.rewritten, *parts]
    inside = [one for one in chunks if any(within(node, one.statement) for node in seeds)]
    while True:
        names = {name for one in inside for name in _declared(calls, one.statement)}
        more = [one for one in chunks if one not in inside and _uses(calls, one.statement, names)]
        if not more:
            return [one for one in chunks if one in inside]
        inside += more


def _uses(calls: Calls, node: Node, names: set[str]) -> bool:
    return any(
        inner.type in ("identifier", "shorthand_property_identifier", "member_expression")
        and calls.of(inner) in names
        for inner in walk(node)
    )


def _parts(calls: Calls, chunks: Sequence[_Chunk], made_of: frozenset[str]) -> list[Node]:
    """Give the calls of `require` that load another business part."""
    return [
        node
        for chunk in chunks
        for node in walk(chunk.statement)
        if node.type == "call_expression"
        and calls.of(node.child_by_field_name("function")) == "require"
        and calls.of(node.child_by_field_name("arguments"))[2:-2] in made_of
    ]


def _drop_imports(calls: Calls, chunks: Sequence[_Chunk]) -> None:
    """Leave out imports of the SDK whose names nobody uses any more, and its settings."""
    for chunk in chunks:
        node = chunk.statement
        if node.type not in ("import_statement", "lexical_declaration", "variable_declaration"):
            continue
        here = [name for name in calls.modules if _loads(calls, node, name)]
        if not here:
            continue
        left = [
            inner
            for inner in calls.nodes
            if inner.type in ("identifier", "shorthand_property_identifier")
            and calls.of(inner) in here
            and not within(inner, node)
            and not calls.edits.covered(inner.start_byte)
        ]
        if left and not calls.kept and not calls.elsewhere:
            calls.say(left[0], UNSEEN)
        elif not left and node.type == "import_statement":
            calls.drop_statement(node)
        elif not left:
            for declarator in [one for one in node.named_children if _requires(calls, one, here)]:
                calls.drop(declarator)


def _loads(calls: Calls, node: Node, name: str) -> bool:
    if node.type == "import_statement":
        source = calls.of(node.child_by_field_name("source"))[1:-1]
        return source == calls.modules[name][0]
    return any(_requires(calls, inner, [name]) for inner in node.named_children)


def _requires(calls: Calls, node: Node, names: Sequence[str]) -> bool:
    """Tell whether a declarator loads a module of the SDK under one of these names."""
    if node.type != "variable_declarator" or "require(" not in calls.of(node.child_by_field_name("value")):
        return False
    return any(calls.of(inner) in names for inner in walk(node.child_by_field_name("name") or node))


# ------------------------------------------------------------------------------------------ exports


def _export(calls: Calls, node: Node, exports: _Exports, esm: bool) -> None:
    """Turn an export into a declaration within the function, or leave it out and remember it."""
    if esm and node.type == "export_statement":
        _export_es(calls, node, exports)
        return
    if node.type != "expression_statement":
        return
    assigned = node.named_child(0)
    if assigned is None or assigned.type != "assignment_expression":
        return
    left, right = assigned.child_by_field_name("left"), assigned.child_by_field_name("right")
    name = calls.of(left)
    if left is None or right is None:
        return
    if name.startswith(("exports.", "module.exports.")):
        local = name.rpartition(".")[2]
        exports.names.add(local)
        if right.type == "identifier":
            value = calls.of(right)
            exports.returned.append(local if value == local else f"{local}: {value}")
            calls.drop_statement(node)
            return
        exports.returned.append(local)
        calls.edits.replace(left.start_byte, left.end_byte, f"const {local}")
    elif name == "module.exports":
        _export_object(calls, node, right, exports)


def _export_object(calls: Calls, node: Node, right: Node, exports: _Exports) -> None:
    if right.type != "object":
        raise CannotScaffold(
            f"{calls.view.path}:{calls.line(node)} exports one value and no names. "
            "Export the handler by name, as exports.handler."
        )
    made: list[str] = []
    for one in right.named_children:
        if one.type == "shorthand_property_identifier":
            exports.names.add(calls.of(one))
            exports.returned.append(calls.of(one))
        elif one.type == "pair":
            key = calls.of(one.child_by_field_name("key")).strip("'\"")
            value = one.child_by_field_name("value")
            exports.names.add(key)
            if value is not None and value.type == "identifier":
                local = calls.of(value)
                exports.returned.append(key if local == key else f"{key}: {local}")
            elif value is not None:
                text = calls.edits.rendered(value.start_byte, value.end_byte, mark="//")
                made.append(f"const {key} = {text};")
                exports.returned.append(key)
        elif one.type != "comment":
            raise CannotScaffold(
                f"{calls.view.path}:{calls.line(one)} exports something that is computed or a method. "
                "Export the handler by name, as exports.handler."
            )
    calls.drop_statement(node)
    if made:
        calls.edits.replace(node.start_byte, node.end_byte, "\n".join(made))
        for change in [one for one in calls.edits.changes if one[0] < node.start_byte < one[1]]:
            calls.edits.forget(change)


def _export_es(calls: Calls, node: Node, exports: _Exports) -> None:
    declared = node.child_by_field_name("declaration")
    if "default" in [child.type for child in node.children]:
        raise CannotScaffold(
            f"{calls.view.path}:{calls.line(node)} exports by default. Export the handler by name."
        )
    if declared is not None:
        names = list(_declared(calls, declared))
        exports.names.update(names)
        exports.returned += names
        calls.edits.replace(node.start_byte, declared.start_byte, "")
        return
    for clause in node.named_children:
        for one in clause.named_children if clause.type == "export_clause" else ():
            local = calls.of(one.child_by_field_name("name"))
            alias = calls.of(one.child_by_field_name("alias")) or local
            exports.names.add(alias)
            exports.returned.append(alias if alias == local else f"{alias}: {local}")
    calls.drop_statement(node)


def _exported_names(calls: Calls, inside: Sequence[_Chunk], exports: _Exports) -> None:
    """Let uses of `exports.name` within the function use the name itself."""
    spellings = {
        f"{before}.{name}": name for name in exports.names for before in ("exports", "module.exports")
    }
    for chunk in inside:
        for node in walk(chunk.statement):
            if node.type == "member_expression" and (name := spellings.get(calls.of(node))):
                taken = calls.edits.covered(node.start_byte)
                if not taken:
                    calls.edits.replace(node.start_byte, node.end_byte, name)


def _unit(calls: Calls) -> str:
    """Give the indentation that the file uses."""
    for line in calls.view.lines:
        blank = line[: len(line) - len(line.lstrip())]
        if line.strip() and not line.lstrip().startswith("*") and blank:
            return "\t" if blank[0] == "\t" else " " * min(len(blank), 4)
    return "  "


def handler_parameters(calls: Calls, handler: str) -> int:
    """Give how many parameters the handler takes; 3 when it cannot be told."""
    place = calls.view.exports.get(handler, -1)
    return len(calls.view.functions[place].parameters) if place >= 0 else 3
