"""Answers that are streamed: through InvokeWithResponseStream and at function URLs of RESPONSE_STREAM."""

import base64
import http.client
import json
import time
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.contract.sandbox_aws.support import Make
from tests.contract.sandbox_aws.test_http import ask, opened
from tests.sandbox_fixtures import RunningAws

pytestmark = pytest.mark.enable_socket

GAP_S = 0.2
STREAMS = """
const { setTimeout: sleep } = require("node:timers/promises");
exports.handler = awslambda.streamifyResponse(async (event, stream, context) => {
  if (event.early) throw new TypeError("too early");
  if (event.requestContext) {
    stream = awslambda.HttpResponseStream.from(stream, {
      statusCode: 201, headers: { "x-own": "yes", "content-type": "text/plain" }, cookies: ["a=1"],
    });
  } else stream.setContentType("text/plain");
  stream.write("one ");
  await sleep(200);
  if (event.late || event.rawPath === "/late") throw new RangeError("too late");
  stream.write("two ");
  stream.end("three");
});
"""


def node(make: Make, source: str = STREAMS) -> str:
    return make(source, runtime="nodejs20.x")


def streamed(lambda_: Any, name: str, **event: Any) -> tuple[list[tuple[bytes, float]], dict[str, Any]]:
    """Give the chunks, each with the time when it came, and how the stream ended."""
    done = lambda_.invoke_with_response_stream(
        FunctionName=name, Payload=json.dumps(event).encode(), LogType="Tail"
    )
    assert done["ExecutedVersion"] == "$LATEST"
    *chunks, end = [(one, time.monotonic()) for one in done["EventStream"]]
    return [(one["PayloadChunk"]["Payload"], at) for one, at in chunks], end[0]["InvokeComplete"]


def test_it_gives_chunks_as_the_function_writes_them(lambda_: Any, make: Make) -> None:
    name = node(make)
    chunks, end = streamed(lambda_, name)
    assert b"".join(piece for piece, _ in chunks) == b"one two three"
    assert chunks[-1][1] - chunks[0][1] > GAP_S / 2
    assert "REPORT" in base64.b64decode(end["LogResult"]).decode()
    assert "ErrorCode" not in end
    # The same process serves the next call, also one that wants the answer as a whole.
    assert lambda_.invoke(FunctionName=name, Payload=b"{}")["Payload"].read() == b"one two three"


def test_it_tells_how_a_stream_failed(lambda_: Any, make: Make) -> None:
    name = node(make)
    chunks, end = streamed(lambda_, name, late=True)
    assert [piece for piece, _ in chunks] == [b"one "]
    assert (end["ErrorCode"], json.loads(end["ErrorDetails"])["errorMessage"]) == ("RangeError", "too late")
    chunks, end = streamed(lambda_, name, early=True)
    assert (chunks, end["ErrorCode"]) == ([], "TypeError")
    chunks, end = streamed(lambda_, name)
    assert (chunks[0][0], "ErrorCode" in end) == (b"one ", False)


def test_a_function_url_streams_behind_the_prelude(aws: RunningAws, lambda_: Any, make: Make) -> None:
    url = urlsplit(opened(lambda_, node(make), InvokeMode="RESPONSE_STREAM"))
    line = http.client.HTTPConnection(url.netloc, timeout=20)
    for _ in range(2):
        line.request("GET", url.path)
        answer = line.getresponse()
        assert (answer.status, answer.getheader("transfer-encoding")) == (201, "chunked")
        assert (answer.getheader("x-own"), answer.getheader("content-type")) == ("yes", "text/plain")
        assert answer.getheader("set-cookie") == "a=1"
        first, at = answer.read1(), time.monotonic()
        assert (first, answer.read()) == (b"one ", b"two three")
        assert time.monotonic() - at > GAP_S / 2
    line.request("GET", f"{url.path}late")
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        line.getresponse().read()
    line.close()


def test_a_url_of_streams_gives_other_answers_as_they_are(lambda_: Any, make: Make) -> None:
    url = opened(lambda_, make("def handler(e, c): return {'statusCode': 202}"), InvokeMode="RESPONSE_STREAM")
    answer = ask(url)
    assert (answer.status, answer.json()) == (200, {"statusCode": 202})
    failing = opened(lambda_, make("def handler(e, c): return 1 / 0"), InvokeMode="RESPONSE_STREAM")
    assert ask(failing).status == 502
