"""What functions leave behind, looked at around each invocation of a validation, on simulated clouds."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from clouds.simulated.world import World
from cutover.errors import BadInput, Denied, OperationRunning, Unavailable, UnsafePlan, UnsupportedFeature
from cutover.observation import Side
from migrations_app.models import AuditEntry, FunctionMigration, Pair, Run
from migrations_app.services import evidence, rules, twins, validation
from migrations_app.services.inventory import evidence_digest
from tests.integration.workers import worlds
from workers import validation as worker

pytestmark = pytest.mark.django_db(transaction=True)
Bug = Callable[[dict[str, Any]], None]


@pytest.fixture
def world() -> Iterator[World]:
    with worlds.clouds() as made:
        yield made


NAMES = {
    Side.PRIMARY: {"bucket": "acme-reports", "queue": "jobs-q", "table": "public.orders"},
    Side.CANDIDATE: {"bucket": "acme-reports-cn", "queue": "jobs-mns", "table": "shop.orders"},
}


def shop(world: World, on_fc: Callable[[dict[str, Any]], None] = lambda _: None) -> Any:
    """A function that stores a report, sends a notice and changes rows; its answer says nothing.

    ``on_fc`` changes what it is about to do on FC: a seeded bug.
    """
    numbers = {Side.PRIMARY: iter(range(100, 10_000)), Side.CANDIDATE: iter(range(500, 10_000))}

    def behave(side: Side, payload: bytes) -> bytes:
        name = json.loads(payload)["name"]
        names, store, number = NAMES[side], world.store(side), next(numbers[side])
        todo: dict[str, Any] = {
            "objects": {f"daily/{name}.json": {"name": name, "at": f"s3://{names['bucket']}/daily"}},
            "messages": [{"report": name}],
            "rows": {str(number): {"id": number, "customer": name}},
            "stock": {"left": len(name)},
        }
        if side is Side.CANDIDATE:
            on_fc(todo)
        for key, content in todo["objects"].items():
            store.put(names["bucket"], key, content if isinstance(content, bytes) else worlds.answer(content))
        for body in todo["messages"]:
            store.send(names["queue"], worlds.answer(body))
        for key, content in todo["rows"].items():
            store.put(names["table"], key, worlds.answer(content))
        store.put(names["table"], "stock", worlds.answer(todo["stock"]))
        return b'"done"'

    return behave


def with_twins(function: FunctionMigration) -> FunctionMigration:
    common: dict[str, Any] = {"state": "disposable", "actor": "test"}
    here, there = NAMES[Side.PRIMARY], NAMES[Side.CANDIDATE]
    for name, kind, resource, settings in (
        ("reports", "bucket", "bucket", {}),
        ("jobs", "queue", "queue", {"shadow": "yes"}),
        ("orders", "table", "table", {"primary_dsn": "SHOP_DB", "candidate_dsn": "SHOP_DB_CN"}),
    ):
        twins.add(
            function.pk,
            name=name,
            kind=kind,
            primary=here[resource],
            candidate=there[resource],
            settings=settings,
            **common,
        )
    return worlds.refreshed(function)


def carried_out(function: FunctionMigration, pairs: int) -> Run:
    run = validation.start_run(function.pk, actor="test", pairs=pairs)
    worker.carry_out_run(run.pk, owner="test")
    run.refresh_from_db()
    return run


def counting(pair: Pair) -> list[tuple[str, str, str]]:
    return [
        (one["pointer"], one["kind"], one["blame"])
        for one in pair.comparison["differences"]
        if one["standing"] == "counts"
    ]


def test_effects_that_agree_are_stored_with_the_pair_and_pass(world: World) -> None:
    function = with_twins(worlds.deployed(world, behaviour=shop(world)))
    run = carried_out(function, 12)
    assert run.concurrency == 1, "else nobody knows which invocation did it"
    assert set(run.outcomes) <= {"match", "noise"}, list(Pair.objects.values_list("sentence", flat=True))
    pair = Pair.objects.filter(run=run).order_by("position").first()
    assert pair is not None
    found = {(one["twin"], one["kind"], one["key"]) for one in pair.primary["effects"]}
    name = json.loads(json.dumps(pair.event))["name"]
    assert ("reports", "object-written", f"daily/{name}.json") in found
    assert ("jobs", "message-sent", "") in found
    assert any(kind == "row-inserted" for _, kind, _ in found)
    assert pair.comparison["effects_differ"] is False
    assert {row["standing"] for row in pair.comparison["effect_rows"]} <= {None, "noise"}
    report = next(one for one in pair.candidate["effects"] if one["twin"] == "reports")
    assert "twin:reports" in report["text"], "what the clouds call it is no difference"
    assert any(check["name"] == "effects" for check in run.verdict["checks"])


def _wrong_content(todo: dict[str, Any]) -> None:
    for content in todo["objects"].values():
        content["name"] = "undefined"


def test_a_seeded_bug_makes_the_pairs_mismatch_and_the_run_fail(world: World) -> None:
    function = with_twins(worlds.deployed(world, behaviour=shop(world, _wrong_content)))
    run = carried_out(function, 40)
    assert run.verdict_result == "fail"
    assert set(run.outcomes) == {"mismatch"}
    pair = Pair.objects.filter(run=run)[0]
    assert pair.comparison["effects_differ"] is True
    assert pair.blame == "logic"
    ((pointer, found, blame),) = counting(pair)
    assert pointer.startswith("effects/reports/")
    assert (found, blame) == ("value", "logic")
    assert pair.first_pointer == pointer
    checks = {check["name"]: check["result"] for check in run.verdict["checks"]}
    assert checks["effects"] == "fail"


def test_a_rule_on_effects_accepts_what_it_names(world: World) -> None:
    function = with_twins(worlds.deployed(world, behaviour=shop(world, _wrong_content)))
    rules.add(
        function.pk, name="names", kind="ignore", pointer="effects/reports/*/name", reason="known", actor="t"
    )
    run = carried_out(function, 6)
    assert set(run.outcomes) == {"ignored"}


def test_secrets_in_effects_are_not_stored(world: World) -> None:
    def leak(todo: dict[str, Any]) -> None:
        todo["messages"].append({"report": "x", "password": "s3cr3t-on-fc"})
        todo["objects"]["keys.json"] = {"api_key": "s3cr3t-on-fc"}

    function = with_twins(worlds.deployed(world, behaviour=shop(world, leak)))
    run = carried_out(function, 3)
    assert set(run.outcomes) == {"mismatch"}
    stored = list(Pair.objects.filter(run=run).values_list("primary", "candidate", "comparison", "sentence"))
    assert "s3cr3t" not in json.dumps(stored)


def test_stored_effects_are_read_back_as_they_were(world: World) -> None:
    function = with_twins(worlds.deployed(world, behaviour=shop(world)))
    pair = Pair.objects.filter(run=carried_out(function, 1)).get()
    found = evidence.observation_from_document(Side.PRIMARY, pair.primary)
    assert found.effects
    assert evidence.observation_document(found)["effects"] == pair.primary["effects"]


def test_a_look_that_fails_for_a_moment_costs_the_effects_and_not_the_answer(world: World) -> None:
    function = with_twins(worlds.deployed(world, behaviour=shop(world)))
    world.fail("probe:after", Unavailable, times=1)
    world.fail("probe:before", Unavailable, times=1)
    run = carried_out(function, 4)
    assert run.state == "finished"
    assert set(run.outcomes) <= {"match", "noise"}
    unread = [pair for pair in Pair.objects.filter(run=run) if pair.comparison["effects_differ"] is None]
    assert 1 <= len(unread) <= 2
    facts = [side.get("facts", {}) for pair in unread for side in (pair.primary, pair.candidate)]
    assert any("effects-unread" in found for found in facts)


def test_a_look_that_is_never_allowed_ends_the_run_before_anything_is_called_with_it(world: World) -> None:
    function = with_twins(worlds.deployed(world, behaviour=shop(world)))
    world.fail("probe:before", Denied, times=100)
    run = carried_out(function, 4)
    assert (run.state, run.done_pairs) == ("failed", 0)
    assert "probe" in run.error


def test_functions_without_twins_are_not_looked_at(world: World) -> None:
    function = worlds.deployed(world, behaviour=shop(world))
    run = carried_out(function, 3)
    pair = Pair.objects.filter(run=run)[0]
    assert run.concurrency > 1
    assert "effects" not in pair.primary
    assert (pair.comparison["effect_rows"], pair.comparison["effects_differ"]) == (None, None)


def test_evidence_belongs_to_the_twins_it_was_gathered_with(world: World) -> None:
    function = worlds.deployed(world, behaviour=shop(world))
    before = evidence_digest(function)
    found = with_twins(function)
    assert evidence_digest(found) != before
    for name in ("reports", "jobs", "orders"):
        twins.remove(function.pk, name, actor="test")
    assert evidence_digest(worlds.refreshed(function)) == before
    verbs = list(AuditEntry.objects.filter(function=function).values_list("verb", flat=True))
    assert verbs.count("twin:added") == verbs.count("twin:removed") == 3


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"name": "No good"}, "lower-case"),
        ({"kind": "stream"}, "one of"),
        ({"state": "somehow"}, "one of"),
        ({"state": "one-way"}, "in step"),
        ({"candidate": ""}, "Alibaba"),
        ({"kind": "queue"}, "SQS cannot show"),
        ({"kind": "topic"}, "keeps no messages"),
        ({"kind": "table", "primary": "a", "candidate": "b"}, "variables"),
        ({"kind": "table", "primary": "a; drop table b", "candidate": "b"}, "spaces"),
        ({"settings": {"shadow": "yes"}}, "no setting"),
        (
            {
                "kind": "table",
                "primary": "a",
                "candidate": "b",
                "settings": {"primary_dsn": "postgres://u:secret@h/d", "candidate_dsn": "B"},
            },
            "never an address",
        ),
        (
            {
                "kind": "table",
                "primary": "a",
                "candidate": "b",
                "settings": {"primary_dsn": "DATABASE_URL", "candidate_dsn": "B"},
            },
            "Cutover's own",
        ),
    ],
)
def test_a_twin_that_makes_no_sense_is_refused_with_what_to_do(
    world: World, changed: dict[str, Any], sentence: str
) -> None:
    function = worlds.deployed(world)
    given: dict[str, Any] = {
        "name": "reports",
        "kind": "bucket",
        "primary": "a",
        "candidate": "b",
        "state": "disposable",
    }
    with pytest.raises(BadInput, match=sentence):
        twins.add(function.pk, **(given | changed), actor="test")
    assert not function.twins.exists()


def test_twins_stay_as_they_are_while_a_validation_looks_at_them(world: World) -> None:
    function = with_twins(worlds.deployed(world, behaviour=shop(world)))
    validation.start_run(function.pk, actor="test", pairs=3)
    with pytest.raises(OperationRunning):
        twins.remove(function.pk, "reports", actor="test")


def test_environment_names_are_mapped_without_their_values(world: World) -> None:
    function = with_twins(worlds.deployed(world, behaviour=shop(world)))
    facts = {**function.facts, "environment": {"BUCKET": "hash", "TOKEN": "hash", "OLD": "hash"}}
    FunctionMigration.objects.filter(pk=function.pk).update(facts=facts)
    for name, to in (
        ("BUCKET", "twin:reports"),
        ("TOKEN", "worker:SHOP_TOKEN"),
        ("OLD", "NEW"),
        ("EXTRA", "twin:jobs"),
    ):
        twins.map_name(function.pk, name, to=to, actor="test")
    found = worlds.refreshed(function)
    values = {"BUCKET": "acme-reports", "TOKEN": "aws-token", "OLD": "kept", "STAGE": "prod"}
    made = twins.mapped_environment(found, values, own={"SHOP_TOKEN": "fc-token"})
    assert made == {
        "BUCKET": "acme-reports-cn",
        "TOKEN": "fc-token",
        "NEW": "kept",
        "STAGE": "prod",
        "EXTRA": "jobs-mns",
    }
    common: dict[str, Any] = {"kind": "bucket", "primary": "acme-reports", "candidate": "acme-reports-cn"}
    twins.add(function.pk, name="reports", state="shared", actor="test", **common)
    assert twins.mapped_environment(found, {}, own={"SHOP_TOKEN": "x"})["BUCKET"] == "acme-reports"
    with pytest.raises(UnsafePlan, match="SHOP_TOKEN"):
        twins.mapped_environment(found, values, own={})
    with pytest.raises(BadInput, match="BUCKET"):
        twins.remove(function.pk, "reports", actor="test")
    twins.map_name(function.pk, "OLD", to="OLD", actor="test")
    twins.map_name(function.pk, "TOKEN", to="none", actor="test")
    again = twins.mapped_environment(found, values, own={})
    assert (again["OLD"], "TOKEN" in again) == ("kept", False)


@pytest.mark.parametrize(
    ("name", "to"),
    [
        ("BUCKET", "some value"),
        ("BUCKET", "twin:unknown"),
        ("BUCKET", "worker:AWS_SECRET_ACCESS_KEY"),
        ("BUCKET", "worker:CUTOVER_SECRET_KEY"),
        ("BUCKET", "STAGE"),
        ("UNKNOWN", "OTHER"),
        ("not a name", "none"),
    ],
)
def test_a_mapping_that_makes_no_sense_is_refused(world: World, name: str, to: str) -> None:
    function = worlds.deployed(world)
    facts = {**function.facts, "environment": {"BUCKET": "hash", "STAGE": "hash"}}
    FunctionMigration.objects.filter(pk=function.pk).update(facts=facts)
    with pytest.raises(BadInput):
        twins.map_name(function.pk, name, to=to, actor="test")
    assert not function.environment_names.exists()


def test_a_twin_that_cannot_be_looked_at_ends_the_run_with_the_reason(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    function = with_twins(worlds.deployed(world, behaviour=shop(world)))

    class Refusing:
        def of(self, _twin: object) -> Any:
            raise UnsupportedFeature("postgres", "SHOP_DB is not set", "Set it for the workers.")

    monkeypatch.setattr("workers.wiring.table_probes", lambda _side: Refusing())
    run = carried_out(function, 3)
    assert run.state == "failed"
    assert "SHOP_DB" in run.error
