"""How a gateway calls a function: within its own time, with the permission that AWS asks for."""

import json
import re
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotInTime
from typing import Any

from moto.iam.models import iam_backends

from sandbox import faults
from sandbox.aws.errors import AwsError
from sandbox.aws.events.permission import may_invoke
from sandbox.aws.functions.invoking import Invoker, Ran
from sandbox.aws.functions.model import LATEST, Account, Target
from sandbox.aws.policies import allows
from sandbox.live import Live

_URI = re.compile(
    r"(?:arn:aws:apigateway:[^:]+:lambda:path/[^/]+/functions/)?(arn:aws:lambda:[^/]+)(?:/invocations)?"
)


class BrokenOff(Exception):
    """The connection is to be broken off without an answer, or without the rest of one."""


class Gateway:
    """Calls functions on behalf of HTTP gateways."""

    def __init__(self, account: Account, invoker: Invoker, rules: faults.Faults) -> None:
        self.account = account
        self._invoker = invoker
        self._rules = rules
        self._waiting = ThreadPoolExecutor(16, thread_name_prefix="gateway")

    def close(self) -> None:
        self._waiting.shutdown(wait=False, cancel_futures=True)

    def target(self, uri: str, variables: Mapping[str, str]) -> Target | None:
        """Give the function that an integration's URI names, stage variables filled in, or None."""
        filled = re.sub(r"\$\{stageVariables\.(\w+)\}", lambda found: variables.get(found[1], ""), uri or "")
        found = _URI.fullmatch(filled)
        if found is None:
            return None
        try:
            with self.account.lock:
                return self.account.find(found[1].rstrip(":"))
        except AwsError:
            return None

    def permitted(self, target: Target, source_arns: list[str], role: str | None = None) -> bool:
        """Tell whether the function lets API Gateway call it, by its resource policy or through a role."""
        function, qualifier = target.function, target.qualifier
        arn = f"{function.arn}:{qualifier}" if qualifier else function.arn
        if role:
            return allows(iam_backends[self.account.account_id]["aws"], role, "lambda:InvokeFunction", arn)
        return any(
            may_invoke(self.account, arn, service="apigateway.amazonaws.com", source_arn=source)
            for source in source_arns
        )

    def call(
        self, target: Target, event: Mapping[str, Any], request_id: str, *, limit_s: float
    ) -> Ran | None:
        """Call and wait for the answer; None when it did not come in time, though the function runs on.

        Raises AwsError when the function is throttled or cannot run, BrokenOff when a fault says so.
        """
        answered = self._struck(target)
        ran = self._waited_for(target, json.dumps(event).encode(), request_id, limit_s)
        if not answered:
            raise BrokenOff
        return ran

    def live(self, target: Target, event: Mapping[str, Any], request_id: str) -> Live[Ran]:
        """Call and give the answer while it comes. Raises as `call` does; so does the answer's beginning."""
        answered = self._struck(target)
        _require_made(target)
        live = self._invoker.live(target, json.dumps(event).encode(), request_id)
        if not answered:
            live.head()
            raise BrokenOff
        return live

    def _waited_for(self, target: Target, payload: bytes, request_id: str, limit_s: float) -> Ran | None:
        _require_made(target)
        if target.version.config["Timeout"] <= limit_s:
            return self._invoker.run(target, payload, request_id)
        running: Future[Ran] = self._waiting.submit(self._invoker.run, target, payload, request_id)
        try:
            return running.result(limit_s)
        except NotInTime:
            return None

    def _struck(self, target: Target) -> bool:
        """Let fault rules hit the Invoke behind the gateway; False when its answer is to be dropped.

        Raises AwsError: what the gateway sees of it; BrokenOff.
        """
        struck = self._rules.strike(
            faults.FRONT_KINDS,
            cloud="aws",
            operation="Invoke",
            function=target.function.name,
            versions=(target.qualifier or LATEST,),
        )
        for rule in struck:
            if rule.kind in ("latency", "hang"):
                time.sleep((rule.ms or faults.HANG_MS) / 1000 if rule.kind == "hang" else rule.ms / 1000)
            if rule.kind in ("hang", "reset"):
                raise BrokenOff
            if rule.kind == "status":
                raise AwsError(rule.status, "ServiceException", "A fault rule refused this call.")
        return not any(rule.kind == "drop-answer" for rule in struck)


def _require_made(target: Target) -> None:
    if target.version.state == "Pending":
        raise AwsError(409, "ResourceConflictException", "The function is being created.")
