"""What the contract tests of Function Compute share: calls of the SDK, sources of functions, waiting."""

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from alibabacloud_fc20230330 import models as fc
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException

from tests.sandbox_fixtures import RunningAlibaba

SDK_WARNINGS = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::SyntaxWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
ECHO_NODE = "exports.handler = async (event) => ({ buffer: Buffer.isBuffer(event), text: event.toString() });"
VERSION_NODE = "exports.handler = async (event, context) => context.service.versionId;"


def refusal(call: Callable[[], Any]) -> tuple[int, str]:
    """Give status and code of the error that the SDK raises."""
    with pytest.raises(AlibabaCloudException) as raised:
        call()
    return int(raised.value.status_code), str(raised.value.code)


def eventually(look: Callable[[], Any], limit_s: float = 60) -> Any:
    """Look until there is something."""
    limit = time.monotonic() + limit_s
    while time.monotonic() < limit:
        if found := look():
            return found
        time.sleep(0.03)
    raise AssertionError("it did not happen in time")


def alias(
    alibaba: RunningAlibaba, function: str, version: str, weights: dict[str, float] | None = None
) -> Any:
    given = fc.CreateAliasInput(alias_name="live", version_id=version, additional_version_weight=weights)
    return alibaba.fc().create_alias(function, fc.CreateAliasRequest(body=given)).body


def publish(alibaba: RunningAlibaba, function: str) -> str:
    request = fc.PublishFunctionVersionRequest(body=fc.PublishVersionInput(description="d"))
    return str(alibaba.fc().publish_function_version(function, request).body.version_id)


def update(alibaba: RunningAlibaba, function: str, **fields: Any) -> Any:
    request = fc.UpdateFunctionRequest(body=fc.UpdateFunctionInput(**fields))
    return alibaba.fc().update_function(function, request).body


class Ear:
    """Hears what functions tell it: ``url`` is where they post to, ``heard`` the bodies in order."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.heard: list[bytes] = []

    def documents(self) -> list[Any]:
        return [json.loads(body) for body in self.heard]

    def telling(self, failing: str = "false") -> str:
        """Give a Node function that posts its event here, then fails if the JavaScript condition holds."""
        return (
            "exports.handler = async (event, context) => {\n"
            f"  await fetch('{self.url}', {{ method: 'POST', body: event }});\n"
            f"  if ({failing}) throw new Error('told to fail');\n"
            "  return 'told';\n};"
        )


@contextmanager
def listening() -> Iterator[Ear]:
    """Run a server on loopback for functions to report to."""

    class Hear(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            ear.heard.append(self.rfile.read(int(self.headers.get("content-length") or 0)))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hear)
    ear = Ear(f"http://127.0.0.1:{server.server_port}/")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield ear
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def trigger(alibaba: RunningAlibaba, function: str, kind: str, config: dict[str, Any], **more: Any) -> Any:
    """Create a trigger named t, or as ``trigger_name`` says."""
    fields = {"trigger_name": "t", "trigger_type": kind, "trigger_config": json.dumps(config), **more}
    if kind in ("oss", "log", "mns_topic"):
        fields.setdefault("invocation_role", f"acs:ram::{alibaba.keys.alibaba.account_id}:role/trigger")
    request = fc.CreateTriggerRequest(body=fc.CreateTriggerInput(**fields))
    return alibaba.fc().create_trigger(function, request).body


def queue(alibaba: RunningAlibaba, name: str) -> Any:
    """Create an MNS queue; its bodies are not in Base64."""
    from mns.account import Account
    from mns.queue import QueueMeta

    keys = alibaba.keys.alibaba
    made = Account(alibaba.url, keys.access_key_id, keys.access_key_secret).get_queue(name)
    made.create(QueueMeta())
    made.set_encoding(False)
    return made


def topic(alibaba: RunningAlibaba, name: str) -> Any:
    """Create an MNS topic."""
    from mns.account import Account
    from mns.topic import TopicMeta

    keys = alibaba.keys.alibaba
    made = Account(alibaba.url, keys.access_key_id, keys.access_key_secret).get_topic(name)
    made.create(TopicMeta())
    return made


def visit(
    url: str, *, method: str = "GET", body: bytes | None = None, headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str], bytes]:
    """Send a request; give status, headers (lower case) and body, of errors too."""
    request = urllib.request.Request(url, data=body, method=method, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return response.status, _lower(response.headers), response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, _lower(error.headers), error.read()


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
