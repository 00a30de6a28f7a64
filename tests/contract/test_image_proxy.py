"""The proxy in a Lambda image: FC calls, AWS's own runtime client answers."""

import http.client
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters import build
from hosting.places import free_port

HANDLER = """
import os
class Refused(Exception):
    pass
def handler(event, context):
    if event.get("fail"):
        raise Refused("no")
    if event.get("exit"):
        os._exit(3)
    return {"name": event["name"], "id": context.aws_request_id, "kept": os.environ["STAGE"],
            "left": context.get_remaining_time_in_millis() > 1000}
"""


class Proxied:
    """A running proxy and its port."""

    def __init__(self, process: "subprocess.Popen[str]", port: int) -> None:
        self.process, self.port = process, port

    def call(self, path: str, event: object) -> tuple[int, str, object]:
        """Give status, FC's status header and the parsed answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = {"x-fc-request-id": "r-7", "x-fc-function-timeout": "5", "x-fc-control-path": path}
        connection.request("POST", path, json.dumps(event), headers)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, answer.headers.get("x-fc-status", ""), json.loads(body) if body else None


def start(place: Path, handler: str) -> Proxied:
    entry = [sys.executable, "-m", "awslambdaric"]
    files = build.image_files("own@sha256:0", entrypoint=entry, command=[handler], environment={"STAGE": "x"})
    for name, content in files.items():
        (place / name).write_bytes(content)
    (place / "app.py").write_text(HANDLER)
    environment = {
        "PATH": os.environ["PATH"],
        "FC_CUSTOM_LISTEN_PORT": str(free_port()),
        "CUTOVER_LISTEN_HOST": "127.0.0.1",
        "PYTHONPATH": str(place),
        "LAMBDA_TASK_ROOT": str(place),
    }
    process = subprocess.Popen(
        [sys.executable, "-u", "proxy.py"], cwd=place, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(r"listens on port (\d+)", line):
            return Proxied(process, int(found.group(1)))
    raise AssertionError("the proxy did not come up")


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    running = start(tmp_path_factory.mktemp("image"), "app.handler")
    yield running
    stop(running)


def stop(running: Proxied) -> None:
    running.process.terminate()
    running.process.wait(10)
    if running.process.stdout is not None:
        running.process.stdout.close()


def test_it_carries_events_and_answers(proxied: Proxied) -> None:
    assert proxied.call("/initialize", {})[0] == 200
    for name in ("Ada", "Zoë 李"):
        assert proxied.call("/invoke", {"name": name}) == (
            200,
            "200",
            {"name": name, "id": "r-7", "kept": "x", "left": True},
        )


def test_it_carries_errors_in_fcs_form(proxied: Proxied) -> None:
    status, said, document = proxied.call("/invoke", {"fail": True})
    assert (status, said) == (404, "404")
    assert isinstance(document, dict)
    assert (document["errorType"], document["errorMessage"]) == ("Refused", "no")
    assert proxied.call("/elsewhere", {})[0] == 404


def test_it_ends_with_the_runtime_and_says_so_to_the_caller(tmp_path: Path) -> None:
    running = start(tmp_path, "app.handler")
    status, _, document = running.call("/invoke", {"exit": True})
    assert status == 404
    assert isinstance(document, dict)
    assert document["errorType"] == "Runtime.ExitError"
    assert running.process.wait(10) == 3
    stop(running)


def test_it_reports_a_handler_that_cannot_be_loaded(tmp_path: Path) -> None:
    running = start(tmp_path, "absent.handler")
    status, _, document = running.call("/initialize", {})
    assert status == 404
    assert isinstance(document, dict)
    assert document["errorType"] == "Runtime.ImportModuleError"
    stop(running)
