"""The simulated AWS: the same Protocols, in memory, with the vendor's rules that the product leans on."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from clouds.simulated.invoking import invoke_primary
from clouds.simulated.world import (
    ACCOUNT,
    REGION,
    Alias,
    PrimaryFunction,
    Snapshot,
    World,
    function_arn,
    invalid,
    missing,
)
from cutover.errors import AlreadyExists, Conflict
from cutover.observation import LogLine, Observation
from cutover.ports import (
    Document,
    FunctionFacts,
    Identity,
    LambdaConfiguration,
    PermissionGap,
    Receipt,
    Route,
)

NEVER_WRITTEN = frozenset({"Environment", "Role"})


class Session:
    """Who we are."""

    def __init__(self, world: World) -> None:
        self._world = world

    def identity(self) -> Identity:
        return self._world.read(
            "aws",
            "sts:GetCallerIdentity",
            lambda: Identity(account_id=ACCOUNT, arn=f"arn:aws:iam::{ACCOUNT}:user/simulated"),
        )

    def permission_gaps(self) -> Sequence[PermissionGap]:
        return self._world.read("aws", "iam:SimulatePrincipalPolicy", lambda: ())


class Catalog:
    """Functions as they are."""

    def __init__(self, world: World) -> None:
        self._world = world

    def names(self) -> Iterator[str]:
        yield from self._world.read("aws", "lambda:ListFunctions", lambda: sorted(self._world.functions))

    def describe(self, function: str, *, hash_key: bytes) -> FunctionFacts:
        return self._world.read(
            "aws", "lambda:GetFunction", lambda: _facts(self._world.function(function), hash_key)
        )

    def package(self, function: str, *, version: str) -> bytes:
        return self._world.read(
            "aws", "lambda:GetFunction", lambda: self._world.function(function).snapshot(version).package
        )

    def environment(self, function: str, *, version: str) -> Mapping[str, str]:
        return self._world.read(
            "aws",
            "lambda:GetFunctionConfiguration",
            lambda: dict(self._world.function(function).snapshot(version).environment),
        )


class Deployer:
    """`$LATEST`, versions and layers under revisions."""

    def __init__(self, world: World) -> None:
        self._world = world

    def configuration(self, function: str, *, version: str = "$LATEST") -> LambdaConfiguration:
        def look() -> LambdaConfiguration:
            found = self._world.function(function)
            snapshot = found.snapshot(version)
            return LambdaConfiguration(
                function=function,
                version=version or "$LATEST",
                code_sha256=snapshot.code_sha256,
                revision_id=found.revision,
                fields=dict(snapshot.fields),
                fingerprint=fingerprint(snapshot, found.role),
            )

        return self._world.read("aws", "lambda:GetFunctionConfiguration", look)

    def write_configuration(
        self, function: str, changes: Document, *, revision_id: str, always: bool = False
    ) -> Receipt:
        if NEVER_WRITTEN.intersection(changes):
            raise invalid("lambda:UpdateFunctionConfiguration", "Environment and Role are never written.")

        def effect() -> str:
            found = self._at_revision(function, revision_id, "lambda:UpdateFunctionConfiguration")
            if not always and all(found.latest.fields.get(name) == value for name, value in changes.items()):
                return found.revision
            found.latest = Snapshot(
                fields={**found.latest.fields, **changes},
                package=found.latest.package,
                environment=found.latest.environment,
            )
            # Twice: the id changes once more by itself when the update completes.
            found.revision = self._world.revision()
            found.revision = self._world.revision()
            return found.revision

        self._world.change("aws", "lambda:UpdateFunctionConfiguration", function, effect)
        after = self.configuration(function)
        return Receipt(
            request_id=self._world.request_id(),
            outcome={"revision_id": after.revision_id, "fingerprint": after.fingerprint},
        )

    def publish_version(self, function: str, *, code_sha256: str, revision_id: str, marker: str) -> Receipt:
        def effect() -> tuple[str, bool]:
            found = self._at_revision(function, revision_id, "lambda:PublishVersion")
            if found.latest.code_sha256 != code_sha256:
                raise invalid("lambda:PublishVersion", "CodeSha256 is not that of $LATEST.")
            last = found.versions.get(str(found.next_version - 1))
            if last is not None and _same(last, found.latest):
                return str(found.next_version - 1), True
            number = str(found.next_version)
            found.versions[number] = Snapshot(
                fields=found.latest.fields,
                package=found.latest.package,
                environment=found.latest.environment,
                description=marker,
            )
            found.next_version += 1
            found.revision = self._world.revision()
            return number, False

        version, existing = self._world.change(
            "aws", "lambda:PublishVersion", function, effect, token=f"version:{marker}"
        )
        return Receipt(
            request_id=self._world.request_id(), outcome={"version": version, "existing": existing}
        )

    def find_version(self, function: str, *, marker: str) -> str | None:
        def look() -> str | None:
            versions = self._world.function(function).versions
            found = [number for number, one in versions.items() if one.description == marker]
            return max(found, key=int, default=None)

        return self._world.read("aws", "lambda:ListVersionsByFunction", look)

    def publish_layer(self, name: str, archive: bytes, *, marker: str, runtimes: Sequence[str]) -> Receipt:
        def look() -> str | None:
            return next((arn for arn, _, found in self._world.layers.get(name, ()) if found == marker), None)

        arn = self._world.read("aws", "lambda:ListLayerVersions", look)
        if arn is not None:
            return Receipt(request_id="", outcome={"arn": arn, "existing": True})

        def effect() -> str:
            versions = self._world.layers.setdefault(name, [])
            made = f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:{name}:{len(versions) + 1}"
            versions.append((made, archive, marker))
            return made

        made = self._world.change("aws", "lambda:PublishLayerVersion", name, effect, token=f"layer:{marker}")
        return Receipt(request_id=self._world.request_id(), outcome={"arn": made, "existing": False})

    def _at_revision(self, function: str, revision_id: str, operation: str) -> PrimaryFunction:
        found = self._world.function(function)
        if found.revision != revision_id:
            raise Conflict(cloud="aws", operation=operation, code="PreconditionFailedException")
        return found


class Router:
    """One alias and its weight."""

    def __init__(self, world: World) -> None:
        self._world = world

    def read(self, function: str, alias: str) -> Route:
        def look() -> Route:
            found = self._alias(function, alias)
            return Route(
                alias=alias,
                version=found.version,
                weights=dict(found.weights),
                revision_id=found.revision,
            )

        return self._world.read("aws", "lambda:GetAlias", look)

    def create(self, function: str, alias: str, *, version: str) -> Receipt:
        def effect() -> Alias:
            owner = self._world.function(function)
            owner.snapshot(version)
            if alias in owner.aliases:
                raise AlreadyExists(cloud="aws", operation="lambda:CreateAlias")
            owner.aliases[alias] = Alias(version=version, revision=self._world.revision())
            return owner.aliases[alias]

        made = self._world.change("aws", "lambda:CreateAlias", function, effect, token=f"alias:{alias}")
        return self._receipt(made)

    def route(
        self,
        function: str,
        alias: str,
        *,
        version: str,
        weights: Mapping[str, int],
        revision_id: str | None,
    ) -> Receipt:
        if len(weights) > 1 or any(not 0 < bp < 10_000 for bp in weights.values()) or version in weights:
            raise invalid(
                "lambda:UpdateAlias", "An alias sends to one other version, above 0% and below 100%."
            )

        def effect() -> Alias:
            found = self._alias(function, alias)
            owner = self._world.function(function)
            if revision_id is not None and found.revision != revision_id:
                raise Conflict(cloud="aws", operation="lambda:UpdateAlias")
            for one in (version, *weights):
                if one not in owner.versions:
                    raise missing("lambda:UpdateAlias", f"{function}:{one}")
            found.version, found.weights = version, dict(weights)
            found.revision = self._world.revision()
            owner.drawn.clear()
            return found

        return self._receipt(self._world.change("aws", "lambda:UpdateAlias", f"{function}:{alias}", effect))

    def delete(self, function: str, alias: str) -> Receipt:
        def effect() -> bool:
            return self._world.function(function).aliases.pop(alias, None) is None

        absent = self._world.change("aws", "lambda:DeleteAlias", function, effect, undoes=f"alias:{alias}")
        return Receipt(request_id=self._world.request_id(), outcome={"absent": absent})

    def _alias(self, function: str, alias: str) -> Alias:
        aliases = self._world.function(function).aliases
        if alias not in aliases:
            raise missing("lambda:GetAlias", f"{function}:{alias}")
        return aliases[alias]

    def _receipt(self, alias: Alias) -> Receipt:
        outcome = {"version": alias.version, "weights": dict(alias.weights), "revision_id": alias.revision}
        return Receipt(request_id=self._world.request_id(), outcome=outcome)


class Invoker:
    """Calls the behaviour that a test gave the function."""

    def __init__(self, world: World) -> None:
        self._world = world

    def invoke(self, function: str, payload: bytes, *, qualifier: str, timeout_s: float) -> Observation:
        return invoke_primary(self._world, function, payload, qualifier=qualifier)


class Logs:
    """The lines that an invocation left."""

    def __init__(self, world: World) -> None:
        self._world = world

    def lines(
        self, function: str, request_id: str, *, since: datetime, until: datetime
    ) -> tuple[LogLine, ...] | None:
        return self._world.read(
            "aws", "logs:FilterLogEvents", lambda: self._world.arrived_logs(function, request_id)
        )

    def window(self, function: str, *, since: datetime, until: datetime, at_most: int) -> Iterator[str]:
        def look() -> list[str]:
            return [
                line.text
                for (name, _), own in self._world.logs.items()
                if name == function
                for line in own
                if "{" in line.text
            ]

        yield from self._world.read("aws", "logs:FilterLogEvents", look)[:at_most]


class Metrics:
    """Counts of the invocations that took place; the whole past counts as the window."""

    def __init__(self, world: World) -> None:
        self._world = world

    def invocations(self, function: str, *, resource: str | None, since: datetime, until: datetime) -> int:
        def look() -> int:
            calls = self._world.function(function).calls
            return sum(calls.values()) if resource is None else calls[resource]

        return self._world.read("aws", "cloudwatch:GetMetricData", look)

    def throttles(self, function: str, *, since: datetime, until: datetime) -> int:
        return self._world.read(
            "aws", "cloudwatch:GetMetricData", lambda: self._world.function(function).refused
        )


def fingerprint(snapshot: Snapshot, role: str) -> str:
    """Give a digest over all that a restore must bring back."""
    covered = [dict(snapshot.fields), snapshot.code_sha256, dict(snapshot.environment), role]
    return hashlib.sha256(json.dumps(covered, sort_keys=True, default=str).encode()).hexdigest()


def _same(one: Snapshot, other: Snapshot) -> bool:
    return fingerprint(one, "") == fingerprint(other, "")


def _facts(found: PrimaryFunction, hash_key: bytes) -> FunctionFacts:
    latest = found.latest
    return FunctionFacts(
        name=found.name,
        arn=function_arn(found.name),
        runtime=latest.fields["Runtime"],
        handler=latest.fields["Handler"],
        role=found.role,
        memory_mb=latest.fields["MemorySize"],
        timeout_s=latest.fields["Timeout"],
        code_sha256=latest.code_sha256,
        code_size=len(latest.package),
        package_type="Zip",
        architectures=("x86_64",),
        layers=tuple(latest.fields["Layers"]),
        environment={
            name: hmac.new(hash_key, f"{name}\0{value}".encode(), hashlib.sha256).hexdigest()
            for name, value in latest.environment.items()
        },
        description=latest.description,
        tags=dict(found.tags),
        vpc=False,
        dead_letter="",
        reserved_concurrency=found.reserved,
        ephemeral_mb=512,
        last_modified="",
        versions=tuple(found.versions),
        aliases={
            name: {"version": alias.version, "weights": dict(alias.weights)}
            for name, alias in found.aliases.items()
        },
        triggers=found.triggers,
        managed_by="",
        limits=found.limits,
    )
