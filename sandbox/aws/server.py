"""The front: HTTP/1.1 with keep-alive, the guard, signatures, faults, then Lambda or moto.

werkzeug's own handler closes each connection; this one reads every request to its end and answers with a
length, so that connections stay open and warm calls stay cheap.
"""

import errno
import io
import json
import logging
import socket
import struct
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import parse_qs, parse_qsl

from moto.core.exceptions import ServiceException
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import ThreadedWSGIServer

from sandbox import faults
from sandbox.aws.credentials import Credentials
from sandbox.aws.durable.services import Call, Services
from sandbox.aws.durable.store import NotKept
from sandbox.aws.errors import AwsError, render
from sandbox.aws.functions.invoking import Reply
from sandbox.aws.functions.packages import Packages
from sandbox.aws.http.asking import Pairs
from sandbox.aws.http.calling import BrokenOff
from sandbox.aws.http.site import PREFIXES, Site
from sandbox.aws.service import LambdaService
from sandbox.aws.signature import Caller, SignedRequest, service_of, verify
from sandbox.aws.signature_v2 import is_presigned_v2, verify_v2
from sandbox.fault_page import PATHS, FaultPage
from sandbox.guard import ROOT, page_refusal, token_matches
from sandbox.live import TooLarge

MAX_BODY_BYTES = 300 * 1024 * 1024
_FAULT_CODES = {
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    429: "TooManyRequestsException",
    500: "ServiceException",
    502: "BadGatewayException",
    503: "ServiceUnavailable",
    504: "GatewayTimeoutException",
}
# moto answers these wrongly: it does not apply the filters of a Logs Insights query.
_UNTRUE = frozenset({("logs", "StartQuery")})
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
_log = logging.getLogger(__name__)


class Front:
    """Answers one request at a time per thread."""

    def __init__(
        self,
        *,
        service: LambdaService,
        credentials: Credentials,
        packages: Packages,
        rules: faults.Faults,
        admin_token: str,
        nonce: str,
        site: Site,
        services: Services,
    ) -> None:
        self._service = service
        self._credentials = credentials
        self._packages = packages
        self._rules = rules
        self._admin_token = admin_token
        self._nonce = nonce
        self._site = site
        self._services = services
        self._closed = False
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._page = FaultPage(
            cloud="aws", token=admin_token, faults=rules, function_names=service.function_names
        )

    def close(self) -> None:
        """Refuse what still comes in over open connections: the state is about to be saved."""
        self._closed = True
        self._site.close()

    def answer(self, request: SignedRequest, handler: "_Handler") -> Reply | None:
        """Answer a request; None means that the connection is to be reset."""
        request_id = str(uuid.uuid4())
        if self._closed:
            return None
        visit = request.path.startswith(PREFIXES)
        why = page_refusal(
            request.headers,
            method=request.method,
            path=request.path,
            admitted=visit and "origin" in request.headers and self._site.admits(request),
        )
        if why is not None:
            return _plain(403, {"error": why})
        if request.path.startswith("/_sandbox/"):
            return self._own(request)
        if visit:
            return self._site.answer(request, handler.pairs, str(handler.client_address[0]), request_id)
        service = service_of(request)
        try:
            check = verify_v2 if is_presigned_v2(request) else verify
            caller = check(request, self._credentials.find)
            service = caller.service
            reply = self._serve(request, caller, request_id, handler)
        except (AwsError, NotKept) as exc:
            error = exc if isinstance(exc, AwsError) else AwsError(503, NotKept.code, str(exc))
            status, headers, body = render(
                error, service=service, headers=dict(request.headers), request_id=request_id
            )
            return Reply(status=status, headers=headers, body=body)
        if reply is not None:
            reply.headers.setdefault("x-amzn-requestid", request_id)
        return reply

    def _serve(
        self, request: SignedRequest, caller: Caller, request_id: str, handler: "_Handler"
    ) -> Reply | None:
        """Serve a request that is signed. Raises AwsError."""
        carry_out: Callable[[], Reply]
        versions: tuple[str, ...]
        if caller.service == "lambda":
            self._service.check_region(caller.region)
            ask, function = self._service.understand(
                request.method, request.path, request.query, dict(request.headers), request.body
            )
            operation = ask.operation
            versions = (ask.given.get("Qualifier") or "$LATEST",)
            self._service.check(caller.credential.principal, ask, function)

            def carry_out() -> Reply:
                return self._service.serve(ask, function, request_id, applied=applied)
        else:
            operation, function, versions = _operation(request), None, ()

            def carry_out() -> Reply:
                call = Call(
                    service=_owner(caller.service, request.path),
                    region=caller.region,
                    operation=operation,
                    path=request.path,
                    query=request.query,
                    headers=dict(request.headers),
                    body=request.body,
                )
                if not applied:
                    message = "A fault rule of kind not-applied acts on Lambda's calls only."
                    raise AwsError(501, "NotImplemented", message)
                return self._services.carry_out(call, lambda: self._offered_by_moto(call, handler))

        struck = self._rules.strike(
            faults.FRONT_KINDS, cloud="aws", operation=operation, function=function, versions=versions
        )
        applied = not any(rule.kind == "not-applied" for rule in struck)
        for rule in struck:
            if rule.kind == "latency":
                time.sleep(rule.ms / 1000)
            elif rule.kind == "hang":
                time.sleep((rule.ms or faults.HANG_MS) / 1000)
                return None
            elif rule.kind == "reset":
                return None
            elif rule.kind == "status":
                raise AwsError(rule.status, _FAULT_CODES[rule.status], "A fault rule refused this call.")
        reply = carry_out()
        return None if any(rule.kind == "drop-answer" for rule in struck) else reply

    def _offered_by_moto(self, call: Call, handler: "_Handler") -> Reply:
        """Ask moto; what it does not do, or does without saying that it leaves something out, is refused."""
        refusal = AwsError(
            501, "NotImplementedException", f"The sandbox does not offer {call.operation} of {call.service}."
        )
        if (call.service, call.operation) in _UNTRUE:
            raise refusal
        try:
            reply = self._ask_moto(handler)
        except (AwsError, ServiceException):
            raise
        except NotImplementedError as exc:
            raise refusal from exc
        except Exception as exc:
            if isinstance(exc, OSError) and exc.errno in _NO_ROOM:
                raise AwsError(503, NotKept.code, f"The sandbox has no room: {exc.strerror}") from exc
            # moto is not ours: whatever it stumbles over, often an input that it does not expect, is recorded
            # and told as a refusal that names the call, never as a failure to be tried again.
            _log.exception("moto failed at %s of %s", call.operation, call.service)
            message = f"The sandbox could not carry out {call.operation} of {call.service}; its log says why."
            raise AwsError(501, "NotImplementedException", message) from exc
        kind = next((value for name, value in reply.headers.items() if name.lower() == "content-type"), "")
        if reply.status == 404 and call.service != "s3" and kind.startswith("text/html"):
            raise refusal
        return reply

    def _ask_moto(self, handler: "_Handler") -> Reply:
        environ = handler.make_environ()
        environ["wsgi.input"] = io.BytesIO(handler.body)
        environ["CONTENT_LENGTH"] = str(len(handler.body))
        environ["wsgi.input_terminated"] = True
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        status: list[Any] = []

        def start(line: str, headers: list[tuple[str, str]], _: Any = None) -> Callable[[bytes], Any]:
            status[:] = [int(line.split(" ", 1)[0]), headers]
            return lambda _: None

        pieces: Iterable[bytes] = self._moto(environ, start)
        body = b"".join(pieces)
        if hasattr(pieces, "close"):
            pieces.close()
        return Reply(status=status[0], headers=dict(status[1]), body=body)

    def _own(self, request: SignedRequest) -> Reply:
        """Serve the sandbox's own routes."""
        where = request.path.removeprefix("/_sandbox/")
        asked = {name: values[0] for name, values in parse_qs(request.query).items()}
        if where == "health":
            return _plain(200, {"ok": True, "nonce": self._nonce})
        if where == "addresses":
            return _plain(200, self._site.addresses())
        if where == "routings":
            return _plain(200, self._service.routings(asked.get("alias", "")))
        if where.startswith("code/"):
            body = self._packages.download(
                where.removeprefix("code/"), asked.get("expires", ""), asked.get("signature", "")
            )
            if body is None:
                return _plain(403, {"error": "The link is wrong or has expired."})
            return Reply(status=200, headers={"content-type": "application/zip"}, body=body)
        if where == "faults":
            if not token_matches(request.headers, self._admin_token):
                return _plain(403, {"error": "The admin token is missing or wrong."})
            status, body = faults.administer(self._rules, request.method, request.body, asked.get("id"))
            return Reply(status=status, headers={"content-type": "application/json"}, body=body)
        path = request.path.removeprefix(ROOT)
        if path in PATHS:
            shown = self._page.answer(request.method, path, asked, request.headers, request.body)
            return Reply(status=shown.status, headers=shown.headers, body=shown.body)
        return _plain(404, {"error": "No such page."})


def _plain(status: int, document: dict[str, Any]) -> Reply:
    headers = {"content-type": "application/json", "x-content-type-options": "nosniff"}
    return Reply(status=status, headers=headers, body=json.dumps(document).encode())


def _failed(request: SignedRequest) -> Reply:
    """Tell of a failure of the sandbox's own, in the protocol of the caller and without what went wrong."""
    error = AwsError(500, "InternalFailure", "The sandbox failed; see its log.")
    status, headers, body = render(
        error, service=service_of(request), headers=dict(request.headers), request_id=str(uuid.uuid4())
    )
    return Reply(status=status, headers=headers, body=body)


def _owner(service: str, path: str) -> str:
    """Give moto's name of a service: both generations of API Gateway sign alike."""
    return "apigatewayv2" if service == "apigateway" and path.startswith("/v2/") else service


def _operation(request: SignedRequest) -> str:
    """Name the operation of a request to another service; the method where nothing says it."""
    if target := request.headers.get("x-amz-target"):
        return target.rpartition(".")[2]
    if "smithy-protocol" in request.headers:
        return request.path.rpartition("/")[2]
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return dict(parse_qsl(request.body.decode("latin-1"))).get("Action", request.method)
    return request.method


class _Handler(MotoRequestHandler):  # type: ignore[misc]
    """One connection. moto's handler builds the environ; reading and writing are ours."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 300
    front: Front
    body: bytes = b""
    pairs: Pairs = ()

    def handle_one_request(self) -> None:
        self.close_connection = True
        try:
            self.raw_requestline = self.rfile.readline(65537)
            if not self.raw_requestline or not self.parse_request():
                return
            body = self._read_body()
        except (OSError, ValueError):
            return
        if body is None:
            self._write(_plain(413, {"error": "The request is too large."}))
            self.close_connection = True
            return
        self.body = body
        path, _, query = self.path.partition("?")
        headers: dict[str, str] = {}
        for name, value in self.headers.items():
            lower = name.lower()
            headers[lower] = f"{headers[lower]},{value}" if lower in headers else value
        self.pairs = tuple(self.headers.items())
        request = SignedRequest(method=self.command, path=path, query=query, headers=headers, body=body)
        try:
            reply = self.front.answer(request, self)
        except Exception:  # noqa: BLE001 - the outermost loop of a connection
            # What went wrong is recorded, the caller gets a plain 500.
            _log.exception("the sandbox failed at %s %s", self.command, path)
            reply = _failed(request)
        try:
            if reply is None:
                self._reset()
            else:
                self._write(reply)
        except OSError:
            self.close_connection = True

    def handle_expect_100(self) -> bool:
        """Tell a client that waits for it to send the body; it is written at once, since it would wait a
        second."""
        proceed = bool(super().handle_expect_100())
        self.wfile.flush()
        return proceed

    def _read_body(self) -> bytes | None:
        """Read the whole body; None when it is too large."""
        if "chunked" in self.headers.get("transfer-encoding", "").lower():
            pieces, total = [], 0
            while size := int(self.rfile.readline(100).split(b";")[0], 16):
                total += size
                if total > MAX_BODY_BYTES:
                    return None
                pieces.append(self.rfile.read(size))
                self.rfile.readline(10)
            while self.rfile.readline(65537) not in (b"\r\n", b"\n", b""):
                pass
            return b"".join(pieces)
        length = int(self.headers.get("content-length") or 0)
        return None if length > MAX_BODY_BYTES else self.rfile.read(length)

    def _write(self, reply: Reply) -> None:
        self.send_response(reply.status)
        headers = {name.lower(): value for name, value in reply.headers.items()}
        bodiless = reply.status in (204, 304) or self.command == "HEAD"
        streamed = reply.stream is not None and not bodiless
        if self.command != "HEAD":
            headers.pop("content-length", None)
        if streamed:
            # A client of HTTP/1.0 knows no chunks: for it the end of the connection is the end of the body.
            self.close_connection |= self.request_version < "HTTP/1.1"
        elif reply.status not in (204, 304):
            headers.setdefault("content-length", str(len(reply.body)))
        for name, value in headers.items():
            if name not in ("connection", "transfer-encoding"):
                self.send_header(name, value)
        for name, value in reply.more:
            self.send_header(name, value)
        chunked = streamed and self.request_version >= "HTTP/1.1"
        if chunked:
            self.send_header("transfer-encoding", "chunked")
        if self.close_connection:
            self.send_header("connection", "close")
        self.end_headers()
        if streamed and reply.stream is not None:
            self._write_stream(reply.stream, chunked=chunked)
        elif not bodiless:
            self.wfile.write(reply.body)
        self.wfile.flush()

    def _write_stream(self, pieces: Iterator[bytes], *, chunked: bool) -> None:
        """Write each piece when it comes. A stream that fails takes the connection with it."""
        self.wfile.flush()
        try:
            for piece in pieces:
                if piece:
                    self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
                    self.wfile.flush()
        except (AwsError, BrokenOff, TooLarge) as exc:
            _log.warning("an answer broke off: %s", exc or type(exc).__name__)
            self._reset()
            raise ConnectionAbortedError from exc
        if chunked:
            self.wfile.write(b"0\r\n\r\n")

    def _reset(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - the base class names it
        """Say nothing for each request."""


def serve_on(port: int, front: Front) -> ThreadedWSGIServer:
    """Bind the loopback port; 0 draws a free one. The caller runs `serve_forever`."""
    handler = type("BoundHandler", (_Handler,), {"front": front})
    server = ThreadedWSGIServer("127.0.0.1", port, lambda environ, start: [], handler=handler)
    server.daemon_threads = True
    return server
