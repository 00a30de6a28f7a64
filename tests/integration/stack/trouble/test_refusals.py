"""Bad input on a running stack: a sentence, the right exit code or status, and nothing changed anywhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.samples.catalog import read_samples
from tests.integration.stack.trouble.conftest import OCCUPIED, UNTOUCHED
from tests.integration.stack.trouble.looking import Looking, address, plain, said
from tests.stack import Stack

WRONG_USE, REFUSED, BAD = 2, 4, 1
MB = 1024 * 1024


# ----------------------------------------------------------------------------------- no such function


@pytest.mark.parametrize(
    "words",
    [
        ("status",),
        ("assess",),
        ("deploy",),
        ("validate",),
        ("shift", "--to", "5"),
        ("rollback", "--reason", "typing"),
        ("plan", "--for", "deploy"),
    ],
    ids=lambda words: words[0],
)
def test_a_command_for_a_function_that_does_not_exist_names_near_ones(
    looking: Looking, words: tuple[str, ...]
) -> None:
    verb, *rest = words
    answer = looking.stack.cutover(verb, "trouble-nome", *rest, "--json")
    assert answer.status == WRONG_USE
    assert said(answer)["error"].startswith("There is no function 'trouble-nome'. Did you mean trouble-none")


def test_a_page_of_a_function_that_does_not_exist_names_near_ones(looking: Looking) -> None:
    operator = looking.stack.person("operator")
    for answer in (
        operator.get(address("hello-nod")),
        operator.post(address("hello-nod", "roll-back/")),
        operator.post(address("hello-nod", "deploy/"), reason="typing"),
    ):
        assert answer.status == 404
        assert "There is no function named “hello-nod”. Near names: hello-node" in plain(answer)


# ------------------------------------------------------------------------- functions that cannot move


@pytest.fixture(scope="module")
def at_latest(stack: Stack) -> str:
    """Give a function whose alias points at `$LATEST`."""
    return _make(stack, "trouble-at-latest", runtime="python3.12", alias_on="$LATEST")


@pytest.fixture(scope="module")
def in_ruby(stack: Stack) -> str:
    """Give a function in a runtime that FC does not have."""
    return _make(stack, "trouble-in-ruby", runtime="ruby3.2", alias_on="1")


@pytest.fixture
def too_large(looking: Looking) -> Iterator[str]:
    """Give a function whose package is, by the inventory, larger than FC takes."""
    size = "UPDATE migrations_app_functionmigration SET facts = jsonb_set(facts, '{code_size}', %s)"
    before = looking.stack.one(
        "SELECT facts ->> 'code_size' FROM migrations_app_functionmigration WHERE name = %s", UNTOUCHED
    )
    looking.stack.rows(f"{size} WHERE name = %s", str(600 * MB), UNTOUCHED)
    yield UNTOUCHED
    looking.stack.rows(f"{size} WHERE name = %s", before, UNTOUCHED)
    looking.stack.cutover("assess", UNTOUCHED)


def test_an_alias_at_latest_is_a_blocker_and_is_not_deployed(looking: Looking, at_latest: str) -> None:
    _blocked(looking, at_latest, rule="alias", why="live points at $LATEST", remedy="Publish a version")


def test_a_runtime_that_fc_lacks_is_a_blocker_and_is_not_deployed(looking: Looking, in_ruby: str) -> None:
    _blocked(
        looking, in_ruby, rule="runtime", why="FC has no built-in runtime for ruby3.2", remedy="Move the"
    )


def test_a_package_above_fcs_limit_is_a_blocker_and_is_not_deployed(looking: Looking, too_large: str) -> None:
    _blocked(
        looking,
        too_large,
        rule="package",
        why="The package has 600.0 MB; FC takes 500 MB at most",
        remedy="Leave out what is not needed",
    )


def _blocked(looking: Looking, name: str, *, rule: str, why: str, remedy: str) -> None:
    """Assert that the assessment finds the blocker, and that command and page refuse to deploy for it."""
    assessed = looking.stack.cutover("assess", name, "--json")
    assert assessed.status == BAD, assessed.text
    (finding,) = [one for one in _findings(assessed.text) if one["severity"] == "blocker"]
    assert (finding["rule"], finding["title"]) == (rule, why)
    assert remedy in finding["remedy"]

    before = looking.picture(name)
    by_command = looking.stack.cutover("deploy", name, "--json")
    assert by_command.status == REFUSED
    assert any(why in reason and remedy in reason for reason in said(by_command)["reasons"]), by_command.text
    by_page = looking.stack.person("operator").post(
        address(name, "deploy/"), reason="trying", version=looking.seen_version(name)
    )
    assert by_page.status == 409
    assert "Not possible yet. Nothing was done." in plain(by_page)
    assert why in plain(by_page)
    assert looking.picture(name) == before


def _findings(text: str) -> list[dict[str, str]]:
    found = json.loads(text)
    rows = found if isinstance(found, list) else [found]
    return [finding for row in rows for finding in row["findings"]]


def _make(stack: Stack, name: str, *, runtime: str, alias_on: str) -> str:
    """Make a function on AWS with its alias `live`, and take it into the inventory."""
    functions, sample = stack.aws("lambda"), read_samples()[0]
    role = stack.aws("iam").get_role(RoleName="cutover-samples")["Role"]["Arn"]
    functions.create_function(
        FunctionName=name,
        Runtime=runtime,
        Role=role,
        Handler=sample.handler,
        Code={"ZipFile": sample.package()},
    )
    functions.get_waiter("function_active_v2").wait(FunctionName=name)
    functions.publish_version(FunctionName=name)
    functions.create_alias(FunctionName=name, Name="live", FunctionVersion=alias_on)
    for words in (("sync",), ("assess", name)):
        assert stack.cutover(*words, "--json").status in (0, BAD)
    return name


# -------------------------------------------------------------------------------------- bad documents


def test_events_that_are_not_json_are_refused_by_command_with_the_line(
    looking: Looking, tmp_path: Path
) -> None:
    file = tmp_path / "events.jsonl"
    file.write_text('{"name": "Ada"}\n{"name": oops}\n')
    before = _suite(looking)
    answer = looking.stack.cutover("suite", "import", UNTOUCHED, str(file), "--json")
    assert answer.status == WRONG_USE
    assert f"{file}: line 2 is not JSON" in said(answer)["error"]
    assert "Nothing was changed." in said(answer)["error"]
    assert "oops" not in said(answer)["error"]
    assert _suite(looking) == before


@pytest.mark.parametrize(
    ("text", "place"), [('{"name": "Ada"}\n{"name": oops}', "line 2"), ("<xml/>", "line 1")]
)
def test_events_that_are_not_json_are_named_by_the_page_and_not_imported(
    looking: Looking, text: str, place: str
) -> None:
    before = _suite(looking)
    operator = looking.stack.person("operator")
    drafted = operator.post(address(UNTOUCHED, "events/import/"), text=text, name="default")
    assert drafted.status == 303, plain(drafted)
    assert f"{place} is not JSON" in plain(operator.get(drafted.location))
    assert operator.post(f"{drafted.location}import/").status == 422
    assert _suite(looking) == before


def test_nothing_at_all_is_refused_by_the_page(looking: Looking) -> None:
    before = _suite(looking)
    form = {"text": "  ", "name": "default"}
    answer = looking.stack.person("operator").post(address(UNTOUCHED, "events/import/"), **form)
    assert answer.status == 422
    assert "There is nothing in it. Paste AWS-shaped events as JSON" in plain(answer)
    assert _suite(looking) == before


def _suite(looking: Looking) -> list[tuple[object, ...]]:
    return looking.stack.rows(
        "SELECT e.position, e.event::text FROM migrations_app_suiteevent e"
        " JOIN migrations_app_suite s ON s.id = e.suite_id"
        " JOIN migrations_app_functionmigration f ON f.id = s.function_id"
        " WHERE f.name = %s ORDER BY e.position",
        UNTOUCHED,
    )


# ----------------------------------------------------------------------- too late, too early, not allowed


def test_an_operation_that_runs_already_refuses_the_next_one(by_hand: Stack, looking: Looking) -> None:
    operator = by_hand.person("operator")
    started = operator.post(
        address(OCCUPIED, "deploy/"), reason="first", version=looking.seen_version(OCCUPIED)
    )
    assert started.status == 303, plain(started)
    before = looking.picture(OCCUPIED)

    by_page = operator.post(
        address(OCCUPIED, "deploy/"), reason="second", version=looking.seen_version(OCCUPIED)
    )
    assert by_page.status == 409
    assert "Another operation is running. Nothing was done." in plain(by_page)
    by_command = by_hand.cutover("deploy", OCCUPIED, "--json")
    assert by_command.status == REFUSED
    assert said(by_command)["kind"] == "OperationRunning"
    assert "Wait for it, or roll back" in said(by_command)["error"]
    assert looking.picture(OCCUPIED) == before


def test_a_stale_click_is_refused_and_says_what_to_do(looking: Looking) -> None:
    operator = looking.stack.person("operator")
    seen = looking.seen_version(UNTOUCHED)
    held = looking.stack.cutover("hold", UNTOUCHED, "--reason", "somebody was faster")
    assert held.status == 0
    assert looking.stack.cutover("resume", UNTOUCHED, "--reason", "and went on").status == 0
    before = looking.picture(UNTOUCHED)
    answer = operator.post(address(UNTOUCHED, "deploy/"), reason="Typed with care", version=seen)
    assert answer.status == 409
    assert "Somebody was faster. Nothing was done." in plain(answer)
    assert 'value="Typed with care"' in answer.text
    assert looking.picture(UNTOUCHED) == before


@pytest.mark.parametrize(
    ("verb", "role"),
    [
        ("deploy/", "operator"),
        ("shift/", "operator"),
        ("validate/", "operator"),
        ("declare/", "operator"),
        ("decommission/", "operator"),
        ("roll-back/", "operator"),
        ("hold/", "operator"),
        ("events/import/", "operator"),
        ("assess/", "operator"),
    ],
)
def test_a_viewer_who_presses_a_button_of_others_reads_whose_it_is(
    looking: Looking, verb: str, role: str
) -> None:
    viewer = looking.stack.person("viewer")
    before = looking.picture(UNTOUCHED)
    answer = viewer.post(
        address(UNTOUCHED, verb),
        reason="let me",
        version=looking.seen_version(UNTOUCHED),
        weight="5",
        effects="read-only",
        text="{}",
        confirm=UNTOUCHED,
    )
    assert answer.status == 403
    assert f"needs the role {role}" in plain(answer)
    assert looking.picture(UNTOUCHED) == before
