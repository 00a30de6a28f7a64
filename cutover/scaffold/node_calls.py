"""Calls of aws-sdk in JavaScript become calls of drivers: version 2 by promise or callback, 3 by command.

What the rewriting meets and does not know stays, with a comment for the reviewer above its statement.
"""

from __future__ import annotations

from collections.abc import Mapping

from tree_sitter import Node

from cutover.assessment.code import View
from cutover.assessment.on_code.services import uses_of
from cutover.scaffold.node_clients import Asked
from cutover.scaffold.node_results import Results
from cutover.scaffold.node_tree import arguments
from cutover.scaffold.operations import DRIVERS, ELSEWHERE, OPERATIONS

_CALLS = ("call_expression", "new_expression")


class Calls(Results):
    """Reads one file and notes every change to it in ``edits``."""

    def __init__(self, view: View, text: str) -> None:
        super().__init__(view, text)
        self.names: Mapping[str, str] = {}
        self.rewritten: list[Node] = []
        self.elsewhere: set[str] = set()
        self.uses_callbacks = False

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
