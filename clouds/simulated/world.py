"""The simulated world: what both clouds hold, what was called, and what goes wrong on demand.

Theory of operation: every port method runs through ``World.read`` or ``World.change``. A change passes three
points: before (a fault or a kill there means that nothing happened), the effect under the lock, and after (a
``NoAnswer`` there means that it happened and nobody was told). Effects that must happen once carry a token (a
marker, a name); ``repeated`` names the tokens whose effect happened again without having been undone between.
"""

from __future__ import annotations

import hashlib
import io
import threading
import zipfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from cutover.errors import CloudError, Invalid, NoAnswer, NotFound
from cutover.observation import LogLine, Side

T = TypeVar("T")


def _package(files: Mapping[str, str]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, text in files.items():
            # A fixed time, so that the package has the same hash each day.
            archive.writestr(zipfile.ZipInfo(name), text)
    return made.getvalue()


ACCOUNT, REGION = "123456789012", "us-east-1"
Behaviour = Callable[[Side, bytes], bytes]
"""What a function does on a side: gives the answer, or raises, which is the function's own error."""
CODE = _package(
    {
        "app.py": "def handler(event, context):\n    return event\n",
        "index.js": "exports.handler = async (event) => event;\n",
    }
)
"""The package of a function whose code does not matter: it holds what the usual handlers name."""
Kill = Callable[[str, str], None]
"""Called with an operation and ``before`` or ``after``; may raise to play a killed process."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """One change that took effect. ``token`` is empty where repeating it is harmless."""

    operation: str
    subject: str
    token: str = ""
    undoes: str = ""


@dataclass(kw_only=True, slots=True)
class Fault:
    """Raises ``error`` at an operation, ``times`` times; ``after`` the effect or before it."""

    operation: str
    error: type[CloudError]
    after: bool = False
    times: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """A published version, or what is in `$LATEST` now."""

    fields: Mapping[str, Any]
    package: bytes
    environment: Mapping[str, str]
    description: str = ""

    @property
    def code_sha256(self) -> str:
        return hashlib.sha256(self.package).hexdigest()


@dataclass(kw_only=True, slots=True)
class Alias:
    """An alias of a function."""

    version: str
    weights: dict[str, int] = field(default_factory=dict)
    revision: str = ""


@dataclass(kw_only=True, slots=True)
class PrimaryFunction:
    """A Lambda function."""

    name: str
    role: str
    latest: Snapshot
    revision: str
    versions: dict[str, Snapshot] = field(default_factory=dict)
    aliases: dict[str, Alias] = field(default_factory=dict)
    next_version: int = 1
    reserved: int | None = None
    tags: dict[str, str] = field(default_factory=dict)
    triggers: tuple[Mapping[str, Any], ...] = ()
    limits: tuple[str, ...] = ()
    calls: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    drawn: Counter[str] = field(default_factory=Counter)

    def snapshot(self, version: str) -> Snapshot:
        """Give a version or `$LATEST`."""
        if version in ("", "$LATEST"):
            return self.latest
        if version not in self.versions:
            raise missing("lambda:GetFunction", f"{self.name}:{version}")
        return self.versions[version]


@dataclass(kw_only=True, slots=True)
class CandidateFunction:
    """A function on FC."""

    name: str
    specification: Any
    versions: dict[str, str] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    next_version: int = 1


class Store:
    """What the functions of one side wrote: objects and rows by the name of their bucket or table, messages.

    Each thing carries a number that was never given before, as a time of writing does. Safe for threads.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._things: dict[str, dict[str, tuple[int, bytes]]] = {}
        self._messages: dict[str, list[bytes]] = {}

    def put(self, name: str, key: str, content: bytes) -> None:
        """Write an object, or a row as JSON."""
        with self._world.lock:
            self._things.setdefault(name, {})[key] = (self._world.number(), content)

    def remove(self, name: str, key: str) -> None:
        """Take an object or a row away."""
        with self._world.lock:
            self._things.get(name, {}).pop(key, None)

    def send(self, name: str, body: bytes) -> None:
        """Send a message."""
        with self._world.lock:
            self._messages.setdefault(name, []).append(body)

    def things(self, name: str) -> dict[str, tuple[int, bytes]]:
        """Give what a bucket or a table holds."""
        with self._world.lock:
            return dict(self._things.get(name, {}))

    def messages(self, name: str) -> list[bytes]:
        """Give every message that was sent, in order."""
        with self._world.lock:
            return list(self._messages.get(name, []))


class World:
    """Everything that the simulated clouds know. Safe for threads."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.functions: dict[str, PrimaryFunction] = {}
        self.layers: dict[str, list[tuple[str, bytes, str]]] = {}
        self.queues: dict[str, dict[str, bytes]] = {}
        self.received: set[str] = set()
        self.secrets: dict[str, str] = {}
        self.objects: dict[tuple[str, str], bytes] = {}
        self.candidates: dict[str, CandidateFunction] = {}
        self.packages: dict[tuple[str, str], bytes] = {}
        self.buckets: set[str] = set()
        self.log_stores: set[tuple[str, str]] = set()
        self.logs: dict[tuple[str, str], tuple[LogLine, ...]] = {}
        self.late_logs: set[str] = set()
        """Functions whose logs have not arrived anywhere yet."""
        self.behaviours: dict[str, Behaviour] = {}
        self.default_behaviour: Behaviour = lambda _side, payload: payload
        self.effects: list[Effect] = []
        self.calls: Counter[str] = Counter()
        self.faults: list[Fault] = []
        self.on_kill: Kill | None = None
        self._said = threading.local()
        self._number = 0
        self._stores = {side: Store(self) for side in Side}

    def store(self, side: Side) -> Store:
        """Give what functions wrote on a side."""
        return self._stores[side]

    def say(self, text: str, level: str = "INFO") -> None:
        """Write a line of log, from within a behaviour."""
        self._said.lines = (*getattr(self._said, "lines", ()), LogLine(text=text, level=level))

    def take_said(self) -> tuple[LogLine, ...]:
        """Give the lines that the behaviour in this thread wrote, and forget them."""
        lines: tuple[LogLine, ...] = getattr(self._said, "lines", ())
        self._said.lines = ()
        return lines

    # ---------------------------------------------------------------------------------- populating

    def add_function(
        self,
        name: str,
        *,
        runtime: str = "python3.12",
        handler: str = "app.handler",
        package: bytes = CODE,
        environment: Mapping[str, str] | None = None,
        live: bool = True,
        behaviour: Behaviour | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> PrimaryFunction:
        """Add a Lambda function; with ``live`` its version 1 is published and behind that alias."""
        fields = {"Runtime": runtime, "Handler": handler, "Layers": [], "Timeout": 3, "MemorySize": 128}
        latest = Snapshot(
            fields={**fields, **(more or {})}, package=package, environment=dict(environment or {})
        )
        with self.lock:
            function = PrimaryFunction(
                name=name,
                role=f"arn:aws:iam::123456789012:role/{name}",
                latest=latest,
                revision=self.revision(),
            )
            self.functions[name] = function
            if behaviour is not None:
                self.behaviours[name] = behaviour
            if live:
                function.versions["1"], function.next_version = latest, 2
                function.aliases["live"] = Alias(version="1", revision=self.revision())
            return function

    def deploy_behind_our_back(self, name: str, *, package: bytes = b"other code") -> None:
        """Somebody else deploys: new code in `$LATEST`, hence a new revision."""
        with self.lock:
            function = self.function(name)
            function.latest = Snapshot(
                fields=function.latest.fields, package=package, environment=function.latest.environment
            )
            function.revision = self.revision()

    # -------------------------------------------------------------------------------------- faults

    def fail(
        self, operation: str, error: type[CloudError] = NoAnswer, *, after: bool = False, times: int = 1
    ) -> None:
        """Let an operation (``*`` for any) raise, before its effect or after it."""
        with self.lock:
            self.faults.append(Fault(operation=operation, error=error, after=after, times=times))

    def repeated(self) -> list[Effect]:
        """Give every effect that took place again although it had, and had not been undone."""
        standing: set[tuple[str, str]] = set()
        found: list[Effect] = []
        for effect in self.effects:
            if effect.undoes:
                standing.discard((effect.subject, effect.undoes))
            if effect.token:
                key = (effect.subject, effect.token)
                if key in standing:
                    found.append(effect)
                standing.add(key)
        return found

    # --------------------------------------------------------------------------------------- calls

    def read(self, cloud: str, operation: str, look: Callable[[], T]) -> T:
        """Carry out a call that changes nothing."""
        self._pass(cloud, operation, after=False)
        with self.lock:
            return look()

    def change(
        self,
        cloud: str,
        operation: str,
        subject: str,
        effect: Callable[[], T],
        *,
        token: str = "",
        undoes: str = "",
    ) -> T:
        """Carry out a call that changes something; ``effect`` raises when the cloud would refuse."""
        self._pass(cloud, operation, after=False)
        with self.lock:
            result = effect()
            self.effects.append(Effect(operation=operation, subject=subject, token=token, undoes=undoes))
        self._pass(cloud, operation, after=True)
        return result

    def revision(self) -> str:
        """Give an id that was never given before."""
        return f"revision-{self.number()}"

    def number(self) -> int:
        """Give the next number of the world."""
        with self.lock:
            self._number += 1
            return self._number

    def arrived_logs(self, function: str, request_id: str) -> tuple[LogLine, ...] | None:
        """Give the lines of a request, None while they are late or unknown."""
        return None if function in self.late_logs else self.logs.get((function, request_id))

    def request_id(self) -> str:
        """Give a request id in the vendor's form."""
        return f"00000000-0000-4000-8000-{self.number():012d}"

    def function(self, name: str) -> PrimaryFunction:
        """Give a Lambda function. Raises NotFound."""
        if name not in self.functions:
            raise missing("lambda:GetFunction", name)
        return self.functions[name]

    def candidate(self, name: str) -> CandidateFunction:
        """Give an FC function. Raises NotFound."""
        if name not in self.candidates:
            raise missing("fc:GetFunction", name, cloud="alibaba")
        return self.candidates[name]

    def _pass(self, cloud: str, operation: str, *, after: bool) -> None:
        point = "after" if after else "before"
        if not after:
            self.calls[operation] += 1
        if self.on_kill is not None:
            self.on_kill(operation, point)
        with self.lock:
            for fault in self.faults:
                if fault.times > 0 and fault.after == after and fault.operation in ("*", operation):
                    fault.times -= 1
                    raise fault.error(cloud=cloud, operation=operation, code="Simulated")


def missing(operation: str, what: str, *, cloud: str = "aws") -> NotFound:
    """Give the error for something that is not there."""
    return NotFound(f"{what} does not exist.", cloud=cloud, operation=operation, code="NotFound")


def invalid(operation: str, message: str) -> Invalid:
    """Give AWS's error for a request that it does not take."""
    return Invalid(message, cloud="aws", operation=operation, code="InvalidParameterValueException")


def function_arn(name: str) -> str:
    """Give a Lambda function's ARN."""
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"


def now() -> datetime:
    """Give the time."""
    return datetime.now(UTC)
