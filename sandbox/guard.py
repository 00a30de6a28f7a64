"""Who may talk to the sandbox: programs on this machine, no web page, no other host.

The sandbox runs code, so a page in the user's browser must not reach it: a name that an attacker points at
127.0.0.1 shows in Host, and a cross-site request shows in Origin or Sec-Fetch-Site.
"""

import hmac
from collections.abc import Mapping

TOKEN_HEADER = "x-sandbox-token"  # noqa: S105 - the name of a header
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def host_name(host: str) -> str:
    """Give the name out of a Host header, lower case, without the port and without brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()


def is_loopback(name: str) -> bool:
    """Tell whether a host name, as `host_name` gives it, is this machine's own."""
    return name in _LOOPBACK or name.endswith(".localhost")


ROOT = "/_sandbox"


def page_refusal(
    headers: Mapping[str, str],
    *,
    method: str,
    path: str,
    host_suffixes: tuple[str, ...] = (".localhost",),
    admitted: bool = False,
) -> str | None:
    """Say why a request is refused, letting the page of faults and the links to it pass.

    headers: lower-case names. path: without its query. admitted: the owner of what is asked for lets pages of
    the request's Origin in; the Host is looked at all the same.
    """
    asked = dict(headers)
    if admitted:
        for name in ("origin", "sec-fetch-site"):
            asked.pop(name, None)
    own = path == ROOT or path.startswith(f"{ROOT}/")
    if path == f"{ROOT}/" and method == "GET" and asked.get("sec-fetch-mode") == "navigate":
        # A link from the dashboard, another port of this machine. Reading the page changes nothing.
        asked.pop("sec-fetch-site", None)
    origin = f"http://{asked.get('host', '')}" if own else None
    return refusal(asked, host_suffixes=host_suffixes, own_origin=origin)


def refusal(
    headers: Mapping[str, str],
    *,
    host_suffixes: tuple[str, ...] = (".localhost",),
    own_origin: str | None = None,
) -> str | None:
    """Say why a request is refused, or None when it may pass.

    headers: lower-case names. host_suffixes: names that SDKs put before or in place of the endpoint, such as
    ".localhost" for a bucket, each with its leading dot. own_origin: the origin of the sandbox's own page.
    """
    name = host_name(headers.get("host", ""))
    if name not in _LOOPBACK and not name.endswith(host_suffixes):
        return f"Host {name[:100]!r} is not this sandbox: it answers on 127.0.0.1 only."
    origin = headers.get("origin")
    if origin is not None and origin != own_origin:
        return "Requests from a web page are refused: an Origin header was sent."
    if headers.get("sec-fetch-site", "none").lower() not in ("none", "same-origin"):
        return "Requests that a browser makes across sites are refused."
    return None


def token_matches(headers: Mapping[str, str], token: str) -> bool:
    """Tell whether a request carries the admin token."""
    return hmac.compare_digest(headers.get(TOKEN_HEADER, "").encode(), token.encode())
