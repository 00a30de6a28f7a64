"""Rules with a schedule, on a server whose clock for them runs 240 times as fast; the cost of a write."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.sandbox_aws.support import TRUST, eventually, settled, zipped
from tests.sandbox_fixtures import RunningAws, running_aws

pytestmark = pytest.mark.enable_socket


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAws]:
    with running_aws(tmp_path_factory.mktemp("quick"), SANDBOX_SCHEDULE_SPEED="240") as running:
        yield running


def _queue(sqs: Any, name: str) -> tuple[str, str]:
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return url, found["Attributes"]["QueueArn"]


def test_rules_fire_by_the_clock_until_they_are_disabled(quick: RunningAws) -> None:
    sqs, events = quick.client("sqs"), quick.client("events")
    url, arn = _queue(sqs, "ticks")
    rules = {
        expression: events.put_rule(Name=name, ScheduleExpression=expression)["RuleArn"]
        for name, expression in (("rated", "rate(1 minute)"), ("timed", "cron(0/1 * * * ? *)"))
    }
    for name in ("rated", "timed"):
        events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": arn}])
    came: list[dict[str, Any]] = []

    def both_came_twice() -> bool:
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        came.extend(json.loads(message["Body"]) for message in found.get("Messages", []))
        return all(sum(one["resources"] == [rule] for one in came) >= 2 for rule in rules.values())

    assert eventually(both_came_twice)
    assert {(one["source"], one["detail-type"]) for one in came} == {("aws.events", "Scheduled Event")}
    assert all(one["detail"] == {} and one["version"] == "0" for one in came)
    ticks = [(one["resources"][0], one["time"]) for one in came]
    assert len(set(ticks)) == len(ticks)
    for name in ("rated", "timed"):
        events.disable_rule(Name=name)


def test_a_rule_runs_an_alias_with_its_input(quick: RunningAws) -> None:
    lambda_, events, logs = quick.client("lambda"), quick.client("events"), quick.client("logs")
    role = quick.client("iam").create_role(RoleName="runs", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    source = "def handler(event, context):\n    print('GOT', context.invoked_function_arn, event)"
    lambda_.create_function(
        FunctionName="ticked",
        Runtime="python3.11",
        Role=role,
        Handler="app.handler",
        Code={"ZipFile": zipped({"app.py": source})},
    )
    settled(lambda_, "ticked")
    lambda_.publish_version(FunctionName="ticked")
    alias = lambda_.create_alias(FunctionName="ticked", Name="live", FunctionVersion="1")["AliasArn"]
    rule = events.put_rule(Name="runs", ScheduleExpression="rate(1 minute)")["RuleArn"]
    lambda_.add_permission(
        FunctionName="ticked",
        Qualifier="live",
        StatementId="rule",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=rule,
    )
    events.put_targets(Rule="runs", Targets=[{"Id": "1", "Arn": alias, "Input": '{"from": "rule"}'}])

    def lines() -> list[str]:
        try:
            found = logs.filter_log_events(logGroupName="/aws/lambda/ticked", filterPattern="GOT")
        except logs.exceptions.ResourceNotFoundException:
            return []
        return [one["message"].strip() for one in found["events"]]

    assert eventually(lines)[0] == f"GOT {alias} {{'from': 'rule'}}"
    events.disable_rule(Name="runs")


def test_writing_a_message_down_costs_little(quick: RunningAws) -> None:
    sqs = quick.client("sqs")
    url, _ = _queue(sqs, "written")

    def seconds() -> float:
        began = time.monotonic()
        sqs.send_message(QueueUrl=url, MessageBody="x" * 1000)
        return time.monotonic() - began

    # Far above what it takes, so that only writes that all wait for the disk fail it.
    assert min(seconds() for _ in range(50)) < 0.05
