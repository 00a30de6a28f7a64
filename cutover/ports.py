"""What the product asks of clouds: small Protocols, implemented by each sibling under ``clouds``.

Exceptions are ``cutover.errors.CloudError`` only, and only for failing to ask. What the user's function does
is an ``Observation``. Weights are integer basis points here and vendor units beyond. No method retries a
call that may have taken effect; ``NoAnswer`` says so. Every method is blocking with explicit time limits.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from cutover.effects import Effect, Mark, Twin
from cutover.observation import LogLine, Observation

Document = Mapping[str, Any]
"""A JSON object with nothing secret in it, fit for a row."""


# ---------------------------------------------------------------------------------------- values


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """Who the credentials are: ``arn`` in the vendor's form, ``account_id`` digits."""

    account_id: str
    arn: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PermissionGap:
    """One action that the credentials lack. ``purpose`` is read, deploy, switch or delete."""

    purpose: str
    action: str
    resource: str


@dataclass(frozen=True, kw_only=True, slots=True)
class FunctionFacts:
    """A Lambda function as inventory sees it; names and keyed hashes of environment values, never values.

    ``environment`` maps name -> plain sha256-HMAC hex (keyed by the caller's key). ``code_size`` bytes.
    ``aliases``: name -> {"version": str, "weights": {version: basis points}}. ``triggers``: one object each
    {"kind", "source", "qualifier", "enabled"}. ``managed_by``: "", "cloudformation", "sam", "terraform", ...
    ``limits``: what forbids tap and relay, as short sentences (code signing, image, durable, streaming...).
    ``configuration``: what only the assessment reads, absent when not set: {"event_invoke": [{"qualifier",
    "on_success", "on_failure"}], "file_systems", "snap_start", "tracing", "provisioned", "image",
    "environment_bytes" (names and values together, in bytes), "code_deploy": {"groups": [{"application",
    "group", "alias"}], "unread"},
    "role_policies": [{"policy", "sid", "effect", "actions", "resources", "inverted", "conditional"}]}.
    """

    name: str
    arn: str
    runtime: str
    handler: str
    role: str
    memory_mb: int
    timeout_s: int
    code_sha256: str
    code_size: int
    package_type: str
    architectures: tuple[str, ...]
    layers: tuple[str, ...]
    environment: Mapping[str, str]
    description: str
    tags: Mapping[str, str]
    vpc: bool
    dead_letter: str
    reserved_concurrency: int | None
    ephemeral_mb: int
    last_modified: str
    versions: tuple[str, ...]
    aliases: Mapping[str, Document]
    triggers: tuple[Document, ...]
    managed_by: str
    limits: tuple[str, ...]
    configuration: Document = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """What a changing call left behind: the vendor's request id and the outcome to store with the action."""

    request_id: str
    outcome: Document


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """Where an alias points. ``weights``: other version -> basis points. ``revision_id`` as just read."""

    alias: str
    version: str
    weights: Mapping[str, int]
    revision_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class LambdaConfiguration:
    """The configuration of `$LATEST` or of a version, as read. ``revision_id`` belongs to this reading.

    ``fields`` holds Runtime, Handler, Layers (arns), Timeout, MemorySize, VpcConfig, SnapStart, ... without
    Environment. ``fingerprint`` is a digest over every field that a restore must bring back (also over the
    keyed environment) and over the code hash, without revision, times and version.
    """

    function: str
    version: str
    code_sha256: str
    revision_id: str
    fields: Document
    fingerprint: str


@dataclass(frozen=True, kw_only=True, slots=True)
class QueueMessage:
    """One message of the observation queue; ``receipt`` deletes it."""

    body: bytes
    receipt: str


# ------------------------------------------------------------------------------------- both clouds


class Session(Protocol):
    """Who we are, and what we may do."""

    def identity(self) -> Identity: ...
    def permission_gaps(self) -> Sequence[PermissionGap]:
        """Give the actions that are missing for each purpose; empty when nothing is."""
        ...


class Invoker(Protocol):
    """Calls a function once and gives what it did, tail logs included when the platform gives them."""

    def invoke(self, function: str, payload: bytes, *, qualifier: str, timeout_s: float) -> Observation: ...


class Logs(Protocol):
    """Reads a request's log lines; None while they have not arrived."""

    def lines(
        self, function: str, request_id: str, *, since: datetime, until: datetime
    ) -> tuple[LogLine, ...] | None: ...


class PrimaryLogs(Logs, Protocol):
    """Logs of Lambda functions."""

    def window(self, function: str, *, since: datetime, until: datetime, at_most: int) -> Iterator[str]:
        """Give what was written in that time and holds a brace; read as it is asked for."""
        ...


class EffectProbe(Protocol):
    """Looks at one side of a twin around an invocation, without disturbing whoever else uses it."""

    def before(self, touched: Collection[str] | None = None) -> Mark:
        """Note what is there now, at a moment from which on a writing can be told from those before it.

        ``touched``: keys that the invocation is known to write; None: it may write any. Only they are waited
        for, where a resource tells the time of a writing in whole seconds."""
        ...

    def after(self, mark: Mark) -> tuple[Effect, ...]:
        """Give what changed since. Names of twins inside content are as the cloud has them.

        Raises Invalid when more changed or is held than can be told apart."""
        ...


@runtime_checkable
class LingeringProbe(EffectProbe, Protocol):
    """A probe of what shows itself with a delay: only waiting in vain tells that nothing more comes."""

    def some(self) -> tuple[Effect, ...]:
        """Give what came since the last look, as soon as something does; nothing: it waited in vain."""
        ...


class Probes(Protocol):
    """Makes probes for this cloud's side of twins."""

    def of(self, twin: Twin) -> EffectProbe:
        """Raises UnsupportedFeature for a kind of twin that this cloud cannot look at, and why."""
        ...


# --------------------------------------------------------------------------------------------- AWS


class LambdaCatalog(Protocol):
    """Reads functions. ``describe`` raises NotFound for a name that does not exist."""

    def names(self) -> Iterator[str]: ...
    def describe(self, function: str, *, hash_key: bytes) -> FunctionFacts: ...
    def package(self, function: str, *, version: str) -> bytes:
        """Give the deployment package (zip) of a published version or ``$LATEST``."""
        ...

    def environment(self, function: str, *, version: str) -> Mapping[str, str]:
        """Give environment values; secret, to be passed on at once and never stored, logged or shown."""
        ...


class LambdaPublisher(Protocol):
    """The calls around `$LATEST`, versions and layers, each under the revision just read (facts/aws 2)."""

    def configuration(self, function: str, *, version: str = "$LATEST") -> LambdaConfiguration:
        """Read, after waiting until no update is in progress."""
        ...

    def write_configuration(
        self, function: str, changes: Document, *, revision_id: str, always: bool = False
    ) -> Receipt:
        """Change `$LATEST` (Runtime, Handler, Layers, ...; never Environment or Role) and wait until done.

        ``always``: write even if nothing differs, so that the revision moves on and a late writer is refused.
        Raises Conflict when the revision is no longer the one given: somebody else deployed.
        Outcome: {"revision_id", "fingerprint"} read after the waiter."""
        ...

    def publish_version(self, function: str, *, code_sha256: str, revision_id: str, marker: str) -> Receipt:
        """Publish `$LATEST`; ``marker`` becomes the description and finds the version again after a kill.

        Outcome: {"version"}. Raises Conflict as above."""
        ...

    def find_version(self, function: str, *, marker: str) -> str | None: ...
    def publish_layer(self, name: str, archive: bytes, *, marker: str, runtimes: Sequence[str]) -> Receipt:
        """Publish a layer version, or find the one that carries ``marker``. Outcome: {"arn"}."""
        ...


class TrafficRouter(Protocol):
    """Moves traffic between versions by one alias."""

    def read(self, function: str, alias: str) -> Route:
        """Raises NotFound when the alias does not exist."""
        ...

    def create(self, function: str, alias: str, *, version: str) -> Receipt: ...
    def route(
        self,
        function: str,
        alias: str,
        *,
        version: str,
        weights: Mapping[str, int],
        revision_id: str | None,
    ) -> Receipt:
        """One UpdateAlias with version and weights. ``revision_id`` None: unconditional (rollback wins)."""
        ...

    def delete(self, function: str, alias: str) -> Receipt:
        """Delete the alias; absent is fine."""
        ...


class ObservationQueue(Protocol):
    """The queue that taps and relays report to."""

    def ensure(self, name: str, *, role_arn: str) -> Receipt:
        """Create if absent, and allow ``role_arn`` to send. Outcome: {"url", "arn"}."""
        ...

    def receive(self, url: str, *, wait_s: int, at_most: int) -> Sequence[QueueMessage]: ...
    def delete(self, url: str, receipts: Sequence[str]) -> None: ...


class SecretStore(Protocol):
    """Values that must not stand in our rows, in the owner's account."""

    def ensure(self, name: str, value: str, *, role_arn: str | None) -> Receipt:
        """Create or overwrite; ``role_arn`` may read it by resource policy. Outcome: {"arn"}."""
        ...

    def read(self, arn: str) -> str: ...
    def delete(self, arn: str) -> Receipt: ...


class LambdaMetrics(Protocol):
    """CloudWatch's view, to prove that nobody calls any more."""

    def invocations(
        self, function: str, *, resource: str | None, since: datetime, until: datetime
    ) -> int: ...
    def throttles(self, function: str, *, since: datetime, until: datetime) -> int: ...


class LambdaArchive(Protocol):
    """Keeps all that is needed to bring a function back, and removes it in rungs."""

    def store(self, function: str, *, bucket: str, key: str, original_version: str) -> Receipt:
        """Write configuration, package, aliases and policy to the owner's bucket, environment values to a
        secret. Outcome: {"bucket", "key", "sha256", "secret_arn"}."""
        ...

    def verify(self, archive: Document) -> Receipt:
        """Read everything back and compare; raises Invalid when it is not whole."""
        ...

    def reserved_concurrency(self, function: str) -> int | None: ...
    def set_reserved_concurrency(self, function: str, reserved: int | None) -> Receipt:
        """None removes the reservation."""
        ...

    def delete_function(self, function: str) -> Receipt: ...
    def exists(self, function: str) -> bool: ...
    def recreate(self, function: str, archive: Document) -> Receipt:
        """Create the function from its archive, if absent, without aliases.

        Outcome: {"arn", "code_sha256"}."""
        ...

    def repeat_policy(self, function: str, archive: Document, *, alias: str) -> Receipt: ...


# ----------------------------------------------------------------------------------------- Alibaba


@dataclass(frozen=True, kw_only=True, slots=True)
class CandidateSpecification:
    """A function to be on FC. ``environment`` values are secret and passed through. ``cpu`` in vCPU."""

    name: str
    runtime: str
    handler: str
    memory_mb: int
    cpu: float
    disk_mb: int
    timeout_s: int
    description: str
    bucket: str
    object_name: str
    log_project: str
    log_store: str
    environment: Mapping[str, str]


class PackageStore(Protocol):
    """OSS, where packages wait for FC."""

    def ensure_bucket(self, bucket: str) -> Receipt: ...
    def put(self, bucket: str, name: str, archive: bytes) -> Receipt:
        """Outcome: {"object", "size", "crc64"}."""
        ...

    def delete(self, bucket: str, name: str) -> Receipt: ...


class CandidateDeployer(Protocol):
    """FC 3.0's control calls. FC knows no revisions: read back and repair."""

    def ensure_logs(self, project: str, store: str) -> Receipt: ...
    def find(self, function: str) -> Document | None:
        """Give FC's function object without environment values, or None."""
        ...

    def functions(self) -> Sequence[Document]:
        """List what is on FC already, of both generations: {"name", "generation": "2" | "3", "role",
        "ours": bool, "owner", "stands_for"}. One of FC 2.0 is named "service$function". ``owner`` is the
        tool whose generated code made it, for the AWS function with the ARN ``stands_for``; else empty."""
        ...

    def create(self, specification: CandidateSpecification) -> Receipt:
        """Create; raises AlreadyExists. Outcome: {"arn", "code_checksum"}."""
        ...

    def update(self, specification: CandidateSpecification) -> Receipt: ...
    def adopt(self, specification: CandidateSpecification) -> Receipt:
        """Put package, handler and environment into a function of somebody else's; nothing else changes.
        Outcome as of ``create``."""
        ...

    def publish_version(self, function: str, *, marker: str) -> Receipt:
        """Outcome: {"version"}."""
        ...

    def find_version(self, function: str, *, marker: str) -> str | None: ...
    def point_alias(self, function: str, alias: str, *, version: str) -> Receipt:
        """Create or update; outcome: {"previous": version or None}."""
        ...

    def alias(self, function: str, alias: str) -> str | None: ...
    def delete_alias(self, function: str, alias: str) -> Receipt: ...
    def delete_version(self, function: str, version: str) -> Receipt: ...
    def delete(self, function: str) -> Receipt: ...


# ------------------------------------------------------------------------------------------ bundles


@dataclass(frozen=True, kw_only=True)
class PrimaryCloud:
    """All ports of one AWS connection."""

    region: str
    account_id: str
    endpoint_url: str
    session: Session
    catalog: LambdaCatalog
    publisher: LambdaPublisher
    router: TrafficRouter
    invoker: Invoker
    logs: PrimaryLogs
    metrics: LambdaMetrics
    queue: ObservationQueue
    secrets: SecretStore
    archive: LambdaArchive
    probes: Probes


@dataclass(frozen=True, kw_only=True)
class CandidateCloud:
    """All ports of one Alibaba connection. ``fc_url``: what the relay calls, scheme included."""

    region: str
    account_id: str
    fc_url: str
    session: Session
    packages: PackageStore
    deployer: CandidateDeployer
    invoker: Invoker
    logs: Logs
    probes: Probes
