"""Custom domains: kept as FC keeps them, and reachable here under ``/_domain/<name>/``.

Source: alibabacloud-fc20230330 4.8.3, CreateCustomDomainInput; Alibaba Cloud, "Configure a custom domain
name", read 2026-11-22. Path patterns end in ``*`` or match as a whole; the most exact one wins.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.alibaba import clock, files
from sandbox.alibaba.fc.model import invalid, section
from sandbox.alibaba.fc.registry import Document, Registry, listing, page_of
from sandbox.alibaba.fc.versions import holder_of
from sandbox.alibaba.wire import Refused

_NAME = re.compile(r"(?=.{4,253}$)([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}")
PROTOCOLS = frozenset({"HTTP", "HTTPS", "HTTP,HTTPS"})
METHODS = frozenset({"GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS"})
ROUTES_LIMIT = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a request to a domain goes."""

    function: str
    qualifier: str


class Domains:
    """The custom domains of the account."""

    def __init__(self, *, folder: Path, registry: Registry, account_id: str) -> None:
        self._folder = folder
        self._registry = registry
        self._account_id = account_id
        self._lock = threading.RLock()
        self._domains: dict[str, Document] = {
            document["domainName"]: document for _, document in files.documents(folder)
        }

    def _save(self, domain: Document) -> None:
        files.write_json(self._folder / f"{domain['domainName']}.json", domain)
        self._domains[domain["domainName"]] = domain

    def _find(self, name: str) -> Document:
        try:
            return self._domains[name]
        except KeyError as exc:
            raise Refused(404, "DomainNameNotFound", f"domain name '{name}' does not exist") from exc

    @staticmethod
    def _public(domain: Document) -> dict[str, Any]:
        """Give what the API shows: a private key never leaves."""
        shown = dict(domain)
        if certificate := shown.get("certConfig"):
            shown["certConfig"] = {k: v for k, v in certificate.items() if k != "privateKey"}
        return shown

    def _checked(self, domain: Document) -> Document:
        protocol = domain["protocol"]
        if not isinstance(protocol, str) or protocol not in PROTOCOLS:
            raise invalid("protocol must be HTTP, HTTPS or HTTP,HTTPS")
        if "HTTPS" in protocol and not section(domain, "certConfig").get("certificate"):
            raise invalid("certConfig is required for HTTPS")
        if section(domain, "authConfig").get("authType", "anonymous") not in ("", "anonymous"):
            raise invalid("the sandbox serves custom domains with authType anonymous only")
        for name in ("corsConfig", "wafConfig"):
            if domain.get(name):
                raise invalid(f"the sandbox does not carry out {name}, so it refuses it")
        section(domain, "tlsConfig")
        routes = section(domain, "routeConfig").get("routes") or []
        if not isinstance(routes, list) or len(routes) > ROUTES_LIMIT:
            raise invalid(f"routeConfig.routes must be a list of at most {ROUTES_LIMIT}")
        for route in routes:
            self._require_route(route)
        paths = [route["path"] for route in routes]
        if len(set(paths)) != len(paths):
            raise invalid("routeConfig.routes must not name a path twice")
        return domain

    def _require_route(self, route: object) -> None:
        path = route.get("path") if isinstance(route, dict) else None
        if not isinstance(route, dict) or not isinstance(path, str) or not path.startswith("/"):
            raise invalid("every route needs a path that starts with '/'")
        if "*" in path[:-1]:
            raise invalid("'*' may stand only at the end of a path")
        if any(section(route, "rewriteConfig").values()):
            raise invalid("the sandbox does not carry out rewriteConfig, so it refuses it")
        methods = route.get("methods") or []
        if not isinstance(methods, list) or not set(map(str, methods)) <= METHODS:
            raise invalid(f"methods must be of {', '.join(sorted(METHODS))}")
        holder_of(self._registry.find(str(route.get("functionName"))), str(route.get("qualifier") or ""))

    def create(self, given: Document) -> dict[str, Any]:
        """CreateCustomDomain."""
        name = str(given.get("domainName") or "")
        if not _NAME.fullmatch(name):
            raise invalid("domainName must be a domain name")
        at = clock.iso_seconds()
        domain = self._checked(
            {
                "domainName": name,
                "protocol": given.get("protocol") or "HTTP",
                **{key: given[key] for key in _SETTABLE if given.get(key)},
                "accountId": self._account_id,
                "apiVersion": "2023-03-30",
                "createdTime": at,
                "lastModifiedTime": at,
            }
        )
        with self._lock:
            if name in self._domains:
                raise Refused(409, "DomainNameAlreadyExists", f"domain name '{name}' already exists")
            self._save(domain)
        return self._public(domain)

    def get(self, name: str) -> dict[str, Any]:
        """GetCustomDomain."""
        with self._lock:
            return self._public(self._find(name))

    def update(self, name: str, given: Document) -> dict[str, Any]:
        """UpdateCustomDomain: only the fields that were sent change."""
        sent = {key: given[key] for key in (*_SETTABLE, "protocol") if given.get(key) is not None}
        with self._lock:
            domain = self._checked({**self._find(name), **sent, "lastModifiedTime": clock.iso_seconds()})
            self._save(domain)
        return self._public(domain)

    def delete(self, name: str) -> None:
        """DeleteCustomDomain."""
        with self._lock:
            self._find(name)
            (self._folder / f"{name}.json").unlink(missing_ok=True)
            del self._domains[name]

    def list(self, query: dict[str, str]) -> dict[str, Any]:
        """ListCustomDomains by name."""
        with self._lock:
            found = [
                self._public(domain)
                for name, domain in sorted(self._domains.items())
                if name.startswith(query.get("prefix", ""))
            ]
        page, token = page_of(found, query, lambda domain: str(domain["domainName"]))
        return listing("customDomains", page, token)

    def route(self, name: str, method: str, path: str) -> Place:
        """Find the function that a request to the domain goes to.

        Raises:
            Refused: 404 DomainNameNotFound or DomainRouteNotFound, 405 for a method that the route has not.
        """
        with self._lock:
            routes = (self._find(name).get("routeConfig") or {}).get("routes") or []
        matching = [route for route in routes if _matches(route["path"], path)]
        if not matching:
            raise Refused(404, "DomainRouteNotFound", f"domain name '{name}' has no route for '{path}'")
        best = max(matching, key=lambda route: (not route["path"].endswith("*"), len(route["path"])))
        if best.get("methods") and method not in best["methods"]:
            raise Refused(405, "MethodNotAllowed", f"the route does not take {method}")
        return Place(function=best["functionName"], qualifier=str(best.get("qualifier") or ""))


_SETTABLE = ("routeConfig", "certConfig", "tlsConfig", "authConfig", "corsConfig", "wafConfig")


def _matches(pattern: str, path: str) -> bool:
    if pattern.endswith("*"):
        return path.startswith(pattern[:-1]) or path == pattern[:-2]
    return path == pattern
