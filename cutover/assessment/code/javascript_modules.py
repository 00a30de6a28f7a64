"""What a file of JavaScript or TypeScript imports and exports, in either system of modules."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from cutover.assessment.code.javascript_nodes import FUNCTIONS, Nodes
from cutover.assessment.code.model import (
    Import,
)


class Modules(Nodes):
    """Imports and exports of one file."""

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
