"""SLS as a function of requests; the project is in the Host name, ``<project>.<region>.log.aliyuncs.com``."""

from __future__ import annotations

import re
from typing import TypeVar

from sandbox.alibaba import clock
from sandbox.alibaba.access import KeyRing, Scope
from sandbox.alibaba.sls.reading import json_body, name_of, number, wrong
from sandbox.alibaba.sls.searching import Searching
from sandbox.alibaba.sls.shards import Shards
from sandbox.alibaba.sls.signing import check_sls
from sandbox.alibaba.sls.storage import Document, Logs
from sandbox.alibaba.wire import Incoming, Refused, Reply, json_reply

_T = TypeVar("_T")
SUFFIX = ".log.aliyuncs.com"
PAGE_LIMIT = 500
_HOST = re.compile(r"(?:(?P<project>[a-z0-9-]+)\.)?(?P<region>[a-z0-9-]+)\.log\.aliyuncs\.com(?::\d+)?")
_STORE = re.compile(r"/logstores/(?P<name>[^/]+)(?P<rest>/index|/logs|/shards(?:/(?P<shard>[a-z0-9]+))?)?")
_VERBS = {"GET": "Get", "POST": "Create", "PUT": "Update", "DELETE": "Delete"}
_READS = {"log": "GetLogs", "histogram": "GetHistograms"}
_PULLS = {"cursor": "GetCursor", "cursor_time": "GetCursorTime"}
_STORE_SETTINGS = frozenset(
    {
        "ttl",
        "shardCount",
        "enable_tracking",
        "autoSplit",
        "maxSplitShard",
        "appendMeta",
        "hot_ttl",
        "mode",
        "telemetryType",
        "encrypt_conf",
        "infrequentAccessTTL",
    }
)


def is_sls_host(host: str) -> bool:
    """Tell whether a Host header names SLS."""
    return _HOST.fullmatch(host) is not None


def error_reply(refusal: Refused, request_id: str) -> Reply:
    """Give SLS's error body."""
    document = {"errorCode": refusal.code, "errorMessage": refusal.message}
    return json_reply(document, status=refusal.status, headers={"x-log-requestid": request_id})


class LogService:
    """The calls of SLS."""

    def __init__(self, *, logs: Logs, keys: KeyRing, account_id: str) -> None:
        self._logs = logs
        self._keys = keys
        self._owner = account_id
        self._shards = Shards(logs)
        self._searching = Searching(logs)

    @staticmethod
    def operation_of(request: Incoming) -> str:
        """Give a name for the operation, for faults: GetLogs, PutLogs, CreateProject and so on."""
        verb = _VERBS.get(request.method, "Unknown")
        found = _STORE.fullmatch(request.path)
        if found is None:
            return verb + ("LogStore" if request.path == "/logstores" else "Project")
        if found["shard"]:
            pulled = _PULLS.get(request.query.get("type", ""), "PullLogs")
            return "PutLogs" if request.method == "POST" else pulled
        if found["rest"] == "/shards":
            return "ListShards"
        if found["rest"] == "/logs":
            return "GetLogs"
        if not found["rest"] and request.query.get("type") in _READS:
            return _READS[request.query["type"]]
        return verb + ("Index" if found["rest"] else "LogStore")

    def answer(self, request: Incoming, request_id: str = "") -> Reply:
        """Check the signature and carry out the call.

        Raises:
            Refused: in SLS's own codes.
        """
        try:
            reply = self._answer(request)
        except OSError as exc:
            raise Refused(
                500, "InternalServerError", f"The sandbox's disk did not take it: {exc.strerror}."
            ) from exc
        return Reply(
            status=reply.status, headers={"x-log-requestid": request_id, **reply.headers}, body=reply.body
        )

    def _answer(self, request: Incoming) -> Reply:
        key = check_sls(request, self._keys)
        if key.scope is not Scope.EVERYTHING:
            raise Refused(401, "Unauthorized", "denied by sts or ram")
        found = _HOST.fullmatch(request.host)
        project = (found["project"] if found else None) or ""
        if request.path == "/":
            return self._projects(request, project)
        if request.path == "/logstores":
            return self._stores(request, project)
        store = _STORE.fullmatch(request.path)
        if store is None:
            raise Refused(404, "NotFound", f"the sandbox's SLS does not have {request.method} {request.path}")
        if (store["rest"] or "").startswith("/shards"):
            return self._sharded(request, project, store["name"], store["shard"])
        return self._store(request, project, store["name"], store["rest"] or "")

    # -- projects

    def _project_document(self, name: str, stored: Document) -> Document:
        times = {"createTime": stored["created"], "lastModifyTime": stored["created"]}
        return {
            "projectName": name,
            "description": stored["description"],
            "owner": self._owner,
            "region": stored["region"],
            "status": "Normal",
            **times,
        }

    def _projects(self, request: Incoming, project: str) -> Reply:
        if request.method == "POST":
            return self._create_project(request, project)
        if request.method == "PUT":
            description = str(json_body(request).get("description") or "")
            self._logs.change_project(project, description)
            return Reply()
        if request.method == "DELETE":
            self._logs.delete_project(project)
            return Reply()
        if request.method != "GET":
            raise _not_supported(request)
        if project:
            return json_reply(self._project_document(project, self._logs.find_project(project)))
        rows = [self._project_document(name, stored) for name, stored in self._logs.projects().items()]
        named = [row for row in rows if request.query.get("projectName", "") in row["projectName"]]
        page = _page(request, named)
        return json_reply({"count": len(page), "total": len(named), "projects": page})

    def _create_project(self, request: Incoming, project: str) -> Reply:
        document = json_body(request)
        found = _HOST.fullmatch(request.host)
        stored = {
            "description": str(document.get("description") or ""),
            "created": str(int(clock.now())),
            "region": found["region"] if found else "",
        }
        self._logs.create_project(name_of(document.get("projectName") or project), stored)
        return Reply()

    # -- logstores

    def _stores(self, request: Incoming, project: str) -> Reply:
        if request.method == "POST":
            document = json_body(request)
            name = name_of(document.pop("logstoreName", None))
            settings = {"ttl": 30, "shardCount": 2, **document, "createTime": int(clock.now())}
            self._logs.create_store(project, name, settings)
            return Reply()
        if request.method != "GET":
            raise _not_supported(request)
        names = [name for name in self._logs.stores(project) if request.query.get("logstoreName", "") in name]
        page = _page(request, names)
        return json_reply({"count": len(page), "total": len(names), "logstores": page})

    def _store(self, request: Incoming, project: str, name: str, rest: str) -> Reply:
        if rest == "/logs":
            if request.method != "POST":
                raise _not_supported(request)
            return self._searching.logs(project, name, json_body(request), bare=False)
        if rest == "/index":
            return self._index(request, project, name)
        kind = request.query.get("type")
        if request.method == "GET" and kind == "histogram":
            return self._searching.histograms(project, name, request.query)
        if request.method == "GET" and kind is not None:
            if kind != "log":
                raise wrong("type must be log or histogram")
            return self._searching.logs(project, name, request.query, bare=True)
        store = self._logs.find_store(project, name)
        if request.method == "DELETE":
            self._logs.delete_store(project, name)
            return Reply()
        if request.method == "PUT":
            given = json_body(request)
            changed = {key: value for key, value in given.items() if key in _STORE_SETTINGS}
            self._logs.change_store(project, name, {**store.settings, **changed})
            return Reply()
        if request.method != "GET":
            raise _not_supported(request)
        return json_reply(
            {**store.settings, "logstoreName": name, "lastModifyTime": store.settings["createTime"]}
        )

    def _index(self, request: Incoming, project: str, name: str) -> Reply:
        if request.method == "GET":
            index = self._logs.find_store(project, name).index
            if index is None:
                raise Refused(404, "IndexConfigNotExist", "index config doesn't exist")
            return json_reply(index)
        if request.method not in ("POST", "PUT", "DELETE"):
            raise _not_supported(request)
        index = None if request.method == "DELETE" else _checked_index(json_body(request))
        self._logs.set_index(project, name, index, new=request.method == "POST")
        return Reply()

    def _sharded(self, request: Incoming, project: str, name: str, shard: str | None) -> Reply:
        if request.method == "POST" and shard in ("lb", "route"):
            return self._shards.put(request, project, name)
        if request.method == "GET":
            if shard is None:
                return self._shards.list(project, name)
            return self._shards.read(request, project, name, shard)
        raise _not_supported(request)


def _not_supported(request: Incoming) -> Refused:
    return Refused(405, "MethodNotSupported", f"the sandbox's SLS does not have {request.method} here")


def _checked_index(index: Document) -> Document:
    """Give an index whose keys have a form that queries can use. Raises Refused: 400 ParameterInvalid."""
    keys = index.get("keys")
    if keys is not None and not (
        isinstance(keys, dict) and all(isinstance(key, dict) for key in keys.values())
    ):
        raise wrong("the keys of an index must be objects")
    if not keys and not isinstance(index.get("line"), dict):
        raise wrong("an index needs a line or keys")
    return index


def _page(request: Incoming, rows: list[_T]) -> list[_T]:
    offset, size = number(request.query, "offset", 0), number(request.query, "size", PAGE_LIMIT)
    if offset < 0 or not 0 < size <= PAGE_LIMIT:
        raise wrong(f"offset must not be negative, size between 1 and {PAGE_LIMIT}")
    return rows[offset : offset + size]
