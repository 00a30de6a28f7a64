"""Ways about a tree of JavaScript."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from cutover.assessment.code.javascript import FUNCTIONS

_PLACES = frozenset({"program", "statement_block", "class_body", "switch_case", "switch_default"})


def walk(node: Node) -> Iterator[Node]:
    """Give a node and all below it, in the order of the text."""
    waiting = [node]
    while waiting:
        found = waiting.pop()
        yield found
        waiting.extend(reversed(found.children))


def arguments(call: Node) -> list[Node]:
    """Give the arguments of a call, comments left out."""
    given = call.child_by_field_name("arguments")
    return [one for one in given.named_children if one.type != "comment"] if given is not None else []


def parameters(function: Node) -> list[Node]:
    """Give the parameters of a function."""
    only = function.child_by_field_name("parameter")
    if only is not None:
        return [only]
    given = function.child_by_field_name("parameters")
    return [one for one in given.named_children if one.type != "comment"] if given is not None else []


def statement(node: Node) -> Node:
    """Give the statement that a node belongs to."""
    while node.parent is not None and node.parent.type not in _PLACES:
        node = node.parent
    return node


def scope(node: Node) -> Node:
    """Give the block around a declaration."""
    around = statement(node).parent
    return around if around is not None else node


def function_around(node: Node) -> Node:
    """Give the innermost function around a node, else the program."""
    while node.parent is not None and node.type not in FUNCTIONS:
        node = node.parent
    return node


def within(node: Node, around: Node) -> bool:
    """Tell whether a node lies in another."""
    return around.start_byte <= node.start_byte and node.end_byte <= around.end_byte
