"""SLS as a function of requests; the project is in the Host name, ``<project>.<region>.log.aliyuncs.com``."""

from __future__ import annotations

import re
from typing import Any

from sandbox.alibaba import clock
from sandbox.alibaba.access import KeyRing, Scope
from sandbox.alibaba.sls.query import compile_query, wrong_query
from sandbox.alibaba.sls.signing import check_sls
from sandbox.alibaba.sls.storage import Document, Logs
from sandbox.alibaba.wire import Incoming, Refused, Reply, json_reply

SUFFIX = ".log.aliyuncs.com"
LINES_LIMIT = 100
_HOST = re.compile(r"(?:(?P<project>[a-z0-9-]+)\.)?(?P<region>[a-z0-9-]+)\.log\.aliyuncs\.com(?::\d+)?")
_STORE = re.compile(r"/logstores/(?P<name>[^/]+)(?P<rest>/index|/logs)?")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{1,62}[a-z0-9]")


def is_sls_host(host: str) -> bool:
    """Tell whether a Host header names SLS."""
    return _HOST.fullmatch(host) is not None


def error_reply(refusal: Refused, request_id: str) -> Reply:
    """Give SLS's error body."""
    document = {"errorCode": refusal.code, "errorMessage": refusal.message}
    return json_reply(document, status=refusal.status, headers={"x-log-requestid": request_id})


def _name(value: object) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise wrong_query("a name must have 3 to 64 lower-case letters, digits, '-' or '_'")
    return value


def _number(asked: Document, name: str, default: int) -> int:
    try:
        return int(asked.get(name, default))
    except (TypeError, ValueError) as exc:
        raise wrong_query(f"{name} must be a number") from exc


class LogService:
    """The calls of SLS."""

    def __init__(self, *, logs: Logs, keys: KeyRing, account_id: str) -> None:
        self._logs = logs
        self._keys = keys
        self._owner = account_id

    @staticmethod
    def operation_of(request: Incoming) -> str:
        """Give a name for the operation, for faults: GetLogs, CreateProject, CreateLogStore and so on."""
        verb = {"GET": "Get", "POST": "Create", "PUT": "Update", "DELETE": "Delete"}.get(
            request.method, "Unknown"
        )
        found = _STORE.fullmatch(request.raw_path)
        if found is None:
            return verb + ("LogStore" if request.raw_path == "/logstores" else "Project")
        reads = found["rest"] == "/logs" or "type" in request.query
        return "GetLogs" if reads else verb + ("Index" if found["rest"] else "LogStore")

    def answer(self, request: Incoming) -> Reply:
        """Check the signature and carry out the call.

        Raises:
            Refused: in SLS's own codes.
        """
        key = check_sls(request, self._keys)
        if key.scope is not Scope.EVERYTHING:
            raise Refused(401, "Unauthorized", "denied by sts or ram")
        found = _HOST.fullmatch(request.host)
        project = (found["project"] if found else None) or ""
        try:
            document = request.json() if request.method in ("POST", "PUT") else {}
        except ValueError as exc:
            raise Refused(
                400, "PostBodyInvalid", "the body must be a JSON object; PutLogs is not in the sandbox"
            ) from exc
        if request.raw_path == "/":
            return self._projects(request, project, document)
        if request.raw_path == "/logstores":
            return self._stores(request, project, document)
        store = _STORE.fullmatch(request.raw_path)
        if store is None:
            raise Refused(404, "NotFound", f"the sandbox's SLS does not have {request.method} {request.path}")
        return self._store(request, project, store["name"], store["rest"] or "", document)

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

    def _projects(self, request: Incoming, project: str, document: Document) -> Reply:
        if request.method == "POST":
            found = _HOST.fullmatch(request.host)
            stored = {
                "description": str(document.get("description") or ""),
                "created": str(int(clock.now())),
                "region": found["region"] if found else "",
            }
            self._logs.create_project(_name(document.get("projectName") or project), stored)
            return Reply()
        if request.method == "DELETE":
            self._logs.delete_project(project)
            return Reply()
        if project:
            return json_reply(self._project_document(project, self._logs.find_project(project)))
        rows = [self._project_document(name, stored) for name, stored in self._logs.projects().items()]
        named = [row for row in rows if request.query.get("projectName", "") in row["projectName"]]
        return json_reply({"count": len(named), "total": len(named), "projects": named})

    def _stores(self, request: Incoming, project: str, document: Document) -> Reply:
        if request.method == "POST":
            settings = {"ttl": 30, "shardCount": 2, **document, "createTime": int(clock.now())}
            self._logs.create_store(project, _name(document.get("logstoreName")), settings)
            return Reply()
        names = [name for name in self._logs.stores(project) if request.query.get("logstoreName", "") in name]
        return json_reply({"count": len(names), "total": len(names), "logstores": names})

    def _store(self, request: Incoming, project: str, name: str, rest: str, document: Document) -> Reply:
        if rest == "/logs" or (not rest and request.method == "GET" and "type" in request.query):
            return self._read(request, project, name, document if rest else request.query)
        if rest == "/index":
            return self._index(request, project, name, document)
        store = self._logs.find_store(project, name)
        if request.method == "DELETE":
            self._logs.delete_store(project, name)
            return Reply()
        if request.method != "GET":
            raise Refused(405, "MethodNotSupported", "the sandbox's SLS cannot change a logstore")
        return json_reply(
            {**store.settings, "logstoreName": name, "lastModifyTime": store.settings["createTime"]}
        )

    def _index(self, request: Incoming, project: str, name: str, document: Document) -> Reply:
        if request.method == "GET":
            index = self._logs.find_store(project, name).index
            if index is None:
                raise Refused(404, "IndexConfigNotExist", "index config doesn't exist")
            return json_reply(index)
        index = None if request.method == "DELETE" else document
        self._logs.set_index(project, name, index, new=request.method == "POST")
        return Reply()

    def _read(self, request: Incoming, project: str, name: str, asked: Document) -> Reply:
        """GetLogs: the GET form answers a bare list, the POST form (GetLogsV2) adds facts about the query."""
        first, end = _number(asked, "from", 0), _number(asked, "to", 0)
        if first >= end:
            raise wrong_query("from must be before to")
        line, offset = _number(asked, "line", LINES_LIMIT), _number(asked, "offset", 0)
        if not 0 <= line <= LINES_LIMIT or offset < 0:
            raise wrong_query(f"line must be between 0 and {LINES_LIMIT}, offset not negative")
        query = str(asked.get("query") or "")
        search = compile_query(query)
        topic = asked.get("topic") or None
        rows = [
            row
            for row in self._logs.find_rows(project, name, search, first=first, end=end)
            if topic is None or row.get("__topic__") == topic
        ]
        if str(asked.get("reverse", "")).lower() == "true":
            rows.reverse()
        page = rows[offset : offset + line]
        headers = {"x-log-progress": "Complete", "x-log-count": str(len(page))}
        if request.method == "GET":
            return json_reply(page, headers=headers)
        return json_reply({"meta": _meta(query, page), "data": page}, headers=headers)


def _meta(query: str, page: list[dict[str, str]]) -> dict[str, Any]:
    return {
        "progress": "Complete",
        "count": len(page),
        "whereQuery": query,
        "aggQuery": "",
        "hasSQL": False,
        "isAccurate": True,
        "processedRows": len(page),
        "elapsedMillisecond": 1,
        "keys": sorted({name for row in page for name in row}),
        "terms": [],
    }
