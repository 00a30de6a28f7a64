"""What calls of aws-sdk are given and what they give, renamed to what the drivers take and give."""

from __future__ import annotations

from collections.abc import Mapping

from tree_sitter import Node

from cutover.assessment.code import View
from cutover.assessment.code.javascript import FUNCTIONS
from cutover.scaffold.node_clients import Asked, Clients
from cutover.scaffold.node_tree import arguments, function_around, parameters, scope, walk, within
from cutover.scaffold.operations import Operation

_SHOWN = ("JSON.stringify", "console.log", "console.info", "console.error", "console.debug", "console.warn")
_OVER_ITEMS = frozenset({"map", "forEach", "filter", "some", "every", "find", "flatMap"})
WHOLE_BODY = (
    "the object is read whole now, where it was a stream; decide whether that is too much for large objects"
)


class Results(Clients):
    """Follows requests and results through the file, as far as they stay in sight."""

    def __init__(self, view: View, text: str) -> None:
        super().__init__(view, text)
        self.uses_streams = False
        self._requests_done: set[int] = set()

    def _request(self, node: Node, operation: Operation | None) -> None:
        """Rename the members of what a call is given."""
        if operation is None:
            return
        if node.type == "identifier":
            made = self._made(node, "object")
            if made is None:
                self.say(
                    node,
                    f"{self.of(node)} is made elsewhere; give it the names "
                    f"{', '.join(operation.parameters.values())}.",
                )
                return
            self._members(scope(made), self.of(node), operation.parameters, strict=False)
            node = made
        if node.type != "object":
            self.say(
                node, f"what is given here must have the names {', '.join(operation.parameters.values())}."
            )
            return
        if node.id in self._requests_done:
            return
        self._requests_done.add(node.id)
        for pair in node.named_children:
            self._pair(pair, operation)

    def _pair(self, pair: Node, operation: Operation) -> None:
        if pair.type == "comment":
            return
        key = pair.child_by_field_name("key") if pair.type == "pair" else pair
        name = self.of(key).strip("'\"")
        neutral = operation.parameters.get(name)
        if pair.type not in ("pair", "shorthand_property_identifier") or key is None:
            self.say(pair, "what is spread into this request keeps its names of AWS; name them one by one.")
        elif neutral is None:
            self.say(
                pair,
                f"{name} is passed on to AWS as it is, and the driver for Alibaba Cloud refuses it; "
                "decide what stands for it there.",
            )
        elif pair.type == "pair":
            self.edits.replace(key.start_byte, key.end_byte, neutral)
        else:
            self.edits.replace(pair.start_byte, pair.end_byte, f"{neutral}: {name}")

    def _from_callback(self, asked: Asked, operation: Operation) -> None:
        callback = asked.callback
        if callback is None or callback.type not in FUNCTIONS:
            self.say(asked.whole, f"the callback gets {_names(operation)}; see that it reads these names.")
            return
        given = parameters(callback)
        body = callback.child_by_field_name("body")
        if len(given) > 1 and body is not None:
            self._taken(given[1], body, operation, asked.version)

    def _from_promise(self, asked: Asked, operation: Operation) -> None:
        node = asked.whole
        outer = node.parent
        awaited = False
        while outer is not None and outer.type in ("await_expression", "parenthesized_expression"):
            awaited |= outer.type == "await_expression"
            node, outer = outer, outer.parent
        if outer is None or outer.type == "expression_statement":
            return
        if outer.type == "variable_declarator":
            taker = outer.child_by_field_name("name")
            if taker is not None and awaited:
                self._taken(taker, scope(outer), operation, asked.version)
                return
        elif outer.type == "assignment_expression" and awaited:
            left = outer.child_by_field_name("left")
            if left is not None and left.type == "identifier":
                self._taken(left, function_around(outer), operation, asked.version)
                return
        elif outer.type == "member_expression":
            property_ = outer.child_by_field_name("property")
            name = self.of(property_)
            if awaited and name in operation.results:
                self._result(outer, operation, asked.version)
                return
            if name == "then" and outer.parent is not None and (then := arguments(outer.parent)):
                body = then[0].child_by_field_name("body")
                given = parameters(then[0]) if then[0].type in FUNCTIONS else []
                if given and body is not None:
                    self._taken(given[0], body, operation, asked.version)
                if not given and then[0].type in FUNCTIONS:
                    return
                if given:
                    return
            if name in ("catch", "finally"):
                return
        if operation.results:
            self.say(asked.whole, f"what comes back has {_names(operation)}; see that these names are read.")

    def _taken(self, name: Node, around: Node, operation: Operation, version: int) -> None:
        """Rename the members of a result under the name, or names, that take it."""
        if name.type == "object_pattern":
            self._apart(name, operation, around, version)
        elif name.type == "identifier":
            self._members(around, self.of(name), operation.results, operation=operation, version=version)

    def _apart(self, pattern: Node, operation: Operation, around: Node, version: int) -> None:
        for child in pattern.named_children:
            key = child.child_by_field_name("key") if child.type == "pair_pattern" else child
            neutral = operation.results.get(self.of(key))
            if neutral is None or key is None:
                self.say(pattern, f"{self.of(child)} is not among what comes back: {_names(operation)}.")
                continue
            local = (
                self.of(child.child_by_field_name("value")) if child.type == "pair_pattern" else self.of(key)
            )
            if child.type == "pair_pattern":
                self.edits.replace(key.start_byte, key.end_byte, neutral)
            else:
                self.edits.replace(child.start_byte, child.end_byte, f"{neutral}: {local}")
            if neutral == "body" and version == 3:
                for node in walk(around):
                    if node.type == "identifier" and self.of(node) == local and not within(node, pattern):
                        self._body(node, self.of(node))
            if neutral == "objects":
                for node in walk(around):
                    if node.type == "identifier" and self.of(node) == local and not within(node, pattern):
                        self._items(node, operation)

    def _members(
        self,
        around: Node,
        name: str,
        names: Mapping[str, str],
        *,
        strict: bool = True,
        operation: Operation | None = None,
        version: int = 2,
    ) -> None:
        nearer = [one for one in self._declaring.get(name, ()) if one != around and within(one, around)]
        for node in walk(around):
            if node.type not in ("identifier", "shorthand_property_identifier") or self.of(node) != name:
                continue
            if any(within(node, one) for one in nearer):
                continue
            outer = node.parent
            if (
                node.type == "identifier"
                and outer is not None
                and outer.type == "member_expression"
                and (outer.child_by_field_name("object") == node)
            ):
                if operation is not None:
                    self._result(outer, operation, version)
                    continue
                property_ = outer.child_by_field_name("property")
                neutral = names.get(self.of(property_))
                if neutral and property_ is not None:
                    self.edits.replace(property_.start_byte, property_.end_byte, neutral)
            elif strict and operation is not None and outer is not None:
                self._used_whole(node, outer, operation, around, version)

    def _used_whole(self, node: Node, outer: Node, operation: Operation, around: Node, version: int) -> None:
        if outer.type == "variable_declarator":
            pattern = outer.child_by_field_name("name")
            if pattern is not None and pattern.type == "object_pattern":
                self._apart(pattern, operation, around, version)
            return
        if outer.type in ("arguments", "template_substitution"):
            called = outer.parent.child_by_field_name("function") if outer.parent is not None else None
            if outer.type == "template_substitution" or self.of(called) in _SHOWN:
                return
        if outer.type in ("arguments", "return_statement", "pair", "array", "object") and operation.results:
            self.say(node, f"{self.of(node)} goes on from here with {_names(operation)}.")

    def _result(self, member: Node, operation: Operation, version: int) -> None:
        """Rename one member of a result."""
        property_ = member.child_by_field_name("property")
        name = self.of(property_)
        neutral = operation.results.get(name)
        if property_ is None:
            return
        if neutral is None:
            if name[:1].isupper():
                self.say(member, f"{name} is not among what comes back: {_names(operation)}.")
            return
        if neutral == "body" and version == 3:
            owner = self.of(member.child_by_field_name("object"))
            if not self._body(member, f"{owner}.body"):
                self.edits.replace(property_.start_byte, property_.end_byte, neutral)
            return
        self.edits.replace(property_.start_byte, property_.end_byte, neutral)
        if neutral == "objects":
            self._items(member, operation)

    def _body(self, node: Node, buffer: str) -> bool:
        """Bring the stream that version 3 gives to the Buffer of the driver. Tells whether it was written."""
        outer = node.parent
        if buffer.endswith(".body") and not self.of(node).startswith(buffer.removesuffix(".body")):
            return False
        if (
            outer is not None
            and outer.type == "member_expression"
            and outer.child_by_field_name("object") == node
        ):
            property_ = outer.child_by_field_name("property")
            then = self.of(property_)
            if then == "transformToString" and property_ is not None:
                self.edits.replace(node.start_byte, property_.end_byte, f"{buffer}.toString")
                return True
            if then == "transformToByteArray" and outer.parent is not None:
                self.edits.replace(node.start_byte, outer.parent.end_byte, buffer)
                return True
        if outer is not None and outer.type == "pair_pattern":
            return False
        self.uses_streams = True
        self.edits.replace(node.start_byte, node.end_byte, f"Readable.from([{buffer}])")
        self.say(node, f"{WHOLE_BODY}.")
        return True

    def _items(self, contents: Node, operation: Operation) -> None:
        """Rename members of the listed objects where a loop or a function takes them one by one."""
        node, outer = contents, contents.parent
        while outer is not None and outer.type in ("parenthesized_expression", "binary_expression"):
            node, outer = outer, outer.parent
        taken: tuple[Node | None, Node | None] = (None, None)
        if outer is not None and outer.type == "for_in_statement":
            taken = outer.child_by_field_name("left"), outer.child_by_field_name("body")
        elif outer is not None and outer.type == "member_expression" and outer.parent is not None:
            given = arguments(outer.parent) if outer.parent.type == "call_expression" else []
            if self.of(outer.child_by_field_name("property")) in _OVER_ITEMS and given:
                names = parameters(given[0]) if given[0].type in FUNCTIONS else []
                taken = names[0] if names else None, given[0].child_by_field_name("body")
            elif self.of(outer.child_by_field_name("property")) == "length":
                return
        item, body = taken
        if item is not None and body is not None and item.type == "identifier":
            self._members(body, self.of(item), operation.items, strict=False)
            return
        self.say(
            node, f"each of these has {', '.join(operation.items.values())}; see that these names are read."
        )


def _names(operation: Operation) -> str:
    return ", ".join(operation.results.values()) or "nothing"
