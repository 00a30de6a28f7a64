"""The Alibaba half as one function of requests: wires everything up and finds the service a request means."""

from __future__ import annotations

import os
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from sandbox import guard
from sandbox.alibaba import files, sts
from sandbox.alibaba import page as pages
from sandbox.alibaba.access import KeyRing
from sandbox.alibaba.fc import routes as fc_routes
from sandbox.alibaba.fc.assembly import Computing
from sandbox.alibaba.fc.code import CodeStore
from sandbox.alibaba.fc.invocations import draw_request_id
from sandbox.alibaba.fc.model import invalid
from sandbox.alibaba.fc.registry import Registry
from sandbox.alibaba.happenings import Happenings
from sandbox.alibaba.mns import routes as mns_routes
from sandbox.alibaba.mns.journal import Journal
from sandbox.alibaba.mns.pushing import Pusher
from sandbox.alibaba.mns.queues import Queues
from sandbox.alibaba.mns.signing import is_mns
from sandbox.alibaba.mns.topics import Topics
from sandbox.alibaba.oss import routes as oss_routes
from sandbox.alibaba.oss.storage import Storage
from sandbox.alibaba.settings import Settings
from sandbox.alibaba.signing import Nonces, check_acs3
from sandbox.alibaba.sls import routes as sls_routes
from sandbox.alibaba.sls.storage import Logs
from sandbox.alibaba.triggers.door import is_visit
from sandbox.alibaba.wire import Incoming, Refused, Reply, json_reply
from sandbox.executor import Executor
from sandbox.executor.bundled import fc_node_paths, fc_python_paths
from sandbox.faults import Faults
from sandbox.keys import Keys

SPOOL_FROM_BYTES = 4 * 1024 * 1024
_STATUS_CODES = {
    403: "AccessDenied",
    404: "ResourceNotFound",
    429: "ResourceExhausted",
    500: "InternalServerError",
    502: "BadGateway",
    503: "ResourceThrottled",
    504: "GatewayTimeout",
}


def _bundled(runtime: str) -> tuple[Path, ...]:
    """Give the folders with what FC bundles with a runtime."""
    return (*fc_node_paths(runtime), *fc_python_paths(runtime))


@dataclass(frozen=True, kw_only=True, slots=True)
class Errand:
    """One request, understood: what faults may name, how to carry it out, how its service words a refusal.

    ``waits`` tells that it may take seconds without doing anything, as a long poll does. ``pretend`` answers
    as if it were carried out, and changes nothing.
    """

    operation: str
    function: str | None
    carry_out: Callable[[], Reply]
    refuse: Callable[[Refused], Reply]
    waits: bool = False
    pretend: Callable[[], Reply] | None = None

    def answer(self, *, applied: bool = True) -> Reply:
        """Carry out the request; a refusal becomes the service's error body.

        applied: False for a fault that says that a change was made and makes none.
        """
        try:
            if applied:
                return self.carry_out()
            if self.pretend is None:
                raise Refused(
                    501, "NotImplemented", "A fault rule of kind not-applied acts on FC's calls only."
                )
            return self.pretend()
        except Refused as refusal:
            return self.refuse(refusal)

    def injected(self, status: int) -> Reply:
        """Give the error that a fault rule asks for, in the service's own form."""
        return self.refuse(Refused(status, _STATUS_CODES[status], "A fault rule made this call fail."))


class Alibaba:
    """FC, OSS, SLS, STS and the sandbox's own routes; owns the executor and the asynchronous queue."""

    def __init__(self, settings: Settings, keys: Keys) -> None:
        account = keys.alibaba
        state = settings.state
        self.faults = Faults(state / "faults.json")
        self._executor = Executor()
        self._keys = KeyRing(account=account, relay=keys.relay, path=state / "temporary-keys.json")
        self._nonces = Nonces()
        self._happenings = Happenings(state / "happenings")
        storage = Storage(state / "oss")
        self.spool = state / "spool"
        files.empty_folder(self.spool)
        self._logs = Logs(state / "sls", delay_s=settings.log_delay_s)
        registry = Registry(state / "fc" / "functions")
        codes = CodeStore(state / "fc" / "code")
        self._page = pages.Page(
            token=keys.admin_token,
            nonce=os.environ.get("SANDBOX_NONCE") or secrets.token_hex(16),
            base_url=settings.base_url,
            faults=self.faults,
            codes=codes,
            function_names=lambda: [str(document["name"]) for document in registry.all()],
        )
        self._oss = oss_routes.ObjectStorage(
            storage=storage,
            keys=self._keys,
            account_id=account.account_id,
            region=account.region,
            emit=self._happenings.emit,
        )
        self._sls = sls_routes.LogService(logs=self._logs, keys=self._keys, account_id=account.account_id)
        self._journal = Journal(state / "mns" / "mns.db")
        self._queues = Queues(self._journal)
        self._topics = Topics(
            self._journal, self._queues, account_id=account.account_id, emit=self._happenings.emit
        )
        pusher = Pusher(topics=self._topics, queues=self._queues, account_id=account.account_id)
        self._happenings.subscribe("mns-topic", pusher.deliver)
        self._mns = mns_routes.MessageService(
            queues=self._queues, topics=self._topics, keys=self._keys, account_id=account.account_id
        )
        self._rehearse = registry.rehearsal
        self._computing = Computing(
            settings=settings,
            account=account,
            keys=self._keys,
            nonces=self._nonces,
            registry=registry,
            codes=codes,
            executor=self._executor,
            faults=self.faults,
            happenings=self._happenings,
            queues=self._queues,
            topics=self._topics,
            read_object=storage.read,
            require_bucket=storage.require_bucket,
            check_log_store=self._check_log_store,
            write_rows=self._logs.write,
            cursor=self._cursor,
            code_url=self._page.code_url,
            bundled=_bundled,
        )
        self._sts = sts.SecurityTokens(keys=self._keys, account_id=account.account_id)

    def _check_log_store(self, project: str, logstore: str) -> None:
        """Refuse in FC's words a project or logstore that does not exist.

        Source: devsapp/fc3, error-code.ts, which matches on these texts, read 2026-11-22.
        """
        with self._logs.lock:
            if project not in self._logs.projects():
                raise invalid(f"project '{project}' does not exist")
            if logstore not in self._logs.stores(project):
                raise invalid(f"logstore '{logstore}' does not exist")

    def _cursor(self, project: str, logstore: str, at: int | None) -> int:
        """Give the cursor of a logstore's end, or of a unix time. Raises Refused without such a store."""
        if at is None:
            return self._logs.cursor_end(project, logstore)
        return self._logs.cursor_at(project, logstore, at)

    def start(self) -> None:
        """Take up asynchronous events and happenings that an earlier run left, and let triggers fire."""
        self._computing.start()
        self._happenings.start()

    def close(self) -> None:
        """Stop; every instance of a function is ended. All state is on disk already."""
        self._happenings.close()
        self._queues.close()
        self._computing.close()
        self._executor.close()

    def guarded(self, request: Incoming) -> Reply | None:
        """Give the refusal of a request that does not come from a program on this machine, or None."""
        why = guard.page_refusal(
            request.headers,
            method=request.method,
            path=request.path,
            host_suffixes=(".aliyuncs.com", ".localhost"),
        )
        return json_reply({"Code": "AccessDenied", "Message": why}, status=403) if why else None

    def takes_files(self, request: Incoming) -> bool:
        """Tell whether a request, of which the body is not read yet, may be the upload of a large object."""
        length = request.headers.get("content-length", "")
        small = length.isdigit() and int(length) <= SPOOL_FROM_BYTES
        return (
            not small
            and request.method in ("PUT", "POST")
            and request.headers.get("x-acs-version") is None
            and not request.raw_path.startswith((f"{fc_routes.PREFIX}/", f"{guard.ROOT}/"))
            and not sls_routes.is_sls_host(request.host)
            and not is_mns(request)
            and not is_visit(request)
        )

    def understand(self, request: Incoming) -> Errand:
        """Find the service that a request is for."""
        if request.path == guard.ROOT or request.path.startswith(f"{guard.ROOT}/"):
            return Errand(
                operation="Sandbox",
                function=None,
                carry_out=lambda: self._page.answer(request),
                refuse=lambda refusal: json_reply({"error": refusal.message}, status=refusal.status),
            )
        if sls_routes.is_sls_host(request.host):
            request_id = secrets.token_hex(12).upper()
            return Errand(
                operation=self._sls.operation_of(request),
                function=None,
                carry_out=lambda: self._sls.answer(request, request_id),
                refuse=lambda refusal: sls_routes.error_reply(refusal, request_id),
            )
        if request.headers.get("x-acs-version") == sts.VERSION:
            request_id = str(uuid.uuid4()).upper()
            return Errand(
                operation=self._sts.operation_of(request),
                function=None,
                carry_out=lambda: self._sts.answer(request, check_acs3(request, self._keys, self._nonces)),
                refuse=lambda refusal: sts.error_reply(refusal, request_id),
            )
        if request.raw_path.startswith(fc_routes.PREFIX + "/"):
            return self._fc_errand(request)
        if is_visit(request):
            return self._visit(request)
        if is_mns(request):
            return self._mns_errand(request)
        request_id = secrets.token_hex(12).upper()
        return Errand(
            operation=self._oss.operation_of(request),
            function=None,
            carry_out=lambda: self._signed_by_oss(request, request_id),
            refuse=lambda refusal: oss_routes.error_reply(refusal, request, request_id),
        )

    def _visit(self, request: Incoming) -> Errand:
        request_id = draw_request_id()
        return Errand(
            operation="InvokeFunction",
            function=self._computing.door.function_of(request),
            carry_out=lambda: self._computing.door.answer(request, request_id),
            refuse=lambda refusal: fc_routes.error_reply(refusal, request_id),
        )

    def _fc_errand(self, request: Incoming) -> Errand:
        operation, function = self._computing.calls.operation_of(request)
        request_id = draw_request_id()

        def carry_out() -> Reply:
            key = check_acs3(request, self._keys, self._nonces)
            reply = self._computing.calls.answer(request, key)
            named = any(name.lower() == "x-fc-request-id" for name in reply.headers)
            headers = dict(reply.headers) if named else {**reply.headers, "X-Fc-Request-Id": request_id}
            return Reply(status=reply.status, headers=headers, body=reply.body)

        def pretend() -> Reply:
            if operation == "InvokeFunction":
                # A call that nobody waits for is accepted and forgotten; any other has nothing to apply.
                if request.headers.get("x-fc-invocation-type") != "Async":
                    return carry_out()
                check_acs3(request, self._keys, self._nonces)
                return Reply(status=202, headers={"X-Fc-Request-Id": request_id})
            with self._rehearse():
                return carry_out()

        return Errand(
            operation=operation,
            function=function,
            carry_out=carry_out,
            pretend=pretend,
            refuse=lambda refusal: fc_routes.error_reply(refusal, request_id),
        )

    def _mns_errand(self, request: Incoming) -> Errand:
        request_id = secrets.token_hex(12).upper()

        def carry_out() -> Reply:
            reply = self._mns.answer(request)
            headers = {**reply.headers, "x-mns-request-id": request_id, "x-mns-version": "2015-06-06"}
            return Reply(status=reply.status, headers=headers, body=reply.body)

        return Errand(
            operation=self._mns.operation_of(request),
            function=None,
            carry_out=carry_out,
            refuse=lambda refusal: mns_routes.error_reply(refusal, request, request_id),
            waits=self._mns.waits(request),
        )

    def _signed_by_oss(self, request: Incoming, request_id: str) -> Reply:
        reply = self._oss.answer(request, request_id)
        headers = {"server": "AliyunOSS", **reply.headers, "x-oss-request-id": request_id}
        return replace(reply, headers=headers)
