"""`python -m sandbox.traffic`: the clients of the samples.

It calls only the alias `live`, twenty times a second for each function that is shifting: its alias has
weights or its version changed a moment ago (its clients have then "moved"). Where aliases lead, the sandbox
tells by a route of its own: a look at each by Lambda's calls would cost more than the traffic. Calls are
spread evenly; one that is due while too many of its function are still running is left out, so nothing piles
up behind a slow one. Each acknowledged answer becomes one line of the ledger.

Environment: SANDBOX_STATE, AWS_ENDPOINT_URL, SANDBOX_TRAFFIC_LEDGER (path of a JSON Lines file), optionally
SANDBOX_TRAFFIC_LINGER_S (60) and SANDBOX_TRAFFIC_PER_SECOND (20). It ends on SIGTERM and with its parent.
"""

import ctypes
import json
import os
import signal
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from sandbox import keys as sandbox_keys

ALIAS = "live"
PER_SECOND = 20
LOOK_EVERY_S = 1.0
MAX_RUNNING = 6
_PR_SET_PDEATHSIG = 1
_SAMPLES = Path(__file__).parent / "samples"
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_FALLBACK = (b'{"name": "Ada"}', b'{"name": "Grace"}')


@dataclass(frozen=True, kw_only=True, slots=True)
class Routing:
    """Where an alias leads."""

    version: str
    weights: Mapping[str, float]


class Interest:
    """Decides which functions have traffic. Times are seconds of one clock of the caller's."""

    def __init__(self, linger_s: float) -> None:
        self._linger_s = linger_s
        self._seen: dict[str, str] = {}
        self._changed: dict[str, float] = {}

    def choose(self, routings: Mapping[str, Routing], now: float) -> frozenset[str]:
        """Give the functions to call now. The first look at an alias is no change of it."""
        chosen = set()
        for function, routing in routings.items():
            if self._seen.get(function, routing.version) != routing.version:
                self._changed[function] = now
            self._seen[function] = routing.version
            if any(routing.weights.values()):
                # The end of a split is a change too: clients linger after weights are cleared.
                self._changed[function] = now
                chosen.add(function)
            elif now - self._changed.get(function, float("-inf")) < self._linger_s:
                chosen.add(function)
        return frozenset(chosen)


class Pace:
    """Says which functions are due, each so many times a second, evenly and without catching up."""

    def __init__(self, per_second: float = PER_SECOND) -> None:
        self._step_s = 1 / per_second
        self._due: dict[str, float] = {}

    def due(self, functions: frozenset[str], now: float) -> list[str]:
        step = self._step_s
        self._due = {f: self._due.get(f, now) for f in functions}
        ready = [function for function, at in self._due.items() if at <= now]
        for function in ready:
            planned = self._due[function] + step
            self._due[function] = planned if planned > now - step else now + step
        return ready

    def wait_s(self, now: float) -> float:
        """Give the time until the next call is due, at most a tenth of a second."""
        return max(0.0, min((at - now for at in self._due.values()), default=0.1))


class Ledger:
    """A JSON Lines file, a line per acknowledged answer: function, request_id, executed_version, status,
    function_error, ms (as the client saw it), at (when it was sent, unix seconds)."""

    def __init__(self, place: Path) -> None:
        place.parent.mkdir(parents=True, exist_ok=True)
        self._file = place.open("a", encoding="utf-8")
        self._lock = threading.Lock()

    def write(self, line: Mapping[str, Any]) -> None:
        with self._lock:
            self._file.write(json.dumps(line, separators=(",", ":")) + "\n")
            self._file.flush()


def events_of(function: str, samples: Path = _SAMPLES) -> tuple[bytes, ...]:
    """Give the events of the sample of this name, or plain ones for any other function."""
    place = samples / function / "events.jsonl"
    if not place.is_file():
        return _FALLBACK
    return tuple(line.encode() for line in place.read_text("utf-8").splitlines() if line) or _FALLBACK


class Traffic:
    """Looks at aliases, calls, and writes down what was answered."""

    def __init__(
        self,
        client: Any,
        look: Callable[[], Mapping[str, Routing]],
        ledger: Ledger,
        *,
        interest: Interest,
        pace: Pace,
    ) -> None:
        self._client = client
        self._routings = look
        self._ledger = ledger
        self._interest = interest
        self._pace = pace
        self._active: frozenset[str] = frozenset()
        self._running: Counter[str] = Counter()
        self._sent: Counter[str] = Counter()
        self._events: dict[str, tuple[bytes, ...]] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(12, thread_name_prefix="traffic")

    def stop(self) -> None:
        self._stop.set()

    def run(self) -> None:
        """Call until stopped; calls under way are then waited for."""
        looking = threading.Thread(target=self._look, name="look", daemon=True)
        looking.start()
        while not self._stop.is_set():
            for function in self._pace.due(self._active, time.monotonic()):
                self._send(function)
            self._stop.wait(self._pace.wait_s(time.monotonic()))
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _look(self) -> None:
        while True:
            try:
                self._active = self._interest.choose(self._routings(), time.monotonic())
            except (OSError, ValueError, HTTPException) as exc:
                # The cloud is away or refuses: whoever had traffic keeps it, and the next look tries again.
                print(f"traffic: cannot look at the aliases: {type(exc).__name__}", file=sys.stderr)  # noqa: T201
            if self._stop.wait(LOOK_EVERY_S):
                return

    def _send(self, function: str) -> None:
        with self._lock:
            if self._running[function] >= MAX_RUNNING:
                return
            self._running[function] += 1
            number = self._sent[function]
            self._sent[function] += 1
        events = self._events.setdefault(function, events_of(function))
        self._pool.submit(self._call, function, events[number % len(events)])

    def _call(self, function: str, event: bytes) -> None:
        at, began = time.time(), time.monotonic()
        try:
            answer = self._client.invoke(FunctionName=function, Qualifier=ALIAS, Payload=event)
            answer["Payload"].read()
        except (BotoCoreError, ClientError) as exc:
            # Not acknowledged: no line. A client of a real function would see the same error.
            print(f"traffic: {function}: {type(exc).__name__}", file=sys.stderr)  # noqa: T201
            return
        finally:
            with self._lock:
                self._running[function] -= 1
        self._ledger.write(
            {
                "function": function,
                "request_id": answer["ResponseMetadata"]["RequestId"],
                "executed_version": answer.get("ExecutedVersion"),
                "status": answer["StatusCode"],
                "function_error": answer.get("FunctionError"),
                "ms": round((time.monotonic() - began) * 1000, 2),
                "at": round(at, 3),
            }
        )


def routings_at(endpoint: str) -> dict[str, Routing]:
    """Ask a running AWS half where the aliases lead. Raises OSError, HTTPException, ValueError."""
    with _direct.open(f"{endpoint}/_sandbox/routings?alias={ALIAS}", timeout=5) as answer:
        found = json.loads(answer.read())
    return {name: Routing(version=one["version"], weights=one["weights"]) for name, one in found.items()}


def _client(endpoint: str) -> Any:
    aws = sandbox_keys.read(Path(_needed("SANDBOX_STATE"))).aws
    return boto3.client(
        "lambda",
        endpoint_url=endpoint,
        region_name=aws.region,
        aws_access_key_id=aws.access_key_id,
        aws_secret_access_key=aws.secret_access_key,
        config=Config(
            retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=30, max_pool_connections=16
        ),
    )


def _needed(name: str) -> str:
    if not (value := os.environ.get(name)):
        sys.exit(f"{name} must be set.")
    return value


def _number(name: str, default: float) -> float:
    given = os.environ.get(name, str(default))
    try:
        return float(given)
    except ValueError:
        sys.exit(f"{name} must be a number, not {given!r}.")


def main() -> None:
    parent = os.getppid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("The parent process has ended.")
    endpoint = _needed("AWS_ENDPOINT_URL")
    traffic = Traffic(
        _client(endpoint),
        lambda: routings_at(endpoint),
        Ledger(Path(_needed("SANDBOX_TRAFFIC_LEDGER"))),
        interest=Interest(_number("SANDBOX_TRAFFIC_LINGER_S", 60)),
        pace=Pace(_number("SANDBOX_TRAFFIC_PER_SECOND", PER_SECOND)),
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: traffic.stop())
    traffic.run()


if __name__ == "__main__":
    main()
