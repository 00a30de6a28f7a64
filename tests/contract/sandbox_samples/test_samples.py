"""The guide's samples on both halves: their triggers fired for real, and what they leave behind."""

import json
from contextlib import closing
from typing import Any

import psycopg2
import pytest
from alibabacloud_fc20230330 import models as fc
from mns.topic import TopicMessage

from sandbox.samples.on_alibaba import TRIGGER
from tests.contract.sandbox_samples.loading import GUIDE, load
from tests.contract.sandbox_samples.pair import Pair, eventually, visit

pytestmark = [
    pytest.mark.enable_socket,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::SyntaxWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

# A picture of two by two pixels beside one by one of rest: its thumbnail is the mean of four.
PICTURE = b"P6 2 2 255\n" + bytes([0, 10, 20, 40, 50, 60, 80, 90, 100, 120, 130, 140])
THUMBNAIL = b"P6 1 1 255\n" + bytes([60, 70, 80])


def test_loading_again_changes_nothing_on_either_half(pair: Pair) -> None:
    lines = load(pair, "--both", "trigger-timer", "output-postgresql", "iot-events")
    assert [line for line in lines if "already there" not in line] == []
    assert len(lines) == 7


def test_a_name_that_is_no_sample_is_refused_with_those_there_are(pair: Pair) -> None:
    with pytest.raises(AssertionError, match=r"There is no sample hello-cobol\. There are: greeting-buffer"):
        load(pair, "hello-cobol")


@pytest.mark.parametrize(
    ("sample", "given", "sentence"),
    [
        (
            "output-postgresql",
            {"SANDBOX_POSTGRES_URL": "postgres://u@127.0.0.1:1/x"},
            "a database that does not answer",
        ),
        (
            "hello-node",
            {"SANDBOX_ALIBABA_PORT": "1"},
            "The Alibaba half at http://127.0.0.1:1 refused or did",
        ),
    ],
    ids=["database", "half"],
)
def test_what_does_not_answer_is_named_in_a_sentence(
    pair: Pair, sample: str, given: dict[str, str], sentence: str
) -> None:
    with pytest.raises(AssertionError) as raised:
        load(pair, "--alibaba", sample, **given)
    assert sentence in str(raised.value)
    assert "Traceback" not in str(raised.value)


class TestTriggers:
    def test_the_clock_wakes_both(self, pair: Pair) -> None:
        name = "trigger-timer"
        every_second = json.dumps({"cronExpression": "@every 1s", "enable": True, "payload": "hi"})
        wish = fc.UpdateTriggerRequest(body=fc.UpdateTriggerInput(trigger_config=every_second))
        pair.alibaba.fc().update_trigger(name, TRIGGER, wish)
        eventually(lambda: '"payload":"hi"' in pair.lines_on_fc(name))
        pair.alibaba.fc().delete_trigger(name, TRIGGER)
        eventually(lambda: '"detail-type":"Scheduled Event"' in pair.lines_on_aws(name))
        pair.aws.client("events").disable_rule(Name=name)

    def test_a_new_object_calls_both(self, pair: Pair) -> None:
        told = "New object: sample-inbox/in/two words.txt (5 bytes)"
        pair.aws.client("s3").put_object(Bucket="sample-inbox", Key="in/two words.txt", Body=b"hello")
        pair.alibaba.bucket("sample-inbox").put_object("in/two words.txt", b"hello")
        eventually(lambda: told in pair.lines_on_aws("trigger-object-storage"))
        eventually(lambda: told in pair.lines_on_fc("trigger-object-storage"))

    def test_a_message_calls_both(self, pair: Pair) -> None:
        sqs = pair.aws.client("sqs")
        queue = sqs.get_queue_url(QueueName="sample-notifications")["QueueUrl"]
        sqs.send_message(QueueUrl=queue, MessageBody="good morning")
        pair.mns().get_topic("sample-notifications").publish_message(TopicMessage("good morning"))
        eventually(lambda: "Message: good morning" in pair.lines_on_aws("trigger-notification"))
        eventually(lambda: "Message: good morning" in pair.lines_on_fc("trigger-notification"))


class TestOutputs:
    def test_a_message_is_sent_on_both(self, pair: Pair) -> None:
        name, event = "output-notification", {"text": "Good evening"}
        here, there = pair.on_aws(name, event), pair.on_fc(name, event)
        sent = pair.from_sqs("sample-outbox", "Good evening")
        twin = pair.from_mns("sample-outbox", "Good evening")
        assert (here["id"], there["id"]) == (sent["MessageId"], twin.message_id)
        assert sent["MessageAttributes"]["sample-attribute"]["StringValue"] == "sample-value"

    def test_an_object_is_read_and_another_written_on_both(self, pair: Pair) -> None:
        name, event = "output-object-storage", {"name": "letter"}
        assert pair.on_aws(name, event) == pair.on_fc(name, event) == {"key": "out/letter.txt", "length": 11}
        found = pair.aws.client("s3").get_object(Bucket="sample-archive", Key="out/letter.txt")
        twin = pair.alibaba.bucket("sample-archive").get_object("out/letter.txt")
        assert found["Body"].read() == twin.read() == b"SAMPLE TEXT"

    def test_rows_are_written_changed_and_deleted_on_both(self, pair: Pair) -> None:
        sample = GUIDE["output-postgresql"]
        for schema in ("samples_aws", "samples_alibaba"):
            self._run(pair, f"DELETE FROM {schema}.tasks RETURNING uuid")
        for event in sample.events():
            answer = pair.on_aws(sample.name, event)
            here = self._rows(pair, "samples_aws")
            assert [tuple(task.values()) for task in answer["tasks"]] == here
            assert pair.on_fc(sample.name, event) == answer
            assert self._rows(pair, "samples_alibaba") == here
            if event.get("priority") == 2:
                assert [row[1] for row in here] == ["Bring the laptop to repair", "Buy three batteries"]
        assert here == []

    def _rows(self, pair: Pair, schema: str) -> list[tuple[Any, ...]]:
        return self._run(
            pair, f"SELECT uuid, description, priority FROM {schema}.tasks ORDER BY priority, uuid"
        )

    def _run(self, pair: Pair, statement: str) -> list[tuple[Any, ...]]:
        with closing(psycopg2.connect(pair.database)) as connection, connection:
            cursor = connection.cursor()
            cursor.execute(statement)
            return list(cursor.fetchall())


@pytest.mark.parametrize(
    ("bucket", "queue"),
    [
        ("sample-pictures-mixed", "sample-thumbnails-mixed"),
        ("sample-pictures", "sample-thumbnails"),
    ],
    ids=["mixed", "decoupled"],
)
def test_a_new_picture_gets_a_thumbnail_and_a_message_on_both(pair: Pair, bucket: str, queue: str) -> None:
    s3, twin = pair.aws.client("s3"), pair.alibaba.bucket(bucket)
    s3.put_object(Bucket=bucket, Key="images/new.ppm", Body=PICTURE)
    twin.put_object("images/new.ppm", PICTURE)
    told = json.dumps({"picture": "images/new.ppm", "thumbnail": "thumbnails/new.ppm"})
    pair.from_sqs(queue, told)
    pair.from_mns(queue, told)
    assert s3.get_object(Bucket=bucket, Key="thumbnails/new.ppm")["Body"].read() == THUMBNAIL
    assert twin.get_object("thumbnails/new.ppm").read() == THUMBNAIL


class TestHttp:
    def test_one_path_takes_and_gives_events_on_both(self, pair: Pair) -> None:
        reading = {
            "deviceID": "fridge 1",
            "eventType": "temperature",
            "date": "2026-03-01T10:00:00Z",
            "value": 4,
        }
        door = {"deviceID": "fridge 1", "eventType": "door", "date": "2026-03-01T10:01:00Z", "value": "open"}

        def played(base: str) -> list[tuple[int, Any]]:
            return [
                visit(f"{base}/events", "POST", json.dumps(reading)),
                visit(f"{base}/events", "POST", json.dumps(door)),
                visit(f"{base}/events?deviceID=fridge%201"),
                visit(f"{base}/events?deviceID=fridge%201&eventType=door"),
                visit(f"{base}/events"),
                visit(f"{base}/events", "POST", "{"),
            ]

        answers = played(pair.api("iot-events"))
        assert played(pair.trigger_url("iot-events")) == answers
        assert [status for status, _ in answers] == [201, 201, 200, 200, 400, 400]
        assert answers[2][1] == [reading, door]
        assert answers[3][1] == [door]

    def test_a_web_server_answers_behind_both_and_goes_on_after_its_answer(self, pair: Pair) -> None:
        for base in (pair.function_url("web-server"), pair.trigger_url("web-server")):
            assert visit(f"{base}/") == (200, {"hello": "world"})
            assert visit(f"{base}/none")[0] == 404
            sent = visit(f"{base}/notes?x=1", "POST", '{"n": 1}')
            assert sent == (200, {"method": "POST", "path": "/notes?x=1", "body": '{"n": 1}'})
            # What an answer began goes on when the instance is thawed for a later one.
            eventually(lambda: visit(f"{base}/counts")[1]["refreshed"] >= 2)  # noqa: B023


@pytest.mark.parametrize("name", sorted(GUIDE))
def test_the_events_of_a_sample_are_ones_that_it_takes(pair: Pair, name: str) -> None:
    events = GUIDE[name].events()
    answers = [pair.on_aws(name, event) for event in events]
    assert 8 <= len(answers) <= 20
    assert None not in answers
