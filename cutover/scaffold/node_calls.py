"""Calls of aws-sdk in JavaScript become calls of drivers: version 2 by promise or callback, 3 by command.

What the rewriting meets and does not know stays, with a comment for the reviewer above its statement.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import tree_sitter_javascript
from tree_sitter import Language, Node, Parser

from cutover.assessment.code import View
from cutover.assessment.code.javascript import FUNCTIONS
from cutover.assessment.on_code.services import uses_of
from cutover.scaffold.editing import Edits
from cutover.scaffold.node_tree import arguments, function_around, parameters, scope, statement, walk, within
from cutover.scaffold.operations import DRIVERS, ELSEWHERE, OPERATIONS, Operation

_CLASSES = {"S3": "s3", "S3Client": "s3", "SQS": "sqs", "SQSClient": "sqs"}
_SHOWN = ("JSON.stringify", "console.log", "console.info", "console.error", "console.debug", "console.warn")
_CALLS = ("call_expression", "new_expression")
_OVER_ITEMS = frozenset({"map", "forEach", "filter", "some", "every", "find", "flatMap"})
WHOLE_BODY = (
    "the object is read whole now, where it was a stream; decide whether that is too much for large objects"
)


@dataclass(frozen=True, kw_only=True)
class Client:
    """A client of a service. ``making``: the expression that makes it; ``declarator``: what takes it."""

    name: str
    service: str
    version: int
    making: Node
    declarator: Node


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A call to a service. ``whole``: the expression that gives way to the driver's call."""

    call: Node
    whole: Node
    service: str
    operation: str
    version: int
    request: Node | None
    callback: Node | None


class Calls:
    """Reads one file and notes every change to it in ``edits``."""

    def __init__(self, view: View, text: str) -> None:
        self.view, self.content = view, text.encode()
        parser = Parser(Language(tree_sitter_javascript.language()))
        self.root = parser.parse(self.content).root_node
        self.nodes = list(walk(self.root))
        self.edits = Edits(content=self.content, raw=frozenset(self._raw_lines()))
        self.modules = {
            local: (one.module, "" if there in ("*", "default") else there)
            for one in view.imports
            for there, local in one.names.items()
            if one.module.startswith(("aws-sdk", "@aws-sdk/client-"))
        }
        self._declaring = self._declarations()
        self.clients = {one.name: one for one in self._clients()}
        self.names: Mapping[str, str] = {}
        self.versions: dict[str, int] = {}
        self.rewritten: list[Node] = []
        self.kept: set[str] = set()
        self.elsewhere: set[str] = set()
        self.uses_callbacks = self.uses_streams = False
        self._requests_done: set[int] = set()
        self._commands_done: dict[int, Node] = {}

    @property
    def identifiers(self) -> frozenset[str]:
        """Give every name that the file uses."""
        kinds = ("identifier", "shorthand_property_identifier", "shorthand_property_identifier_pattern")
        return frozenset(self.of(node) for node in self.nodes if node.type in kinds)

    def rewrite(self, names: Mapping[str, str]) -> None:
        """Note all changes to calls, to what they are given and to what they give.

        Args:
            names: service -> the name of its driver.
        """
        self.names = names
        for node in self.nodes:
            if node.type == "call_expression" and (asked := self._asked(node)) is not None:
                self._rewrite(asked)
        if self.rewritten:
            self._others()
        self._drop_clients()

    def _others(self) -> None:
        """Say where other services are called: these calls still go to AWS."""
        for use in uses_of(self.view):
            if use.service in DRIVERS or use.service in self.elsewhere:
                continue
            self.elsewhere.add(use.service)
            at = next((one for one in self.nodes if self.line(one) == use.line and one.type in _CALLS), None)
            if at is not None:
                self.say(at, ELSEWHERE.format(service=use.service))

    def of(self, node: Node | None) -> str:
        """Give a node's text."""
        return "" if node is None else self.content[node.start_byte : node.end_byte].decode()

    def line(self, node: Node) -> int:
        """Give a node's line, from 1."""
        return int(node.start_point[0]) + 1

    def say(self, node: Node, sentence: str) -> None:
        """Put a comment for the reviewer above the statement of a node."""
        self.edits.comment(statement(node).start_byte, sentence)

    # ---------------------------------------------------------------------------------------- finding

    def service_of(self, making: Node | None) -> tuple[str, int] | None:
        """Give service and version for the expression that makes a client."""
        if making is None or making.type != "new_expression":
            return None
        head, _, rest = self.of(making.child_by_field_name("constructor")).partition(".")
        module, there = self.modules.get(head, ("", ""))
        if module.startswith("aws-sdk/clients/"):
            service = module.rpartition("/")[2]
            return (service, 2) if service in DRIVERS else None
        service = _CLASSES.get(rest or there, "")
        if not module or not service:
            return None
        return service, 2 if module == "aws-sdk" else 3

    def _clients(self) -> Iterator[Client]:
        for node in self.nodes:
            if node.type != "variable_declarator":
                continue
            name, making = node.child_by_field_name("name"), node.child_by_field_name("value")
            found = self.service_of(making)
            if found and name is not None and making is not None and name.type == "identifier":
                yield Client(
                    name=self.of(name), service=found[0], version=found[1], making=making, declarator=node
                )

    def _declarations(self) -> dict[str, list[Node]]:
        """Give name -> the blocks and functions that declare it."""
        found: dict[str, list[Node]] = {}
        for node in self.nodes:
            if node.type == "variable_declarator":
                found.setdefault(self.of(node.child_by_field_name("name")), []).append(scope(node))
            elif node.type in FUNCTIONS:
                for one in parameters(node):
                    found.setdefault(self.of(one), []).append(node)
        return found

    def _client_of(self, node: Node | None) -> tuple[str, int] | None:
        while node is not None and node.type == "parenthesized_expression":
            node = node.named_child(0)
        if node is None:
            return None
        if node.type == "identifier" and (client := self.clients.get(self.of(node))):
            return client.service, client.version
        return self.service_of(node)

    def _asked(self, call: Node) -> Asked | None:
        function = call.child_by_field_name("function")
        if function is None or function.type != "member_expression":
            return None
        found = self._client_of(function.child_by_field_name("object"))
        if found is None:
            return None
        service, version = found
        operation = self.of(function.child_by_field_name("property"))
        given = arguments(call)
        first, callback = given[0] if given else None, given[1] if len(given) > 1 else None
        whole = call
        if version == 3 and operation == "send":
            command = self._command(first)
            if command is None:
                self._keep(call, f"{self.of(function)} sends a command that could not be followed")
                return None
            operation, first = command
        elif version == 2:
            outer = call.parent
            if outer is not None and outer.type == "member_expression" and outer.parent is not None:
                then = self.of(outer.child_by_field_name("property"))
                if then != "promise":
                    self._keep(call, f"{then} of {self.of(function)} has no counterpart in the driver")
                    return None
                whole = outer.parent
            elif callback is None:
                self._keep(call, f"{self.of(function)} is neither awaited nor given a callback")
                return None
        if (service, operation) not in OPERATIONS:
            self._keep(call, f"{operation} of {service.upper()} is not in the drivers' interface")
            return None
        return Asked(
            call=call,
            whole=whole,
            service=service,
            operation=operation,
            version=version,
            request=first,
            callback=callback,
        )

    def _command(self, node: Node | None) -> tuple[str, Node | None] | None:
        """Follow `new GetObjectCommand(...)`, or the name that it was given to."""
        if node is None:
            return None
        if node.type == "identifier":
            made = self._made(node, "new_expression")
            if made is None or (command := self._command(made)) is None:
                return None
            if made.id not in self._commands_done and command[1] is not None:
                self._commands_done[made.id] = command[1]
                self.edits.replace(made.start_byte, command[1].start_byte, "")
                self.edits.replace(command[1].end_byte, made.end_byte, "")
                self._request(
                    command[1], OPERATIONS.get(("s3", command[0])) or OPERATIONS.get(("sqs", command[0]))
                )
            return command[0], node
        if node.type != "new_expression":
            return None
        head, _, rest = self.of(node.child_by_field_name("constructor")).partition(".")
        name = rest or self.modules.get(head, ("", ""))[1]
        if not name.endswith("Command"):
            return None
        given = arguments(node)
        name = name.removesuffix("Command")
        return name[:1].lower() + name[1:], given[0] if given else None

    def _made(self, name: Node, kind: str) -> Node | None:
        """Give the one value of a kind that a name was declared with, nearest around its use."""
        found = [
            value
            for node in self.nodes
            if node.type == "variable_declarator"
            and self.of(node.child_by_field_name("name")) == self.of(name)
            and (value := node.child_by_field_name("value")) is not None
            and value.type == kind
            and within(name, scope(node))
        ]
        return found[-1] if found else None

    def _keep(self, call: Node, what: str) -> None:
        function = call.child_by_field_name("function")
        owner = function.child_by_field_name("object") if function is not None else None
        self.kept.add(self.of(owner))
        self.say(
            call,
            f"{what}, so that this call still goes to AWS. Decide on a method for the driver, or on "
            "another way, before the function runs on Alibaba Cloud.",
        )

    # -------------------------------------------------------------------------------------- rewriting

    def _rewrite(self, asked: Asked) -> None:
        operation = OPERATIONS[asked.service, asked.operation]
        self.versions[asked.service] = min(asked.version, self.versions.get(asked.service, 3))
        self.rewritten.append(asked.whole)
        driver = f"{self.names[asked.service]}.{operation.name}("
        whole, request = asked.whole, asked.request
        if request is None:
            self.edits.replace(whole.start_byte, whole.end_byte, f"{driver}{{}})")
            return
        self._dedent(request, whole)
        if asked.callback is None:
            self.edits.replace(whole.start_byte, request.start_byte, driver)
            self.edits.replace(request.end_byte, whole.end_byte, ")")
        else:
            self.uses_callbacks = True
            self._dedent(asked.callback, whole)
            self.edits.replace(whole.start_byte, request.start_byte, f"withCallback({driver}")
            self.edits.replace(request.end_byte, asked.callback.start_byte, "), ")
            self.edits.replace(asked.callback.end_byte, whole.end_byte, ")")
        if asked.operation == "upload":
            self.say(
                whole, "upload also took streams of unknown length; give putObject a Buffer or a string."
            )
        if request.id not in self._commands_done and not self._is_command(request):
            self._request(request, operation)
        if asked.callback is not None:
            self._from_callback(asked, operation)
        else:
            self._from_promise(asked, operation)

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

    def _is_command(self, request: Node) -> bool:
        made = self._made(request, "new_expression") if request.type == "identifier" else None
        return made is not None and made.id in self._commands_done

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

    # ---------------------------------------------------------------------------------------- results

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

    # ---------------------------------------------------------------------------------------- clients

    def _drop_clients(self) -> None:
        for client in self.clients.values():
            if client.service not in self.versions and client.name not in self.kept:
                self.kept.add(client.name)
            left = [
                node
                for node in self.nodes
                if node.type in ("identifier", "shorthand_property_identifier")
                and self.of(node) == client.name
                and not within(node, client.declarator)
                and not self.edits.covered(node.start_byte)
            ]
            if client.name not in self.kept and not left:
                self.drop(client.declarator)
            elif client.name not in self.kept:
                self.kept.add(client.name)
                self.say(
                    left[0],
                    f"{client.name} itself goes on from here, so that it stays; pass the driver instead.",
                )

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


def _names(operation: Operation) -> str:
    return ", ".join(operation.results.values()) or "nothing"
