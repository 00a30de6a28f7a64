"""The simulated Alibaba Cloud: the same Protocols, in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from clouds.simulated.invoking import invoke_candidate
from clouds.simulated.world import CandidateFunction, World, missing
from cutover.errors import AlreadyExists, Invalid
from cutover.observation import LogLine, Observation
from cutover.planning.marks import CUTOVER, read_mark
from cutover.ports import CandidateSpecification, Document, Identity, PermissionGap, Receipt

ACCOUNT, REGION = "1432000000000001", "cn-hangzhou"


class Session:
    """Who we are."""

    def __init__(self, world: World) -> None:
        self._world = world

    def identity(self) -> Identity:
        return self._world.read(
            "alibaba",
            "sts:GetCallerIdentity",
            lambda: Identity(account_id=ACCOUNT, arn=f"acs:ram::{ACCOUNT}:user/simulated"),
        )

    def permission_gaps(self) -> Sequence[PermissionGap]:
        return self._world.read("alibaba", "fc:ListFunctions", lambda: ())


class Packages:
    """Objects by bucket and name."""

    def __init__(self, world: World) -> None:
        self._world = world

    def ensure_bucket(self, bucket: str) -> Receipt:
        created = bucket not in self._world.buckets
        if created:
            self._world.change(
                "alibaba",
                "oss:PutBucket",
                bucket,
                lambda: self._world.buckets.add(bucket),
                token="bucket",  # noqa: S106
            )
        return Receipt(request_id=self._world.request_id(), outcome={"created": created})

    def put(self, bucket: str, name: str, archive: bytes) -> Receipt:
        def effect() -> None:
            if bucket not in self._world.buckets:
                raise missing("oss:PutObject", bucket, cloud="alibaba")
            self._world.packages[bucket, name] = archive

        self._world.change("alibaba", "oss:PutObject", f"{bucket}/{name}", effect)
        outcome = {"object": name, "size": len(archive), "crc64": hashlib.sha256(archive).hexdigest()[:16]}
        return Receipt(request_id=self._world.request_id(), outcome=outcome)

    def delete(self, bucket: str, name: str) -> Receipt:
        self._world.change(
            "alibaba",
            "oss:DeleteObject",
            f"{bucket}/{name}",
            lambda: self._world.packages.pop((bucket, name), None),
        )
        return Receipt(request_id=self._world.request_id(), outcome={})


class Deployer:
    """FC's control calls, without revisions as FC has none."""

    def __init__(self, world: World) -> None:
        self._world = world

    def ensure_logs(self, project: str, store: str) -> Receipt:
        place = (project, store)
        created = ["store"] if place not in self._world.log_stores else []
        if created:
            self._world.change(
                "alibaba",
                "log:CreateLogStore",
                f"{project}/{store}",
                lambda: self._world.log_stores.add(place),
                token="store",  # noqa: S106
            )
        outcome = {"project": project, "store": store, "created": created}
        return Receipt(request_id="", outcome=outcome)

    def functions(self) -> Sequence[Document]:
        def look() -> list[Document]:
            return [_listed(one) for one in self._world.candidates.values()]

        return self._world.read("alibaba", "fc:ListFunctions", look)

    def find(self, function: str) -> Document | None:
        def look() -> Document | None:
            found = self._world.candidates.get(function)
            return None if found is None else _document(found)

        return self._world.read("alibaba", "fc:GetFunction", look)

    def create(self, specification: CandidateSpecification) -> Receipt:
        def effect() -> CandidateFunction:
            if specification.name in self._world.candidates:
                raise AlreadyExists(cloud="alibaba", operation="fc:CreateFunction")
            self._check(specification)
            made = CandidateFunction(name=specification.name, specification=specification)
            self._world.candidates[specification.name] = made
            return made

        made = self._world.change(
            "alibaba",
            "fc:CreateFunction",
            specification.name,
            effect,
            token="function",  # noqa: S106
        )
        return self._placed(made)

    def update(self, specification: CandidateSpecification) -> Receipt:
        def effect() -> CandidateFunction:
            found = self._world.candidate(specification.name)
            self._check(specification)
            found.specification = specification
            return found

        return self._placed(self._world.change("alibaba", "fc:UpdateFunction", specification.name, effect))

    def adopt(self, specification: CandidateSpecification) -> Receipt:
        def effect() -> CandidateFunction:
            found = self._world.candidate(specification.name)
            self._check(specification)
            found.specification = replace(
                found.specification,
                handler=specification.handler,
                bucket=specification.bucket,
                object_name=specification.object_name,
                environment=specification.environment,
            )
            return found

        return self._placed(self._world.change("alibaba", "fc:UpdateFunction", specification.name, effect))

    def publish_version(self, function: str, *, marker: str) -> Receipt:
        def effect() -> str:
            found = self._world.candidate(function)
            number = str(found.next_version)
            found.versions[number] = marker
            found.next_version += 1
            return number

        version = self._world.change(
            "alibaba", "fc:PublishFunctionVersion", function, effect, token=f"version:{marker}"
        )
        return Receipt(request_id=self._world.request_id(), outcome={"version": version})

    def find_version(self, function: str, *, marker: str) -> str | None:
        def look() -> str | None:
            versions = self._world.candidate(function).versions
            return max((one for one, found in versions.items() if found == marker), key=int, default=None)

        return self._world.read("alibaba", "fc:ListFunctionVersions", look)

    def point_alias(self, function: str, alias: str, *, version: str) -> Receipt:
        previous = self.alias(function, alias)

        def effect() -> None:
            found = self._world.candidate(function)
            if version not in found.versions:
                raise missing("fc:UpdateAlias", f"{function}:{version}", cloud="alibaba")
            found.aliases[alias] = version

        operation = "fc:CreateAlias" if previous is None else "fc:UpdateAlias"
        self._world.change("alibaba", operation, f"{function}:{alias}", effect)
        return Receipt(request_id=self._world.request_id(), outcome={"previous": previous})

    def alias(self, function: str, alias: str) -> str | None:
        def look() -> str | None:
            found = self._world.candidates.get(function)
            return None if found is None else found.aliases.get(alias)

        return self._world.read("alibaba", "fc:GetAlias", look)

    def delete_alias(self, function: str, alias: str) -> Receipt:
        def effect() -> bool:
            found = self._world.candidates.get(function)
            return found is None or found.aliases.pop(alias, None) is None

        absent = self._world.change("alibaba", "fc:DeleteAlias", f"{function}:{alias}", effect)
        return Receipt(request_id=self._world.request_id(), outcome={"absent": absent})

    def delete_version(self, function: str, version: str) -> Receipt:
        def effect() -> bool:
            found = self._world.candidates.get(function)
            return found is None or found.versions.pop(version, None) is None

        absent = self._world.change("alibaba", "fc:DeleteFunctionVersion", f"{function}:{version}", effect)
        return Receipt(request_id=self._world.request_id(), outcome={"absent": absent})

    def delete(self, function: str) -> Receipt:
        absent = self._world.change(
            "alibaba",
            "fc:DeleteFunction",
            function,
            lambda: self._world.candidates.pop(function, None) is None,
            undoes="function",
        )
        return Receipt(request_id=self._world.request_id(), outcome={"absent": absent})

    def _check(self, specification: CandidateSpecification) -> None:
        if (specification.bucket, specification.object_name) not in self._world.packages:
            raise Invalid("The package is not in the bucket.", cloud="alibaba", operation="fc:CreateFunction")

    def _placed(self, found: CandidateFunction) -> Receipt:
        document = _document(found)
        outcome = {"arn": document["functionArn"], "code_checksum": document["codeChecksum"]}
        return Receipt(request_id=self._world.request_id(), outcome=outcome)


class Invoker:
    """Calls the behaviour that a test gave the function."""

    def __init__(self, world: World) -> None:
        self._world = world

    def invoke(self, function: str, payload: bytes, *, qualifier: str, timeout_s: float) -> Observation:
        return invoke_candidate(self._world, function, payload, qualifier=qualifier)


class Logs:
    """The lines that an invocation left."""

    def __init__(self, world: World) -> None:
        self._world = world

    def lines(
        self, function: str, request_id: str, *, since: datetime, until: datetime
    ) -> tuple[LogLine, ...] | None:
        return self._world.read(
            "alibaba", "log:GetLogStoreLogs", lambda: self._world.arrived_logs(function, request_id)
        )


def _listed(one: CandidateFunction) -> Document:
    found = read_mark(one.specification.description)
    return {
        "name": one.name,
        "generation": "3",
        "role": "",
        "ours": found.owner == CUTOVER,
        "owner": found.owner if found.identity else "",
        "stands_for": found.identity,
    }


def _document(found: CandidateFunction) -> Document:
    wanted: CandidateSpecification = found.specification
    return {
        "functionName": found.name,
        "functionArn": f"acs:fc:{REGION}:{ACCOUNT}:functions/{found.name}",
        "runtime": wanted.runtime,
        "handler": wanted.handler,
        "memorySize": wanted.memory_mb,
        "cpu": wanted.cpu,
        "diskSize": wanted.disk_mb,
        "timeout": wanted.timeout_s,
        "description": wanted.description,
        "codeChecksum": hashlib.sha256(f"{wanted.bucket}/{wanted.object_name}".encode()).hexdigest()[:16],
        "environmentNames": sorted(wanted.environment),
        "logConfig": {"project": wanted.log_project, "logstore": wanted.log_store},
        "state": "Active",
    }
