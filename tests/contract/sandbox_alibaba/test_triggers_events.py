"""Triggers that fire on their own: timers, objects, messages of topics and queues, through official SDKs."""

import base64
import json
import re
from functools import partial
from typing import Any

import pytest
from alibabacloud_fc20230330 import models as fc
from alibabacloud_sls20201230 import models as sls
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException

from tests.contract.sandbox_alibaba.calls import (
    ECHO_NODE,
    SDK_WARNINGS,
    Ear,
    eventually,
    queue,
    refusal,
    topic,
    trigger,
)
from tests.sandbox_fixtures import RunningAlibaba

pytestmark = SDK_WARNINGS
EVERY_SECOND = {"cronExpression": "@every 1s", "enable": True, "payload": "hi"}


def change(alibaba: RunningAlibaba, function: str, config: dict[str, Any]) -> None:
    given = fc.UpdateTriggerInput(trigger_config=json.dumps(config))
    alibaba.fc().update_trigger(function, "t", fc.UpdateTriggerRequest(body=given))


class TestTimers:
    def test_a_timer_fires_until_it_is_disabled(self, alibaba: RunningAlibaba, ear: Ear) -> None:
        alibaba.create_function("timed", source=ear.telling())
        trigger(alibaba, "timed", "timer", EVERY_SECOND)
        eventually(lambda: len(ear.heard) >= 2)
        change(alibaba, "timed", {**EVERY_SECOND, "enable": False})
        events = ear.documents()
        assert {(event["triggerName"], event["payload"]) for event in events} == {("t", "hi")}
        times = [event["triggerTime"] for event in events]
        assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", at) for at in times)
        assert len(set(times)) == len(times)

    def test_a_cron_expression_fires_by_the_second(self, alibaba: RunningAlibaba, ear: Ear) -> None:
        alibaba.create_function("cron", source=ear.telling())
        config = {"cronExpression": "CRON_TZ=Asia/Shanghai */1 * * ? * *", "enable": True}
        trigger(alibaba, "cron", "timer", config)
        eventually(lambda: ear.heard)
        alibaba.fc().delete_trigger("cron", "t")
        assert ear.documents()[0]["payload"] == ""

    @pytest.mark.parametrize(
        "config",
        [
            {},
            {"cronExpression": "* * * * *"},
            {"cronExpression": "61 * * * * *"},
            {"cronExpression": "@every soon"},
            {"cronExpression": "CRON_TZ=Mars/Base 0 * * * * *"},
            {"cronExpression": "@every 1m", "enable": "yes"},
        ],
    )
    def test_it_refuses_schedules_that_are_none(
        self, alibaba: RunningAlibaba, config: dict[str, Any]
    ) -> None:
        alibaba.create_function(name := f"mistimed-{abs(hash(str(config)))}", source=ECHO_NODE)
        assert refusal(lambda: trigger(alibaba, name, "timer", config)) == (400, "InvalidArgument")


class TestObjects:
    def _arn(self, alibaba: RunningAlibaba, bucket: str) -> str:
        alibaba.bucket(bucket).create_bucket()
        return f"acs:oss:cn-hangzhou:{alibaba.keys.alibaba.account_id}:{bucket}"

    def _config(self, *events: str, prefix: str = "", suffix: str = "") -> dict[str, Any]:
        return {"events": list(events), "filter": {"key": {"prefix": prefix, "suffix": suffix}}}

    def test_an_object_that_fits_fires_and_others_do_not(self, alibaba: RunningAlibaba, ear: Ear) -> None:
        alibaba.create_function("objects", source=ear.telling())
        arn = self._arn(alibaba, "fires")
        config = self._config("oss:ObjectCreated:*", prefix="in/", suffix=".txt")
        trigger(alibaba, "objects", "oss", config, source_arn=arn)
        bucket = alibaba.bucket("fires")
        bucket.put_object("out/a.txt", b"no")
        bucket.put_object("in/a.png", b"no")
        put = bucket.put_object("in/a b ü.txt", b"hello")
        bucket.delete_object("in/a b ü.txt")
        eventually(lambda: ear.heard)
        (event,) = ear.documents()[0]["events"]
        assert event["eventName"] == "ObjectCreated:PutObject"
        assert event["oss"]["bucket"]["name"] == "fires"
        assert event["oss"]["object"] == {
            "deltaSize": 5,
            "eTag": put.etag.upper(),
            "key": "in/a b ü.txt",
            "size": 5,
        }
        assert (event["eventSource"], event["eventVersion"]) == ("acs:oss", "1.0")
        assert len(ear.heard) == 1

    def test_rules_that_overlap_are_refused(self, alibaba: RunningAlibaba) -> None:
        arn = self._arn(alibaba, "overlaps")
        for name in ("lap-a", "lap-b", "lap-c"):
            alibaba.create_function(name, source=ECHO_NODE)
        first = self._config("oss:ObjectCreated:*", prefix="in/", suffix=".jpg")
        trigger(alibaba, "lap-a", "oss", first, source_arn=arn)
        inside = self._config("oss:ObjectCreated:PutObject", prefix="in/deep/")
        with pytest.raises(AlibabaCloudException, match="overlapping prefix and suffix"):
            trigger(alibaba, "lap-b", "oss", inside, source_arn=arn)
        apart = self._config("oss:ObjectCreated:PutObject", prefix="out/")
        trigger(alibaba, "lap-b", "oss", apart, source_arn=arn)
        removed = self._config("oss:ObjectRemoved:*", prefix="in/")
        trigger(alibaba, "lap-c", "oss", removed, source_arn=arn)

    def test_it_refuses_buckets_and_events_that_are_not_there(self, alibaba: RunningAlibaba) -> None:
        alibaba.create_function("no-bucket", source=ECHO_NODE)
        arn = f"acs:oss:cn-hangzhou:{alibaba.keys.alibaba.account_id}:not-there"
        good = self._config("oss:ObjectCreated:*")
        assert refusal(lambda: trigger(alibaba, "no-bucket", "oss", good, source_arn=arn))[0] == 400
        there = self._arn(alibaba, "is-there")
        bad = self._config("oss:ObjectPainted:*")
        assert refusal(lambda: trigger(alibaba, "no-bucket", "oss", bad, source_arn=there))[0] == 400
        given = {"source_arn": there, "invocation_role": ""}
        assert refusal(lambda: trigger(alibaba, "no-bucket", "oss", good, **given))[0] == 400


class TestLogs:
    def test_new_rows_are_told_with_their_cursors(self, alibaba: RunningAlibaba, ear: Ear) -> None:
        client = alibaba.sls()
        project = sls.CreateProjectRequest(project_name="told-logs", description="d")
        client.create_project(project)
        store = sls.CreateLogStoreRequest(logstore_name="store", shard_count=1, ttl=1)
        client.create_log_store("told-logs", store)
        alibaba.create_function("pulls", source=ear.telling())
        arn = f"acs:log:cn-hangzhou:{alibaba.keys.alibaba.account_id}:project/told-logs"
        config = {
            "sourceConfig": {"logstore": "store"},
            "jobConfig": {"triggerInterval": 3, "maxRetryTime": 1},
            "functionParameter": {"a": "b"},
            "logConfig": {"project": "", "logstore": ""},
            "enable": True,
        }
        trigger(alibaba, "pulls", "log", config, source_arn=arn)
        logs = fc.LogConfig(project="told-logs", logstore="store")
        alibaba.create_function("writes", source=ECHO_NODE, log_config=logs)
        alibaba.invoke("writes")
        eventually(lambda: ear.heard)
        alibaba.fc().delete_trigger("pulls", "t")
        (event,) = ear.documents()
        source = event["source"]
        assert (source["projectName"], source["logstoreName"], source["shardId"]) == ("told-logs", "store", 0)
        begin, end = (int(base64.b64decode(source[name])) for name in ("beginCursor", "endCursor"))
        assert begin < end
        assert event["parameter"] == {"a": "b"}
        missing = {**config, "sourceConfig": {"logstore": "none"}}
        assert refusal(lambda: trigger(alibaba, "pulls", "log", missing, source_arn=arn))[0] == 400


class TestTopics:
    def test_messages_come_as_stream_or_as_json_and_by_tag(self, alibaba: RunningAlibaba, ear: Ear) -> None:
        from mns.topic import TopicMessage

        published = topic(alibaba, "news")
        arn = f"acs:mns:cn-hangzhou:{alibaba.keys.alibaba.account_id}:/topics/news"
        alibaba.create_function("stream", source=ear.telling())
        trigger(alibaba, "stream", "mns_topic", {"notifyContentFormat": "STREAM"}, source_arn=arn)
        published.publish_message(TopicMessage("plain"))
        eventually(lambda: ear.heard == [b"plain"])
        alibaba.fc().delete_trigger("stream", "t")
        alibaba.create_function("json", source=ear.telling())
        config = {"notifyContentFormat": "JSON", "filterTag": "red"}
        trigger(alibaba, "json", "mns_topic", config, source_arn=arn)
        published.publish_message(TopicMessage("skipped", "blue"))
        sent = published.publish_message(TopicMessage("chosen", "red"))
        eventually(lambda: len(ear.heard) == 2)
        message = json.loads(ear.heard[1])
        assert message["Message"] == "chosen"
        assert (message["TopicName"], message["MessageId"]) == ("news", sent.message_id)
        assert message["MessageMD5"] == sent.message_body_md5.upper()
        assert message["TopicOwner"] == message["Subscriber"] == alibaba.keys.alibaba.account_id
        assert isinstance(message["PublishTime"], int)


class TestQueues:
    def _config(self, name: str, **options: Any) -> dict[str, Any]:
        source = {"RegionId": "cn-hangzhou", "QueueName": name, "IsBase64Decode": True}
        return {
            "triggerEnable": True,
            "eventSourceConfig": {
                "eventSourceType": "MNS",
                "eventSourceParameters": {"sourceMNSParameters": source},
            },
            "runOptions": options,
        }

    def _send(self, made: Any, *bodies: str) -> None:
        from mns.queue import Message

        for body in bodies:
            made.send_message(Message(base64.b64encode(body.encode()).decode()))

    def _left(self, made: Any) -> int:
        found = made.get_attributes()
        return int(found.active_messages) + int(found.inactive_messages)

    def test_streaming_hands_over_batches_of_cloud_events(self, alibaba: RunningAlibaba, ear: Ear) -> None:
        made = queue(alibaba, "jobs")
        self._send(made, "a", "b", "c")
        alibaba.create_function("batches", source=ear.telling())
        windows = {"CountBasedWindow": 3, "TimeBasedWindow": 5}
        config = self._config("jobs", mode="event-streaming", batchWindow=windows)
        trigger(alibaba, "batches", "eventbridge", config)
        eventually(lambda: ear.heard)
        (batch,) = ear.documents()
        assert sorted(event["data"]["messageBody"] for event in batch) == ["a", "b", "c"]
        assert {event["type"] for event in batch} == {"mns:Queue:SendMessage"}
        assert {event["source"] for event in batch} == {"MNS-Function-t"}
        assert batch[0]["subject"].endswith("queues/jobs")
        eventually(lambda: self._left(made) == 0)

    def test_event_driven_hands_over_one_and_failures_end_in_the_dead_letter_queue(
        self, alibaba: RunningAlibaba, ear: Ear
    ) -> None:
        made, dead = queue(alibaba, "single"), queue(alibaba, "dead")
        alibaba.create_function("single", source=ear.telling("event.includes('poison')"))
        account = alibaba.keys.alibaba.account_id
        config = self._config(
            "single",
            mode="event-driven",
            errorsTolerance="ALL",
            retryStrategy={"PushRetryStrategy": "BACKOFF_RETRY"},
            deadLetterQueue={"Arn": f"acs:mns:cn-hangzhou:{account}:queues/dead"},
        )
        trigger(alibaba, "single", "eventbridge", config)
        self._send(made, "poison", "good")
        eventually(lambda: len(ear.heard) == 5)
        assert [event["data"]["messageBody"] for event in ear.documents()] == ["poison"] * 4 + ["good"]
        assert base64.b64decode(dead.receive_message(5).message_body) == b"poison"
        eventually(lambda: self._left(made) == 0)

    def test_without_tolerance_nothing_is_given_up(self, alibaba: RunningAlibaba, ear: Ear) -> None:
        made = queue(alibaba, "stubborn")
        alibaba.create_function("stubborn", source=ear.telling("true"))
        trigger(alibaba, "stubborn", "eventbridge", self._config("stubborn", errorsTolerance="NONE"))
        self._send(made, "x")
        eventually(lambda: len(ear.heard) >= 6)
        assert self._left(made) == 1
        alibaba.fc().delete_trigger("stubborn", "t")

    def test_it_refuses_sources_that_it_has_not(self, alibaba: RunningAlibaba) -> None:
        alibaba.create_function("bridged", source=ECHO_NODE)
        missing = self._config("no-such-queue")
        assert refusal(lambda: trigger(alibaba, "bridged", "eventbridge", missing))[0] == 400
        kafka = {"eventSourceConfig": {"eventSourceType": "Kafka"}}
        assert refusal(lambda: trigger(alibaba, "bridged", "eventbridge", kafka))[0] == 400
        for kind in ("cdn_events", "tablestore", "sms"):
            assert refusal(partial(trigger, alibaba, "bridged", kind, {}))[0] == 400


def test_a_function_has_at_most_fifty_triggers(alibaba: RunningAlibaba) -> None:
    alibaba.create_function("fifty", source=ECHO_NODE)
    config = {"cronExpression": "@every 1h", "enable": False}
    for number in range(50):
        trigger(alibaba, "fifty", "timer", config, trigger_name=f"t{number}")
    extra = {"trigger_name": "t50"}
    assert refusal(lambda: trigger(alibaba, "fifty", "timer", config, **extra)) == (400, "LimitExceeded")
