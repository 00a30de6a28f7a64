"""Function URLs: /_url/ID/path.

Source: docs.aws.amazon.com/lambda/latest/dg/urls-auth.html and urls-invocation.html, read 2026-11-22.
Simplified: InvokeFunctionUrl alone is asked for, as for URLs made before October 2025.
CORS: see `sandbox.aws.http.cors`.

A streamed answer may begin with a prelude: status, headers and cookies as JSON, then eight zero bytes.
Source: docs.aws.amazon.com/lambda/latest/dg/response-streaming-tutorial.html and the Node.js runtime's
HttpResponseStream, read 2026-11-22. That a function which does not stream answers with its JSON as it is at
a URL of RESPONSE_STREAM is unverified.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from sandbox.aws import permissions
from sandbox.aws.errors import AwsError
from sandbox.aws.functions.invoking import Ran, Reply
from sandbox.aws.functions.model import Function, Target
from sandbox.aws.http import answers, events
from sandbox.aws.http.asking import WebRequest
from sandbox.aws.http.calling import BrokenOff, Gateway
from sandbox.aws.signature import Caller, SignedRequest
from sandbox.live import Head, Live

_LIMIT_S = 900.0
_FORBIDDEN = (
    "Forbidden. For troubleshooting Function URL authorization issues, see: "
    "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"
)
_ACTION = "lambda:InvokeFunctionUrl"
_WITH_PRELUDE = "application/vnd.awslambda.http-integration-response"
_PRELUDE_END = bytes(8)
_MAX_PRELUDE_BYTES = 1024 * 1024


class FunctionUrls:
    """Answers at function URLs. verify: checks a signature, raises AwsError."""

    def __init__(self, gateway: Gateway, verify: Callable[[SignedRequest], Caller]) -> None:
        self._gateway = gateway
        self._verify = verify

    def answer(self, url_id: str, path: str, request: WebRequest) -> Reply:
        """Answer a request at a URL. path: what follows the id, at least "/"."""
        found = self._found(url_id)
        if found is None:
            return answers.plain(403, _FORBIDDEN, key="Message", kind="AccessDeniedException")
        function, qualifier, config = found
        try:
            authorizer = self._authorized(function, qualifier, config, request)
        except AwsError as error:
            if error.status == 501:
                raise
            return answers.plain(403, _FORBIDDEN, key="Message", kind="AccessDeniedException")
        account = self._gateway.account
        route = events.Route(
            account_id=account.account_id,
            api_id=url_id,
            domain=f"{url_id}.lambda-url.{account.region}.on.aws",
            stage="$default",
            path=path,
        )
        event = events.version_2(request, route, authorizer=authorizer)
        run = self._stream if config["InvokeMode"] == "RESPONSE_STREAM" else self._run
        try:
            with self._gateway.account.lock:
                target = self._gateway.account.find(function.name, qualifier or None)
            return run(target, event, request.request_id)
        except AwsError as error:
            status = error.status if error.status in (403, 404, 409, 429) else 502
            return answers.plain(status, error.message, key="Message", kind=error.code)

    def cors(self, url_id: str) -> dict[str, Any] | None:
        """Give the CORS settings of a URL, None without any."""
        found = self._found(url_id)
        return found[2].get("Cors") if found is not None else None

    def _stream(self, target: Target, event: dict[str, Any], request_id: str) -> Reply:
        live = self._gateway.live(target, event, request_id)
        head = live.head()
        if head is None:
            if live.given.execution.outcome != "ok":
                return answers.plain(502, "Internal Server Error")
            headers = {"content-type": "application/json"}
            return Reply(status=200, headers=headers, body=live.given.answer)
        try:
            return _begun(live, head)
        except answers.Malformed:
            return answers.plain(502, "Internal Server Error")

    def _run(self, target: Target, event: dict[str, Any], request_id: str) -> Reply:
        ran = self._gateway.call(target, event, request_id, limit_s=_LIMIT_S)
        if ran is None or ran.execution.outcome != "ok":
            return answers.plain(502, "Internal Server Error")
        try:
            return answers.version_2(ran.answer)
        except answers.Malformed:
            return answers.plain(502, "Internal Server Error")

    def _found(self, url_id: str) -> tuple[Function, str, dict[str, Any]] | None:
        with self._gateway.account.lock:
            for function in self._gateway.account.stored.functions.values():
                for qualifier, config in function.urls.items():
                    if config.get("id") == url_id:
                        return function, qualifier, dict(config)
        return None

    def _authorized(
        self, function: Function, qualifier: str, config: dict[str, Any], request: WebRequest
    ) -> dict[str, Any] | None:
        """Give what the event says of the caller: nothing for AuthType NONE. Raises AwsError."""
        with self._gateway.account.lock:
            policy = function.policies.get(qualifier)
            statements = list(policy.statements.values()) if policy is not None else []
        if config["AuthType"] == "NONE":
            if not any(_allows(one, "*", "NONE") for one in statements):
                raise AwsError(403, "AccessDeniedException", _FORBIDDEN)
            return None
        caller = self._verify(request.signed)
        principal = caller.credential.principal
        if caller.service != "lambda" or caller.region != self._gateway.account.region:
            raise AwsError(403, "AccessDeniedException", _FORBIDDEN)
        if not any(_allows(one, principal, "AWS_IAM") for one in statements):
            account_id = self._gateway.account.account_id
            arn = f"{function.arn}:{qualifier}" if qualifier else function.arn
            permissions.check(account_id, principal, "InvokeFunctionUrl", arn)
        return {"iam": _identity(caller, self._gateway.account.account_id)}


def _begun(live: Live[Ran], head: Head) -> Reply:
    """Give the answer whose beginning has come. Raises Malformed for a prelude that is none."""
    pieces = live.pieces()
    if head.header("content-type") != _WITH_PRELUDE:
        kind = head.header("content-type") or "application/octet-stream"
        return Reply(status=200, headers={"content-type": kind}, body=b"", stream=_rest(live, b"", pieces))
    start = b""
    while _PRELUDE_END not in start and len(start) < _MAX_PRELUDE_BYTES and (piece := next(pieces, None)):
        start += piece
    prelude, end, rest = start.partition(_PRELUDE_END)
    if not end:
        raise answers.Malformed("no end of the prelude")
    try:
        document = json.loads(prelude)
    except ValueError as exc:
        raise answers.Malformed("the prelude is no JSON") from exc
    if not isinstance(document, dict):
        raise answers.Malformed("the prelude is no object")
    reply = answers.version_2(json.dumps({"statusCode": 200, **document, "body": None}).encode())
    return replace(reply, stream=_rest(live, rest, pieces))


def _rest(live: Live[Ran], start: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Give the body. Raises BrokenOff when the function fails on its way."""
    yield start
    yield from pieces
    if live.given.execution.outcome != "ok":
        raise BrokenOff("the function failed after its answer had begun")


def _allows(statement: dict[str, Any], principal: str, auth_type: str) -> bool:
    if statement["Action"] not in (_ACTION, "lambda:*", "*"):
        return False
    wanted = (
        statement.get("Condition", {}).get("StringEquals", {}).get("lambda:FunctionUrlAuthType", auth_type)
    )
    who = statement["Principal"]
    named = who == "*" or (isinstance(who, dict) and who.get("AWS") in ("*", principal))
    return bool(named and wanted == auth_type)


def _identity(caller: Caller, account_id: str) -> dict[str, Any]:
    return {
        "accessKey": caller.credential.access_key_id,
        "accountId": account_id,
        "callerId": caller.credential.access_key_id,
        "cognitoIdentity": None,
        "principalOrgId": None,
        "userArn": caller.credential.principal,
        "userId": caller.credential.access_key_id,
    }
