"""Addresses that stand for a side: emulators, and what else may answer there."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from pytest_django import Settings

from clouds.rie import EmulatorInvoker
from clouds.simulated.world import World
from cutover.addresses import allowed_from
from cutover.errors import BadInput, Denied, Invalid
from cutover.observation import Outcome, Side
from migrations_app.models import Pair, Run
from migrations_app.services import validation
from migrations_app.services.validation import Wanted
from tests.integration.workers import worlds
from tests.integration.workers.test_cli import cutover
from workers import validation as worker

RIE = "/2015-03-31/functions/function/invocations"


class Emulator(BaseHTTPRequestHandler):
    """Answers as the first part of the path says."""

    protocol_version = "HTTP/1.1"
    calls: list[str] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.calls.append(self.path)
        what = self.path.removesuffix(RIE).strip("/")
        match what:
            case "":
                self._send(200, body)
            case "error":
                self._send(200, b'{"errorMessage": "no", "errorType": "ValueError", "stackTrace": []}')
            case "timeout":
                self._send(200, b"Task timed out after 3.00 seconds")
            case "busy":
                self._send(400, b"")
            case "redirect":
                self._send(307, b"", ("Location", "http://169.254.169.254/latest/meta-data/"))
            case "large":
                self._send(200, b'"' + b"x" * (6 * 1024 * 1024) + b'"')
            case "slow":
                self._drip()
            case _:
                self.close_connection = True

    def _drip(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        for _ in range(600):
            try:
                self.wfile.write(b"x")
                self.wfile.flush()
            except OSError:
                return
            time.sleep(0.05)

    def _send(self, status: int, body: bytes, *headers: tuple[str, str]) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        """Say nothing."""


class Quiet(ThreadingHTTPServer):
    """A server that says nothing of callers that went away."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    server = Quiet(("127.0.0.1", 0), Emulator)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()
    thread.join()


def invoker(url: str, *allowed: str) -> EmulatorInvoker:
    return EmulatorInvoker(url, side=Side.CANDIDATE, allowed=allowed_from(allowed or ["127.0.0.1"]))


def asked(url: str, *allowed: str, timeout_s: float = 3) -> Any:
    return invoker(url, *allowed).invoke("f", b'{"n": 1}', qualifier="", timeout_s=timeout_s)


def test_an_answer_an_error_and_a_timeout_are_told_apart(port: int) -> None:
    here = f"http://127.0.0.1:{port}"
    good = asked(here)
    assert (good.outcome, good.payload, good.logs) == (Outcome.OK, b'{"n": 1}', None)
    bad = asked(f"{here}/error")
    assert (bad.outcome, bad.error_type, bad.error_message) == (Outcome.ERROR, "ValueError", "no")
    assert asked(f"{here}/timeout").outcome is Outcome.TIMEOUT
    assert asked(f"{here}{RIE}").outcome is Outcome.OK
    assert asked(f"{here}/gone").outcome is Outcome.NO_ANSWER


def test_a_redirect_is_not_followed(port: int) -> None:
    with pytest.raises(Denied, match="redirect"):
        asked(f"http://127.0.0.1:{port}/redirect")


def test_an_answer_that_is_too_large_or_too_slow_is_cut(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    large = asked(f"http://127.0.0.1:{port}/large")
    assert (large.outcome, large.error_type) == (Outcome.ERROR, "Function.ResponseSizeTooLarge")
    monkeypatch.setattr("clouds.rie.invoker.MARGIN_S", 0.0)
    start = time.monotonic()
    assert asked(f"http://127.0.0.1:{port}/slow", timeout_s=0.3).outcome is Outcome.NO_ANSWER
    assert time.monotonic() - start < 20


def test_what_is_no_emulator_is_said(port: int) -> None:
    with pytest.raises(Invalid, match="400"):
        asked(f"http://127.0.0.1:{port}/busy")


def test_no_proxy_is_used(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert asked(f"http://127.0.0.1:{port}").outcome is Outcome.OK


def test_a_name_that_changes_where_it_leads_is_checked_at_each_call(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = ["127.0.0.1", "169.254.169.254", "::ffff:169.254.169.254", "100.100.100.200"]
    connected: list[str] = []

    def resolved(host: str, at: int, **_: Any) -> list[Any]:
        address = answers.pop(0)
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [(family, socket.SOCK_STREAM, 6, "", (address, at))]

    def connecting(self: socket.socket, where: Any, original: Any = socket.socket.connect) -> None:
        connected.append(where[0])
        original(self, where)

    monkeypatch.setattr("clouds.rie.invoker.socket.getaddrinfo", resolved)
    monkeypatch.setattr("clouds.rie.invoker.socket.socket.connect", connecting)
    calls = invoker(f"http://localhost:{port}", "localhost")
    assert calls.invoke("f", b"{}", qualifier="", timeout_s=3).outcome is Outcome.OK
    for _ in range(3):
        with pytest.raises(Denied, match="may not be called"):
            calls.invoke("f", b"{}", qualifier="", timeout_s=3)
    assert connected == ["127.0.0.1"]


def test_a_name_that_is_allowed_does_not_lead_to_this_machine(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
    monkeypatch.setattr("clouds.rie.invoker.socket.getaddrinfo", lambda *_, **__: found)
    with pytest.raises(Denied, match=r"127\.0\.0\.1"):
        asked(f"http://rie.internal:{port}", "rie.internal")


# ---------------------------------------------------------------------------------------------- runs


@pytest.fixture
def world() -> Iterator[World]:
    with worlds.clouds() as made:
        yield made


@pytest.mark.django_db(transaction=True)
def test_a_container_is_validated_before_any_deploy_and_nothing_else_moves(
    world: World, port: int, settings: Settings
) -> None:
    settings.RIE_HOSTS = allowed_from(["127.0.0.1"])
    function = worlds.deployed(world, behaviour=lambda _side, payload: payload)
    function.deployment = {}
    function.phase = "assessed"
    function.save(update_fields=["deployment", "phase"])
    words = ("validate", "hello", "--candidate-url", f"http://127.0.0.1:{port}", "--pairs", "320", "--json")
    said = cutover(*words)
    assert (said.code, said.document["result"]) == (0, "pass"), said.document["sentence"]
    assert said.document["outcomes"] == {"match": 320}
    after = worlds.refreshed(function)
    assert (after.phase, after.verdict_result, after.verdict_at) == ("assessed", "", None)
    assert not Pair.objects.filter(logs_pending=True).exists()

    other = validation.start(
        function.pk, Wanted(candidate_url=f"http://127.0.0.1:{port}/error"), actor="test", pairs=30
    )
    worker.carry_out_run(other.pk, owner="test")
    other.refresh_from_db()
    assert (other.verdict_result, set(other.outcomes)) == ("fail", {"candidate-error"})
    both = ("--primary-url", f"http://127.0.0.1:{port}", "--candidate-url", f"http://127.0.0.1:{port}")
    before = world.function(function.name).calls.total()
    assert cutover("validate", "hello", *both, "--pairs", "5", "--json").document["outcomes"] == {"match": 5}
    assert world.function(function.name).calls.total() == before


@pytest.mark.django_db(transaction=True)
def test_an_address_that_is_not_allowed_starts_no_run_and_says_what_to_set(
    world: World, port: int, settings: Settings
) -> None:
    function = worlds.deployed(world)
    url = f"http://127.0.0.1:{port}"
    said = cutover("validate", "hello", "--candidate-url", url, "--json")
    assert said.code == 2
    assert f"CUTOVER_RIE_HOSTS=127.0.0.1:{port}" in said.document["error"]
    settings.RIE_HOSTS = allowed_from(["127.0.0.1:1"])
    with pytest.raises(BadInput, match="not among"):
        validation.start(function.pk, Wanted(candidate_url=url), actor="test")
    assert not Run.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_address_that_is_not_allowed_any_more_ends_the_run(
    world: World, port: int, settings: Settings
) -> None:
    settings.RIE_HOSTS = allowed_from(["127.0.0.1"])
    function = worlds.deployed(world)
    run = validation.start(function.pk, Wanted(candidate_url=f"http://127.0.0.1:{port}"), actor="test")
    settings.RIE_HOSTS = ()
    worker.carry_out_run(run.pk, owner="test")
    run.refresh_from_db()
    assert (run.state, run.verdict_result) == ("failed", "error")
    assert "CUTOVER_RIE_HOSTS" in run.error


def test_what_an_emulator_is_sent_is_the_event_itself(port: int) -> None:
    event = json.dumps({"grüße": "你好"}).encode()
    seen = invoker(f"http://127.0.0.1:{port}").invoke("f", event, qualifier="", timeout_s=3)
    assert seen.payload == event
