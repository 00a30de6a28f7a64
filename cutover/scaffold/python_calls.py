"""Calls of boto3 in Python become calls of drivers.

What the rewriting meets and does not know stays, with a comment for the reviewer above its statement.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cutover.assessment.code import View
from cutover.assessment.on_code.services import uses_of
from cutover.scaffold.editing import Edits
from cutover.scaffold.operations import ELSEWHERE, OPERATIONS, SERVICES, Operation, camel

_FILES = {
    "download_file": {"Bucket": "bucket", "Key": "key", "Filename": "path"},
    "upload_file": {"Filename": "path", "Bucket": "bucket", "Key": "key"},
}
"""Calls of S3 on files of the machine -> what boto3 names their parameters, in its order."""
_SHOWN = frozenset({"print", "repr", "str", "len", "dumps", "info", "debug", "warning", "error"})
Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


@dataclass(frozen=True, kw_only=True)
class Client:
    """A client of a service: the statement that makes it under a name, and the expression."""

    name: str
    service: str
    making: ast.Call
    statement: ast.Assign


class Calls:
    """Reads one file and notes every change to it in ``edits``."""

    def __init__(self, view: View, text: str) -> None:
        self.view, self.text, self.content = view, text, text.encode()
        self.tree = ast.parse(text)
        self.starts = [0]
        for line in self.content.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))
        self.nodes = list(ast.walk(self.tree))
        self.outer = {child: node for node in self.nodes for child in ast.iter_child_nodes(node)}
        self.edits = Edits(content=self.content, raw=frozenset(self._raw_lines()))
        self.names: Mapping[str, str] = {}
        self.services: set[str] = set()
        self.rewritten: list[ast.AST] = []
        self.kept: set[str] = set()
        self.elsewhere: set[str] = set()
        self.uses_files = self.catches = False
        self.clients = {one.name: one for one in self._clients()}

    @property
    def identifiers(self) -> frozenset[str]:
        """Give every name that the file uses."""
        return frozenset(
            {node.id for node in self.nodes if isinstance(node, ast.Name)}
            | {node.arg for node in self.nodes if isinstance(node, ast.arg)}
        )

    def rewrite(self, names: Mapping[str, str]) -> None:
        """Note all changes to calls, to what they are given and to what they give.

        Args:
            names: service -> the name of its driver.
        """
        self.names = names
        for node in self.nodes:
            if isinstance(node, ast.Call):
                self._call(node)
        if self.rewritten:
            self._errors()
            self._others()
        self._drop_clients()

    def start(self, node: ast.AST) -> int:
        """Give the byte where a node begins."""
        return self.starts[getattr(node, "lineno", 1) - 1] + int(getattr(node, "col_offset", 0))

    def end(self, node: ast.AST) -> int:
        """Give the byte behind a node."""
        return self.starts[getattr(node, "end_lineno", 1) - 1] + int(getattr(node, "end_col_offset", 0))

    def of(self, node: ast.AST) -> str:
        """Give a node's text."""
        return self.content[self.start(node) : self.end(node)].decode()

    def say(self, node: ast.AST, sentence: str) -> None:
        """Put a comment for the reviewer above the statement of a node."""
        self.edits.comment(self.start(self.statement(node)), sentence)

    def statement(self, node: ast.AST) -> ast.AST:
        """Give the statement that a node belongs to."""
        while not isinstance(node, ast.stmt) and node in self.outer:
            node = self.outer[node]
        return node

    def around(self, node: ast.AST) -> ast.AST:
        """Give the innermost function around a node, else the module."""
        node = self.outer.get(node, node)
        while node in self.outer and not isinstance(node, _FUNCTIONS):
            node = self.outer[node]
        return node

    # ---------------------------------------------------------------------------------------- finding

    def service_of(self, node: ast.AST | None) -> str:
        """Give the service of the client that an expression makes, "" when it makes none that is known."""
        if not isinstance(node, ast.Call) or not node.args:
            return ""
        first, made = node.args[0], _dotted(node.func)
        known = made in self._makers() or made.endswith((".Session().client", "session.client"))
        if known and isinstance(first, ast.Constant) and first.value in SERVICES:
            return str(first.value)
        return ""

    def _makers(self) -> set[str]:
        """Give the spellings of what makes a client here."""
        found: set[str] = set()
        for one in self.view.imports:
            if one.module == "boto3":
                found |= {f"{local}.client" for there, local in one.names.items() if there == "*"}
                found |= {local for there, local in one.names.items() if there == "client"}
        sessions = [
            one.name for one in self.view.bindings if one.call.endswith(("boto3.Session", "session.Session"))
        ]
        return found | {f"{name}.client" for name in sessions}

    def _clients(self) -> Iterator[Client]:
        for node in self.nodes:
            if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.value, ast.Call):
                target, service = node.targets[0], self.service_of(node.value)
                if service and isinstance(target, ast.Name):
                    yield Client(name=target.id, service=service, making=node.value, statement=node)

    def _call(self, call: ast.Call) -> None:
        if not isinstance(call.func, ast.Attribute):
            return
        owner = call.func.value
        service = self.service_of(owner)
        if isinstance(owner, ast.Name) and owner.id in self.clients:
            service = self.clients[owner.id].service
        if not service:
            return
        named = call.func.attr
        if service == "s3" and named in _FILES:
            self._on_file(call, named)
            return
        operation = OPERATIONS.get((service, camel(named)))
        if operation is None:
            self.kept.add(self.of(owner))
            self.say(
                call,
                f"{named} of {service.upper()} is not in the drivers' interface, so that this call still "
                "goes to AWS. Decide on a method for the driver, or on another way, before it runs on "
                "Alibaba Cloud.",
            )
            return
        self._name(call, service, operation.snake.name)
        self._given(call, operation.snake.parameters)
        self._taken(call, operation.snake)

    def _name(self, call: ast.Call, service: str, method: str) -> None:
        self.services.add(service)
        self.rewritten.append(call)
        self.edits.replace(self.start(call.func), self.end(call.func), f"{self.names[service]}.{method}")

    def _on_file(self, call: ast.Call, named: str) -> None:
        self._name(call, "s3", named)
        self._given(call, _FILES[named])
        if len(call.args) > len(_FILES[named]):
            self.say(call, f"the driver's {named} takes no more than {', '.join(_FILES[named].values())}.")

    def _given(self, call: ast.Call, names: Mapping[str, str]) -> None:
        for word in call.keywords:
            if word.arg is None:
                self.say(call, "what is spread into this call keeps its names of AWS; name them one by one.")
            elif word.arg in names:
                first = self.start(word)
                self.edits.replace(first, first + len(word.arg.encode()), names[word.arg])
            else:
                self.say(
                    call,
                    f"{word.arg} is passed on to AWS as it is, and the driver for Alibaba Cloud refuses it; "
                    "decide what stands for it there.",
                )

    # ---------------------------------------------------------------------------------------- results

    def _taken(self, call: ast.Call, operation: Operation) -> None:
        outer = self.outer.get(call)
        if isinstance(outer, ast.Expr) or outer is None:
            return
        if self._member(call, operation):
            return
        if (
            isinstance(outer, ast.Assign)
            and len(outer.targets) == 1
            and isinstance(outer.targets[0], ast.Name)
        ):
            self._followed(outer.targets[0], outer, operation)
        elif operation.results:
            self.say(call, f"what comes back has {_names(operation)}; see that these names are read.")

    def _followed(self, name: ast.Name, taken: ast.Assign, operation: Operation) -> None:
        """Rename what is read of a result, from where it is taken until the name is given another value."""
        around = self.around(taken)
        later = [
            self.start(node)
            for node in ast.walk(around)
            if isinstance(node, ast.Name)
            and node.id == name.id
            and isinstance(node.ctx, ast.Store)
            and self.start(node) > self.end(taken)
        ]
        until = min(later, default=self.end(around) if around is not self.tree else len(self.content))
        for node in ast.walk(around):
            if not isinstance(node, ast.Name) or node.id != name.id or not isinstance(node.ctx, ast.Load):
                continue
            if not self.end(taken) < self.start(node) < until or self._member(node, operation):
                continue
            outer = self.outer[node]
            called = outer.func if isinstance(outer, ast.Call) else None
            shown = called is not None and _dotted(called).rpartition(".")[2] in _SHOWN
            if not shown and not isinstance(outer, ast.FormattedValue) and operation.results:
                self.say(node, f"{name.id} goes on from here with {_names(operation)}.")

    def _member(self, value: ast.AST, operation: Operation) -> bool:
        """Rename `value["Body"]` and `value.get("Body")`; tell whether it was one of these."""
        outer = self.outer.get(value)
        whole: ast.AST
        if (
            isinstance(outer, ast.Subscript)
            and outer.value is value
            and isinstance(outer.slice, ast.Constant)
        ):
            whole, name = outer, str(outer.slice.value)
        elif (
            isinstance(outer, ast.Attribute)
            and outer.attr == "get"
            and isinstance(call := self.outer.get(outer), ast.Call)
            and call.args
            and isinstance(call.args[0], ast.Constant)
        ):
            whole, name = call, str(call.args[0].value)
        else:
            return False
        neutral = operation.results.get(name)
        if neutral is None:
            self.say(value, f"{name} is not among what comes back: {_names(operation)}.")
            return True
        if neutral == "body":
            self._body(value, whole)
            return True
        self.edits.replace(self.end(value), self.end(whole), f".{neutral}")
        if neutral == "objects":
            self._items(whole, operation)
        return True

    def _body(self, value: ast.AST, whole: ast.AST) -> None:
        """Bring the stream that boto3 gives to the bytes of the driver."""
        read = self.outer.get(whole)
        called = self.outer.get(read) if read is not None else None
        whole_read = isinstance(read, ast.Attribute) and read.attr == "read"
        if whole_read and isinstance(called, ast.Call) and not (called.args or called.keywords):
            self.edits.replace(self.end(value), self.end(called), ".body")
            return
        self.uses_files = True
        self.edits.replace(self.start(whole), self.start(whole), "io.BytesIO(")
        self.edits.replace(self.end(value), self.end(whole), ".body)")
        self.say(
            value,
            "the object is read whole now, where it was a stream; decide whether that is too much for large "
            "objects, and see that nothing but the methods of a file is used.",
        )

    def _items(self, contents: ast.AST, operation: Operation) -> None:
        """Rename members of the listed objects where a loop takes them one by one."""
        outer = self.outer.get(contents)
        target, within = None, outer
        if isinstance(outer, ast.For) and outer.iter is contents:
            target = outer.target
        elif isinstance(outer, ast.comprehension) and outer.iter is contents:
            target, within = outer.target, self.outer.get(outer)
        if not isinstance(target, ast.Name) or within is None:
            self.say(
                contents,
                f"each of these has {', '.join(operation.items.values())}; see that these names are read.",
            )
            return
        for node in ast.walk(within):
            if (
                isinstance(node, ast.Subscript)
                and isinstance(node.value, ast.Name)
                and node.value.id == target.id
                and isinstance(node.slice, ast.Constant)
                and (neutral := operation.items.get(str(node.slice.value)))
            ):
                self.edits.replace(self.end(node.value), self.end(node), f".{neutral}")

    # ------------------------------------------------------------------------------- errors and clients

    def _others(self) -> None:
        """Say where other services are called: these calls still go to AWS."""
        for use in uses_of(self.view):
            if use.service in SERVICES or use.service in self.elsewhere:
                continue
            self.elsewhere.add(use.service)
            at = next(
                (one for one in self.nodes if isinstance(one, ast.Call) and one.lineno == use.line), None
            )
            if at is not None:
                self.say(at, ELSEWHERE.format(service=use.service))

    def _errors(self) -> None:
        """Let the error of the drivers stand for botocore's, which Function Compute does not have."""
        for node in self.nodes:
            if isinstance(node, ast.ImportFrom) and node.module == "botocore.exceptions":
                if [one.name for one in node.names] != ["ClientError"]:
                    self.say(
                        node, "botocore is not on Function Compute; catch the drivers' DriverError instead."
                    )
                    continue
                local = node.names[0].asname or "ClientError"
                alias = f" as {local}" if node.names[0].asname else ""
                self.catches = True
                self.edits.replace(
                    self.start(node), self.end(node), f"from @FOLDER@.errors import DriverError{alias}"
                )
                for inner in self.nodes:
                    if isinstance(inner, ast.Name) and inner.id == local and not alias:
                        self.edits.replace(self.start(inner), self.end(inner), "DriverError")

    def _drop_clients(self) -> None:
        for client in self.clients.values():
            left = [
                node
                for node in self.nodes
                if isinstance(node, ast.Name)
                and node.id == client.name
                and isinstance(node.ctx, ast.Load)
                and not self.edits.covered(self.start(node))
            ]
            if client.name in self.kept or client.service not in self.services:
                self.kept.add(client.name)
            elif left:
                self.kept.add(client.name)
                self.say(
                    left[0],
                    f"{client.name} itself goes on from here, so that it stays; pass the driver instead.",
                )
            else:
                self.drop(client.statement)

    def drop(self, statement: ast.AST) -> None:
        """Leave a statement out with its lines."""
        start = self.edits.line_start(self.start(statement))
        end = self.content.find(b"\n", self.end(statement))
        end = len(self.content) if end < 0 else end + 1
        behind = self.content[self.end(statement) : end].strip()
        if self.content[start : self.start(statement)].strip() or (behind and not behind.startswith(b"#")):
            self.edits.replace(self.start(statement), self.end(statement), "pass")
            return
        body = getattr(self.outer.get(statement), "body", [])
        if body == [statement] and not isinstance(self.outer.get(statement), ast.Module):
            self.edits.replace(self.start(statement), self.end(statement), "pass")
            return
        self.edits.replace(start, end, "")

    def _raw_lines(self) -> Iterator[int]:
        for node in self.nodes:
            if isinstance(node, ast.JoinedStr) or (
                isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)
            ):
                yield from range(node.lineno, node.end_lineno or node.lineno)


def _dotted(node: ast.expr) -> str:
    parts: list[str] = []
    while True:
        if isinstance(node, ast.Attribute):
            parts.append("." + node.attr)
            node = node.value
        elif isinstance(node, ast.Call):
            parts.append("()")
            node = node.func
        elif isinstance(node, ast.Name):
            return node.id + "".join(reversed(parts))
        else:
            return "?" + "".join(reversed(parts))


def _names(operation: Operation) -> str:
    return ", ".join(operation.results.values()) or "nothing"
