"""Faults on demand, shared by both halves.

A rule says what goes wrong, where and how often. Rules at the front act before or around the call (status,
latency, hang, reset, drop-answer, not-applied); rules in the executor's path act on what the function did.

Every rule draws from its own seed and the number of its draw, so that a run repeats: the same rule on the
same calls strikes the same ones, in the same way, also after the sandbox was restarted in between. Rules and
the numbers of their draws are kept in a file where one is given.
"""

import json
import random
import threading
import time
import uuid
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from sandbox.executor import Execution, InstanceSpec
from sandbox.spoiling import SPOILED, spoil

KINDS: Mapping[str, str] = {
    "status": "refuse the call with an HTTP status such as 429 or 503",
    "latency": "answer later, by ms and at most jitter_ms more",
    "hang": "hold the call without an answer, for ms or two minutes",
    "reset": "break the connection off before the call",
    "drop-answer": "carry the call out and break the connection off",
    "not-applied": "say that a change was made, and make none",
    "error": "the function fails",
    "slow": "the function takes ms longer, and at most jitter_ms more",
    "cold": "the call waits for a new instance, which takes ms longer to start",
    "timeout": "the function runs into its time limit, after ms where that is shorter",
    "crash": "the function's process ends without an answer",
    "memory": "the function's process is killed for its memory",
    "wrong": "the answer is wrong in some way",
    "wrong-key": "the answer lacks a key",
    "wrong-number": "a number in the answer is another",
    "wrong-order": "a list in the answer is in another order",
    "wrong-type": "a value in the answer has another type",
    "no-logs": "the lines of the call are never written",
    "late-logs": "the lines of the call are written ms later",
}
FRONT_KINDS = frozenset({"status", "latency", "hang", "reset", "drop-answer", "not-applied"})
EXECUTOR_KINDS = frozenset(KINDS) - FRONT_KINDS
STATUSES = frozenset({403, 404, 429, 500, 502, 503, 504})
HANG_MS = 120_000
MOST_MS = 15 * 60 * 1000
_MAX_NAME = 256
Spec = TypeVar("Spec", bound=InstanceSpec)
_ENDED: Mapping[str, tuple[str, str | None]] = {
    "crash": ("exit", "signal: killed"),
    "memory": ("memory", "signal: killed"),
    "timeout": ("timeout", None),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One fault. operation, function and version: "*" for any; version may be a version, an alias or $LATEST.

    rate: 0..1. ms and jitter_ms: for the kinds that wait. status: for kind "status". times: how often it
    strikes before it is spent, None for no limit.
    """

    cloud: str
    kind: str
    rate: float = 1.0
    operation: str = "*"
    function: str = "*"
    version: str = "*"
    seed: int = 0
    status: int = 500
    ms: int = 0
    jitter_ms: int = 0
    times: int | None = None
    id: str = field(default_factory=lambda: uuid.uuid4().hex[:12])

    def __post_init__(self) -> None:
        if self.cloud not in ("aws", "alibaba"):
            raise ValueError("cloud must be aws or alibaba")
        if self.kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(sorted(KINDS))}")
        if not 0 <= self.rate <= 1:
            raise ValueError("rate must lie between 0 and 1")
        if self.status not in STATUSES:
            raise ValueError(f"status must be one of {', '.join(map(str, sorted(STATUSES)))}")
        if not (0 <= self.ms <= MOST_MS and 0 <= self.jitter_ms <= MOST_MS):
            raise ValueError(f"ms and jitter_ms must lie between 0 and {MOST_MS}")
        if self.times is not None and self.times < 1:
            raise ValueError("times must be at least 1")
        if not all(0 < len(name) <= _MAX_NAME for name in (self.operation, self.function, self.version)):
            raise ValueError(f"operation, function and version must have 1 to {_MAX_NAME} characters")

    def applies(self, *, cloud: str, operation: str, function: str | None, versions: Collection[str]) -> bool:
        """Tell whether the rule is about this call."""
        return (
            self.cloud == cloud
            and self.operation in ("*", operation)
            and self.function in ("*", function)
            and (self.version == "*" or self.version in versions)
        )

    def drawn(self, number: int) -> "Rule | None":
        """Draw for the call of this number: the rule as it strikes there, jitter added, or None."""
        chance = random.Random(f"{self.seed}:{number}")  # noqa: S311 - a repeatable draw is wanted
        if chance.random() >= self.rate:
            return None
        late = chance.randint(0, self.jitter_ms) if self.jitter_ms else 0
        return replace(self, ms=self.ms + late, jitter_ms=0, seed=chance.getrandbits(31))


def rule_from(found: Mapping[str, Any]) -> Rule:
    """Make a rule from JSON. Raises ValueError with a sentence that says what is wrong."""
    kinds: dict[str, Any] = {"cloud": str, "kind": str, "rate": (int, float), "operation": str}
    kinds |= {"function": str, "version": str, "seed": int, "status": int, "ms": int, "jitter_ms": int}
    kinds |= {"times": (int, type(None)), "id": str}
    for name, value in found.items():
        if name not in kinds:
            raise ValueError(f"unknown field {name}")
        if not isinstance(value, kinds[name]) or isinstance(value, bool):
            raise ValueError(f"{name} has the wrong type")
    missing = {"cloud", "kind"} - found.keys()
    if missing:
        raise ValueError(f"{', '.join(sorted(missing))} is missing")
    return Rule(**found)


@dataclass(slots=True)
class _Kept:
    rule: Rule
    draws: int = 0


class Faults:
    """The rules in force. Thread-safe.

    file: where they are kept, None for rules that end with the process. A file that cannot be read is no
    reason not to start: it holds tests' wishes, not anybody's work.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._lock = threading.Lock()
        self._file = file
        self._rules: dict[str, _Kept] = {}
        if file is not None:
            with suppress(OSError, ValueError, TypeError):
                for found in json.loads(file.read_text()):
                    draws = int(found.pop("draws"))
                    rule = rule_from(found)
                    self._rules[rule.id] = _Kept(rule, draws)

    def add(self, rule: Rule) -> Rule:
        """Put a rule in force; one with the same id is replaced and draws from its seed anew."""
        with self._lock:
            self._rules[rule.id] = _Kept(rule)
            self._keep()
        return rule

    def rules(self) -> tuple[Rule, ...]:
        with self._lock:
            return tuple(kept.rule for kept in self._rules.values())

    def clear(self, rule_id: str | None = None) -> None:
        """Lift one rule, or all."""
        with self._lock:
            if rule_id is None:
                self._rules.clear()
            else:
                self._rules.pop(rule_id, None)
            self._keep()

    def strike(
        self,
        kinds: frozenset[str],
        *,
        cloud: str,
        operation: str,
        function: str | None,
        versions: Collection[str] = (),
    ) -> tuple[Rule, ...]:
        """Draw the rules of these kinds that hit this call.

        versions: what the call's version is called: its number, and the alias it came by.
        """
        hit = []
        with self._lock:
            drew = False
            for kept in list(self._rules.values()):
                rule = kept.rule
                if rule.kind not in kinds or not rule.applies(
                    cloud=cloud, operation=operation, function=function, versions=versions
                ):
                    continue
                drew = True
                struck = rule.drawn(kept.draws)
                kept.draws += 1
                if struck is not None:
                    hit.append(struck)
                    self._spend(kept)
            if drew:
                self._keep()
        return tuple(hit)

    def _spend(self, kept: _Kept) -> None:
        rule = kept.rule
        if rule.times is None:
            return
        if rule.times <= 1:
            del self._rules[rule.id]
        else:
            kept.rule = replace(rule, times=rule.times - 1)

    def _keep(self) -> None:
        if self._file is None:
            return
        text = json.dumps([{**asdict(kept.rule), "draws": kept.draws} for kept in self._rules.values()])
        draft = self._file.with_suffix(".new")
        # A disk that is full costs the memory of the rules, not the call.
        with suppress(OSError):
            draft.write_text(text)
            draft.replace(self._file)


def prepared(rules: tuple[Rule, ...], spec: Spec) -> Spec:
    """Give the specification to run under these rules: `cold` asks for an instance of its own."""
    for rule in rules:
        if rule.kind == "cold":
            key = (*spec.key, f"cold-{uuid.uuid4().hex}")
            spec = replace(spec, key=key, cold_delay_s=spec.cold_delay_s + rule.ms / 1000)
    return spec


def distort(rules: tuple[Rule, ...], execution: Execution, *, timeout_s: float = 0.0) -> Execution:
    """Give the execution that a caller sees under these executor rules; blocks for the time that they add."""
    for rule in rules:
        if rule.kind == "slow":
            execution = _later(execution, rule.ms / 1000)
        elif rule.kind in _ENDED:
            if rule.kind == "timeout":
                limit = min(timeout_s, rule.ms / 1000) if rule.ms else timeout_s
                execution = _later(execution, max(0.0, limit - execution.duration_ms / 1000))
            outcome, kind = _ENDED[rule.kind]
            execution = replace(execution, outcome=outcome, payload=b"", error_type=kind)
        elif execution.outcome == "ok" and rule.kind == "error":
            document = {"errorType": "InjectedFault", "errorMessage": "A fault rule made this call fail."}
            execution = replace(
                execution, outcome="error", payload=json.dumps(document).encode(), error_type="InjectedFault"
            )
        elif execution.outcome == "ok" and rule.kind in SPOILED:
            execution = replace(execution, payload=spoil(execution.payload, rule.kind, rule.seed))
    return execution


def _later(execution: Execution, wait_s: float) -> Execution:
    time.sleep(wait_s)
    return replace(execution, duration_ms=execution.duration_ms + wait_s * 1000)


def log_delay_s(rules: tuple[Rule, ...]) -> float | None:
    """Say when the lines of a call are to be written: in so many seconds, or never (None)."""
    if any(rule.kind == "no-logs" for rule in rules):
        return None
    return sum(rule.ms for rule in rules if rule.kind == "late-logs") / 1000


def write_late(rules: tuple[Rule, ...], write: Callable[[], None]) -> None:
    """Have the lines of a call written: at once, later from a thread of its own, or never."""
    wait_s = log_delay_s(rules)
    if wait_s == 0:
        write()
    elif wait_s is not None:
        timer = threading.Timer(wait_s, write)
        timer.daemon = True
        timer.start()


def listed(faults: Faults) -> bytes:
    """Give the rules in force as a JSON array."""
    return json.dumps([asdict(rule) for rule in faults.rules()]).encode()


def administer(faults: Faults, method: str, body: bytes, rule_id: str | None) -> tuple[int, bytes]:
    """Serve the admin route: GET lists, POST adds one rule, DELETE lifts one (by id) or all."""
    if method == "POST":
        try:
            found = json.loads(body)
            if not isinstance(found, dict):
                raise ValueError("one JSON object is expected")
            rule = faults.add(rule_from(found))
        except ValueError as exc:
            return 400, json.dumps({"error": str(exc)}).encode()
        return 200, json.dumps(asdict(rule)).encode()
    if method == "DELETE":
        faults.clear(rule_id)
    elif method != "GET":
        return 405, b'{"error": "GET, POST or DELETE"}'
    return 200, listed(faults)
