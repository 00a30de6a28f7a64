"""Deploys the twins of samples to the Alibaba half: resources, logs, function, trigger."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import oss2
from alibabacloud_fc20230330 import models as fc
from alibabacloud_fc20230330.client import Client as FcClient
from alibabacloud_sls20201230 import models as sls
from alibabacloud_sls20201230.client import Client as SlsClient
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException
from alibabacloud_tea_openapi.models import Config
from mns.account import Account
from mns.mns_exception import MNSExceptionBase
from mns.queue import QueueMeta
from mns.topic import TopicMeta
from Tea.exceptions import TeaException

from sandbox.keys import AlibabaKeys
from sandbox.samples.catalog import Cloud, Kind, LoadingError, Resource, Sample
from sandbox.samples.tables import Tables

PROJECT, LOGSTORE = "samples", "functions"
TRIGGER = "sample"
_ENDPOINT_OF = {
    Kind.BUCKET: "OSS_ENDPOINT",
    Kind.QUEUE: "MNS_ENDPOINT",
}
_ALL_METHODS = ["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS"]


class AlibabaLoader:
    """Puts the samples' twins on the Alibaba half at ``url``. Every step looks first.

    tables: None without a database; samples that need one must then be left out.
    """

    def __init__(self, *, url: str, keys: AlibabaKeys, tables: Tables | None) -> None:
        self._url = url
        self._keys = keys
        self._tables = tables

    def _config(self, **more: str) -> Config:
        return Config(
            access_key_id=self._keys.access_key_id,
            access_key_secret=self._keys.access_key_secret,
            protocol="http",
            region_id=self._keys.region,
            **more,
        )

    @cached_property
    def _fc(self) -> Any:
        return FcClient(self._config(endpoint=self._url.removeprefix("http://")))

    @cached_property
    def _mns(self) -> Any:
        return Account(self._url, self._keys.access_key_id, self._keys.access_key_secret)

    def _arn(self, service: str, rest: str) -> str:
        region = "" if service == "ram" else self._keys.region
        return f"acs:{service}:{region}:{self._keys.account_id}:{rest}"

    def load(self, samples: Sequence[Sample]) -> Iterator[str]:
        """Deploy the samples, telling each as a line.

        Raises:
            LoadingError: refused or not reached; what was done before stays and the next run goes on from
                there.
        """
        try:
            self._ensure_logs()
            for sample in samples:
                variables = self._ensure_resources(sample)
                said = self._ensure_function(sample, variables)
                yield f"{sample.name} on Function Compute: {said}{self._ensure_trigger(sample)}"
        except (TeaException, oss2.exceptions.OssError, MNSExceptionBase) as exc:
            raise LoadingError(f"The Alibaba half at {self._url} refused or did not answer: {exc}") from exc

    def _ensure_logs(self) -> None:
        endpoint = f"{self._keys.region}.log.aliyuncs.com"
        client: Any = SlsClient(self._config(endpoint=endpoint, http_proxy=self._url))
        projects = client.list_project(sls.ListProjectRequest(project_name=PROJECT)).body.projects
        if PROJECT not in {one.project_name for one in projects or ()}:
            project = sls.CreateProjectRequest(project_name=PROJECT, description="Logs of the samples")
            client.create_project(project)
        if LOGSTORE not in client.list_log_stores(PROJECT, sls.ListLogStoresRequest()).body.logstores:
            store = sls.CreateLogStoreRequest(logstore_name=LOGSTORE, ttl=7, shard_count=1)
            client.create_log_store(PROJECT, store)
            line = sls.IndexLine(token=[",", " ", ":", '"', "\n"], case_sensitive=False)
            client.create_index(PROJECT, LOGSTORE, sls.CreateIndexRequest(body=sls.Index(line=line)))

    def _ensure_resources(self, sample: Sample) -> Mapping[str, str]:
        """Create what is missing; give the variables by which the function finds it."""
        variables: dict[str, str] = {}
        for resource in sample.resources:
            match resource.kind:
                case Kind.BUCKET:
                    self._ensure_bucket(resource)
                case Kind.QUEUE:
                    self._mns.get_queue(resource.name).create(QueueMeta())
                case Kind.NOTIFICATIONS:
                    self._mns.get_topic(resource.name).create(TopicMeta())
                case Kind.TABLE:
                    assert self._tables is not None, "a sample with a table needs a database"
                    variables |= self._tables.ensure(resource.name, resource.columns)
            if resource.kind in _ENDPOINT_OF:
                variables[_ENDPOINT_OF[resource.kind]] = self._url
        return variables

    def _ensure_bucket(self, resource: Resource) -> None:
        auth = oss2.Auth(self._keys.access_key_id, self._keys.access_key_secret)
        bucket = oss2.Bucket(auth, self._url, resource.name)
        bucket.create_bucket()
        for key, text in resource.objects.items():
            if not bucket.object_exists(key):
                bucket.put_object(key, text.encode())

    def _ensure_function(self, sample: Sample, variables: Mapping[str, str]) -> str:
        environment = {**sample.environment, **variables}
        try:
            present = self._fc.get_function(sample.name, fc.GetFunctionRequest()).body
        except AlibabaCloudException as exc:
            if exc.code != "FunctionNotFound":
                raise
            self._fc.create_function(fc.CreateFunctionRequest(body=self._function(sample, environment)))
            return "created"
        if present.environment_variables != environment:
            # The sandbox may listen on another port than it did.
            change = fc.UpdateFunctionInput(environment_variables=environment)
            self._fc.update_function(sample.name, fc.UpdateFunctionRequest(body=change))
            return "told where its resources are now"
        return "already there"

    def _function(self, sample: Sample, environment: dict[str, str]) -> fc.CreateFunctionInput:
        package = base64.b64encode(sample.package(Cloud.ALIBABA)).decode()
        command = sample.alibaba.get("command")
        return fc.CreateFunctionInput(
            function_name=sample.name,
            description=sample.description,
            runtime=sample.alibaba_runtime,
            handler=sample.alibaba_handler,
            memory_size=sample.memory,
            timeout=sample.timeout,
            environment_variables=environment,
            role=self._arn("ram", "role/samples"),
            log_config=fc.LogConfig(project=PROJECT, logstore=LOGSTORE),
            code=fc.InputCodeLocation(zip_file=package),
            custom_runtime_config=(
                fc.CustomRuntimeConfig(command=command, port=sample.alibaba["port"]) if command else None
            ),
        )

    def _ensure_trigger(self, sample: Sample) -> str:
        if sample.trigger is None:
            return ""
        try:
            self._fc.get_trigger(sample.name, TRIGGER)
        except AlibabaCloudException as exc:
            if exc.code != "TriggerNotFound":
                raise
        else:
            return ""
        kind, config, source = self._trigger(sample.trigger)
        given = fc.CreateTriggerInput(
            trigger_name=TRIGGER,
            trigger_type=kind,
            trigger_config=json.dumps(config),
            source_arn=source,
            invocation_role=self._arn("ram", "role/samples") if source else None,
        )
        self._fc.create_trigger(sample.name, fc.CreateTriggerRequest(body=given))
        return f", called by {kind}"

    def _trigger(self, trigger: Mapping[str, Any]) -> tuple[str, dict[str, Any], str | None]:
        """Give kind, configuration and source of the trigger that stands for that of AWS."""
        match str(trigger["kind"]):
            case "timer":
                return "timer", {"cronExpression": trigger["alibaba"], "enable": True, "payload": ""}, None
            case "objects":
                affixes = {name: trigger[name] for name in ("prefix", "suffix")}
                config = {"events": ["oss:ObjectCreated:*"], "filter": {"key": affixes}}
                return "oss", config, self._arn("oss", trigger["bucket"])
            case "notifications":
                config = {"notifyContentFormat": "JSON", "notifyStrategy": "BACKOFF_RETRY"}
                return "mns_topic", config, self._arn("mns", f"/topics/{trigger['channel']}")
            case "api" | "url":
                return (
                    "http",
                    {"authType": "anonymous", "methods": trigger.get("methods", _ALL_METHODS)},
                    None,
                )
            case other:
                raise ValueError(f"There is no trigger of the kind {other!r}.")
