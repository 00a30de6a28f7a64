"""The wire under the calls of runs: what it keeps, what it reads, and what it says when something breaks."""

from __future__ import annotations

import contextlib
import datetime as dt
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from clouds.wire import AnswerLost, NothingSent, Wire, wire
from hosting.places import free_port

pytestmark = pytest.mark.enable_socket

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Amz-Executed-Version: 7\r\n\r\n{}"
Start = Callable[..., "Peer"]


class Peer:
    """Answers each request with the next of ``answers``, and ends the connection after an empty one."""

    def __init__(self, answers: list[bytes], *, tls: ssl.SSLContext | None, ends: bool) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self.ended = threading.Event()
        self._answers, self._tls, self._ends = answers, tls, ends
        self._listener = self._taken = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        for one in (self._listener, self._taken):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def _serve(self) -> None:
        while self._answers:
            try:
                self._taken = taken = self._listener.accept()[0]
            except OSError:
                return
            self.connections += 1
            self.ended.clear()
            with taken:
                try:
                    self._talk(self._tls.wrap_socket(taken, server_side=True) if self._tls else taken)
                except OSError:
                    continue
            self.ended.set()

    def _talk(self, taken: socket.socket) -> None:
        with taken:
            while self._answers and (received := taken.recv(65_536)):
                while not received.endswith(b"}"):
                    received += taken.recv(65_536)
                self.requests.append(received)
                answer = self._answers.pop(0)
                if not answer:
                    return
                taken.sendall(answer)
                if self._ends:
                    return
            taken.recv(1)


@pytest.fixture
def start() -> Iterator[Start]:
    made: list[Peer] = []

    def begin(*answers: bytes, tls: ssl.SSLContext | None = None, ends: bool = False) -> Peer:
        made.append(Peer(list(answers), tls=tls, ends=ends))
        return made[-1]

    yield begin
    for peer in made:
        peer.close()


def to(peer: Peer, **more: str) -> Wire:
    return wire(f"http://127.0.0.1:{peer.port}", connect_s=2, keep=4, **more)


def test_it_keeps_its_connection_and_says_what_came(start: Start) -> None:
    peer = start(OK, OK, OK)
    line = to(peer)

    answers = [line.post("/a?b=%20c", {"X-One": "1"}, b"{}", read_s=2) for _ in range(3)]

    assert peer.connections == 1
    assert {(answer.status, answer.body) for answer in answers} == {(200, b"{}")}
    assert answers[0].headers["x-amz-executed-version"] == "7"
    head, _, body = peer.requests[0].partition(b"\r\n\r\n")
    assert head.split(b"\r\n") == [
        b"POST /a?b=%20c HTTP/1.1",
        b"Content-Length: 2",
        b"Host: 127.0.0.1:%d" % peer.port,
        b"X-One: 1",
    ]
    assert body == b"{}"


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", b"abcde"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, b"{}"),
        (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", b"until the end"),
        (b"HTTP/1.1 502 Bad\r\nContent-Length: 0\r\n\r\n", b""),
    ],
    ids=["chunked", "after 100", "until the connection ends", "empty"],
)
def test_it_reads_an_answer_however_it_is_framed(start: Start, answer: bytes, body: bytes) -> None:
    peer = start(answer, ends=b"until" in answer)

    assert to(peer).post("/", {}, b"{}", read_s=2).body == body


@pytest.mark.parametrize(
    "answer",
    [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", b"no HTTP at all\r\n\r\n", OK + OK],
    ids=["nothing", "cut off", "no HTTP", "two for one"],
)
def test_an_answer_that_is_not_whole_is_lost_and_its_request_is_sent_once(
    start: Start, answer: bytes
) -> None:
    peer = start(answer, OK, ends=True)

    with pytest.raises(AnswerLost):
        to(peer).post("/", {}, b"{}", read_s=2)

    assert peer.ended.wait(2)
    assert len(peer.requests) == 1


def test_an_answer_that_does_not_come_in_time_is_lost(start: Start) -> None:
    peer = start(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", OK)

    with pytest.raises(AnswerLost, match="Timeout"):
        to(peer).post("/", {}, b"{}", read_s=0.05)


def test_a_kept_connection_that_ended_meanwhile_is_made_anew_before_anything_is_sent(start: Start) -> None:
    peer = start(OK, OK, ends=True)
    line = to(peer)
    line.post("/", {}, b"{}", read_s=2)
    assert peer.ended.wait(2)

    assert line.post("/", {}, b"{}", read_s=2).status == 200

    assert (peer.connections, len(peer.requests)) == (2, 2)


def test_nothing_is_sent_where_nobody_listens() -> None:
    with pytest.raises(NothingSent):
        wire(f"http://127.0.0.1:{free_port()}", connect_s=1, keep=1).post("/", {}, b"{}", read_s=1)


@pytest.mark.parametrize("value", ["a\r\nX-Two: 2", "a\nb", "a\rb"])
def test_a_header_cannot_hold_another_one(start: Start, value: str) -> None:
    peer = start(OK)

    with pytest.raises(ValueError, match="end of a line"):
        to(peer).post("/", {"X-One": value}, b"{}", read_s=1)

    assert peer.connections == 0


def test_a_certificate_is_trusted_or_nothing_is_sent(start: Start, tmp_path: Path) -> None:
    chain = _certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    peer = start(OK, OK, OK, tls=context)
    origin = f"https://localhost:{peer.port}"

    trusting = wire(origin, connect_s=2, keep=1, ca_file=str(chain))
    assert [trusting.post("/", {}, b"{}", read_s=2).status for _ in range(2)] == [200, 200]
    assert peer.connections == 1
    del trusting
    with pytest.raises(NothingSent, match="SSL"):
        wire(origin, connect_s=2, keep=1).post("/", {}, b"{}", read_s=2)


def test_a_proxy_is_asked_with_its_key_and_a_proxy_that_is_not_there_had_nothing(start: Start) -> None:
    peer = start(OK)
    proxied = wire(
        "http://lambda.example", connect_s=2, keep=1, proxy=f"http://me:secret@127.0.0.1:{peer.port}"
    )

    assert proxied.post("/a", {"X-One": "1"}, b"{}", read_s=2).headers["x-amz-executed-version"] == "7"

    assert peer.requests[0].startswith(b"POST http://lambda.example/a HTTP/1.1\r\n")
    assert b"proxy-authorization: Basic bWU6c2VjcmV0" in peer.requests[0]
    gone = wire("http://lambda.example", connect_s=1, keep=1, proxy=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(NothingSent):
        gone.post("/", {}, b"{}", read_s=1)


def _certificate(folder: Path) -> Path:
    """Write a key and its own certificate for localhost."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    found = folder / "chain.pem"
    found.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return found
