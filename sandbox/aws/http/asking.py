"""One HTTP request on its way to a function, and what its parts mean to both kinds of gateway."""

import base64
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from sandbox.aws.signature import SignedRequest

Pairs = tuple[tuple[str, str], ...]
_TEXT = ("text/", "application/json", "application/javascript", "application/xml")


@dataclass(frozen=True, kw_only=True, slots=True)
class WebRequest:
    """A request. pairs: its headers as sent. at: unix seconds. signed: the same for its signature."""

    signed: SignedRequest
    pairs: Pairs
    source_ip: str
    request_id: str
    at: float

    @property
    def method(self) -> str:
        return self.signed.method

    def header(self, name: str) -> str:
        return self.signed.headers.get(name, "")

    def query_pairs(self) -> list[tuple[str, str]]:
        return parse_qsl(self.signed.query, keep_blank_values=True)

    def headers(self) -> dict[str, str]:
        """Give the headers in lower case, equal names joined by a comma; cookies apart."""
        return {name: value for name, value in self.signed.headers.items() if name != "cookie"}

    def cookies(self) -> list[str]:
        found = [value for name, value in self.pairs if name.lower() == "cookie"]
        return [part.strip() for value in found for part in value.split(";") if part.strip()]

    def time(self) -> str:
        return datetime.fromtimestamp(self.at, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")

    def epoch_ms(self) -> int:
        return int(self.at * 1000)


def joined(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """Join the values of equal names by a comma."""
    found: dict[str, str] = {}
    for name, value in pairs:
        found[name] = f"{found[name]},{value}" if name in found else value
    return found


def gathered(pairs: "list[tuple[str, str]] | Pairs") -> dict[str, list[str]]:
    """Give all values of each name."""
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def body_of(request: WebRequest) -> dict[str, Any]:
    """Give body and isBase64Encoded: text as it is, everything else in base64.

    What counts as text: text/*, JSON, JavaScript, XML. Forms do not, as callers of HTTP APIs find.
    """
    kind = request.header("content-type").partition(";")[0].strip().lower()
    if not request.signed.body:
        return {"isBase64Encoded": False}
    if not kind or kind.startswith(_TEXT) or kind.endswith(("+json", "+xml")):
        try:
            return {"body": request.signed.body.decode(), "isBase64Encoded": False}
        except UnicodeDecodeError:
            pass
    return {"body": base64.b64encode(request.signed.body).decode(), "isBase64Encoded": True}
