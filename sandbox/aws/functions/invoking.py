"""Invoke: resolve, draw, run, tell.

Source: docs.aws.amazon.com/lambda/latest/api/API_Invoke.html, read 2026-11-22.
"""

import base64
import json
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from sandbox import faults
from sandbox.aws.credentials import Credentials
from sandbox.aws.errors import AwsError
from sandbox.aws.functions import streaming
from sandbox.aws.functions.describing import runtime_version_arn
from sandbox.aws.functions.log_lines import log_of
from sandbox.aws.functions.model import LATEST, Account, Function, Target, Version
from sandbox.aws.functions.running import answer_of, worker_spec
from sandbox.aws.logs import LogStore
from sandbox.aws.metrics import MetricStore
from sandbox.executor import Execution, Executor, Listener, Saturated, WorkerSpec
from sandbox.live import Live

MAX_SYNC_BYTES = 6 * 1024 * 1024
MAX_ANSWER_BYTES = 6_291_556
MAX_ASYNC_BYTES = 1024 * 1024
MAX_STREAMED_BYTES = 200 * 1024 * 1024
MAX_CONTEXT_CHARS = 3583
_TAIL_BYTES = 4096


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """An HTTP answer. more: headers whose names occur more than once.

    stream: gives the body piece by piece in place of `body`; the connection is broken off when it fails.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    more: tuple[tuple[str, str], ...] = ()
    stream: Iterator[bytes] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Ran:
    """One call that was carried out. answer: of a streamed one only the error document, if there is one."""

    execution: Execution
    version: Version
    answer: bytes
    log_tail: bytes


class Submit(Protocol):
    """Takes an asynchronous event, which is kept before this returns. Gives its request id."""

    def __call__(
        self, function: str, qualifier: str, payload: bytes, *, source: str, request_id: str | None = None
    ) -> str: ...


class Invoker:
    """Runs functions for callers and for the event engine. submit: where asynchronous events go."""

    submit: Submit

    def __init__(
        self,
        *,
        account: Account,
        executor: Executor,
        rules: faults.Faults,
        logs: LogStore,
        metrics: MetricStore,
        credentials: Credentials,
        cold_delay_s: float,
    ) -> None:
        self._account = account
        self._executor = executor
        self._rules = rules
        self._logs = logs
        self._metrics = metrics
        self._credentials = credentials
        self._cold_delay_s = cold_delay_s
        self._running: Counter[str] = Counter()
        self._specs: dict[tuple[str, str, str], WorkerSpec] = {}

    def invoke(self, given: dict[str, Any], request_id: str) -> Reply:
        """Serve the Invoke operation. Raises AwsError."""
        call = self._understood(given)
        if isinstance(call, Reply):
            return call
        if given.get("InvocationType") == "Event":
            self.submit(
                call.target.function.name,
                call.target.qualifier,
                call.payload,
                source="Invoke",
                request_id=request_id,
            )
            return Reply(status=202, headers={}, body=b"")
        ran = self.run(call.target, call.payload, request_id, call.context)
        headers = {"content-type": "application/json", "x-amz-executed-version": ran.version.number}
        if ran.execution.outcome != "ok":
            headers["x-amz-function-error"] = "Unhandled"
        if given.get("LogType") == "Tail":
            headers["x-amz-log-result"] = base64.b64encode(ran.log_tail).decode()
        return Reply(status=200, headers=headers, body=ran.answer)

    def invoke_streaming(self, given: dict[str, Any], request_id: str) -> Reply:
        """Serve the InvokeWithResponseStream operation. Raises AwsError.

        A function that answers in one piece, as all Python ones do, gives one chunk.
        """
        call = self._understood(given)
        if isinstance(call, Reply):
            return call
        with self._account.lock:
            version = self.drawn(call.target)
        live = self.live(call.target, call.payload, request_id, call.context, drawn=version)
        live.head()
        headers = {
            "content-type": streaming.CONTENT_TYPE,
            "x-amz-executed-version": version.number,
        }
        tailed = given.get("LogType") == "Tail"
        return Reply(status=200, headers=headers, body=b"", stream=_events(live, tailed=tailed))

    def live(
        self,
        target: Target,
        payload: bytes,
        request_id: str,
        context: Mapping[str, str] | None = None,
        *,
        drawn: Version | None = None,
    ) -> Live[Ran]:
        """Run one call and give its answer while it comes; what `run` raises, its head raises."""
        return Live(
            lambda listener: self.run(target, payload, request_id, context, drawn=drawn, listener=listener),
            most_bytes=MAX_STREAMED_BYTES,
        )

    def _understood(self, given: dict[str, Any]) -> "_Call | Reply":
        """Check a call; the answer of a dry run is known already. Raises AwsError."""
        payload = given["Payload"]
        kind = given.get("InvocationType", "RequestResponse")
        with self._account.lock:
            target = self._account.find(given["FunctionName"], given.get("Qualifier"))
            if target.version.state == "Pending":
                raise AwsError(
                    409,
                    "ResourceConflictException",
                    "The operation cannot be performed at this time. The function is currently in the "
                    "following state: Pending",
                )
        if kind == "DryRun":
            return Reply(status=204, headers={}, body=b"")
        most = MAX_ASYNC_BYTES if kind == "Event" else MAX_SYNC_BYTES
        if len(payload) > most:
            raise _oversized(kind, len(payload), most)
        context = {"lambda-runtime-client-context": _context(given)} if "ClientContext" in given else {}
        return _Call(target=target, payload=_checked(payload), context=context)

    def run(
        self,
        target: Target,
        payload: bytes,
        request_id: str,
        context: Mapping[str, str] | None = None,
        *,
        drawn: Version | None = None,
        listener: Listener | None = None,
    ) -> Ran:
        """Run one call to its end. drawn: the version, where it was drawn before. listener: hears an answer
        that is streamed. Raises AwsError when the call is throttled or cannot run."""
        function = target.function
        with self._account.lock:
            version = drawn or self.drawn(target)
            if function.reserved is not None and self._running[function.name] >= function.reserved:
                self.count(target, version, {"Throttles": 1})
                raise _throttled("ReservedFunctionConcurrentInvocationLimitExceeded")
            self._running[function.name] += 1
        try:
            spec = self._spec(function, version)
            return self._carry_out(target, version, spec, payload, request_id, context or {}, listener)
        except Saturated as exc:
            self.count(target, version, {"Throttles": 1})
            raise _throttled("ConcurrentInvocationLimitExceeded") from exc
        finally:
            with self._account.lock:
                self._running[function.name] -= 1

    def retire(self, function: str) -> None:
        """Drop the warm workers of a function that was deleted. After an update there is no need: what is
        changed has another key, and published versions keep theirs."""
        with self._account.lock:
            for key in [key for key in self._specs if key[0] == function]:
                del self._specs[key]
        self._executor.retire(function)

    def drawn(self, target: Target) -> Version:
        """Draw the version that one call of a target runs. Call it under the account's lock."""
        function, alias = target.function, target.alias
        if alias is not None:
            # Source: configuring-alias-routing.html: "a simple probabilistic model".
            for number, weight in alias.weights.items():
                if self._account.draw.random() < weight:
                    return function.versions[number]
        return function.running_latest() if target.version.number == LATEST else target.version

    def _spec(self, function: Function, version: Version) -> WorkerSpec:
        key = (function.name, version.number, version.fingerprint())
        with self._account.lock:
            spec = self._specs.get(key)
            if spec is None:
                role = version.config["Role"]
                spec = self._specs[key] = worker_spec(
                    self._account,
                    function,
                    version,
                    credentials=self._credentials.for_function(role, function.name),
                    cold_delay_s=self._cold_delay_s,
                )
        return spec

    def _carry_out(
        self,
        target: Target,
        version: Version,
        spec: WorkerSpec,
        payload: bytes,
        request_id: str,
        context: Mapping[str, str],
        listener: Listener | None,
    ) -> Ran:
        function = target.function
        deadline = int((time.time() + spec.timeout_s) * 1000)
        arn = f"{function.arn}:{target.qualifier}" if target.qualifier else function.arn
        headers = {
            "lambda-runtime-aws-request-id": request_id,
            "lambda-runtime-deadline-ms": str(deadline),
            "lambda-runtime-invoked-function-arn": arn,
            "lambda-runtime-trace-id": f"Root=1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]};Sampled=0",
            **context,
        }
        struck = self._rules.strike(
            faults.EXECUTOR_KINDS,
            cloud="aws",
            operation="Invoke",
            function=function.name,
            versions=(version.number, target.qualifier or LATEST),
        )
        execution = self._executor.invoke(
            faults.prepared(struck, spec),
            payload,
            headers=headers,
            # What a fault changes must not have been sent already.
            listener=None if struck else listener,
        )
        execution = _at_home(faults.distort(struck, execution, timeout_s=spec.timeout_s), spec)
        answer = answer_of(execution, request_id, spec.timeout_s)
        if len(answer) > MAX_ANSWER_BYTES:
            answer = _too_large(len(answer))
            execution = replace(execution, outcome="error")
        entries = log_of(
            execution,
            request_id=request_id,
            version=version,
            runtime_arn=runtime_version_arn(self._account, version.config["Runtime"]),
        )
        stream = spec.env["AWS_LAMBDA_LOG_STREAM_NAME"].replace("%WORKER%", execution.worker_id)
        group = spec.env["AWS_LAMBDA_LOG_GROUP_NAME"]
        faults.write_late(struck, lambda: self._logs.append(group, stream, request_id, entries))
        failed = 0 if execution.outcome == "ok" else 1
        self.count(target, version, {"Invocations": 1, "Errors": failed, "Duration": execution.duration_ms})
        tail = "".join(text for _, text in entries).encode()[-_TAIL_BYTES:]
        return Ran(execution=execution, version=version, answer=answer, log_tail=tail)

    def count(self, target: Target, version: Version, values: Mapping[str, float]) -> None:
        """Count metrics of a call under the three sets of dimensions."""
        name = target.function.name
        resource = f"{name}:{target.qualifier}" if target.qualifier else name
        sets: list[dict[str, str]] = [
            {"FunctionName": name},
            {"FunctionName": name, "Resource": resource},
        ]
        if target.qualifier:
            sets.append({"FunctionName": name, "Resource": resource, "ExecutedVersion": version.number})
        self._metrics.add("AWS/Lambda", sets, values)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Call:
    """A call that may be made."""

    target: Target
    payload: bytes
    context: dict[str, str]


def _events(live: Live[Ran], *, tailed: bool) -> Iterator[bytes]:
    """Give the event stream of a call: a chunk for each piece as it comes, then how it ended."""
    streamed = False
    for piece in live.pieces():
        streamed = True
        yield streaming.chunk(piece)
    ran = live.given
    failed = ran.execution.outcome != "ok"
    if not failed and not streamed and ran.answer:
        yield streaming.chunk(ran.answer)
    yield streaming.complete(
        error=ran.answer if failed else None,
        log_result=base64.b64encode(ran.log_tail).decode() if tailed else None,
    )


def _oversized(kind: str, size: int, most: int) -> AwsError:
    """Source: seen by callers in motdotla/node-lambda#123, aws-athena-query-federation#793, hyp3#2241."""
    if kind == "Event":
        message = f"{size} byte payload is too large for the Event invocation type (limit {most} bytes)"
    else:
        message = f"Request must be smaller than {most} bytes for the InvokeFunction operation"
    return AwsError(413, "RequestEntityTooLargeException", message, {"Type": "User"})


def _too_large(size: int) -> bytes:
    document = {
        "errorMessage": f"Response payload size ({size} bytes) exceeded maximum allowed payload size "
        f"({MAX_ANSWER_BYTES} bytes).",
        "errorType": "Function.ResponseSizeTooLarge",
    }
    return json.dumps(document).encode()


def _checked(payload: bytes) -> bytes:
    if not payload:
        return b"{}"
    try:
        json.loads(payload, parse_constant=_no_constant)
    except (ValueError, RecursionError) as exc:
        raise AwsError(
            400, "InvalidRequestContentException", f"Could not parse request body into json: {exc}"
        ) from exc
    return payload


def _no_constant(name: str) -> None:
    """Refuse NaN and Infinity, which Python reads and JSON does not know."""
    raise ValueError(f"Unrecognized token {name!r}")


def _context(given: dict[str, Any]) -> str:
    try:
        if len(given["ClientContext"]) > MAX_CONTEXT_CHARS:
            raise ValueError("too long")
        text = base64.b64decode(given["ClientContext"], validate=True).decode()
        json.loads(text)
    except (ValueError, RecursionError) as exc:
        message = "Client context must be a valid Base64-encoded JSON object of at most 3583 bytes."
        raise AwsError(400, "InvalidRequestContentException", message) from exc
    return text


def _throttled(reason: str) -> AwsError:
    return AwsError(429, "TooManyRequestsException", "Rate Exceeded.", {"Reason": reason, "Type": "User"})


def _at_home(execution: Execution, spec: WorkerSpec) -> Execution:
    """Show the directories of the function as AWS names them."""
    opt = spec.env.get("PYTHONPATH", spec.env.get("NODE_PATH", ""))
    names = {str(spec.code): "/var/task", str(spec.code.resolve()): "/var/task"}
    for part in opt.split(":"):
        for tail in ("/python", "/nodejs/node_modules"):
            if part.endswith(tail) and "/opt/" in part:
                names[part.removesuffix(tail)] = "/opt"
    names[spec.env["LAMBDA_RUNTIME_DIR"]] = "/var/runtime"

    def shown(text: str) -> str:
        for actual, name in names.items():
            text = text.replace(actual, name)
        return text

    lines = tuple(replace(line, text=shown(line.text)) for line in execution.lines)
    if execution.outcome == "ok":
        return replace(execution, lines=lines)
    payload = shown(execution.payload.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    return replace(execution, lines=lines, payload=payload)
