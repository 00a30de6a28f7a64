"""The nodes of a file of JavaScript or TypeScript that rules need, and what each is called.

One compiled query collects them, in C. Which function a node lies in is found by its byte range, since asking
a node for its parent walks down from the root.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from functools import cache

import tree_sitter_javascript
import tree_sitter_typescript
from tree_sitter import Language, Node, Parser, Query, QueryCursor

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


class Nodes:
    """The nodes of one file."""

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
        self._floating = {node.start_byte: node.end_byte for node in self._nodes.get("floating", ())}

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

    def _function_names(self) -> dict[int, str]:
        """Name functions by what they are given to; byte where the function starts -> name."""
        found: dict[int, str] = {}
        for kind, left, right in (("declare", "name", "value"), ("assign", "left", "right")):
            for node in self._nodes.get(kind, ()):
                value = node.child_by_field_name(right)
                if value is not None and value.type in FUNCTIONS:
                    found[value.start_byte] = self._dotted(node.child_by_field_name(left))
        return found

    def _apart(self, pattern: Node) -> Iterator[tuple[str, str]]:
        for child in pattern.named_children:
            if child.type == "shorthand_property_identifier_pattern":
                yield self._of(child), self._of(child)
            elif child.type == "pair_pattern":
                yield self._of(child.child_by_field_name("key")), self._of(child.child_by_field_name("value"))
