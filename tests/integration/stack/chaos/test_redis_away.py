"""Redis is stopped: pages tell the truth and every way back works. Redis is back: all goes on by itself."""

import json
from collections.abc import Callable

from hosting import waiting
from tests.soak.travellers import Journey, Traveller
from tests.stack import Stack

NAMES = ("redis-01", "redis-02", "redis-03")
PROCESSES = ("web", "work", "rollback", "beat", "watch")
LIMIT_S = 120


def test_it_goes_back_without_redis_and_goes_on_when_redis_is_back(stack: Stack) -> None:
    journey = Journey(stack)
    by_page, by_command, by_itself = travellers = [
        Traveller(name=name, sample="hello-python") for name in NAMES
    ]
    _shift_all(journey, travellers)
    before = {name: stack.pid(name) for name in PROCESSES}
    stack.keep_down("redis")

    for path in ("/", "/functions/", "/operations/", f"/functions/{by_page.name}/"):
        assert journey.operator.get(path).status == 200, path
    assert "20%" in journey.operator.get(f"/functions/{by_page.name}/").text

    journey.roll_back(by_page)
    waiting.until(_is_back(stack, by_page, "operator"), LIMIT_S)
    assert "olled back" in journey.operator.get(f"/functions/{by_page.name}/").text

    said = stack.cutover("rollback", by_command.name, "--reason", "Redis is away", "--json")
    assert said.status == 0, said.text
    assert json.loads(said.text)["state"] == "succeeded"
    assert _points(stack, by_command) == ("1", {})

    stack.fault("alibaba", kind="error", rate=1.0, function=_target(stack, by_itself))
    try:
        waiting.until(_is_back(stack, by_itself, "watch"), LIMIT_S)
    finally:
        stack.lift_faults("alibaba")

    stack.let_up("redis")
    waiting.until(waiting.redis_answers(stack.said["redis_url"]), LIMIT_S)
    for one in travellers:
        journey.ask(one, "deploy")
    journey.wait_until_settled(travellers)
    for one in travellers:
        assert [row[2] for row in journey.operations(one)][-1] == "succeeded", journey.operations(one)
    waiting.until(waiting.consumers_wait(stack.said["redis_url"], 2), LIMIT_S)
    assert {name: stack.pid(name) for name in PROCESSES} == before


def _shift_all(journey: Journey, travellers: list[Traveller]) -> None:
    journey.set_out(travellers)
    for one in travellers:
        journey.ask(one, "deploy")
    journey.wait_until_settled(travellers)
    journey.validate(travellers)
    for one in travellers:
        journey.ask(one, "shift", weight="20")
    journey.wait_until_settled(travellers)
    for one in travellers:
        assert journey.phase(one) == "shifting", journey.operations(one)


def _is_back(stack: Stack, traveller: Traveller, who: str) -> Callable[[], str | None]:
    """Give the condition that AWS has all the traffic, by a rollback that ``who`` asked for."""

    def condition() -> str | None:
        points = _points(stack, traveller)
        rows = stack.rows(
            "SELECT o.state, o.asked_by FROM migrations_app_operation o"
            " JOIN migrations_app_functionmigration f ON f.id = o.function_id"
            " WHERE f.name = %s AND o.kind = 'rollback'",
            traveller.name,
        )
        done = points == ("1", {}) and rows == [("succeeded", who)]
        return None if done else f"{traveller.name}: alias {points}, rollbacks {rows}"

    return condition


def _points(stack: Stack, traveller: Traveller) -> tuple[str, dict[str, float]]:
    alias = stack.aws("lambda").get_alias(FunctionName=traveller.name, Name="live")
    weights = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    return alias["FunctionVersion"], weights


def _target(stack: Stack, traveller: Traveller) -> str:
    found = stack.one(
        "SELECT target ->> 'name' FROM migrations_app_functionmigration WHERE name = %s", traveller.name
    )
    return str(found)
