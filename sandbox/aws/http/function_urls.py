"""Function URLs: /_url/ID/path.

Source: docs.aws.amazon.com/lambda/latest/dg/urls-auth.html and urls-invocation.html, read 2026-11-22.
Simplified: InvokeFunctionUrl alone is asked for, as for URLs made before October 2025. CORS is stored and not
answered: the sandbox refuses every request with an Origin.
"""

from collections.abc import Callable
from typing import Any

from sandbox.aws import permissions
from sandbox.aws.errors import AwsError
from sandbox.aws.functions.invoking import Reply
from sandbox.aws.functions.model import Function, Target
from sandbox.aws.http import answers, events
from sandbox.aws.http.asking import WebRequest
from sandbox.aws.http.calling import Gateway
from sandbox.aws.signature import Caller, SignedRequest

_LIMIT_S = 900.0
_FORBIDDEN = (
    "Forbidden. For troubleshooting Function URL authorization issues, see: "
    "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"
)
_ACTION = "lambda:InvokeFunctionUrl"


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
        if config["InvokeMode"] == "RESPONSE_STREAM":
            return answers.plain(501, "The sandbox answers BUFFERED function URLs only.")
        account = self._gateway.account
        route = events.Route(
            account_id=account.account_id,
            api_id=url_id,
            domain=f"{url_id}.lambda-url.{account.region}.on.aws",
            stage="$default",
            path=path,
        )
        event = events.version_2(request, route, authorizer=authorizer)
        return self._run(function, qualifier, event, request.request_id)

    def _run(self, function: Function, qualifier: str, event: dict[str, Any], request_id: str) -> Reply:
        try:
            with self._gateway.account.lock:
                target: Target = self._gateway.account.find(function.name, qualifier or None)
            ran = self._gateway.call(target, event, request_id, limit_s=_LIMIT_S)
        except AwsError as error:
            status = error.status if error.status in (403, 404, 409, 429) else 502
            return answers.plain(status, error.message, key="Message", kind=error.code)
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
