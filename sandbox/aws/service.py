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


class LambdaService:
    """Serves requests that are signed for Lambda."""

    def __init__(self, account: Account, invoker: Invoker) -> None:
        self._account = account
        self._invoker = invoker

    def check(self, principal: str, operation: str, function: str | None) -> None:
        """Refuse what the caller's policies do not allow."""
        resource = self._account.arn(function) if function else "*"
        permissions.check(self._account.account_id, principal, operation, resource)

    def check_region(self, region: str) -> None:
        """Refuse a request that is signed for another region than this account's Lambda."""
        if region != self._account.region:
            message = f"Credential should be scoped to a valid region, not '{region}'."
            raise AwsError(403, "InvalidSignatureException", message)

    def understand(
        self, method: str, path: str, query: str, headers: dict[str, str], body: bytes
    ) -> tuple[protocol.Ask, str | None]:
        """Give the request's operation and the function it is about, if any. Raises AwsError."""
        ask = protocol.read(method, path, query, headers, body)
        name = ask.given.get("FunctionName") or ask.given.get("Resource")
        return ask, self._account.split(name)[0] if name else None

    def serve(self, ask: protocol.Ask, function: str | None, request_id: str) -> Reply:
        """Carry out one operation. Raises AwsError."""
        if ask.operation == "Invoke":
            return self._invoker.invoke(ask.given, request_id)
        operation = _OPERATIONS.get(ask.operation)
        if operation is None:
            message = f"The sandbox does not offer {ask.operation}."
            raise AwsError(501, "NotImplementedException", message)
        with self._account.lock:
            answer = operation(self._account, ask.given)
            if not ask.operation.startswith(_READS):
                self._account.keep(*([function] if function else []))
        if ask.operation == "DeleteFunction" and function is not None:
            self._invoker.retire(function)
        status = 204 if answer is None else ask.status
        body = b"" if answer is None else json.dumps(answer).encode()
        return Reply(status=status, headers={"content-type": "application/json"}, body=body)
