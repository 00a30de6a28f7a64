"""Faults on demand, shared by both halves.

A rule says what goes wrong, where and how often. Rules at the front act before or around the call (status,
latency, hang, reset, drop-answer); rules in the executor's path act on what the function answered (error,
wrong, slow). Each rule draws from a generator of its own, seeded, so that a run repeats.
"""

import json
import random
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from sandbox.executor import Execution

FRONT_KINDS = frozenset({"status", "latency", "hang", "reset", "drop-answer"})
EXECUTOR_KINDS = frozenset({"error", "wrong", "slow"})
STATUSES = frozenset({403, 404, 429, 500, 503})
HANG_MS = 120_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One fault. operation and function: "*" for any. rate: 0..1. ms: for latency, hang and slow.

    status: for kind "status". times: how often it strikes before it is spent, None for no limit.
    """

    cloud: str
    kind: str
    rate: float = 1.0
    operation: str = "*"
    function: str = "*"
    seed: int = 0
    status: int = 500
    ms: int = 0
    times: int | None = None
    id: str = field(default_factory=lambda: uuid.uuid4().hex[:12])

    def __post_init__(self) -> None:
        if self.cloud not in ("aws", "alibaba"):
            raise ValueError("cloud must be aws or alibaba")
        if self.kind not in FRONT_KINDS | EXECUTOR_KINDS:
            raise ValueError(f"kind must be one of {', '.join(sorted(FRONT_KINDS | EXECUTOR_KINDS))}")
        if not 0 <= self.rate <= 1:
            raise ValueError("rate must lie between 0 and 1")
        if self.status not in STATUSES:
            raise ValueError(f"status must be one of {', '.join(map(str, sorted(STATUSES)))}")
        if self.ms < 0 or (self.times is not None and self.times < 1):
            raise ValueError("ms must not be negative and times must be at least 1")


def rule_from(found: Mapping[str, Any]) -> Rule:
    """Make a rule from JSON. Raises ValueError with a sentence that says what is wrong."""
    kinds: dict[str, Any] = {"cloud": str, "kind": str, "rate": (int, float), "operation": str}
    kinds |= {"function": str, "seed": int, "status": int, "ms": int, "times": (int, type(None)), "id": str}
    for name, value in found.items():
        if name not in kinds:
            raise ValueError(f"unknown field {name}")
        if not isinstance(value, kinds[name]) or isinstance(value, bool):
            raise ValueError(f"{name} has the wrong type")
    missing = {"cloud", "kind"} - found.keys()
    if missing:
        raise ValueError(f"{', '.join(sorted(missing))} is missing")
    return Rule(**found)


class Faults:
    """The rules in force. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: dict[str, tuple[Rule, random.Random]] = {}

    def add(self, rule: Rule) -> Rule:
        """Put a rule in force; one with the same id is replaced and draws from its seed anew."""
        with self._lock:
            self._rules[rule.id] = (rule, random.Random(rule.seed))  # noqa: S311 - a repeatable draw is wanted
        return rule

    def rules(self) -> tuple[Rule, ...]:
        with self._lock:
            return tuple(rule for rule, _ in self._rules.values())

    def clear(self, rule_id: str | None = None) -> None:
        """Lift one rule, or all."""
        with self._lock:
            if rule_id is None:
                self._rules.clear()
            else:
                self._rules.pop(rule_id, None)

    def strike(
        self, kinds: frozenset[str], *, cloud: str, operation: str, function: str | None
    ) -> tuple[Rule, ...]:
        """Draw the rules of these kinds that hit this call."""
        hit = []
        with self._lock:
            for rule, generator in list(self._rules.values()):
                applies = (
                    rule.kind in kinds
                    and rule.cloud == cloud
                    and rule.operation in ("*", operation)
                    and rule.function in ("*", function)
                )
                if not applies or generator.random() >= rule.rate:
                    continue
                hit.append(rule)
                if rule.times is not None:
                    self._spend(rule, generator)
        return tuple(hit)

    def _spend(self, rule: Rule, generator: random.Random) -> None:
        assert rule.times is not None
        if rule.times <= 1:
            del self._rules[rule.id]
        else:
            self._rules[rule.id] = (replace(rule, times=rule.times - 1), generator)


def distort(rules: tuple[Rule, ...], execution: Execution) -> Execution:
    """Give the execution that a caller sees under these executor rules; blocks for the time `slow` adds."""
    for rule in rules:
        if rule.kind == "slow":
            time.sleep(rule.ms / 1000)
            execution = replace(execution, duration_ms=execution.duration_ms + rule.ms)
        elif execution.outcome == "ok" and rule.kind == "error":
            document = {"errorType": "InjectedFault", "errorMessage": "A fault rule made this call fail."}
            execution = replace(
                execution, outcome="error", payload=json.dumps(document).encode(), error_type="InjectedFault"
            )
        elif execution.outcome == "ok" and rule.kind == "wrong":
            execution = replace(execution, payload=_spoil(execution.payload))
    return execution


def _spoil(payload: bytes) -> bytes:
    """Change one number, or drop one key where there is none, or else answer null."""
    try:
        answer = json.loads(payload)
    except ValueError:
        return payload[:-1]
    if not _change_number(answer):
        if isinstance(answer, dict) and answer:
            del answer[sorted(answer)[-1]]
        elif isinstance(answer, (int, float)) and not isinstance(answer, bool):
            answer += 1
        else:
            answer = None
    return json.dumps(answer, separators=(",", ":")).encode()


def _change_number(answer: Any) -> bool:
    places = (
        answer.items() if isinstance(answer, dict) else enumerate(answer) if isinstance(answer, list) else ()
    )
    for key, value in list(places):
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            answer[key] = value + 1
            return True
        if _change_number(value):
            return True
    return False


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
