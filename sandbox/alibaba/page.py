"""The sandbox's own routes: the page of faults for people, the admin route for programs, packages.

Programs send the token in the header X-Sandbox-Token.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from urllib.parse import unquote

from sandbox import fault_page, guard
from sandbox.alibaba import clock
from sandbox.alibaba.fc.code import CodeStore
from sandbox.alibaba.wire import Incoming, Reply, json_reply
from sandbox.fault_page import FaultPage, Shown
from sandbox.faults import Faults, administer
from sandbox.guard import ROOT

CODE_URL_S = 600


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
        self._people = FaultPage(cloud="alibaba", token=token, faults=faults, function_names=function_names)

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
        if path.startswith("/code/") and request.method == "GET":
            return self._code(request, path.removeprefix("/code/").removesuffix(".zip"))
        if path == "/faults" or path.startswith("/faults/"):
            return self._administer(request, unquote(path.removeprefix("/faults").removeprefix("/")) or None)
        if path in fault_page.PATHS:
            return _reply(
                self._people.answer(request.method, path, request.query, request.headers, request.body)
            )
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

    def _refuse(self, status: int, sentence: str) -> Reply:
        return _reply(self._people.refuse(status, sentence))


def _reply(shown: Shown) -> Reply:
    return Reply(status=shown.status, headers=shown.headers, body=shown.body)
