"""JavaScript and TypeScript by tree-sitter: the view that rules share."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from cutover.assessment.code.javascript_modules import Modules
from cutover.assessment.code.javascript_nodes import FUNCTIONS
from cutover.assessment.code.model import (
    Binding,
    Call,
    Function,
    Literal,
    Member,
    Mutation,
    View,
)

__all__ = ["FUNCTIONS", "view"]

_CHANGES = frozenset({"push", "set", "add", "delete", "unshift", "splice", "pop", "shift", "clear"})
_COLLECTIONS = frozenset(
    {"Map", "Set", "WeakMap", "WeakSet", "Array", "Object", "LRU", "LRUCache", "NodeCache"}
)
_CALLBACKS = re.compile(
    r"^(?:callback|cb|context\.(?:done|succeed|fail)|res(?:ponse)?(?:\.status\(\))?\.(?:send|json|end))$"
)
_PUT_IN = re.compile(r"\$\{[^{}]*\}")


def view(path: str, text: str, language: str) -> View:
    """Read one file. A syntax error is told in ``trouble``; what could be parsed beside it is still given."""
    return _Reading(path, text, language).view()


class _Reading(Modules):
    """Gives the view of one file."""

    def __init__(self, path: str, text: str, language: str) -> None:
        super().__init__(path, text, language)
        self._read_members = tuple(self._members())

    def view(self) -> View:
        exports, open_exports = self._exports()
        trouble, line = self._trouble()
        return View(
            path=self._path,
            language="javascript" if self._language == "javascript" else "typescript",
            lines=tuple(self._text.splitlines()),
            imports=tuple(self._imports()),
            calls=tuple(self._calls()),
            bindings=tuple(self._bindings()),
            functions=tuple(self._function(node) for node in self._function_nodes),
            literals=tuple(self._literals()),
            members=self._read_members,
            mutations=tuple(self._mutations()),
            environment=tuple(self._environment()),
            exports=exports,
            open_exports=open_exports,
            answered=tuple(self._answered()),
            trouble=trouble,
            trouble_line=line,
        )

    def _calls(self) -> Iterator[Call]:
        for node in self._nodes.get("call", ()):
            yield Call(
                name=self._dotted(node.child_by_field_name("function")),
                line=self._line(node),
                text=self._first_string(node),
                owner=self._owner(node),
                floating=self._floating.get(node.start_byte) == node.end_byte,
            )
        for node in self._nodes.get("new", ()):
            yield Call(
                name=self._dotted(node.child_by_field_name("constructor")),
                line=self._line(node),
                text=self._first_string(node),
                new=True,
                owner=self._owner(node),
            )

    def _bindings(self) -> Iterator[Binding]:
        for kind, left, right in (("declare", "name", "value"), ("assign", "left", "right")):
            for node in self._nodes.get(kind, ()):
                value = node.child_by_field_name(right)
                while value is not None and value.type in ("await_expression", "parenthesized_expression"):
                    value = value.named_child(0)
                if value is None or value.type not in ("call_expression", "new_expression"):
                    continue
                called = value.child_by_field_name(
                    "function" if value.type == "call_expression" else "constructor"
                )
                yield Binding(
                    name=self._dotted(node.child_by_field_name(left)),
                    call=self._dotted(called),
                    text=self._first_string(value),
                    line=self._line(node),
                    owner=self._owner(node),
                )

    def _function(self, node: Node) -> Function:
        name = self._of(node.child_by_field_name("name")) or self._names.get(node.start_byte, "")
        only = node.child_by_field_name("parameter")
        holder = node.child_by_field_name("parameters")
        parameters = [only] if only is not None else list(holder.named_children if holder is not None else ())
        return Function(
            name=name,
            line=self._line(node),
            end_line=int(node.end_point[0]) + 1,
            parameters=tuple(self._parameter(one) for one in parameters if one.type != "comment"),
            is_async=any(child.type == "async" for child in node.children[:3]),
        )

    def _parameter(self, node: Node) -> str:
        inner = node.child_by_field_name("pattern") or node.child_by_field_name("left") or node
        if inner.type == "object_pattern":
            return "{" + ",".join(name for name, _ in self._apart(inner)) + "}"
        return self._of(inner)

    def _literals(self) -> Iterator[Literal]:
        keys: dict[int, str] = {}
        for kind, left, right in (("declare", "name", "value"), ("assign", "left", "right")):
            for node in self._nodes.get(kind, ()):
                value = node.child_by_field_name(right)
                if value is not None and value.type == "string":
                    keys[value.start_byte] = self._of(node.child_by_field_name(left))
        for node in self._nodes.get("string", ()):
            before = self._bytes[max(0, node.start_byte - 60) : node.start_byte]
            pair = re.search(rb"[\"']?([\w$-]+)[\"']?\s*:\s*$", before)
            key = keys.get(node.start_byte) or (pair.group(1).decode(errors="replace") if pair else "")
            yield Literal(text=self._string(node), line=self._line(node), key=key)
        for node in self._nodes.get("template", ()):
            text = _PUT_IN.sub("{}", self._string(node))
            yield Literal(text=text, line=self._line(node), key="")

    def _members(self) -> Iterator[Member]:
        for node in self._nodes.get("member", ()):
            yield Member(
                owner=self._dotted(node.child_by_field_name("object")),
                name=self._of(node.child_by_field_name("property")),
                line=self._line(node),
            )
        for node in self._nodes.get("subscript", ()):
            index = node.child_by_field_name("index")
            if index is not None and index.type == "string":
                yield Member(
                    owner=self._dotted(node.child_by_field_name("object")),
                    name=self._string(index),
                    line=self._line(node),
                )

    def _environment(self) -> Iterator[Literal]:
        for one in self._read_members:
            if one.owner == "process.env":
                yield Literal(text=one.name, line=one.line)
        for node in self._nodes.get("declare", ()):
            name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
            if name is not None and name.type == "object_pattern" and self._of(value) == "process.env":
                for taken, _ in self._apart(name):
                    yield Literal(text=taken, line=self._line(node))

    def _mutations(self) -> Iterator[Mutation]:
        top: set[str] = set()
        collections: set[str] = set()
        for node in self._nodes.get("declare", ()):
            name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
            if name is None or name.type != "identifier" or self._owner(node) >= 0:
                continue
            made = self._dotted(value.child_by_field_name("constructor")) if value is not None else ""
            if value is not None and (value.type in ("object", "array") or made in _COLLECTIONS):
                collections.add(self._of(name))
            if not (value is not None and self._of(value).startswith("require(")):
                top.add(self._of(name))
        shadowed = {
            (self._owner(node), self._of(node.child_by_field_name("name")))
            for node in self._nodes.get("declare", ())
            if self._owner(node) >= 0
        }
        for place, function in enumerate(self._function_nodes):
            shadowed |= {(place, one) for one in self._function(function).parameters}
        for changed, node in self._changed(collections):
            owner = self._owner(node)
            if owner >= 0 and changed in top and (owner, changed) not in shadowed:
                yield Mutation(name=changed, line=self._line(node))

    def _changed(self, collections: set[str]) -> Iterator[tuple[str, Node]]:
        for kind, side in (("assign", "left"), ("update", "argument")):
            for node in self._nodes.get(kind, ()):
                target = node.child_by_field_name(side)
                while target is not None and target.type in ("subscript_expression", "member_expression"):
                    target = target.child_by_field_name("object")
                if target is not None and target.type == "identifier":
                    yield self._of(target), node
        for node in self._nodes.get("call", ()):
            owner, _, method = self._dotted(node.child_by_field_name("function")).rpartition(".")
            if method in _CHANGES and owner in collections:
                yield owner, node

    def _answered(self) -> Iterator[int]:
        """Find answers that do not end the function: a callback, or a response, with statements after it."""
        for node in self._nodes.get("floating", ()):
            if _CALLBACKS.match(self._dotted(node.child_by_field_name("function"))) and self._goes_on(node):
                yield self._line(node)

    def _goes_on(self, call: Node) -> bool:
        node: Node | None = call.parent
        while node is not None and node.type not in FUNCTIONS:
            if node.type.endswith("statement"):
                after = node.next_named_sibling
                while after is not None and after.type in ("comment", "empty_statement"):
                    after = after.next_named_sibling
                if after is not None and after.type in (
                    "return_statement",
                    "break_statement",
                    "throw_statement",
                ):
                    return after.named_child_count > 0 and after.type == "return_statement"
                if after is not None and after.type.endswith(("statement", "declaration")):
                    return True
            node = node.parent
        return False

    def _trouble(self) -> tuple[str, int]:
        if not self._tree.root_node.has_error:
            return "", 0
        errors = self._nodes.get("error", ())
        return "It does not parse.", self._line(errors[0]) if errors else 1
