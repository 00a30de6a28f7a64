"""The text of one JavaScript file: its nodes, comments for the reviewer, and statements that are left out."""

from __future__ import annotations

from collections.abc import Iterator

import tree_sitter_javascript
from tree_sitter import Language, Node, Parser

from cutover.assessment.code import View
from cutover.scaffold.editing import Edits
from cutover.scaffold.node_tree import statement, walk


class FileText:
    """Reads one file and notes every change to it in ``edits``."""

    def __init__(self, view: View, text: str) -> None:
        self.view, self.content = view, text.encode()
        parser = Parser(Language(tree_sitter_javascript.language()))
        self.root = parser.parse(self.content).root_node
        self.nodes = list(walk(self.root))
        self.edits = Edits(content=self.content, raw=frozenset(self._raw_lines()))

    @property
    def identifiers(self) -> frozenset[str]:
        """Give every name that the file uses."""
        kinds = ("identifier", "shorthand_property_identifier", "shorthand_property_identifier_pattern")
        return frozenset(self.of(node) for node in self.nodes if node.type in kinds)

    def of(self, node: Node | None) -> str:
        """Give a node's text."""
        return "" if node is None else self.content[node.start_byte : node.end_byte].decode()

    def line(self, node: Node) -> int:
        """Give a node's line, from 1."""
        return int(node.start_point[0]) + 1

    def say(self, node: Node, sentence: str) -> None:
        """Put a comment for the reviewer above the statement of a node."""
        self.edits.comment(statement(node).start_byte, sentence)

    def _dedent(self, node: Node, whole: Node) -> None:
        """Bring the lines of what is given to the margin of the call, whose own lines are gone."""
        ours, theirs = self._margin(node), self._margin(whole)
        if not ours.startswith(theirs) or ours == theirs or node.start_point[0] == whole.start_point[0]:
            return
        at = self.content.find(b"\n", node.start_byte, node.end_byte) + 1
        while at:
            line = int(self.content.count(b"\n", 0, at))
            if line not in self.edits.raw and self.content[at:].startswith(ours.encode()):
                self.edits.replace(at, at + len(ours.encode()) - len(theirs.encode()), "")
            at = self.content.find(b"\n", at, node.end_byte) + 1

    def _margin(self, node: Node) -> str:
        """Give the white space before the line of a node."""
        start = self.edits.line_start(node.start_byte)
        line = self.content[start : node.start_byte].decode()
        return line[: len(line) - len(line.lstrip())]

    def drop(self, declarator: Node) -> None:
        """Leave out what declares a name: the whole statement when it declares nothing else."""
        whole = statement(declarator)
        others = [
            one for one in whole.named_children if one.type == "variable_declarator" and one != declarator
        ]
        after = declarator.next_named_sibling
        before = declarator.prev_named_sibling
        if any(one.start_byte not in {first for first, _ in self.edits.changes} for one in others):
            if after is not None:
                self.edits.replace(declarator.start_byte, after.start_byte, "")
            elif before is not None:
                self.edits.replace(before.end_byte, declarator.end_byte, "")
            return
        self.drop_statement(whole)

    def drop_statement(self, whole: Node) -> None:
        """Leave a statement out with its lines, and the comment that stands alone above it."""
        start = self.edits.line_start(whole.start_byte)
        before = whole.prev_named_sibling
        if (
            before is not None
            and before.type == "comment"
            and before.end_point[0] == whole.start_point[0] - 1
            and not self.of(before).startswith("/**")
        ):
            start = self.edits.line_start(before.start_byte)
        end = self.content.find(b"\n", whole.end_byte)
        end = len(self.content) if end < 0 else end + 1
        before_all = start
        while earlier := [first for first, last in self.edits.changes if last == before_all > first]:
            before_all = earlier[0]
        if self.content[:before_all].endswith((b"{\n", b"\n\n")):
            while (after := self.content.find(b"\n", end) + 1) and not self.content[end:after].strip():
                end = after
        if self.content[whole.end_byte : end].strip(b" \t\r\n;"):
            start, end = whole.start_byte, whole.end_byte
        for change in [one for one in self.edits.changes if start <= one[0] and one[1] <= end]:
            self.edits.forget(change)
        self.edits.replace(start, end, "")

    def _raw_lines(self) -> Iterator[int]:
        for node in self.nodes:
            if node.type == "template_string":
                yield from range(node.start_point[0] + 1, node.end_point[0] + 1)
