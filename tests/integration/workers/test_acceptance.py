"""One run whose events each meet a bug of another kind on FC: each pair says which, where, and whose it is.

The same function without its bugs passes. On simulated clouds, with twins of every kind and logs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from clouds.simulated.probes import SCHEMA
from clouds.simulated.world import Behaviour, World
from cutover.observation import Side
from migrations_app.models import FunctionMigration, Pair, Run
from migrations_app.services import validation
from migrations_app.services.validation import Wanted
from tests.integration.workers import worlds
from tests.integration.workers.test_effects import NAMES, with_twins
from workers import validation as worker

pytestmark = pytest.mark.django_db(transaction=True)
Bug = Callable[[dict[str, Any]], None]


@pytest.fixture
def world() -> Iterator[World]:
    with worlds.clouds() as made:
        yield made


def changed(part: str, **values: Any) -> Bug:
    return lambda todo: todo[part].update(values)


def dropped(part: str, key: str) -> Bug:
    def bug(todo: dict[str, Any]) -> None:
        del todo[part][key]

    return bug


def listed(part: str, make: Callable[[list[Any]], list[Any]]) -> Bug:
    return lambda todo: todo.update({part: make(todo[part])})


# Bug -> what it does on FC, and the difference that must count: part, place, kind and blame.
BUGS: dict[str, tuple[Bug, tuple[str, str, str, str]]] = {
    "value": (changed("answer", total=43), ("answer", "/total", "value", "logic")),
    "type": (changed("answer", total="42"), ("answer", "/total", "type", "logic")),
    "missing": (dropped("answer", "total"), ("answer", "/total", "missing", "logic")),
    "extra": (changed("answer", debug=1), ("answer", "/debug", "extra", "logic")),
    "order": (changed("answer", items=["c", "b", "a"]), ("answer", "/items", "order", "logic")),
    "length": (changed("answer", items=["a", "b", "c", *"x" * 99]), ("answer", "/items", "length", "logic")),
    "no-object": (
        dropped("objects", "out.json"),
        ("effects", "effects/reports/{}-out.json", "missing", "logic"),
    ),
    "content": (
        changed("objects", **{"out.json": {"left": 4}}),
        ("effects", "effects/reports/{}-out.json/left", "value", "logic"),
    ),
    "extra-object": (
        changed("objects", **{"tmp.json": {}}),
        ("effects", "effects/reports/{}-tmp.json", "extra", "logic"),
    ),
    "kept-object": (
        changed("gone", objects=[]),
        ("effects", "effects/reports/{}-old.json", "missing", "logic"),
    ),
    "no-message": (listed("messages", lambda _: []), ("effects", "effects/jobs/message", "missing", "logic")),
    "two-messages": (
        listed("messages", lambda one: one * 2),
        ("effects", "effects/jobs/message", "extra", "logic"),
    ),
    "no-row": (dropped("rows", "new"), ("effects", "effects/orders/{}-new", "missing", "logic")),
    "wrong-row": (
        changed("rows", stock={"left": -1}),
        ("effects", "effects/orders/{}-stock/left", "value", "logic"),
    ),
    "kept-row": (changed("gone", rows=[]), ("effects", "effects/orders/{}-cart", "missing", "logic")),
    "schema": (
        changed("schema", flyway="11"),
        ("effects", "effects/orders/schema/flyway", "value", "platform"),
    ),
    "no-line": (listed("lines", lambda said: said[:-1]), ("logs", "INFO done", "missing", "logic")),
    "extra-line": (
        listed("lines", lambda said: [*said, ("ERROR", "no way")]),
        ("logs", "ERROR no way", "extra", "logic"),
    ),
    "changed-line": (
        listed("lines", lambda said: [said[0], ("INFO", "gone"), *said[2:]]),
        ("logs", "INFO gone", "value", "logic"),
    ),
    "level": (
        listed("lines", lambda said: [said[0], ("ERROR", "low stock"), *said[2:]]),
        ("logs", "ERROR low stock", "type", "logic"),
    ),
    "line-twice": (listed("lines", lambda said: [*said, said[-1]]), ("logs", "INFO done", "extra", "logic")),
    "lines-moved": (listed("lines", lambda said: said[::-1]), ("logs", "INFO begun", "order", "logic")),
}
CLEAN = [f"clean-{number}" for number in range(6)]


def shop(world: World, *, buggy: bool) -> Behaviour:
    """A function that answers, writes, sends, changes rows and logs; on FC with the bug its event names."""

    def behave(side: Side, payload: bytes) -> bytes:
        name = json.loads(payload)["name"]
        names, store = NAMES[side], world.store(side)
        # What it will delete must be there; twins are looked at before it is called, so this stays apart.
        todo: dict[str, Any] = {
            "answer": {"total": 42, "items": ["a", "b", "c"]},
            "objects": {"out.json": {"left": 3}},
            "gone": {"objects": ["old.json"], "rows": ["cart"]},
            "messages": [{"order": name}],
            "rows": {"new": {"state": "paid"}, "stock": {"left": 3}},
            "schema": {"flyway": "12"},
            "lines": [("INFO", "begun"), ("INFO", "low stock"), ("INFO", "done")],
        }
        if buggy and side is Side.CANDIDATE and name in BUGS:
            BUGS[name][0](todo)
        for key, content in todo["objects"].items():
            store.put(names["bucket"], f"{name}-{key}", worlds.answer(content))
        for key in todo["gone"]["objects"]:
            store.remove(names["bucket"], f"{name}-{key}")
        for body in todo["messages"]:
            store.send(names["queue"], worlds.answer(body))
        for key, content in todo["rows"].items():
            store.put(names["table"], f"{name}-{key}", worlds.answer(content))
        for key in todo["gone"]["rows"]:
            store.remove(names["table"], f"{name}-{key}")
        store.put(f"{names['table']}{SCHEMA}", "schema", worlds.answer(todo["schema"]))
        for level, text in todo["lines"]:
            world.say(text, level)
        return worlds.answer(todo["answer"])

    return behave


def carried_out(world: World, monkeypatch: pytest.MonkeyPatch, *, buggy: bool, pairs: int) -> Run:
    names = [*BUGS, *CLEAN]
    events = [{"title": name, "event": {"name": name}} for name in names]
    function = with_twins(worlds.deployed(world, behaviour=shop(world, buggy=buggy), events=events))
    # Logs decide here as answers do, and few clean pairs are enough.
    policy = {"observe": [], **({} if buggy else {"mismatch_tolerance": 0.1, "error_margin": 0.1})}
    FunctionMigration.objects.filter(pk=function.pk).update(policy=policy)
    monkeypatch.setattr(worker, "_warm_up", lambda *_: 0)
    for side in Side:
        for name in names:
            world.store(side).put(NAMES[side]["bucket"], f"{name}-old.json", b"{}")
            world.store(side).put(NAMES[side]["table"], f"{name}-cart", b"{}")
    run = validation.start(function.pk, Wanted(concurrency=1), actor="test", pairs=pairs)
    worker.carry_out_run(run.pk, owner="test")
    run.refresh_from_db()
    return run


def test_each_kind_of_bug_is_found_where_it_is_with_the_right_blame_and_the_run_fails(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = carried_out(world, monkeypatch, buggy=True, pairs=len(BUGS) + len(CLEAN))
    pairs = {pair.title: pair for pair in Pair.objects.filter(run=run)}
    for name in CLEAN:
        assert (pairs[name].outcome, counting(pairs[name])) == ("match", set()), name
        assert (pairs[name].comparison["logs_differ"], pairs[name].comparison["effects_differ"]) == (
            False,
            False,
        )
    for name, (_, expected) in BUGS.items():
        pair, of_logs = pairs[name], expected[0] == "logs"
        assert (name, pair.outcome) == (name, "match" if of_logs else "mismatch")
        assert pair.comparison["logs_differ"] is of_logs
        part, place, kind, blame = expected
        found = counting(pair)
        assert (part, place.format(name), kind, blame) in found, (name, found)
        assert {one[0] for one in found} == {part}, (name, "and nothing of another kind")
    checks = {check["name"]: check["result"] for check in run.verdict["checks"]}
    assert run.verdict_result == "fail"
    assert {checks[name] for name in ("answers", "effects", "logs")} == {"fail"}


def counting(pair: Pair) -> set[tuple[str, str, str, str]]:
    """Give what counts: part, place (of logs the line on FC, else on AWS), kind and blame."""
    rows = pair.comparison["log_rows"] or []
    found = set()
    for one in pair.comparison["differences"]:
        if one["standing"] == "counts":
            place = one["pointer"]
            if one["part"] == "logs":
                row = rows[int(place.removeprefix("line ")) - 1]
                place = f"{row['level']} {row['candidate'] or row['primary']}"
            found.add((one["part"], place, one["kind"], one["blame"]))
    return found


def test_the_same_function_without_its_bugs_passes_every_check(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = carried_out(world, monkeypatch, buggy=False, pairs=36)
    assert run.outcomes == {"match": 36}
    checks = {check["name"]: check["result"] for check in run.verdict["checks"]}
    assert {checks[name] for name in ("errors", "answers", "effects", "logs")} == {"pass"}
