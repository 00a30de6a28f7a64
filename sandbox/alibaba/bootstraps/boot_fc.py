"""Runs a Python handler as Function Compute does; speaks the Lambda Runtime API to the sandbox's executor.

The handler gets the event as bytes and a context object. An answer of str or bytes goes back as it is, any
other as JSON. Run as: python boot_fc.py file.method [file.initializer], with the code directory as working
directory. Standard library only: this file runs inside the function's process.
"""

import http.client
import importlib
import json
import logging
import os
import sys
import time
import traceback
from collections.abc import Callable
from types import SimpleNamespace
from typing import cast

CODE = os.getcwd()  # noqa: PTH109
NEXT = "/2018-06-01/runtime/invocation/next"
current = SimpleNamespace(request_id="")


class LogLines(logging.Formatter):
    """``2026-11-22T09:44:15.622Z <request id> [INFO] text``."""

    def format(self, record: logging.LogRecord) -> str:
        at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        text = record.getMessage()
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        return f"{at}.{int(record.msecs):03d}Z {current.request_id} [{record.levelname}] {text}"


def set_up_logging() -> None:
    """Give the root logger FC's format, at level INFO."""
    lines = logging.StreamHandler(sys.stdout)
    lines.setFormatter(LogLines())
    root = logging.getLogger()
    root.handlers[:] = [lines]
    root.setLevel(logging.INFO)


def stack_of(error: BaseException) -> list[list[str]]:
    """Give FC's form of a stack trace: one list of texts per frame, without those of bootstrap and import."""
    own = (__file__, importlib.__file__)
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename not in own and not frame.filename.startswith("<frozen importlib")
    ]
    return [[f'  File "{f.filename}", line {f.lineno}, in {f.name}', f"    {f.line}"] for f in frames]


def error_document(error: BaseException) -> dict[str, object]:
    """Give the JSON body of a function that failed."""
    return {"errorMessage": str(error), "errorType": type(error).__name__, "stackTrace": stack_of(error)}


def context_of(headers: dict[str, str]) -> SimpleNamespace:
    """Build the context of one invocation from the headers that came with the event."""

    def header(name: str) -> str:
        return headers.get("x-fc-" + name, "")

    service = SimpleNamespace(
        name="",
        log_project=header("service-logproject"),
        log_store=header("service-logstore"),
        qualifier=header("qualifier"),
        version_id=header("version-id"),
    )
    context = SimpleNamespace(
        request_id=header("request-id"),
        function=SimpleNamespace(
            name=header("function-name"),
            handler=header("function-handler"),
            memory=int(header("function-memory") or 0),
            timeout=int(header("function-timeout") or 0),
            qualifier=header("qualifier"),
            version_id=header("version-id"),
        ),
        log_project=service.log_project,
        log_store=service.log_store,
        region=header("region"),
        account_id=header("account-id"),
        tracing=SimpleNamespace(span_context=None, jaeger_endpoint=None, span_baggages={}),
        retry_count=int(header("retry-count") or 0),
        getLogger=lambda: logging.getLogger(),
    )
    if header("runtime") != "python3.12":
        # Python 3.12 dropped both. Source: Alibaba Cloud, "Context", read 2026-11-22.
        context.service = service
        context.credentials = SimpleNamespace(
            access_key_id=os.environ.get("ALIBABA_CLOUD_ACCESS_KEY_ID", ""),
            access_key_secret=os.environ.get("ALIBABA_CLOUD_ACCESS_KEY_SECRET", ""),
            security_token=os.environ.get("ALIBABA_CLOUD_SECURITY_TOKEN", ""),
        )
    return context


def answer_bytes(answer: object) -> bytes:
    """Give the bytes of an answer: str and bytes as they are, anything else as JSON."""
    if isinstance(answer, (bytes, bytearray)):
        return bytes(answer)
    if isinstance(answer, str):
        return answer.encode()
    return json.dumps(answer).encode()


class Runtime:
    """The connection to the executor."""

    def __init__(self) -> None:
        self._connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])

    def next(self) -> tuple[dict[str, str], bytes]:
        self._connection.request("GET", NEXT)
        response = self._connection.getresponse()
        return {name.lower(): value for name, value in response.getheaders()}, response.read()

    def post(self, path: str, body: bytes, headers: dict[str, str] | None = None) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        self._connection.request("POST", path, body, headers or {})
        self._connection.getresponse().read()

    def fail(self, path: str, document: dict[str, object]) -> None:
        kind = {"Lambda-Runtime-Function-Error-Type": "UnhandledInvocationError"}
        self.post(path, json.dumps(document).encode(), kind)


def load_handler(name: str) -> Callable[[bytes, SimpleNamespace], object]:
    """Import ``file.method`` from the code directory."""
    sys.path.insert(0, CODE)
    module_name, _, function_name = name.rpartition(".")
    module = importlib.import_module(module_name.replace("/", "."))
    return cast("Callable[[bytes, SimpleNamespace], object]", getattr(module, function_name))


def main() -> None:
    """Load the handler, then serve invocations until the executor ends the process."""
    runtime = Runtime()
    set_up_logging()
    try:
        handler = load_handler(sys.argv[1])
        begin = load_handler(sys.argv[2]) if len(sys.argv) > 2 else None
    except BaseException as error:  # noqa: BLE001 - what a module raises while it loads is the function's own
        runtime.fail("/2018-06-01/runtime/init/error", error_document(error))
        sys.exit(1)
    while True:
        headers, event = runtime.next()
        invocation = "/2018-06-01/runtime/invocation/" + headers["lambda-runtime-aws-request-id"]
        current.request_id = headers.get("x-fc-request-id", "")
        context = context_of(headers)
        try:
            if begin is not None:  # The initializer: once before the first event, again when it failed.
                cast("Callable[[SimpleNamespace], object]", begin)(context)
                begin = None
            body = answer_bytes(handler(event, context))
        except Exception as error:  # noqa: BLE001 - what a handler raises is the answer
            runtime.fail(invocation + "/error", error_document(error))
        else:
            runtime.post(invocation + "/response", body)


if __name__ == "__main__":
    main()
