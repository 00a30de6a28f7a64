"""JavaScript and TypeScript by tree-sitter.

One compiled query collects the nodes that rules need, in C; Python then looks at those alone. Which function
a node lies in is found by its byte range, since asking a node for its parent walks down from the root.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import cache

import tree_sitter_javascript
import tree_sitter_typescript
from tree_sitter import Language, Node, Parser, Query, QueryCursor

from cutover.assessment.code.model import (
    Binding,
    Call,
    Function,
    Import,
    Literal,
    Member,
    Mutation,
    View,
)

FUNCTIONS = (
    "arrow_function",
    "function_expression",
    "function_declaration",
    "method_definition",
    "generator_function",
    "generator_function_declaration",
)
_QUERY = """
(call_expression) @call
(new_expression) @new
(expression_statement (call_expression) @floating)
(variable_declarator) @declare
(assignment_expression) @assign
(augmented_assignment_expression) @assign
(update_expression) @update
(import_statement) @import
(export_statement) @export
(member_expression) @member
(subscript_expression) @subscript
(string) @string
(template_string) @template
(object_pattern) @pattern
(try_statement) @try
(ERROR) @error
""" + "\n".join(f"({kind}) @function" for kind in FUNCTIONS)

_CHANGES = frozenset({"push", "set", "add", "delete", "unshift", "splice", "pop", "shift", "clear"})
_COLLECTIONS = frozenset(
    {"Map", "Set", "WeakMap", "WeakSet", "Array", "Object", "LRU", "LRUCache", "NodeCache"}
)
_CALLBACKS = re.compile(
    r"^(?:callback|cb|context\.(?:done|succeed|fail)|res(?:ponse)?(?:\.status\(\))?\.(?:send|json|end))$"
)
_PUT_IN = re.compile(r"\$\{[^{}]*\}")
LONGEST_CHAIN = 40


@cache
def _tools(language: str) -> tuple[Parser, Query]:
    grammar = {
        "javascript": tree_sitter_javascript.language,
        "typescript": tree_sitter_typescript.language_typescript,
        "tsx": tree_sitter_typescript.language_tsx,
    }[language]
    made = Language(grammar())
    return Parser(made), Query(made, _QUERY)


def view(path: str, text: str, language: str) -> View:
    """Read one file. A syntax error is told in ``trouble``; what could be parsed beside it is still given."""
    return _Reading(path, text, language).view()


class _Reading:
    def __init__(self, path: str, text: str, language: str) -> None:
        self._path, self._text, self._language = path, text, language
        self._bytes = text.encode()
        parser, query = _tools(language)
        self._tree = parser.parse(self._bytes)
        found = QueryCursor(query).captures(self._tree.root_node)
        self._nodes: dict[str, list[Node]] = {
            name: sorted(nodes, key=lambda node: node.start_byte) for name, nodes in found.items()
        }
        self._function_nodes = self._nodes.get("function", [])
        self._starts = [node.start_byte for node in self._function_nodes]
        self._names = self._function_names()
        self._tries = [(node.start_byte, node.end_byte) for node in self._nodes.get("try", ())]
        self._read_members = tuple(self._members())
        self._floating = {node.start_byte: node.end_byte for node in self._nodes.get("floating", ())}

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

    # ------------------------------------------------------------------------------------------ nodes

    def _of(self, node: Node | None) -> str:
        return "" if node is None else self._bytes[node.start_byte : node.end_byte].decode(errors="replace")

    def _owner(self, node: Node) -> int:
        """Give the index of the innermost function around a node, -1 at the top level."""
        place = bisect_right(self._starts, node.start_byte) - 1
        while place >= 0:
            around = self._function_nodes[place]
            if around.end_byte >= node.end_byte and around != node:
                return place
            place -= 1
        return -1

    def _dotted(self, node: Node | None) -> str:
        """Give a dotted name without arguments; "?" stands for what is computed."""
        parts: list[str] = []
        for _ in range(LONGEST_CHAIN):
            if node is None:
                break
            if node.type in ("identifier", "this", "super", "import"):
                parts.append(self._of(node))
                break
            if node.type == "member_expression":
                parts.append("." + self._of(node.child_by_field_name("property")))
                node = node.child_by_field_name("object")
            elif node.type == "call_expression":
                parts.append("()")
                node = node.child_by_field_name("function")
            elif node.type in ("new_expression", "await_expression", "parenthesized_expression"):
                if node.type == "new_expression":
                    parts.append("()")
                    node = node.child_by_field_name("constructor")
                else:
                    node = node.named_child(0)
            else:
                parts.append("?")
                break
        return "".join(reversed(parts))

    def _first_string(self, node: Node) -> str:
        arguments = node.child_by_field_name("arguments")
        first = arguments.named_child(0) if arguments is not None and arguments.named_child_count else None
        return self._string(first) if first is not None and first.type == "string" else ""

    def _string(self, node: Node) -> str:
        return self._of(node)[1:-1]

    @staticmethod
    def _line(node: Node) -> int:
        return int(node.start_point[0]) + 1

    # ---------------------------------------------------------------------------------------- imports

    def _imports(self) -> Iterator[Import]:
        for node in self._nodes.get("import", ()):
            named = node.child_by_field_name("source")
            if named is None:
                continue
            clause = next((child for child in node.named_children if child.type == "import_clause"), None)
            yield Import(
                module=self._string(named),
                line=self._line(node),
                names=dict(self._clause(clause)) if clause is not None else {},
                types_only=self._of(node).startswith("import type"),
            )
        for node in self._nodes.get("export", ()):
            named = node.child_by_field_name("source")
            if named is not None:
                yield Import(module=self._string(named), line=self._line(node))
        yield from self._required()

    def _clause(self, clause: Node) -> Iterator[tuple[str, str]]:
        for child in clause.named_children:
            if child.type == "identifier":
                yield "default", self._of(child)
            elif child.type == "namespace_import":
                yield "*", self._of(child.named_child(0))
            elif child.type == "named_imports":
                for one in child.named_children:
                    name = self._of(one.child_by_field_name("name"))
                    yield name, self._of(one.child_by_field_name("alias")) or name

    def _required(self) -> Iterator[Import]:
        taken: dict[int, dict[str, str]] = {}
        for node in self._nodes.get("declare", ()):
            value, name = node.child_by_field_name("value"), node.child_by_field_name("name")
            if value is None or name is None:
                continue
            member = ""
            while value is not None and value.type in ("await_expression", "member_expression"):
                if value.type == "member_expression":
                    member = self._of(value.child_by_field_name("property"))
                    value = value.child_by_field_name("object")
                else:
                    value = value.named_child(0)
            if value is None or value.type != "call_expression":
                continue
            if name.type == "identifier":
                taken[value.start_byte] = {member or "*": self._of(name)}
            elif name.type == "object_pattern":
                taken[value.start_byte] = dict(self._apart(name))
        for node in self._nodes.get("call", ()):
            called = self._of(node.child_by_field_name("function"))
            if called not in ("require", "import"):
                continue
            yield Import(
                module=self._first_string(node) or "?",
                line=self._line(node),
                names=taken.get(node.start_byte, {}),
                guarded=any(start <= node.start_byte < end for start, end in self._tries)
                or self._owner(node) >= 0,
            )

    def _apart(self, pattern: Node) -> Iterator[tuple[str, str]]:
        for child in pattern.named_children:
            if child.type == "shorthand_property_identifier_pattern":
                yield self._of(child), self._of(child)
            elif child.type == "pair_pattern":
                yield self._of(child.child_by_field_name("key")), self._of(child.child_by_field_name("value"))

    # ------------------------------------------------------------------------------------------ calls

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

    # -------------------------------------------------------------------------------------- functions

    def _function_names(self) -> dict[int, str]:
        """Name functions by what they are given to; byte where the function starts -> name."""
        found: dict[int, str] = {}
        for kind, left, right in (("declare", "name", "value"), ("assign", "left", "right")):
            for node in self._nodes.get(kind, ()):
                value = node.child_by_field_name(right)
                if value is not None and value.type in FUNCTIONS:
                    found[value.start_byte] = self._dotted(node.child_by_field_name(left))
        return found

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

    def _exports(self) -> tuple[dict[str, int], bool]:
        found: dict[str, int] = {}
        computed = False
        by_name = {
            self._of(node.child_by_field_name("name")) or self._names.get(node.start_byte, ""): place
            for place, node in enumerate(self._function_nodes)
        }
        by_start = {node.start_byte: place for place, node in enumerate(self._function_nodes)}
        for node in self._nodes.get("assign", ()):
            left = self._dotted(node.child_by_field_name("left"))
            right = node.child_by_field_name("right")
            if right is None:
                continue
            if left in ("module.exports", "exports"):
                if right.type == "object":
                    computed |= self._object_exports(right, found, by_name, by_start)
                else:
                    computed = True
            elif left.startswith(("exports.", "module.exports.")):
                found[left.rpartition(".")[2]] = by_start.get(
                    right.start_byte, by_name.get(self._of(right), -1)
                )
        for node in self._nodes.get("export", ()):
            computed |= self._es_export(node, found, by_name, by_start)
        computed |= any(
            self._of(node.child_by_field_name("function")).startswith(("Object.define", "__export"))
            for node in self._nodes.get("call", ())
        )
        return found, computed

    def _object_exports(
        self, node: Node, found: dict[str, int], by_name: dict[str, int], by_start: dict[int, int]
    ) -> bool:
        computed = False
        for child in node.named_children:
            if child.type == "shorthand_property_identifier":
                found[self._of(child)] = by_name.get(self._of(child), -1)
            elif child.type == "pair":
                value = child.child_by_field_name("value")
                key = self._of(child.child_by_field_name("key")).strip("'\"")
                start = value.start_byte if value is not None else -1
                found[key] = by_start.get(start, by_name.get(self._of(value), -1))
            elif child.type == "method_definition":
                found[self._of(child.child_by_field_name("name"))] = by_start.get(child.start_byte, -1)
            else:
                computed = computed or child.type != "comment"
        return computed

    def _es_export(
        self, node: Node, found: dict[str, int], by_name: dict[str, int], by_start: dict[int, int]
    ) -> bool:
        declared = node.child_by_field_name("declaration")
        if declared is None:
            for child in node.named_children:
                if child.type == "export_clause":
                    for one in child.named_children:
                        name = self._of(one.child_by_field_name("name"))
                        alias = self._of(one.child_by_field_name("alias")) or name
                        found[alias] = by_name.get(name, -1)
            return "*" in [child.type for child in node.children]
        if "default" in [child.type for child in node.children]:
            found["default"] = by_start.get(declared.start_byte, -1)
        for child in [declared, *declared.named_children]:
            name = self._of(child.child_by_field_name("name"))
            value = child.child_by_field_name("value")
            if name and child.type in ("variable_declarator", *FUNCTIONS, "class_declaration"):
                start = value.start_byte if value is not None else child.start_byte
                found[name] = by_start.get(start, -1)
        return False

    # ---------------------------------------------------------------------------------------- the rest

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
