"""One run in all kinds of trouble: clear outcomes, nothing is counted twice, nothing is lost."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from clouds import simulated
from clouds.simulated.world import World
from cutover.errors import Throttled
from cutover.observation import Observation, Outcome, Side
from cutover.ports import Invoker
from migrations_app.models import FunctionMigration, Pair, Run
from migrations_app.services import rules, validation
from tests.integration.workers import worlds
from workers import validation as worker
from workers import wiring

pytestmark = pytest.mark.django_db(transaction=True)
LARGE = 5_900_000
TRAP = "a" * 50_000
SCRIPT = "</script><script>alert(1)</script>"
NAMES = (
    "clean",
    "throttled once",
    "throttled",
    "no answer",
    "out of time",
    "fails",
    "large",
    "large and wrong",
    "no text",
    "other bytes",
    "script",
    "trap",
)


class Troubled:
    """An invoker of FC to which some events are trouble. ``calls``: how often each was sent."""

    def __init__(self, inner: Invoker) -> None:
        self._inner = inner
        self.calls: Counter[str] = Counter()

    def invoke(self, function: str, payload: bytes, *, qualifier: str, timeout_s: float) -> Observation:
        name = json.loads(payload)["name"]
        self.calls[name] += 1
        seen = self._inner.invoke(function, payload, qualifier=qualifier, timeout_s=timeout_s)
        match name:
            case "throttled once" if self.calls[name] == 1:
                raise Throttled(cloud="alibaba", operation="fc:InvokeFunction")
            case "throttled":
                return replace(seen, outcome=Outcome.THROTTLED, payload=b"", request_id="", logs=None)
            case "no answer":
                return replace(seen, outcome=Outcome.NO_ANSWER, payload=b"", request_id="", logs=None)
            case "out of time":
                return replace(
                    seen, outcome=Outcome.TIMEOUT, payload=b"", error_message="timed out after 3 s"
                )
            case _:
                return seen


def behave(side: Side, payload: bytes) -> bytes:
    name, on_fc = json.loads(payload)["name"], side is Side.CANDIDATE
    if name == "fails" and on_fc:
        raise RuntimeError("no module")
    if name.startswith("large"):
        tail = "!" if on_fc and name == "large and wrong" else "."
        return worlds.answer({"body": "x" * LARGE, "tail": tail})
    if name in ("no text", "other bytes"):
        return b"\xff\xfe\x00 no text \x80" + (b"\x81" if on_fc and name == "other bytes" else b"")
    if name == "trap":
        return worlds.answer({"v": TRAP + ("!" if on_fc else "")})
    return worlds.answer({"name": name, "html": SCRIPT})


@pytest.fixture
def troubled(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[World, Troubled]]:
    # The pause before a throttled call is sent again is drawn; here it has no length.
    monkeypatch.setattr("random.uniform", lambda *_bounds: 0.0)
    primary, candidate, world = simulated.connect()
    invoker = Troubled(candidate.invoker)
    with wiring.use(primary, replace(candidate, invoker=invoker)):
        yield world, invoker


@pytest.fixture
def run(troubled: tuple[World, Troubled], monkeypatch: pytest.MonkeyPatch) -> Run:
    world, _ = troubled
    monkeypatch.setattr(worker, "_warm_up", lambda *_: 0)
    events = [{"title": name, "event": {"name": name}} for name in NAMES]
    function = worlds.deployed(world, behaviour=behave, events=events)
    rules.add(
        function.pk,
        name="a mask that explodes elsewhere",
        kind="mask",
        pointer="/v",
        value="(a+)+$",
        reason="a trap",
        actor="test",
    )
    made = validation.start_run(function.pk, actor="test", pairs=len(NAMES))
    worker.carry_out_run(made.pk, owner="test")
    made.refresh_from_db()
    return made


def test_each_kind_of_trouble_has_its_outcome_and_is_counted_once(
    troubled: tuple[World, Troubled], run: Run
) -> None:
    _, invoker = troubled
    pairs = {pair.title: pair for pair in Pair.objects.filter(run=run)}
    assert {name: pair.outcome for name, pair in pairs.items()} == {
        "clean": "match",
        "throttled once": "match",
        "throttled": "not-comparable",
        "no answer": "not-comparable",
        "out of time": "candidate-error",
        "fails": "candidate-error",
        "large": "match",
        "large and wrong": "mismatch",
        "no text": "match",
        "other bytes": "mismatch",
        "script": "match",
        "trap": "mismatch",
    }
    assert (run.state, run.done_pairs, sum(run.outcomes.values())) == ("finished", len(NAMES), len(NAMES))
    assert invoker.calls["no answer"] == 1, "it may have run, so it is never sent again"
    assert invoker.calls["throttled once"] == 2
    assert set(invoker.calls) == set(NAMES)
    said: dict[str, str] = {name: pair.sentence for name, pair in pairs.items()}
    assert said["throttled"] == "FC was throttled, so there is nothing to compare."
    assert said["no answer"] == "FC gave no answer in time, so there is nothing to compare."
    assert "FC failed with Timeout" in said["out of time"]
    assert (pairs["out of time"].blame, pairs["fails"].blame) == ("platform", "logic")
    assert not any(pair.logs_pending for pair in pairs.values()), "no logs will come of what did not run"

    large = pairs["large and wrong"]
    assert (large.first_pointer, large.candidate["truncated"]) == ("/tail", True)
    assert large.candidate["payload_bytes"] > LARGE
    assert large.candidate["payload_sha256"] != large.primary["payload_sha256"]
    assert len(large.candidate["payload_text"]) < 100_000
    assert pairs["no text"].primary["payload_base64"]
    stored: dict[str, Any] = pairs["script"].primary
    assert json.loads(stored["payload_text"])["html"] == SCRIPT, "a value like others; pages show it as text"


def test_a_side_that_throttles_all_ends_the_run_with_the_reason_and_no_verdict(world_down: Run) -> None:
    assert (world_down.state, world_down.verdict_result) == ("failed", "error")
    assert "were not answered" in world_down.error
    assert set(world_down.outcomes) <= {"not-comparable"}
    function = FunctionMigration.objects.get()
    assert (function.verdict_result, function.stage.value) == ("", "deployed")


@pytest.fixture
def world_down(monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    monkeypatch.setattr("random.uniform", lambda *_bounds: 0.0)
    with worlds.clouds() as world:
        function = worlds.deployed(world)
        world.function(function.name).reserved = 0
        run = validation.start_run(function.pk, actor="test", pairs=200)
        worker.carry_out_run(run.pk, owner="test")
        run.refresh_from_db()
        yield run
