"""The page for people at /_sandbox/, and the admin routes for programs.

A person opens /_sandbox/?token=... once and gets a session cookie; each button carries a token made from the
session, so that no other page can press it. Programs send the token in the header X-Sandbox-Token.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import threading
import zlib
from collections.abc import Callable
from html import escape
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from urllib.parse import parse_qs, unquote

from sandbox import guard
from sandbox.alibaba import clock
from sandbox.alibaba.fc.code import CodeStore
from sandbox.alibaba.wire import Incoming, Reply, json_reply
from sandbox.faults import Faults, Rule, administer

ROOT = "/_sandbox"
COOKIE = "sandbox_session"
FAIL_RATE = 0.2
CODE_URL_S = 600
_STYLE = (Path(__file__).parent / "static" / "page.css").read_bytes()
_SECURITY = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
}
_HTML = {"content-type": "text/html; charset=utf-8", **_SECURITY}


def fault_id(function: str) -> str:
    """Give the id of the rule that the page's button sets for a function."""
    return f"page-fail-{function}"


class Page:
    """Everything under /_sandbox/."""

    def __init__(
        self,
        *,
        token: str,
        nonce: str,
        base_url: str,
        faults: Faults,
        codes: CodeStore,
        function_names: Callable[[], list[str]],
    ) -> None:
        self._token = token
        self._nonce = nonce
        self._base_url = base_url
        self._faults = faults
        self._codes = codes
        self._function_names = function_names
        self._lock = threading.Lock()
        self._sessions: set[str] = set()

    def code_url(self, digest: str) -> str:
        """Give a loopback URL that serves the package for ten minutes."""
        expires = str(int(clock.now()) + CODE_URL_S)
        signed = f"expires={expires}&signature={self._sign(digest, expires)}"
        return f"{self._base_url}{ROOT}/code/{digest}.zip?{signed}"

    def _sign(self, *parts: str) -> str:
        return hmac.new(self._token.encode(), "\n".join(parts).encode(), hashlib.sha256).hexdigest()

    def answer(self, request: Incoming) -> Reply:
        """Serve one request under /_sandbox/; the guard has passed it."""
        path = request.path.removeprefix(ROOT)
        if path == "/health" and request.method == "GET":
            return json_reply({"ok": True, "nonce": self._nonce})
        if path == "/page.css" and request.method == "GET":
            return Reply(headers={"content-type": "text/css; charset=utf-8", **_SECURITY}, body=_STYLE)
        if path.startswith("/code/") and request.method == "GET":
            return self._code(request, path.removeprefix("/code/").removesuffix(".zip"))
        if path == "/faults" or path.startswith("/faults/"):
            return self._administer(request, unquote(path.removeprefix("/faults").removeprefix("/")) or None)
        if path in ("", "/"):
            return self._show(request)
        if path == "/fail" and request.method == "POST":
            return self._press(request)
        return self._refuse(404, "There is no such page in the sandbox.")

    def _code(self, request: Incoming, digest: str) -> Reply:
        expires = request.query.get("expires", "")
        signed = hmac.compare_digest(self._sign(digest, expires), request.query.get("signature", ""))
        if not signed or not expires.isdigit() or int(expires) < clock.now():
            return self._refuse(403, "This address is not signed, or has run out.")
        if not self._codes.zip_path(digest).is_file():
            return self._refuse(404, "This package is gone.")
        return Reply(
            headers={"content-type": "application/zip"}, body=self._codes.zip_path(digest).read_bytes()
        )

    def _administer(self, request: Incoming, rule_id: str | None) -> Reply:
        if not guard.token_matches(request.headers, self._token):
            return json_reply({"error": "X-Sandbox-Token is missing or wrong."}, status=403)
        status, body = administer(self._faults, request.method, request.body, rule_id)
        return Reply(status=status, headers={"content-type": "application/json"}, body=body)

    def _session(self, request: Incoming) -> str | None:
        try:
            cookie = SimpleCookie(request.headers.get("cookie", "")).get(COOKIE)
        except CookieError:
            return None
        with self._lock:
            return cookie.value if cookie is not None and cookie.value in self._sessions else None

    def _show(self, request: Incoming) -> Reply:
        if request.method != "GET":
            return self._refuse(405, "This page can only be read.")
        if given := request.query.get("token"):
            if not hmac.compare_digest(given.encode(), self._token.encode()):
                return self._refuse(403, "This token is wrong. Open the address that the sandbox printed.")
            session = secrets.token_urlsafe(24)
            with self._lock:
                self._sessions.add(session)
            cookie = f"{COOKIE}={session}; Path={ROOT}; HttpOnly; SameSite=Strict"
            return Reply(status=303, headers={"location": f"{ROOT}/", "set-cookie": cookie, **_SECURITY})
        session_or_none = self._session(request)
        if session_or_none is None:
            return self._refuse(
                403, "Open this page with the address that the sandbox printed; it carries a token."
            )
        return Reply(headers=_HTML, body=self._render(session_or_none).encode())

    def _press(self, request: Incoming) -> Reply:
        session = self._session(request)
        form = {name: values[0] for name, values in parse_qs(request.body.decode("utf-8", "replace")).items()}
        if session is None or not hmac.compare_digest(
            form.get("form_token", ""), self._sign("form", session)
        ):
            return self._refuse(
                403, "This form has run out. Open the page again with the address that was printed."
            )
        function = form.get("function", "")
        if function not in self._function_names():
            return self._refuse(404, "There is no such function on FC.")
        if form.get("action") == "start":
            self._faults.add(
                Rule(
                    cloud="alibaba",
                    kind="error",
                    rate=FAIL_RATE,
                    operation="InvokeFunction",
                    function=function,
                    seed=zlib.crc32(function.encode()),
                    id=fault_id(function),
                )
            )
        else:
            self._faults.clear(fault_id(function))
        return Reply(status=303, headers={"location": f"{ROOT}/", **_SECURITY})

    def _refuse(self, status: int, sentence: str) -> Reply:
        body = _document(f"<p>{escape(sentence)}</p>")
        return Reply(status=status, headers=_HTML, body=body.encode())

    def _render(self, session: str) -> str:
        failing = {rule.id for rule in self._faults.rules()}
        rows = "".join(self._row(name, session, fault_id(name) in failing) for name in self._function_names())
        table = (
            "<table><thead><tr><th scope='col'>Function</th><th scope='col'>Now</th>"
            "<th scope='col'>Change</th></tr>"
            f"</thead><tbody>{rows}</tbody></table>"
        )
        others = [rule for rule in self._faults.rules() if not rule.id.startswith("page-fail-")]
        listed = "".join(f"<li><code>{escape(json.dumps(_brief(rule)))}</code></li>" for rule in others)
        more = f"<h2>Other faults in force</h2><ul>{listed}</ul>" if others else ""
        empty = "<p>No function has been deployed to FC yet.</p>"
        return _document((table if rows else empty) + more)

    def _row(self, name: str, session: str, failing: bool) -> str:
        safe = escape(name, quote=True)
        state = "fails 20 % of its invocations" if failing else "works"
        action, label = ("stop", "Stop failing") if failing else ("start", "Fail 20 % on FC")
        kind = "failing" if failing else "working"
        return (
            f"<tr class='{kind}'><th scope='row'>{safe}</th><td>{state}</td><td>"
            f"<form method='post' action='{ROOT}/fail'>"
            f"<input type='hidden' name='form_token' value='{self._sign('form', session)}'>"
            f"<input type='hidden' name='function' value='{safe}'>"
            f"<button name='action' value='{action}' aria-label='{label}: {safe}'>{label}</button>"
            "</form></td></tr>"
        )


def _brief(rule: Rule) -> dict[str, object]:
    names = ("cloud", "kind", "rate", "operation", "function", "ms", "status", "times")
    return {name: getattr(rule, name) for name in names}


def _document(content: str) -> str:
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'><title>Sandbox: faults on FC</title>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<link rel='stylesheet' href='{ROOT}/page.css'></head><body><main><h1>Faults on FC</h1>"
        "<p>This is the sandbox, not a cloud. A function that is made to fail answers one invocation "
        f"in five, drawn by chance, with a function error.</p>{content}</main></body></html>"
    )
