"""Suites as rows: versions, tags, where their events come from, and what runs make of them."""

from __future__ import annotations

import datetime as dt
import json
import random
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from django.utils import timezone

from clouds.simulated.world import Behaviour, World
from cutover.errors import BadInput, Denied, GuardNotMet
from cutover.observation import LogLine, Side
from cutover.suites import Entry, Reading
from migrations_app.models import FunctionMigration, LiveObservation, Pair, Run, Suite, SuiteDraft, SuiteEvent
from migrations_app.services import guards, rules, suites, suites_drafts, twins, validation
from migrations_app.services.validation import Wanted
from tests.integration.workers import worlds
from tests.integration.workers.test_cli import cutover
from tests.unit.cutover.translation.events import S3, SQS
from workers import drafts
from workers import validation as worker
from workers.cli import validation as verbs
from workers.runs import late_logs, reporting
from workers.runs.logged import logged_entries

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> Iterator[World]:
    with worlds.clouds() as made:
        yield made


def echo(_side: Side, payload: bytes) -> bytes:
    return payload


def carried_out(run: Run) -> Run:
    worker.carry_out_run(run.pk, owner="test")
    run.refresh_from_db()
    return run


# ------------------------------------------------------------------------------------------ versions


def test_an_import_makes_a_new_version_and_a_run_keeps_its_own(world: World) -> None:
    function = worlds.deployed(world, behaviour=echo, events=[{"name": "one"}, {"name": "two"}])
    run = validation.start_run(function.pk, actor="test", pairs=4)
    suite = suites.import_events(function.pk, [{"name": "three"}], actor="test")
    assert (suite.version, suites.named(function, "default").version) == (2, 2)
    carried_out(run)
    names = [(pair.event or {})["name"] for pair in Pair.objects.filter(run=run).order_by("position")]
    assert names == ["one", "two", "one", "two"]
    later = carried_out(validation.start_run(function.pk, actor="test", pairs=2))
    assert {(pair.event or {})["name"] for pair in Pair.objects.filter(run=later)} == {"three"}
    assert [one.event["name"] for one in suites.entries_of(suite, 1)] == ["one", "two"]


def test_the_same_events_again_are_the_same_version(world: World) -> None:
    function = worlds.deployed(world)
    assert suites.import_events(function.pk, list(worlds.EVENTS), actor="test").version == 1
    assert SuiteEvent.objects.count() == 3


def test_a_version_that_no_run_used_goes_with_the_next_import(world: World) -> None:
    function = worlds.deployed(world)
    for number in range(3):
        suite = suites.import_events(function.pk, [{"name": str(number)}], actor="test")
    assert suite.version == 4
    assert SuiteEvent.objects.count() == 1
    with pytest.raises(BadInput, match="not kept"):
        suites.events_of(suite, 2)


def test_events_are_appended_redacted_and_counted(world: World) -> None:
    function = worlds.assessed(world)
    secret = {"title": "t password=s3cr3t", "event": {"password": "s3cr3t"}}
    suites.import_events(function.pk, [secret], actor="test")
    entries = suites.entries_of(suites.named(function, "default"))
    suite = suites.import_entries(function.pk, entries, actor="test", append=True)
    assert len(suites.events_of(suite)) == 2
    assert "s3cr3t" not in json.dumps(list(SuiteEvent.objects.values("title", "event")))


@pytest.mark.parametrize("event", [{"title": "x", "event": 1, "tags": 5}, "a\x00b"])
def test_an_event_that_cannot_be_kept_is_named_and_nothing_changes(world: World, event: object) -> None:
    function = worlds.assessed(world)
    with pytest.raises(BadInput, match=r"^Event 2 "):
        suites.import_events(function.pk, [{}, event], actor="test")
    assert not Suite.objects.exists()


def test_tags_choose_what_a_run_calls(world: World) -> None:
    function = worlds.deployed(world, behaviour=echo)
    assert suites.tag(function.pk, "default", actor="test", add=["smoke"], positions=[1]) == 1
    run = validation.start(function.pk, Wanted(tags=["smoke"]), actor="test", pairs=3)
    carried_out(run)
    assert {(pair.event or {})["name"] for pair in Pair.objects.filter(run=run)} == {"Grace"}
    with pytest.raises(BadInput, match="has one of the tags"):
        validation.start(function.pk, Wanted(tags=["none"]), actor="test")
    assert suites.tag(function.pk, "default", actor="test", remove=["smoke"]) == 3
    assert not any(row.tags for row in suites.events_of(run.suite))
    with pytest.raises(BadInput, match="no event 9"):
        suites.tag(function.pk, "default", actor="test", add=["a"], positions=[8])


# --------------------------------------------------------------------------------- by command alone


def test_a_suite_goes_out_and_comes_in_again_by_commands(world: World, tmp_path: Path) -> None:
    worlds.assessed(world)
    file = tmp_path / "events.jsonl"
    lines = [
        {"title": "first", "event": S3, "tags": ["b"], "expected_effects": [{"kind": "object-written"}]},
        SQS,
    ]
    file.write_text(json.dumps(lines[0]) + "\n{broken\n" + json.dumps(lines[1]) + "\n")
    refused = cutover("suite", "import", "hello", str(file), "--json")
    assert (refused.code, Suite.objects.count()) == (2, 0)
    assert "line 2" in refused.document["error"]
    taken = cutover("suite", "import", "hello", str(file), "--skip-bad", "--tag", "shop", "--json")
    assert (taken.code, taken.document["events"], taken.document["left_out"]) == (0, 2, 1)
    exported = tmp_path / "out.jsonl"
    assert cutover("suite", "export", "hello", "--to", str(exported)).code == 0
    again = cutover("suite", "import", "hello", str(exported), "--name", "copy", "--json")
    assert again.document["events"] == 2
    first, second = (
        cutover("suite", "show", "hello", "--name", name, "--json") for name in ("default", "copy")
    )
    assert first.document["events"] == second.document["events"]
    assert first.document["events"][0]["tags"] == ["b", "shop"]
    assert first.document["events"][0]["expected_effects"] == [{"kind": "object-written"}]
    tagged = cutover("suite", "tag", "hello", "--add", "slow", "--event", "2", "--json")
    assert tagged.document["events"] == 1
    assert cutover("suite", "export", "hello", "--json").document[1]["tags"] == ["shop", "slow"]
    assert cutover("suite", "show", "hello", "--name", "nothing", "--json").code == 2


def test_sample_events_are_generated_for_the_triggers_that_are_known(world: World) -> None:
    function = worlds.assessed(world)
    assert cutover("suite", "generate", "hello", "--json").code == 2
    function.facts["triggers"] = [
        {"kind": "sqs", "source": "arn:aws:sqs:us-east-1:1:jobs", "qualifier": "", "enabled": True}
    ]
    function.save(update_fields=["facts"])
    made = cutover("suite", "generate", "hello", "--count", "12", "--json")
    assert (made.code, made.document["events"]) == (0, 12)
    row = SuiteEvent.objects.order_by("position")[0]
    assert (row.source, row.tags) == ("generated", ["generated", "sqs"])
    assert row.event["Records"][0]["eventSourceARN"] == "arn:aws:sqs:us-east-1:1:jobs"
    more = cutover("suite", "generate", "hello", "--kind", "s3", "--kind", "plain", "--append", "--json")
    assert more.document["events"] > 20


def test_events_come_from_the_functions_own_logs(world: World) -> None:
    function = worlds.assessed(world)
    assert cutover("suite", "from-logs", "hello", "--json").code == 2
    world.logs[function.name, "r1"] = (LogLine(text=f"event {json.dumps(SQS)}"), LogLine(text="done"))
    world.logs[function.name, "r2"] = (LogLine(text=f"event {json.dumps(S3)}"),)
    world.logs["other", "r3"] = (LogLine(text=json.dumps(S3)),)
    found = cutover("suite", "from-logs", "hello", "--hours", "2", "--json")
    assert (found.code, found.document["events"]) == (0, 2)
    assert {row.source for row in SuiteEvent.objects.all()} == {"logs"}
    assert len(logged_entries(function, hours=1, at_most=1)) == 1
    assert cutover("suite", "from-logs", "hello", "--hours", "0", "--json").code == 2


def test_a_draft_is_filled_from_the_logs_by_a_worker(world: World) -> None:
    function = worlds.assessed(world)
    world.logs[function.name, "r1"] = (LogLine(text=f"event {json.dumps(SQS | {'password': 's3cr3t'})}"),)
    asked = suites_drafts.ask_logs(function, actor="ada", name="logged", tags=["night"])
    assert drafts.run_due() == 1
    draft = SuiteDraft.objects.get(pk=asked.pk)
    assert (draft.state, draft.due_at) == ("ready", None)
    assert "s3cr3t" not in json.dumps(draft.entries)
    suite = suites_drafts.accept(draft.pk, actor="ada", expected_version=0)
    row = suite.events.get()
    assert (row.source, row.tags) == ("logs", ["logs", "night"])
    assert drafts.run_due() == 0


def test_a_search_that_finds_nothing_or_may_not_look_says_so(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    function = worlds.assessed(world)
    empty = suites_drafts.ask_logs(function, actor="ada", name="logged", hours=3)
    drafts.run_due()
    empty.refresh_from_db()
    assert (empty.state, "last 3 hours hold no event" in empty.error) == ("failed", True)

    def denied(*_: object, **__: object) -> None:
        raise Denied(cloud="aws", operation="logs:FilterLogEvents")

    monkeypatch.setattr(drafts, "logged_entries", denied)
    refused = suites_drafts.ask_logs(function, actor="ada", name="logged")
    drafts.run_due()
    refused.refresh_from_db()
    assert (refused.state, "logs:FilterLogEvents" in refused.error) == ("failed", True)
    with pytest.raises(BadInput, match="no event"):
        suites_drafts.accept(refused.pk, actor="ada")


def test_a_search_whose_worker_was_killed_falls_due_again_and_a_discarded_one_stays_away(
    world: World,
) -> None:
    function = worlds.assessed(world)
    asked = suites_drafts.ask_logs(function, actor="ada", name="logged")
    taken = suites_drafts.take_due()
    assert taken is not None
    assert suites_drafts.take_due() is None
    SuiteDraft.objects.filter(pk=asked.pk).update(due_at=timezone.now())
    assert suites_drafts.take_due() == asked
    suites_drafts.discard(asked.pk)
    suites_drafts.found(taken, [Entry(title="late", event=1)])
    assert not SuiteDraft.objects.exists()


def test_events_and_suites_are_removed_by_command_and_runs_keep_theirs(world: World) -> None:
    function = worlds.deployed(world)
    run = validation.start_run(function.pk, actor="test", pairs=3)
    fewer = cutover("suite", "remove", "hello", "--name", "default", "--event", "2", "--json")
    assert (fewer.code, fewer.document["events"], fewer.document["version"]) == (0, 2, 2)
    assert cutover("suite", "remove", "hello", "--name", "default", "--json").code == 0
    assert cutover("suite", "list", "hello", "--json").document == []
    assert cutover("suite", "remove", "hello", "--name", "default", "--json").code == 2
    assert len(suites.events_of_run(run)) == 3
    with pytest.raises(GuardNotMet, match="has no events"):
        validation.start_run(function.pk, actor="test")


def test_a_draft_holds_no_more_than_its_room(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    function = worlds.assessed(world)
    monkeypatch.setattr(suites_drafts, "MOST_BYTES", 200)
    entries = tuple(Entry(title=f"n{number}", event="x" * 60) for number in range(3))
    draft = suites_drafts.from_reading(function, Reading(entries=entries), actor="ada", name="default")
    assert (len(draft.entries), draft.left_out) == (1, {"more than a draft holds": 2})


# ---------------------------------------------------------------------------------------------- live


def reported(function_id: int, event: object, answer: object, *, number: int, **changes: object) -> None:
    at = timezone.now() - dt.timedelta(seconds=60 - number)
    row = {
        "side": "primary",
        "outcome": "ok",
        "weight_bp": 100,
        "duration_ms": 12.5,
        "body_hashes": {},
        **changes,
    }
    LiveObservation.objects.create(
        function_id=function_id,
        request_id=f"live-{number}",
        at=at,
        received_at=at,
        event=event,
        answer=answer,
        **row,
    )


def test_what_the_tap_reported_becomes_a_suite_without_what_was_redacted_or_cut(world: World) -> None:
    function = worlds.assessed(world)
    assert cutover("suite", "from-live", "hello", "--json").code == 2
    reported(function.pk, {"name": "Ada"}, {"ok": 1}, number=1)
    reported(function.pk, {"name": "Ada"}, {"ok": 1}, number=2)
    reported(function.pk, {"name": "x", "token": "[redacted]"}, {}, number=3)
    reported(function.pk, None, {}, number=4)
    reported(function.pk, {"name": "other side"}, {}, number=5, side="candidate")
    found = cutover("suite", "from-live", "hello", "--json")
    assert (found.code, found.document["suite"], found.document["events"]) == (0, "live", 1)
    assert suites.live_entries(function.pk, at_most=9).left_out == {"redacted": 1, "too long to be kept": 1}


def test_a_replay_calls_fc_alone_and_its_pairs_count_beside_the_suites(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(late_logs, "PATIENCE_S", 0.0)
    function = worlds.validated(world, behaviour=echo)
    before = world.function(function.name).calls.total()
    for number in range(12):
        reported(function.pk, {"name": f"n{number}"}, {"name": f"n{number}"}, number=number)
    reported(function.pk, {"name": "late"}, None, number=20, body_hashes={"answer_bytes": 99_999})
    reported(function.pk, {"name": "failed"}, {}, number=21, outcome="error")
    said = cutover("validate", "hello", "--replay-live", "50", "--json")
    assert (said.code, said.document["kind"], said.document["result"]) == (0, "replay", "pass")
    assert said.document["outcomes"] == {"match": 12}
    assert world.function(function.name).calls.total() == before
    assert said.document["verdict"]["pairs"] == 332
    assert said.document["usage"]["primary"]["requests"] == 0
    pair = Pair.objects.filter(run_id=said.document["run"])[0]
    assert (pair.primary["facts"]["recorded"], pair.primary_ms) == ("live", None)

    world.behaviours[function.target["name"]] = lambda _side, _payload: b'{"name": "wrong"}'
    failed = cutover("validate", "hello", "--replay-live", "50", "--json")
    assert failed.document["outcomes"] == {"mismatch": 12}
    assert failed.document["verdict"]["pairs"] == 332
    assert worlds.refreshed(function).verdict_result == failed.document["result"] != "pass"


def test_a_replay_without_anything_reported_says_so(world: World) -> None:
    function = worlds.deployed(world)
    with pytest.raises(BadInput, match="reported nothing yet"):
        validation.start_replay(function.pk, actor="test", events=5)
    assert cutover("validate", "hello", "--replay-live", "5", "--pairs", "3", "--json").code == 2
    assert not Run.objects.exists()


# --------------------------------------------------------------------------------------------- noise


def flickering(itself: float, on_fc: float) -> Behaviour:
    """Answer with a field that is another one in such shares of the calls, on AWS and on FC."""
    shares = {Side.PRIMARY: itself, Side.CANDIDATE: on_fc}
    draw = random.Random(7)

    def behaviour(side: Side, payload: bytes) -> bytes:
        shade = "red" if draw.random() < shares[side] else "blue"
        return worlds.answer({"name": json.loads(payload)["name"], "shade": shade})

    return behaviour


def test_what_aws_does_by_itself_is_learned_and_taken_for_noise(world: World) -> None:
    function = worlds.deployed(world, behaviour=flickering(0.3, 0.3))
    plain = carried_out(validation.start_run(function.pk, actor="test", pairs=30))
    assert plain.outcomes.get("mismatch", 0) > 0
    said = cutover("validate", "hello", "--learn", "40", "--pairs", "30", "--json")
    assert said.document["learned"] == 40
    assert said.document["outcomes"].get("noise", 0) > 0
    assert "mismatch" not in said.document["outcomes"]
    assert said.document["usage"]["primary"]["requests"] == 30 + 80


def test_a_field_that_differs_more_on_fc_counts_also_in_the_first_pairs(world: World) -> None:
    function = worlds.deployed(world, behaviour=flickering(0.1, 1.0))
    run = carried_out(validation.start(function.pk, Wanted(learn=60), actor="test", pairs=60))
    assert run.outcomes.get("noise", 0) == 0
    assert run.outcomes["mismatch"] > 40
    assert Pair.objects.filter(run=run, counts=True).count() == run.outcomes["mismatch"]


def test_aws_is_not_called_twice_where_the_declaration_does_not_allow_it(world: World) -> None:
    function = worlds.deployed(world)
    function.effects = "isolated"
    function.save(update_fields=["effects"])
    before = world.function(function.name).calls.total()
    with pytest.raises(GuardNotMet, match="repeatable"):
        validation.start(function.pk, Wanted(learn=5), actor="test")
    assert world.function(function.name).calls.total() == before


def test_the_policy_says_how_many_events_are_learned_from(world: World) -> None:
    function = worlds.deployed(world, behaviour=echo)
    FunctionMigration.objects.filter(pk=function.pk).update(policy={"learn_events": 7})
    run = carried_out(validation.start_run(function.pk, actor="test", pairs=3))
    assert (run.learn, run.learned) == (7, 7)
    none = carried_out(validation.start(function.pk, Wanted(learn=0), actor="test", pairs=3))
    assert none.learned == 0
    FunctionMigration.objects.filter(pk=function.pk).update(effects="isolated")
    assert validation.start_run(function.pk, actor="test", pairs=3).learn == 0


def test_a_killed_worker_does_not_call_again_what_it_learned_from(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    function = worlds.deployed(world, behaviour=echo)
    run = validation.start(function.pk, Wanted(learn=20), actor="test", pairs=5)
    Run.objects.filter(pk=run.pk).update(learned=18)
    carried_out(run)
    assert run.learned == 20
    assert run.usage["primary"]["requests"] == 5 + 4


# ----------------------------------------------------------------------------------------- staleness


def test_a_rule_that_comes_or_goes_makes_the_verdict_stale(world: World) -> None:
    function = worlds.validated(world, behaviour=echo)
    assert not guards.shift_reasons(function, 100)
    row = rules.add(function.pk, name="r", kind="ignore", pointer="/at", reason="clock", actor="test")
    stale = guards.sentences(guards.shift_reasons(worlds.refreshed(function), 100))
    assert any("compared anew, since its rules changed" in sentence for sentence in stale)
    rules.retire(row.pk, actor="test")
    assert not guards.shift_reasons(worlds.refreshed(function), 100)
    everywhere = rules.add(None, name="all", kind="ignore", pointer="/at", reason="clock", actor="test")
    assert guards.shift_reasons(worlds.refreshed(function), 100)
    again = carried_out(validation.start_run(function.pk, actor="test", pairs=320))
    assert again.verdict_result == "pass"
    assert not guards.shift_reasons(worlds.refreshed(function), 100)
    rules.retire(everywhere.pk, actor="test")
    assert guards.shift_reasons(worlds.refreshed(function), 100)


# ------------------------------------------------------------------------------------------------ CI


def test_a_run_in_ci_writes_junit_with_one_case_per_event(world: World, tmp_path: Path) -> None:
    def wrong_for_grace(side: Side, payload: bytes) -> bytes:
        name = json.loads(payload)["name"]
        return worlds.answer({"name": "?" if side is Side.CANDIDATE and name == "Grace" else name})

    worlds.deployed(world, behaviour=wrong_for_grace)
    file = tmp_path / "report.xml"
    said = cutover("validate", "hello", "--pairs", "30", "--concurrency", "3", "--junit", str(file), "--json")
    assert said.code == 1
    suite = ElementTree.fromstring(file.read_bytes())[0]
    cases = suite.findall("testcase")
    assert len(cases) == 4
    failure = cases[1].find("failure")
    assert failure is not None
    assert failure.attrib["type"] == "mismatch"
    assert "/name" in (failure.text or "")
    assert [case.find("failure") is None for case in cases] == [True, False, True, False]
    assert cutover("validate", "hello", "--junit", str(tmp_path / "no" / "x.xml"), "--json").code == 2


def test_ctrl_c_cancels_the_run_and_says_so(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    worlds.deployed(world, behaviour=echo)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(verbs, "_gone_on", interrupted)
    file = tmp_path / "report.xml"
    said = cutover("validate", "hello", "--pairs", "5000", "--junit", str(file), "--json")
    assert (said.code, said.document["result"], said.document["state"]) == (3, "cancelled", "cancelled")
    assert Run.objects.get().state == "cancelled"
    assert Pair.objects.count() == Run.objects.get().done_pairs < 5000
    assert ElementTree.fromstring(file.read_bytes())[0].findall("testcase")[-1].find("error") is not None


def test_a_run_is_repeated_by_a_command_with_its_settings(world: World) -> None:
    worlds.deployed(world, behaviour=echo)
    words = ("--pairs", "6", "--concurrency", "2", "--budget", "9", "--reason", "first", "--json")
    first = cutover("validate", "hello", *words).document
    again = cutover("run", "again", "hello", "--json")
    assert (again.code, again.document["pairs"], again.document["result"]) == (3, 6, first["result"])
    run = Run.objects.get(pk=again.document["run"])
    assert (run.concurrency, run.budget_gb_s, run.reason) == (2, 9.0, "first")
    assert cutover("run", "again", first["run"], "--reason", "second", "--json").code == 3
    assert Run.objects.filter(reason="second").count() == 1
    assert cutover("run", "again", "nothing", "--json").code == 2


def test_a_run_is_cancelled_by_a_command(world: World) -> None:
    function = worlds.deployed(world)
    run = validation.start_run(function.pk, actor="test")
    assert cutover("run", "cancel", "hello", "--json").document["run"] == str(run.pk)
    assert cutover("run", "cancel", str(run.pk), "--json").code == 4
    assert cutover("run", "cancel", "hello", "--json").code == 2


# -------------------------------------------------------------------------------- expected effects


def test_an_effect_that_the_suite_expects_and_fc_lacks_fails_the_event(world: World) -> None:
    def nothing_on_either_side(side: Side, payload: bytes) -> bytes:
        key = json.loads(payload)["name"]
        if key != "Grace":
            world.store(side).put(f"bucket-{side.value}", f"out/{key}", b"{}")
        return b'"done"'

    wanted = {"kind": "object-written", "twin": "out"}
    events = [
        {"title": name, "event": {"name": name}, "expected_effects": [wanted]} for name in ("Ada", "Grace")
    ]
    function = worlds.deployed(world, behaviour=nothing_on_either_side, events=events)
    twins.add(
        function.pk,
        name="out",
        kind="bucket",
        primary="bucket-primary",
        candidate="bucket-candidate",
        state="disposable",
        settings={},
        actor="test",
    )
    run = carried_out(validation.start_run(function.pk, actor="test", pairs=40))
    good, bad = Pair.objects.filter(run=run).order_by("position")[:2]
    assert good.comparison["expected_effects"]["candidate"] in ([], [wanted])
    assert bad.comparison["expected_effects"] == {"primary": [wanted], "candidate": [wanted]}
    assert run.verdict_result == "fail"
    cases = ElementTree.fromstring(reporting.junit_of(run))[0].findall("testcase")
    failure = cases[1].find("failure")
    assert failure is not None
    assert "object-written out" in failure.attrib["message"]
