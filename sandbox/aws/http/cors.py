"""CORS of function URLs and HTTP APIs: who may pass the sandbox's guard, preflights, headers of answers.

A page of any site could reach this machine, so what AWS leaves to the browser is decided here: a request with
an Origin is let in only when the owner's settings name that origin, or say "*" and the page is of this
machine, as the front end that one works on is.
Source: docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html (cross-origin resource sharing),
docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html, read 2026-11-22.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from sandbox.aws.functions.invoking import Reply
from sandbox.guard import is_loopback

_OWN = "access-control-"


@dataclass(frozen=True, kw_only=True, slots=True)
class Cors:
    """What an owner has set. preflight_status: 200 at function URLs, 204 at HTTP APIs."""

    origins: tuple[str, ...]
    methods: tuple[str, ...]
    headers: tuple[str, ...]
    exposed: tuple[str, ...]
    credentials: bool
    max_age: int | None
    preflight_status: int

    @classmethod
    def read(cls, settings: Mapping[str, Any] | None, *, preflight_status: int) -> "Cors | None":
        """Read settings in either spelling, AllowOrigins or allowOrigins; None without any."""
        if not settings:
            return None
        found = {name.lower(): value for name, value in settings.items()}
        return cls(
            origins=tuple(found.get("alloworigins") or ()),
            methods=tuple(str(one).upper() for one in found.get("allowmethods") or ()),
            headers=tuple(found.get("allowheaders") or ()),
            exposed=tuple(found.get("exposeheaders") or ()),
            credentials=bool(found.get("allowcredentials")),
            max_age=found.get("maxage"),
            preflight_status=preflight_status,
        )

    def admits(self, origin: str) -> bool:
        """Tell whether a page of this origin may ask at all."""
        parts = urlsplit(origin)
        anyone = "*" in self.origins or f"{parts.scheme}://*" in self.origins
        return origin in self.origins or (anyone and is_loopback(parts.hostname or ""))

    def preflight(self, origin: str, method: str) -> Reply:
        """Answer OPTIONS of a browser that asks before it sends a request with this method."""
        given = self._about(origin)
        if "*" in self.methods or method.upper() in self.methods:
            given["access-control-allow-methods"] = ",".join(self.methods)
        if self.headers:
            given["access-control-allow-headers"] = ",".join(self.headers)
        if self.max_age is not None:
            given["access-control-max-age"] = str(self.max_age)
        return Reply(status=self.preflight_status, headers=given, body=b"")

    def shown(self, reply: Reply, origin: str) -> Reply:
        """Put the headers on an answer in place of those that the function gave."""
        kept = {name: value for name, value in reply.headers.items() if not name.lower().startswith(_OWN)}
        more = tuple(pair for pair in reply.more if not pair[0].lower().startswith(_OWN))
        given = self._about(origin)
        if self.exposed:
            given["access-control-expose-headers"] = ",".join(self.exposed)
        return replace(reply, headers=kept | given, more=more)

    def _about(self, origin: str) -> dict[str, str]:
        if "*" in self.origins and not self.credentials:
            return {"access-control-allow-origin": "*"}
        given = {"access-control-allow-origin": origin, "vary": "Origin"}
        return given | ({"access-control-allow-credentials": "true"} if self.credentials else {})
