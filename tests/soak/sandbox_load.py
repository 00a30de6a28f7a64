"""Mixed invocations of both halves of the sandbox while their servers are killed, and what must hold.

Every piece of work carries a token. The functions tell an ear outside of the sandbox which tokens they were
called with, so an effect stays counted whatever is killed. A token is owed once the sandbox has acknowledged
the event or the message that carries it: it must be heard then, once or more often.

What is drawn (what is sent, what fails) comes from seeded generators; what the machine makes of it differs
from run to run, as accidents do.
"""

from __future__ import annotations

import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.contract.sandbox_alibaba.calls import Ear, listening
from tests.sandbox_fixtures import processes_of
from tests.soak.sandbox_halves import AlibabaHalf, AwsHalf, Half, Refused

TOKEN = re.compile(rb"tok-[0-9a-f]{12}")
THREADS = 4
BACK_LIMIT_S = 60.0
HEARD_LIMIT_S = 120.0
GONE_LIMIT_S = 10.0
AFTER_WARM_UP = 0.25
"""Share of the work after the last restart that warms a server up before its memory is read first."""
GROWTH = 1.25
SLACK_MB = 40
SLACK_FILES = 24


@dataclass(frozen=True, kw_only=True, slots=True)
class Size:
    """What a server process has: resident memory in MB, and open files."""

    memory_mb: float
    files: int


@dataclass(kw_only=True)
class Report:
    """What a run did. ``owed``: token -> what carried it and when; what of it was not heard is lost.

    ``failed``: token -> the answer of a function that failed. ``orphans``: processes that are left.
    """

    sent: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    failed: dict[bytes, str] = field(default_factory=dict)
    owed: dict[bytes, str] = field(default_factory=dict)
    heard: set[bytes] = field(default_factory=set)
    orphans: list[int] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    sizes: dict[str, list[Size]] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def lost(self) -> list[str]:
        """Give what was acknowledged and never came to a function."""
        return [what for token, what in self.owed.items() if token not in self.heard]

    @property
    def never_run(self) -> list[str]:
        """Give the failures of functions that never began, although faults strike after the handler."""
        return [what for token, what in self.failed.items() if token not in self.heard]

    @property
    def grown(self) -> list[str]:
        """Say which server has more memory or more open files than after its warm-up."""
        found = []
        for name, (warm, end) in self.sizes.items():
            if end.memory_mb > warm.memory_mb * GROWTH + SLACK_MB:
                found.append(f"{name}: {warm.memory_mb:.0f} MB, then {end.memory_mb:.0f} MB")
            if end.files > warm.files + SLACK_FILES:
                found.append(f"{name}: {warm.files} open files, then {end.files}")
        return found


class Load:
    """Sends pieces of work to one half from a few threads; each has a generator of its own."""

    def __init__(self, half: Half, *, total: int, seed: int, report: Report) -> None:
        self.half, self.total, self.report = half, total, report
        self.done = 0
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(
                target=self._work, args=(random.Random(f"{seed} {half.name} {number}"),), daemon=True
            )
            for number in range(THREADS)
        ]
        self.broken: list[Exception] = []

    def start(self) -> None:
        """Begin in the background."""
        for thread in self._threads:
            thread.start()

    def wait_until(self, share: float) -> None:
        """Wait until this share of the work was sent; raise what broke a thread."""
        while self.done < self.total * share and any(thread.is_alive() for thread in self._threads):
            time.sleep(0.01)
        if self.broken:
            raise self.broken[0]

    def join(self) -> None:
        """Wait for the end."""
        for thread in self._threads:
            thread.join()
        self.wait_until(1)

    def _work(self, drawn: random.Random) -> None:
        try:
            while self._take():
                self._one(drawn)
        except Exception as exc:  # noqa: BLE001 - the thread's outermost place; whoever waits raises it
            self.broken.append(exc)

    def _take(self) -> bool:
        with self._lock:
            self.done += self.done < self.total + 1
            return self.done <= self.total

    def _one(self, drawn: random.Random) -> None:
        (kind,) = drawn.choices(list(self.half.kinds), weights=list(self.half.kinds.values()))
        token = f"tok-{drawn.getrandbits(48):012x}"
        try:
            answer = self.half.send(kind, token)
        except Refused as refusal:
            with self._lock:
                self.report.refused[f"{self.half.name} {kind}: {refusal}"] += 1
            self.half.wait_until_back(BACK_LIMIT_S)
            return
        with self._lock:
            self.report.sent[f"{self.half.name} {kind}"] += 1
            what = f"{self.half.name} {kind}"
            if answer.failed:
                self.report.failed[token.encode()] = f"{what}: {answer.failed}"
            else:
                self.report.owed[token.encode()] = f"{what}, number {self.done}: {token}"
            if answer.wrong:
                self.report.wrong.append(f"{what}: {answer.wrong}")


@dataclass(kw_only=True)
class Soak:
    """Both halves under load, each killed so many times. ``say`` takes lines for a person."""

    total: int
    kills: int
    seed: int
    say: Callable[[str], object]

    def run(self, state: Path) -> Report:
        """Run, wait for what is owed, and stop everything."""
        began, report = time.monotonic(), Report()
        with listening() as ear:
            with self._halves(state, ear) as halves:
                self.say(f"seed {self.seed}")
                self._drive(halves, report)
                self._wait_for_the_owed(ear, report)
                for half in halves:
                    report.sizes[half.name].append(size_of(half.pid))
                left = processes_of("EAR", ear.url)
            report.orphans += _still_there(left)
        report.seconds = time.monotonic() - began
        self._account(report)
        return report

    @contextmanager
    def _halves(self, state: Path, ear: Ear) -> Iterator[tuple[Half, ...]]:
        with ExitStack() as stack:
            made = (AwsHalf(state, ear.url), AlibabaHalf(state, ear.url))
            for half in made:
                stack.callback(half.stop)
                half.start()
                half.furnish()
                half.fail_sometimes(self.seed)
            yield made

    def _drive(self, halves: Sequence[Half], report: Report) -> None:
        loads = [Load(half, total=self.total // 2, seed=self.seed, report=report) for half in halves]
        for load in loads:
            load.start()
        for number in range(1, self.kills + 1):
            share = number / (self.kills + 1)
            for load, offset in zip(loads, (0.0, 0.05), strict=True):
                load.wait_until(share + offset)
                self._kill(load, report)
        last = self.kills / (self.kills + 1) + 0.05 if self.kills else 0.0
        for load in loads:
            load.wait_until(last + (1 - last) * AFTER_WARM_UP)
            report.sizes[load.half.name] = [size_of(load.half.pid)]
        for load in loads:
            load.join()

    def _kill(self, load: Load, report: Report) -> None:
        half = load.half
        functions = half.workers()
        half.kill()
        left = _still_there(functions)
        report.orphans += left
        half.start()
        half.fail_sometimes(self.seed + load.done)
        self.say(f"{half.name} killed at {load.done}: {len(functions)} functions, {len(left)} left")

    def _wait_for_the_owed(self, ear: Ear, report: Report) -> None:
        """Wait as long as anything that is owed keeps coming."""
        end = time.monotonic() + HEARD_LIMIT_S
        while True:
            report.heard = {token for body in list(ear.heard) for token in TOKEN.findall(body)}
            if not report.lost or time.monotonic() > end:
                return
            time.sleep(0.1)

    def _account(self, report: Report) -> None:
        self.say(f"sent: {dict(sorted(report.sent.items()))}")
        self.say(f"refused: {dict(sorted(report.refused.items()))}")
        self.say(f"failed: {dict(sorted(Counter(report.failed.values()).items()))}")
        self.say(f"of these never run: {dict(sorted(Counter(report.never_run).items()))}")
        self.say(f"owed {len(report.owed)}, lost {len(report.lost)}, orphans {len(report.orphans)}")
        for name, sizes in report.sizes.items():
            shown = ", then ".join(f"{one.memory_mb:.0f} MB and {one.files} files" for one in sizes)
            self.say(f"{name}: {shown}")
        self.say(f"{report.seconds:.0f} s")


def size_of(pid: int) -> Size:
    """Read a process's memory and count its open files."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found is not None, "a running process has memory"
    return Size(memory_mb=int(found[1]) / 1024, files=len(list(Path(f"/proc/{pid}/fd").iterdir())))


def _still_there(pids: Sequence[int]) -> list[int]:
    """Give the processes that are there after the time that the kernel needs to end them."""
    end = time.monotonic() + GONE_LIMIT_S
    while time.monotonic() < end and any(map(_lives, pids)):
        time.sleep(0.02)
    return [pid for pid in pids if _lives(pid)]


def _lives(pid: int) -> bool:
    with suppress(OSError):
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    return False
