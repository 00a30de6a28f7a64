"""Clients of aws-sdk in JavaScript: where they are made, which name they have, and when they may go."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tree_sitter import Node

from cutover.assessment.code import View
from cutover.assessment.code.javascript import FUNCTIONS
from cutover.scaffold.node_text import FileText
from cutover.scaffold.node_tree import parameters, scope, within
from cutover.scaffold.operations import DRIVERS

_CLASSES = {"S3": "s3", "S3Client": "s3", "SQS": "sqs", "SQSClient": "sqs"}


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


class Clients(FileText):
    """Finds clients. ``versions``: service -> the oldest aws-sdk that calls it."""

    def __init__(self, view: View, text: str) -> None:
        super().__init__(view, text)
        self.modules = {
            local: (one.module, "" if there in ("*", "default") else there)
            for one in view.imports
            for there, local in one.names.items()
            if one.module.startswith(("aws-sdk", "@aws-sdk/client-"))
        }
        self._declaring = self._declarations()
        self.clients = {one.name: one for one in self._clients()}
        self.versions: dict[str, int] = {}
        self.kept: set[str] = set()
        self._commands_done: dict[int, Node] = {}

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

    def _is_command(self, request: Node) -> bool:
        made = self._made(request, "new_expression") if request.type == "identifier" else None
        return made is not None and made.id in self._commands_done

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
