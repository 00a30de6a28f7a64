"""The state of Lambda in one account and region, and how names lead to it.

Everything here is plain values, so that the whole of it can be pickled. Guarded by one lock: control-plane
calls are short, and invocations hold it only while they resolve a name.
"""

import copy
import hashlib
import json
import random
import re
import sqlite3
import threading
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.aws.errors import AwsError, conflict, invalid, not_found
from sandbox.aws.functions.packages import Packages

if TYPE_CHECKING:
    from sandbox.aws.functions.storage import Storage

LATEST = "$LATEST"
_NAME = re.compile(
    r"(?:arn:aws:lambda:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):function:|(?P<partial>\d{12}):function:)?"
    r"(?P<name>[a-zA-Z0-9-_]{1,140})(?::(?P<qualifier>\$LATEST|[a-zA-Z0-9-_]{1,128}))?"
)


def new_revision() -> str:
    return str(uuid.uuid4())


def now_text() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"


@dataclass(kw_only=True)
class Version:
    """One version: `$LATEST`, which changes, or a published one, which does not.

    config: what callers set, in AWS's names. ready_at: when a pending creation or update completes, unix
    seconds, None when nothing is under way. settled_revision: the revision that it has then, drawn beforehand
    so that a reader sees the same one before and after a restart. code_key: empty for a container image.
    """

    number: str
    config: dict[str, Any]
    code_key: str
    code_sha256: str
    code_size: int
    last_modified: str
    revision_id: str = field(default_factory=new_revision)
    state: str = "Active"
    update_status: str = "Successful"
    ready_at: float | None = None
    settled_revision: str = ""

    def fingerprint(self) -> str:
        """Give a digest of what runs and how, equal for equal code and configuration."""
        text = json.dumps([self.config, self.code_sha256], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def settle(self) -> None:
        """Complete a creation or update whose time has come; the revision changes once more.

        Source: github.com/aws/aws-sdk issue 377, the revision id changes again when the update completes.
        """
        if self.ready_at is not None and time.time() >= self.ready_at:
            self.ready_at = None
            self.state = "Active"
            self.update_status = "Successful"
            self.revision_id = self.settled_revision or new_revision()


@dataclass(kw_only=True)
class Alias:
    name: str
    version: str
    description: str
    weights: dict[str, float]
    revision_id: str = field(default_factory=new_revision)


@dataclass(kw_only=True)
class Policy:
    """A resource policy of one qualifier ("" for the bare function); statements by their id."""

    statements: dict[str, dict[str, Any]] = field(default_factory=dict)
    revision_id: str = field(default_factory=new_revision)


@dataclass(kw_only=True)
class Function:
    """A function. previous: what `$LATEST` was before the update under way, which it still runs."""

    name: str
    arn: str
    latest: Version
    previous: Version | None = None
    versions: dict[str, Version] = field(default_factory=dict)
    next_number: int = 1
    aliases: dict[str, Alias] = field(default_factory=dict)
    policies: dict[str, Policy] = field(default_factory=dict)
    reserved: int | None = None
    provisioned: dict[str, dict[str, Any]] = field(default_factory=dict)
    urls: dict[str, dict[str, Any]] = field(default_factory=dict)
    event_invoke: dict[str, dict[str, Any]] = field(default_factory=dict)
    runtime_management: dict[str, dict[str, Any]] = field(default_factory=dict)
    recursion: str = "Terminate"
    tags: dict[str, str] = field(default_factory=dict)

    def settle(self) -> None:
        self.latest.settle()
        if self.latest.ready_at is None:
            self.previous = None

    def running_latest(self) -> Version:
        """Give what an invocation of `$LATEST` runs now.

        Source: docs.aws.amazon.com/lambda/latest/dg/functions-states.html, "invocations use the previous
        code and configuration" while LastUpdateStatus is InProgress.
        """
        return self.previous or self.latest


@dataclass(kw_only=True)
class LayerVersion:
    number: int
    arn: str
    code_key: str
    code_sha256: str
    code_size: int
    created: str
    description: str
    runtimes: list[str]
    architectures: list[str]
    license_info: str
    policy: Policy = field(default_factory=Policy)
    deleted: bool = False


@dataclass(kw_only=True)
class Layer:
    name: str
    arn: str
    versions: dict[int, LayerVersion] = field(default_factory=dict)
    next_number: int = 1


@dataclass(kw_only=True)
class Stored:
    """Everything of Lambda that survives a restart; all but the events are rows of the storage."""

    functions: dict[str, Function] = field(default_factory=dict)
    layers: dict[str, Layer] = field(default_factory=dict)
    mappings: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """What a name and a qualifier lead to. qualifier: as asked, "" for none."""

    function: Function
    qualifier: str
    version: Version
    alias: Alias | None


class Account:
    """Lambda's state with its lock and its surroundings.

    update_s: how long an update stays InProgress. roles: tells whether an execution role exists.
    """

    def __init__(
        self,
        *,
        account_id: str,
        region: str,
        packages: Packages,
        address: str,
        update_s: float,
        seed: int | None,
        storage: "Storage | None" = None,
    ) -> None:
        self.account_id = account_id
        self.region = region
        self.packages = packages
        self.address = address
        self.update_s = update_s
        self.lock = threading.RLock()
        self.draw = random.Random(seed)  # noqa: S311 - weights are drawn, nothing is kept secret by it
        self._storage = storage
        self.stored = storage.load() if storage is not None else Stored()

    def keep(self, *functions: str) -> None:
        """Write what changed in these functions, and in all layers and mappings, before it is acknowledged.

        Call it under the lock. Raises AwsError 500 when the disk does not take it; what is in memory is then
        what is on the disk, so that nothing looks as if it had happened.
        """
        if self._storage is None:
            return
        try:
            self._storage.keep(self.stored, functions=functions)
        except sqlite3.Error as exc:
            self.stored = self._storage.load()
            raise AwsError(500, "ServiceException", f"The sandbox could not keep the change: {exc}") from exc

    def forget(self) -> None:
        """Go back to what was last kept. Call it under the lock."""
        if self._storage is not None:
            self.stored = self._storage.load()

    def keep_all(self) -> None:
        """Write everything that changed; for what an earlier release kept elsewhere."""
        if self._storage is not None:
            self._storage.keep(self.stored)

    def arn(self, name: str) -> str:
        return f"arn:aws:lambda:{self.region}:{self.account_id}:function:{name}"

    def split(self, name: str, qualifier: str | None = None) -> tuple[str, str]:
        """Give the plain function name and the qualifier ("" for none) out of a name or ARN."""
        found = _NAME.fullmatch(name)
        if found is None:
            raise AwsError(
                400,
                "ValidationException",
                f"1 validation error detected: Value '{name}' at 'functionName' failed to satisfy "
                "constraint: Member must satisfy regular expression pattern",
            )
        account = found["account"] or found["partial"]
        if account is not None and (
            account != self.account_id or (found["region"] or self.region) != self.region
        ):
            raise not_found(f"Function not found: {name}")
        inside = found["qualifier"]
        if inside and qualifier and inside != qualifier:
            raise invalid(
                "The derived qualifier from the function name does not match the specified qualifier."
            )
        return found["name"], qualifier or inside or ""

    def function(self, name: str) -> Function:
        """Find a function by its plain name, with pending updates completed. Raises AwsError when absent."""
        function = self.stored.functions.get(name)
        if function is None:
            raise not_found(f"Function not found: {self.arn(name)}")
        function.settle()
        return function

    def named(self, ask: dict[str, Any]) -> Function:
        return self.function(self.split(ask["FunctionName"])[0])

    def find(self, name: str, qualifier: str | None = None) -> Target:
        """Resolve a name with a qualifier. Raises AwsError 404 for what does not exist."""
        plain, qualifier = self.split(name, qualifier)
        function = self.function(plain)
        if qualifier in ("", LATEST):
            return Target(function=function, qualifier=qualifier, version=function.latest, alias=None)
        if (alias := function.aliases.get(qualifier)) is not None:
            version = function.latest if alias.version == LATEST else function.versions[alias.version]
            version.settle()
            return Target(function=function, qualifier=qualifier, version=version, alias=alias)
        if (numbered := function.versions.get(qualifier)) is not None:
            numbered.settle()
            return Target(function=function, qualifier=qualifier, version=numbered, alias=None)
        if qualifier.isdecimal():
            raise not_found(f"Function not found: {function.arn}:{qualifier}")
        raise not_found(f"Cannot find alias arn: {function.arn}:{qualifier}")

    def check_revision(self, given: str | None, current: str, what: str = "Function") -> None:
        """Refuse a stale revision id."""
        if given is not None and given != current:
            raise AwsError(
                412,
                "PreconditionFailedException",
                "The Revision Id provided does not match the latest Revision Id. "
                f"Call the Get{what} API to retrieve the latest Revision Id",
                {"Type": "User"},
            )

    def check_settled(self, function: Function) -> None:
        """Refuse a change while another is under way."""
        if function.latest.ready_at is not None:
            what = "A creation" if function.latest.state == "Pending" else "An update"
            raise conflict(
                "The operation cannot be performed at this time. "
                f"{what} is in progress for resource: {function.arn}"
            )


def published(version: Version, number: str, description: str | None) -> Version:
    """Give an immutable copy of `$LATEST` under a number."""
    copy_ = copy.deepcopy(version)
    copy_.number = number
    copy_.revision_id, copy_.settled_revision = new_revision(), new_revision()
    copy_.last_modified = now_text()
    if description is not None:
        copy_.config["Description"] = description
    return copy_


def unpacked(account: Account, version: Version) -> tuple[Path, Path]:
    """Give the directories that stand for /var/task and /opt of one version."""
    keys = []
    for arn in version.config.get("Layers", ()):
        layer, _, number = arn.rpartition(":")
        keys.append(account.stored.layers[layer.rpartition(":")[2]].versions[int(number)].code_key)
    return account.packages.unpacked(version.code_key), account.packages.stacked(tuple(keys))
