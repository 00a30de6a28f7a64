"""Puts FC 3.0 together: stored state, invocations, triggers and what makes them fire, the HTTP door."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sandbox.alibaba import clock
from sandbox.alibaba.access import KeyRing
from sandbox.alibaba.fc.attachments import AsyncConfigs, Concurrency
from sandbox.alibaba.fc.code import CodeStore, ReadObject
from sandbox.alibaba.fc.deferred import Deferred
from sandbox.alibaba.fc.destinations import Destinations
from sandbox.alibaba.fc.domains import Domains
from sandbox.alibaba.fc.environment import Instances
from sandbox.alibaba.fc.functions import CheckLogStore, Functions
from sandbox.alibaba.fc.invocations import Invocations, WriteRows
from sandbox.alibaba.fc.layers import Layers
from sandbox.alibaba.fc.model import LATEST, invalid, query_number
from sandbox.alibaba.fc.registry import Registry
from sandbox.alibaba.fc.routes import FunctionCompute
from sandbox.alibaba.fc.scaling import provision_configs, scaling_configs
from sandbox.alibaba.fc.table import Services, routes_of
from sandbox.alibaba.fc.tags import Tags
from sandbox.alibaba.fc.tasks import Tasks
from sandbox.alibaba.fc.versions import Aliases, Versions
from sandbox.alibaba.happenings import Happenings
from sandbox.alibaba.mns.queues import Queues
from sandbox.alibaba.mns.topics import Topics
from sandbox.alibaba.settings import Settings
from sandbox.alibaba.signing import Nonces
from sandbox.alibaba.triggers.bridge import Bridge
from sandbox.alibaba.triggers.clockwork import Clockwork, CursorAt
from sandbox.alibaba.triggers.door import Door
from sandbox.alibaba.triggers.listening import Listening
from sandbox.alibaba.triggers.store import Sources, Triggers
from sandbox.executor import Executor
from sandbox.faults import Faults
from sandbox.keys import AlibabaKeys

INSTANCE_IDLE_S = 300
INSTANCES_LIMIT = 1000


class Computing:
    """Function Compute as a part of the Alibaba half: ``calls`` answers the API, ``door`` HTTP requests.

    Args of the constructor that come from the other services:
        read_object, require_bucket: OSS. check_log_store, write_rows, cursor: SLS. queues, topics: MNS.
        code_url: gives a loopback URL from which the package of a digest can be fetched for a while.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        account: AlibabaKeys,
        keys: KeyRing,
        nonces: Nonces,
        registry: Registry,
        codes: CodeStore,
        executor: Executor,
        faults: Faults,
        happenings: Happenings,
        queues: Queues,
        topics: Topics,
        read_object: ReadObject,
        require_bucket: Callable[[str], object],
        check_log_store: CheckLogStore,
        write_rows: WriteRows,
        cursor: CursorAt,
        code_url: Callable[[str], str],
        bundled: Callable[[str], Sequence[Path]],
    ) -> None:
        folder, account_id, region = settings.state / "fc", account.account_id, account.region
        self._registry = registry
        self._tasks = Tasks(folder / "tasks")
        layers = Layers(
            folder=folder,
            codes=codes,
            read_object=read_object,
            account_id=account_id,
            region=region,
            code_url=code_url,
        )
        functions = Functions(
            account_id=account_id,
            region=region,
            registry=registry,
            codes=codes,
            layers=layers,
            read_object=read_object,
            check_log_store=check_log_store,
            code_url=code_url,
            retire=executor.retire,
            forget=self._tasks.forget,
        )
        self._invocations = Invocations(
            registry=registry,
            codes=codes,
            merged_layers=layers.merged,
            instances=Instances(
                settings=settings, account_id=account_id, region=region, keys=keys, bundled=bundled
            ),
            executor=executor,
            faults=faults,
            write_rows=write_rows,
            account_id=account_id,
            region=region,
            chance=random.SystemRandom(),
        )
        self._deferred = Deferred(
            folder=folder / "async",
            registry=registry,
            invocations=self._invocations,
            tasks=self._tasks,
            function_arn=functions.arn,
            retry_s=settings.async_retry_s,
        )
        self._deferred.send_results_to(
            Destinations(
                account_id=account_id,
                invoke=self._deferred.accept,
                send=queues.send,
                publish=topics.publish,
            )
        )
        triggers = Triggers(
            registry,
            arn=functions.arn,
            account_id=account_id,
            base_url=settings.base_url,
            sources=Sources(
                require_bucket=require_bucket,
                require_topic=topics.find,
                require_queue=queues.find,
                require_log_store=check_log_store,
            ),
            changed=self._look_anew,
        )
        domains = Domains(folder=folder / "domains", registry=registry, account_id=account_id)
        self._clockwork = Clockwork(
            folder=folder,
            triggers=triggers,
            deferred=self._deferred,
            cursor=cursor,
            log_endpoint=f"{region}.log.aliyuncs.com",
        )
        self._bridge = Bridge(
            triggers=triggers,
            registry=registry,
            queues=queues,
            invocations=self._invocations,
            deferred=self._deferred,
            account_id=account_id,
            region=region,
            retry_s=settings.async_retry_s,
        )
        listening = Listening(
            triggers=triggers, deferred=self._deferred, account_id=account_id, region=region
        )
        happenings.subscribe("oss", listening.on_object)
        happenings.subscribe("mns-published", listening.on_message)
        self.door = Door(
            triggers=triggers,
            domains=domains,
            invocations=self._invocations,
            deferred=self._deferred,
            keys=keys,
            nonces=nonces,
            account_id=account_id,
            region=region,
        )
        services = Services(
            functions=functions,
            versions=Versions(registry),
            aliases=Aliases(registry),
            triggers=triggers,
            concurrency=Concurrency(registry, functions.arn),
            async_configs=AsyncConfigs(registry, functions.arn, account_id),
            provision=provision_configs(registry, functions.arn),
            scaling=scaling_configs(registry, functions.arn),
            layers=layers,
            domains=domains,
            tags=Tags(registry, functions.arn),
            tasks=_TaskCalls(registry, self._tasks, self._deferred, self._invocations.stop),
            instances=self._instances,
            region=region,
        )
        self.calls = FunctionCompute(
            routes=routes_of(services), invocations=self._invocations, deferred=self._deferred
        )

    def start(self) -> None:
        """Take up what an earlier run left, then let triggers fire."""
        self._deferred.load()
        self._clockwork.start()
        self._deferred.start()
        self._bridge.start()

    def close(self) -> None:
        """Stop firing and handing out; all state is on disk already."""
        self._clockwork.close()
        self._bridge.close()
        self._deferred.close()

    def _look_anew(self) -> None:
        if self._registry.rehearsing:
            return
        self._clockwork.changed()
        self._bridge.changed()

    def _instances(self, name: str, query: dict[str, str]) -> dict[str, Any]:
        """ListInstances: those that answered in the last five minutes, after which idle ones are ended.

        Raises:
            Refused: 404 without such a function, 400 for a status that is none.
        """
        self._registry.find(name)
        limit = query_number(query, "limit", 1, INSTANCES_LIMIT, 100)
        if query.get("instanceStatus") not in (None, "", "Running", "Destroyed"):
            raise invalid("instanceStatus must be Running or Destroyed")
        wanted, at = query.get("qualifier"), clock.now()
        rows = [
            {
                "instanceId": instance_id,
                "qualifier": seen.qualifier,
                "versionId": "0" if seen.version_id == LATEST else seen.version_id,
                "status": "Running",
                "createdTimeMs": round(seen.first * 1000),
            }
            for instance_id, seen in self._invocations.seen(name).items()
            if at - seen.last < INSTANCE_IDLE_S
            and wanted in (None, "", seen.qualifier)
            and query.get("instanceStatus") != "Destroyed"
        ]
        return {"instances": rows[:limit]}


class _TaskCalls:
    """The calls on asynchronous tasks: each needs its function."""

    def __init__(
        self, registry: Registry, tasks: Tasks, deferred: Deferred, halt: Callable[[str], None]
    ) -> None:
        self._registry = registry
        self._tasks = tasks
        self._deferred = deferred
        self._halt = halt

    def list(self, name: str, query: dict[str, str]) -> dict[str, Any]:
        self._registry.find(name)
        return self._tasks.list(name, query)

    def get(self, name: str, task_id: str) -> dict[str, Any]:
        self._registry.find(name)
        return self._tasks.get(name, task_id)

    def stop(self, name: str, task_id: str) -> None:
        """Stop a task: one that waits is dropped, one that runs is ended with its instance."""
        self._registry.find(name)
        if self._tasks.stop(name, task_id):
            self._deferred.drop(name, task_id)
        else:
            self._halt(str(self._tasks.get(name, task_id)["requestId"]))
