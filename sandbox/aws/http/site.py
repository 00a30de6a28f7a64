"""The paths on loopback behind which functions answer, CORS in front of them, and a list of them."""

import time
from collections.abc import Callable
from typing import Any

from sandbox.aws.errors import AwsError
from sandbox.aws.functions.invoking import Invoker, Reply
from sandbox.aws.functions.model import Account
from sandbox.aws.functions.urls import address
from sandbox.aws.http import answers
from sandbox.aws.http.asking import Pairs, WebRequest
from sandbox.aws.http.calling import BrokenOff, Gateway
from sandbox.aws.http.cors import Cors
from sandbox.aws.http.function_urls import FunctionUrls
from sandbox.aws.http.http_apis import HttpApis
from sandbox.aws.http.rest_apis import RestApis
from sandbox.aws.signature import Caller, SignedRequest
from sandbox.faults import Faults

PREFIXES = ("/_url/", "/_api/")


class Site:
    """Answers at /_url/ID/path and /_api/ID/STAGE/path."""

    def __init__(
        self,
        account: Account,
        invoker: Invoker,
        rules: Faults,
        verify: Callable[[SignedRequest], Caller],
    ) -> None:
        self._account = account
        self._gateway = Gateway(account, invoker, rules)
        self._urls = FunctionUrls(self._gateway, verify)
        self._rest = RestApis(self._gateway, verify)
        self._http = HttpApis(self._gateway)

    def close(self) -> None:
        self._gateway.close()

    def admits(self, signed: SignedRequest) -> bool:
        """Tell whether the owner of what a request asks for lets pages of its Origin in."""
        kind, name, _ = _parts(signed.path)
        origin, cors = signed.headers.get("origin"), self._cors(kind, name)
        return origin is not None and cors is not None and cors.admits(origin)

    def answer(self, signed: SignedRequest, pairs: Pairs, source_ip: str, request_id: str) -> Reply | None:
        """Answer a request whose path begins with one of the prefixes; None: reset the connection."""
        kind, name, rest = _parts(signed.path)
        request = WebRequest(
            signed=signed, pairs=pairs, source_ip=source_ip, request_id=request_id, at=time.time()
        )
        origin, cors = request.header("origin"), self._cors(kind, name)
        if not origin or cors is None:
            return self._answered(kind, name, rest, request)
        asked = request.header("access-control-request-method")
        if request.method == "OPTIONS" and asked:
            return cors.preflight(origin, asked)
        reply = self._answered(kind, name, rest, request)
        return cors.shown(reply, origin) if reply is not None else None

    def _answered(self, kind: str, name: str, rest: str, request: WebRequest) -> Reply | None:
        try:
            reply = self._routed(kind, name, rest, request)
        except BrokenOff:
            return None
        except AwsError as error:
            reply = answers.plain(error.status, error.message, kind=error.code)
        reply.headers.setdefault("x-amzn-requestid", request.request_id)
        return reply

    def _cors(self, kind: str, name: str) -> Cors | None:
        """Give the settings of a function URL or an HTTP API; a REST API has none of its own."""
        if kind == "_url":
            return Cors.read(self._urls.cors(name), preflight_status=200)
        api = self._http.backend().apis.get(name)
        return Cors.read(api.cors_configuration, preflight_status=204) if api is not None else None

    def _routed(self, kind: str, name: str, rest: str, request: WebRequest) -> Reply:
        if kind == "_url":
            return self._urls.answer(name, rest or "/", request)
        if (rest_api := self._rest.backend().apis.get(name)) is not None:
            return self._rest.answer(rest_api, rest, request)
        if (http_api := self._http.backend().apis.get(name)) is not None:
            return self._http.answer(http_api, rest, request)
        return answers.plain(404, "No API of this sandbox has this id.")

    def addresses(self) -> dict[str, Any]:
        """List where functions answer: function URLs, and the stages of both kinds of API."""
        base = self._account.address
        with self._account.lock:
            urls = [
                {
                    "function": function.name,
                    "qualifier": qualifier or None,
                    "url": address(self._account, config["id"]),
                }
                for function in self._account.stored.functions.values()
                for qualifier, config in function.urls.items()
                if "id" in config
            ]
        apis = [
            {"id": api.id, "name": api.name, "kind": "REST", "url": f"{base}/_api/{api.id}/{stage}/"}
            for api in self._rest.backend().apis.values()
            for stage in api.stages
        ]
        for api in self._http.backend().apis.values():
            for stage in api.stages:
                place = "" if stage == "$default" else f"{stage}/"
                url = f"{base}/_api/{api.api_id}/{place}"
                apis.append({"id": api.api_id, "name": api.name, "kind": api.protocol_type, "url": url})
        return {"functionUrls": urls, "apis": apis}


def _parts(path: str) -> tuple[str, str, str]:
    """Give the prefix, the id behind it and the rest, which begins with a slash if there is one."""
    kind, _, rest = path.removeprefix("/").partition("/")
    name, slash, tail = rest.partition("/")
    return kind, name, slash + tail
