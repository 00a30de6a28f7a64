"""The page for people at /_sandbox/: faults by a button, by a form, and a list of those in force.

A person opens /_sandbox/?token=... once and gets a session cookie; each form carries a token made from the
session, so that no other page can send it. It works without JavaScript, and its policy allows none.
"""

import hashlib
import hmac
import secrets
import threading
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from urllib.parse import parse_qs

from sandbox.faults import KINDS, STATUSES, Faults, Rule, rule_from
from sandbox.guard import ROOT

COOKIE = "sandbox_session"
FAIL_RATE = 0.2
CALLED = {"aws": "AWS", "alibaba": "FC"}
INVOKE = {"aws": "Invoke", "alibaba": "InvokeFunction"}
PATHS = frozenset({"", "/", "/page.css", "/fail", "/rule", "/lift"})
_STYLE = (Path(__file__).parent / "alibaba" / "static" / "page.css").read_bytes()
SECURITY = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
}
_HTML = {"content-type": "text/html; charset=utf-8", **SECURITY}
_NUMBERS = (
    ("rate", "How often, in percent", "100", "0", "100"),
    ("ms", "Milliseconds", "0", "0", "900000"),
    ("jitter_ms", "At most so many milliseconds more", "0", "0", "900000"),
    ("seed", "Seed", "0", "0", ""),
    ("times", "Ends after so many strikes (empty: never)", "", "1", ""),
)
_NAMES = (
    ("function", "Function (* for all)"),
    ("version", "Version or alias (* for all)"),
    ("operation", "Operation (* for all)"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """What goes back to the browser."""

    status: int
    headers: dict[str, str]
    body: bytes = b""


def fault_id(function: str) -> str:
    """Give the id of the rule that the page's button sets for a function."""
    return f"page-fail-{function}"


class FaultPage:
    """The page of one half. Thread-safe."""

    def __init__(
        self, *, cloud: str, token: str, faults: Faults, function_names: Callable[[], list[str]]
    ) -> None:
        self._cloud = cloud
        self._token = token
        self._faults = faults
        self._function_names = function_names
        self._lock = threading.Lock()
        self._sessions: set[str] = set()

    def answer(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes
    ) -> Shown:
        """Serve one request. path: below /_sandbox, one of PATHS. headers: lower-case names."""
        if path == "/page.css" and method == "GET":
            return Shown(
                status=200, headers={"content-type": "text/css; charset=utf-8", **SECURITY}, body=_STYLE
            )
        if path in ("", "/"):
            return self._show(method, query, headers)
        if method != "POST":
            return self.refuse(405, "This address takes forms only.")
        return self._press(path, headers, body)

    def refuse(self, status: int, sentence: str) -> Shown:
        """Say no on a page of its own."""
        return Shown(
            status=status, headers=dict(_HTML), body=self._document(f"<p>{escape(sentence)}</p>").encode()
        )

    def _sign(self, session: str) -> str:
        return hmac.new(self._token.encode(), f"form\n{session}".encode(), hashlib.sha256).hexdigest()

    def _session(self, headers: Mapping[str, str]) -> str | None:
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        except CookieError:
            return None
        with self._lock:
            return cookie.value if cookie is not None and cookie.value in self._sessions else None

    def _show(self, method: str, query: Mapping[str, str], headers: Mapping[str, str]) -> Shown:
        if method != "GET":
            return self.refuse(405, "This page can only be read.")
        if given := query.get("token"):
            if not hmac.compare_digest(given.encode(), self._token.encode()):
                return self.refuse(403, "This token is wrong. Open the address that the sandbox printed.")
            session = secrets.token_urlsafe(24)
            with self._lock:
                self._sessions.add(session)
            cookie = f"{COOKIE}={session}; Path={ROOT}; HttpOnly; SameSite=Strict"
            return Shown(status=303, headers={"location": f"{ROOT}/", "set-cookie": cookie, **SECURITY})
        known = self._session(headers)
        if known is None:
            return self.refuse(
                403, "Open this page with the address that the sandbox printed; it carries a token."
            )
        return Shown(status=200, headers=dict(_HTML), body=self._render(known).encode())

    def _press(self, path: str, headers: Mapping[str, str], body: bytes) -> Shown:
        session = self._session(headers)
        form = {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
        if session is None or not hmac.compare_digest(
            form.get("form_token", "").encode(), self._sign(session).encode()
        ):
            return self.refuse(
                403, "This form has run out. Open the page again with the address that was printed."
            )
        if path == "/lift":
            self._faults.clear(form.get("id", ""))
        elif path == "/rule":
            try:
                self._faults.add(_read_rule(self._cloud, form))
            except ValueError as exc:
                text = self._render(session, f"The fault was not added: {exc}.")
                return Shown(status=400, headers=dict(_HTML), body=text.encode())
        else:
            function = form.get("function", "")
            if function not in self._function_names():
                return self.refuse(404, f"There is no such function on {CALLED[self._cloud]}.")
            self._switch(function, failing=form.get("action") == "start")
        return Shown(status=303, headers={"location": f"{ROOT}/", **SECURITY})

    def _switch(self, function: str, *, failing: bool) -> None:
        if not failing:
            self._faults.clear(fault_id(function))
            return
        self._faults.add(
            Rule(
                cloud=self._cloud,
                kind="error",
                rate=FAIL_RATE,
                operation=INVOKE[self._cloud],
                function=function,
                seed=zlib.crc32(function.encode()),
                id=fault_id(function),
            )
        )

    def _render(self, session: str, failure: str = "") -> str:
        hidden = f"<input type='hidden' name='form_token' value='{self._sign(session)}'>"
        rules = self._faults.rules()
        failing = {rule.id for rule in rules}
        names = self._function_names()
        rows = "".join(self._row(name, hidden, fault_id(name) in failing) for name in names)
        buttons = _table(("Function", "Now", "Change"), rows) if rows else ""
        empty = f"<p>No function has been deployed to {CALLED[self._cloud]} yet.</p>"
        others = "".join(_listed(rule, hidden) for rule in rules if not rule.id.startswith(fault_id("")))
        listed = _table(("Fault", "Where", "How", "Change"), others) if others else "<p>None.</p>"
        alert = f"<p role='alert'>{escape(failure)}</p>" if failure else ""
        return self._document(
            f"{alert}{buttons or empty}<h2>Other faults in force</h2>{listed}{_form(hidden)}"
        )

    def _row(self, name: str, hidden: str, failing: bool) -> str:
        safe, cloud = escape(name, quote=True), CALLED[self._cloud]
        state = "fails 20 % of its invocations" if failing else "works"
        action, label = ("stop", "Stop failing") if failing else ("start", f"Fail 20 % on {cloud}")
        kind = "failing" if failing else "working"
        return (
            f"<tr class='{kind}'><th scope='row'>{safe}</th><td>{state}</td><td>"
            f"<form method='post' action='{ROOT}/fail'>{hidden}"
            f"<input type='hidden' name='function' value='{safe}'>"
            f"<button name='action' value='{action}' aria-label='{label}: {safe}'>{label}</button>"
            "</form></td></tr>"
        )

    def _document(self, content: str) -> str:
        cloud = CALLED[self._cloud]
        return (
            f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>Sandbox: faults on {cloud}"
            "</title><meta name='viewport' content='width=device-width, initial-scale=1'>"
            f"<link rel='stylesheet' href='{ROOT}/page.css'></head><body><main><h1>Faults on {cloud}</h1>"
            "<p>This is the sandbox, not a cloud. A function that is made to fail answers one invocation "
            f"in five, drawn by chance, with a function error.</p>{content}</main></body></html>"
        )


def _table(heads: tuple[str, ...], rows: str) -> str:
    cells = "".join(f"<th scope='col'>{head}</th>" for head in heads)
    return f"<table><thead><tr>{cells}</tr></thead><tbody>{rows}</tbody></table>"


def _listed(rule: Rule, hidden: str) -> str:
    where = " · ".join(
        f"{word} {name}"
        for word, name in (
            ("function", rule.function),
            ("version", rule.version),
            ("operation", rule.operation),
        )
        if name != "*"
    )
    how = [f"{rule.rate * 100:g} %", f"seed {rule.seed}"]
    how += [f"status {rule.status}"] if rule.kind == "status" else []
    how += [f"{rule.ms} ms"] if rule.ms else []
    how += [f"up to {rule.jitter_ms} ms more"] if rule.jitter_ms else []
    how += [f"{rule.times} left"] if rule.times is not None else []
    return (
        f"<tr><th scope='row'>{escape(rule.kind)}</th><td>{escape(where or 'every call')}</td>"
        f"<td>{escape(', '.join(how))}</td><td><form method='post' action='{ROOT}/lift'>{hidden}"
        f"<input type='hidden' name='id' value='{escape(rule.id, quote=True)}'>"
        f"<button aria-label='Lift: {escape(rule.kind)}'>Lift</button></form></td></tr>"
    )


def _form(hidden: str) -> str:
    kinds = "".join(f"<option value='{kind}'>{kind}: {escape(does)}</option>" for kind, does in KINDS.items())
    statuses = "".join(f"<option>{status}</option>" for status in sorted(STATUSES))
    fields = [_labelled("kind", "What goes wrong", f"<select id='kind' name='kind'>{kinds}</select>")]
    fields += [
        _labelled(name, label, f"<input id='{name}' name='{name}' value='*' required maxlength='256'>")
        for name, label in _NAMES
    ]
    for name, label, value, least, most in _NUMBERS:
        limits = f"min='{least}'" + (f" max='{most}'" if most else "")
        box = f"<input id='{name}' name='{name}' type='number' value='{value}' {limits}>"
        fields.append(_labelled(name, label, box))
    status = f"<select id='status' name='status'>{statuses}</select>"
    fields.append(_labelled("status", "Status (for the kind status)", status))
    return (
        f"<h2>Add a fault</h2><form class='rule' method='post' action='{ROOT}/rule'>{hidden}"
        f"{''.join(fields)}<p><button>Add the fault</button></p></form>"
    )


def _labelled(name: str, label: str, field: str) -> str:
    return f"<p><label for='{name}'>{escape(label)}</label> {field}</p>"


def _read_rule(cloud: str, form: Mapping[str, str]) -> Rule:
    """Make a rule of the form's fields. Raises ValueError with a sentence without its full stop."""
    found: dict[str, object] = {"cloud": cloud, "kind": form.get("kind", "")}
    found |= {name: form[name].strip() for name, _ in _NAMES if form.get(name, "").strip()}
    for name in ("ms", "jitter_ms", "seed", "times", "status"):
        if text := form.get(name, "").strip():
            if not text.isascii() or not text.isdigit() or len(text) > 12:
                raise ValueError(f"{name} must be a whole number")
            found[name] = int(text)
    try:
        found["rate"] = float(form.get("rate", "").strip() or "100") / 100
    except ValueError:
        raise ValueError("the percentage must be a number") from None
    return rule_from(found)
