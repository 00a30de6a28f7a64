"""SLS projects and log stores for FC: made when absent, read by request.

A new project can be used only some seconds after it was created, so making its store waits for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from alibabacloud_sls20201230 import models

from clouds.alibaba.errors import calling
from clouds.alibaba.session import Clients, options
from cutover.errors import AlreadyExists, Invalid, NotFound
from cutover.ports import Receipt

PROJECT_READY_S = 60.0
KEEP_DAYS = 30


class LogStores:
    """Makes the log store that FC writes to."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def ensure(self, project: str, store: str) -> Receipt:
        """Create project, store and full-text index if absent; safe to repeat."""
        made = [
            name
            for name, present, create in (
                ("project", lambda: self._read_project(project), lambda: self._create_project(project)),
                (
                    "store",
                    lambda: self._read_store(project, store),
                    lambda: self._create_store(project, store),
                ),
                (
                    "index",
                    lambda: self._read_index(project, store),
                    lambda: self._create_index(project, store),
                ),
            )
            if _ensure(present, create)
        ]
        return Receipt(request_id="", outcome={"project": project, "store": store, "created": made})

    @property
    def _sls(self) -> Any:
        return self._clients.sls

    def _read_project(self, project: str) -> None:
        with calling("log:GetProject"):
            self._sls.get_project_with_options(project, models.GetProjectRequest(), {}, options())

    def _create_project(self, project: str) -> None:
        request = models.CreateProjectRequest(project_name=project, description="Logs of functions on FC")
        with calling("log:CreateProject"):
            self._sls.create_project_with_options(request, {}, options())

    def _read_store(self, project: str, store: str) -> None:
        with calling("log:GetLogStore"):
            self._sls.get_log_store_with_options(project, store, {}, options())

    def _create_store(self, project: str, store: str) -> None:
        request = models.CreateLogStoreRequest(
            logstore_name=store, shard_count=2, ttl=KEEP_DAYS, auto_split=True, max_split_shard=16
        )
        deadline = time.monotonic() + PROJECT_READY_S
        while True:
            try:
                with calling("log:CreateLogStore"):
                    self._sls.create_log_store_with_options(project, request, {}, options())
                return
            except NotFound:
                if time.monotonic() > deadline:
                    raise
                time.sleep(1.0)

    def _read_index(self, project: str, store: str) -> None:
        with calling("log:GetIndex"):
            self._sls.get_index_with_options(project, store, {}, options())

    def _create_index(self, project: str, store: str) -> None:
        line = models.IndexLine(case_sensitive=False, chn=False, token=list(", '\";=()[]{}?@&<>/:\n\t\r"))
        request = models.CreateIndexRequest(body=models.Index(line=line, keys={}))
        with calling("log:CreateIndex"):
            self._sls.create_index_with_options(project, store, request, {}, options())


def _ensure(read: Callable[[], None], create: Callable[[], None]) -> bool:
    """Create what cannot be read; tell whether it was made now."""
    try:
        read()
    except NotFound:
        pass
    except Invalid as error:
        if "NotExist" not in error.code:
            raise
    else:
        return False
    try:
        create()
    except AlreadyExists:
        return False
    return True
