"""Lambda as a service: one operation after another, by the names of the model."""

import json
from collections.abc import Callable
from typing import Any

from sandbox.aws import permissions
from sandbox.aws.errors import AwsError
from sandbox.aws.functions import (
    aliases,
    concurrency,
    configuring,
    event_invoke,
    governing,
    layers,
    mappings,
    permitting,
    protocol,
    urls,
)
from sandbox.aws.functions.invoking import Invoker, Reply
from sandbox.aws.functions.model import Account

_READS = ("Get", "List")
Operation = Callable[[Account, dict[str, Any]], dict[str, Any] | None]


def _operations() -> dict[str, Operation]:
    found: dict[str, Operation] = {}
    for module in (
        *(configuring, aliases, layers, permitting, concurrency, event_invoke, urls, governing, mappings),
    ):
        for name, function in vars(module).items():
            if callable(function) and getattr(function, "__module__", None) == module.__name__:
                found["".join(part.capitalize() for part in name.split("_"))] = function
    return found


_OPERATIONS = _operations()
_CALLS = frozenset({"Invoke", "InvokeAsync", "InvokeWithResponseStream"})


def offered(operation: str) -> bool:
    """Tell whether an operation of Lambda's model is offered; all others are refused."""
    return operation in _OPERATIONS or operation in _CALLS


# A zip of 50 MB in base64, as AWS counts it. Source: motdotla/node-lambda#123 and later callers of it.
MAX_REQUEST_BYTES = 70_167_211


def check_length(path: str, size: int) -> None:
    """Refuse a request that is too long for any operation but a call, which has its own limits."""
    if size > MAX_REQUEST_BYTES and "invo" not in path.rpartition("/")[2]:
        operation = "UpdateFunctionCode" if path.endswith("/code") else "CreateFunction"
        message = f"Request must be smaller than {MAX_REQUEST_BYTES} bytes for the {operation} operation"
        raise AwsError(413, "RequestEntityTooLargeException", message, {"Type": "User"})


class LambdaService:
    """Serves requests that are signed for Lambda."""

    def __init__(self, account: Account, invoker: Invoker) -> None:
        self._account = account
        self._invoker = invoker

    def function_names(self) -> list[str]:
        """List the names of all functions, for the page of faults."""
        with self._account.lock:
            return sorted(self._account.stored.functions)

    def routings(self, alias: str) -> dict[str, dict[str, Any]]:
        """Say where the aliases of this name lead: function -> {"version", "weights": {version: share}}."""
        with self._account.lock:
            found = {name: one.aliases.get(alias) for name, one in self._account.stored.functions.items()}
            return {
                name: {"version": one.version, "weights": dict(one.weights)}
                for name, one in sorted(found.items())
                if one is not None
            }

    def check(self, principal: str, ask: protocol.Ask, function: str | None) -> None:
        """Refuse what the caller's policies do not allow."""
        resource = self._account.arn(function) if function else "*"
        if layer := ask.given.get("LayerName"):
            resource = f"arn:aws:lambda:{self._account.region}:{self._account.account_id}:layer:"
            resource += layer.rpartition(":")[2]
            if "VersionNumber" in ask.given:
                resource += f":{ask.given['VersionNumber']}"
        permissions.check(self._account.account_id, principal, ask.operation, resource)

    def check_region(self, region: str) -> None:
        """Refuse a request that is signed for another region than this account's Lambda."""
        if region != self._account.region:
            message = f"Credential should be scoped to a valid region, not '{region}'."
            raise AwsError(403, "InvalidSignatureException", message)

    def understand(
        self, method: str, path: str, query: str, headers: dict[str, str], body: bytes
    ) -> tuple[protocol.Ask, str | None]:
        """Give the request's operation and the function it is about, if any. Raises AwsError."""
        check_length(path, len(body))
        ask = protocol.read(method, path, query, headers, body)
        name = ask.given.get("FunctionName") or ask.given.get("Resource")
        return ask, self._account.split(name)[0] if name else None

    def serve(
        self, ask: protocol.Ask, function: str | None, request_id: str, *, applied: bool = True
    ) -> Reply:
        """Carry out one operation. Raises AwsError.

        applied: False for a fault that says that a change was made and makes none; it acts on what Lambda
            keeps and on asynchronous calls.
        """
        if not applied and (ask.operation == "InvokeAsync" or ask.given.get("InvocationType") == "Event"):
            with self._account.lock:
                self._account.find(ask.given["FunctionName"], ask.given.get("Qualifier"))
            return Reply(status=202, headers={}, body=b"")
        if ask.operation == "Invoke":
            return self._invoker.invoke(ask.given, request_id)
        if ask.operation == "InvokeWithResponseStream":
            return self._invoker.invoke_streaming(ask.given, request_id)
        if ask.operation == "InvokeAsync":
            given = {"FunctionName": ask.given["FunctionName"], "Payload": ask.given["InvokeArgs"]}
            accepted = self._invoker.invoke({**given, "InvocationType": "Event"}, request_id)
            return Reply(status=accepted.status, headers={}, body=b"{}")
        operation = _OPERATIONS.get(ask.operation)
        if operation is None:
            message = f"The sandbox does not offer {ask.operation}."
            raise AwsError(501, "NotImplementedException", message)
        with self._account.lock:
            try:
                answer = operation(self._account, ask.given)
            except OSError as exc:
                message = f"The sandbox could not keep the change: {exc.strerror}"
                raise AwsError(500, "ServiceException", message) from exc
            if not applied:
                self._account.forget()
            elif not ask.operation.startswith(_READS):
                self._account.keep(*([function] if function else []))
        if ask.operation == "DeleteFunction" and function is not None:
            self._invoker.retire(function)
        status = 204 if answer is None else ask.status
        body = b"" if answer is None else json.dumps(answer).encode()
        return Reply(status=status, headers={"content-type": "application/json"}, body=body)
