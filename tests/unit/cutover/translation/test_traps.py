"""The traps that the two clouds' event formats hold, one test each."""

import json
from typing import Any

import pytest

from cutover.translation import (
    Kind,
    Setting,
    Untranslatable,
    answer_to_aws,
    answer_to_fc,
    recognise,
    setting_from,
    to_aws,
    to_fc,
)
from tests.unit.cutover.translation import events as sample

KINDS = {
    Kind.S3: sample.S3,
    Kind.SQS: sample.SQS,
    Kind.SNS: sample.SNS,
    Kind.SCHEDULE: sample.SCHEDULE,
    Kind.SCHEDULER: sample.SCHEDULER,
    Kind.API_V1: sample.API_V1,
    Kind.API_V2: sample.API_V2,
    Kind.URL: sample.URL,
    Kind.ALB: sample.ALB,
    Kind.EVENTS: sample.EVENTS,
    Kind.LOGS: sample.LOGS,
    Kind.OSS: sample.OSS,
    Kind.MNS_QUEUE: [sample.MNS_MESSAGE],
    Kind.MNS_QUEUE_SINGLE: sample.MNS_MESSAGE,
    Kind.MNS_TOPIC: sample.MNS_TOPIC,
    Kind.MNS_TOPIC_STREAM: {"body": "hello", "attrs": {"Extend": "{}"}},
    Kind.TIMER: sample.TIMER,
    Kind.HTTP: sample.HTTP,
    Kind.EVENTBRIDGE: sample.CLOUD_EVENT,
    Kind.SLS: sample.SLS,
}


@pytest.mark.parametrize("kind", Kind)
def test_it_recognises_every_kind(kind: Kind) -> None:
    assert recognise(KINDS[kind]) is kind


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ({}, "not known"),
        ({"name": "Alan"}, "not known"),
        ({"Records": []}, "not known"),
        ("text", "no object"),
        (None, "no object"),
        ([1, 2], "not known"),
        ([], "not known"),
        ({"Records": [{"eventSource": "aws:dynamodb"}]}, "DynamoDB"),
        ({"Records": [{"eventSource": "aws:moon"}]}, "aws:moon"),
        ({"Records": [{"eventSource": "aws:s3"}, {"eventSource": "aws:sqs"}]}, "several sources"),
        ({"Records": ["x"]}, "no object"),
        ({"Records": [{"eventSource": {}}]}, "does not name its source"),
        ({"specversion": "1.0", "type": "alikafka:Topic:Message", "data": {}}, "Kafka"),
        ({"requestContext": {"connectionId": "c"}}, "WebSocket"),
        (["{"], "no JSON"),
    ],
)
def test_it_refuses_an_unknown_event_with_the_reason(event: Any, said: str) -> None:
    with pytest.raises(Untranslatable, match=said):
        recognise(event)


def test_it_decodes_an_object_key_and_encodes_it_again() -> None:
    there = to_fc(sample.S3, Kind.S3, sample.SETTING).event["events"][0]["oss"]["object"]
    assert there["key"] == "summer 2019/café & c++.png"
    back = to_aws(sample.OSS, Kind.OSS, sample.SETTING, here=Kind.S3).event["Records"][0]["s3"]["object"]
    assert back["key"] == "summer+2019/caf%C3%A9+%26+c%2B%2B.png"


def test_it_refuses_a_key_that_is_not_utf_8_and_says_where() -> None:
    event = {
        "Records": [
            {"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": {"object": {"key": "%FF"}}}
        ]
    }
    with pytest.raises(Untranslatable) as caught:
        to_fc(event, Kind.S3, sample.SETTING)
    assert caught.value.pointer == "/Records/0/s3/object/key"


def test_it_changes_the_case_of_an_etag_both_ways() -> None:
    there = to_fc(sample.S3, Kind.S3, sample.SETTING).event["events"][0]["oss"]["object"]
    assert there["eTag"] == "032447899E6C18DD3E30388764C0FF21"
    back = to_aws(sample.OSS, Kind.OSS, sample.SETTING, here=Kind.S3).event["Records"][0]["s3"]["object"]
    assert back["eTag"] == "032447899e6c18dd3e30388764c0ff21"


def test_it_names_the_twin_and_never_a_sequencer_that_nobody_gave() -> None:
    found = to_aws(sample.OSS, Kind.OSS, sample.SETTING, here=Kind.S3)
    entity = found.event["Records"][0]["s3"]
    assert entity["bucket"]["name"] == "photos"
    assert "sequencer" not in entity["object"]
    assert "/events/0/oss/object/deltaSize" in {loss.pointer for loss in found.losses}
    assert "/Records/0/s3/bucket/name" in {derived.pointer for derived in found.derived}


def test_it_refuses_an_object_event_without_counterpart() -> None:
    event = {
        "events": [{"eventSource": "acs:oss", "eventName": "ObjectModified:UpdateObjectMeta", "oss": {}}]
    }
    with pytest.raises(Untranslatable, match="S3 has no event"):
        to_aws(event, Kind.OSS, sample.SETTING, here=Kind.S3)


@pytest.mark.parametrize("strung", [False, True])
def test_it_reads_messages_as_objects_and_as_texts_that_hold_them(strung: bool) -> None:
    entry: Any = json.dumps(sample.MNS_MESSAGE) if strung else sample.MNS_MESSAGE
    assert recognise([entry]) is Kind.MNS_QUEUE
    record = to_aws([entry, entry], Kind.MNS_QUEUE, sample.SETTING, here=Kind.SQS).event["Records"][1]
    assert record == {
        "messageId": "C5DB60D1574661357FA2",
        "body": "go",
        "attributes": {"SentTimestamp": "1617863297093"},
        "md5OfBody": "34d1f91fb2e514b8576fab1a75a89a6b",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-central-1:220420460675:orders",
        "awsRegion": "eu-central-1",
    }


def test_it_does_not_send_a_batch_as_one_message() -> None:
    batch = {"Records": sample.SQS["Records"] * 2}
    with pytest.raises(Untranslatable, match="split it"):
        to_fc(batch, Kind.SQS, sample.SETTING, there=Kind.MNS_QUEUE_SINGLE)
    assert len(to_fc(batch, Kind.SQS, sample.SETTING).event) == 2


def test_it_merges_attributes_at_top_level_and_loses_what_clashes() -> None:
    found = to_fc(sample.SNS, Kind.SNS, sample.SETTING)
    assert found.event["Test"] == "TestString"
    assert found.event["TopicName"] == "news-twin"
    assert found.event["PublishTime"] == 1546433107000
    lost = {loss.pointer for loss in found.losses}
    assert "/Records/0/Sns/MessageAttributes/TopicName" in lost
    assert "/Records/0/Sns/MessageAttributes/TestBinary" in lost


def test_it_takes_attributes_at_top_level_apart_again() -> None:
    notice = to_aws(sample.MNS_TOPIC, Kind.MNS_TOPIC, sample.SETTING, here=Kind.SNS).event["Records"][0][
        "Sns"
    ]
    assert notice["MessageAttributes"] == {"colour": {"Type": "String", "Value": "red"}}
    assert notice["TopicArn"] == "arn:aws:sns:eu-central-1:220420460675:news"
    assert "Subject" not in notice


def test_it_reads_the_stream_form_and_a_bare_body() -> None:
    stream = {"body": "hello", "attrs": {"Extend": '{"key":"value"}'}}
    notice = to_aws(stream, Kind.MNS_TOPIC_STREAM, sample.SETTING, here=Kind.SNS).event["Records"][0]["Sns"]
    assert notice["Message"] == "hello"
    assert notice["MessageAttributes"] == {"key": {"Type": "String", "Value": "value"}}
    bare = to_aws("raw text", Kind.MNS_TOPIC_STREAM, sample.SETTING, here=Kind.SQS).event["Records"][0]
    assert bare["body"] == "raw text"


def test_it_keeps_integers_above_2_53_exact() -> None:
    there = to_fc(sample.EVENTS, Kind.EVENTS, sample.SETTING).event
    assert there["data"]["n"] == 9007199254740993
    assert (
        to_aws(there, Kind.EVENTBRIDGE, sample.SETTING, here=Kind.EVENTS).event["detail"]["n"]
        == 9007199254740993
    )
    assert (
        to_fc(sample.SQS, Kind.SQS, sample.SETTING).event[0]["data"]["messageBody"]
        == '{"order": 9007199254740993}'
    )


def test_it_reads_an_epoch_that_is_a_text_as_an_integer() -> None:
    found = to_aws(sample.HTTP, Kind.HTTP, sample.SETTING, here=Kind.API_V2)
    assert found.event["requestContext"]["timeEpoch"] == 1693896071895
    assert (
        to_fc(sample.API_V2, Kind.API_V2, sample.SETTING).event["requestContext"]["timeEpoch"]
        == "1583348638390"
    )
    huge = {**sample.HTTP, "requestContext": {"timeEpoch": "9007199254740993", "http": {"method": "GET"}}}
    lost = {loss.pointer for loss in to_aws(huge, Kind.HTTP, sample.SETTING, here=Kind.URL).losses}
    assert "/requestContext/timeEpoch" in lost


def test_it_does_not_split_joined_headers_and_parameters() -> None:
    found = to_aws(sample.HTTP, Kind.HTTP, sample.SETTING, here=Kind.API_V1).event
    assert found["multiValueHeaders"]["X-Several"] == ["1,2"]
    assert found["multiValueQueryStringParameters"] == {"a": ["1,2"]}
    forth = to_fc(sample.API_V1, Kind.API_V1, sample.SETTING)
    assert forth.event["headers"]["X-Several"] == "1,2"
    assert "/multiValueHeaders/X-Several" in {loss.pointer for loss in forth.losses}


def test_it_takes_cookies_out_of_the_headers_for_format_2() -> None:
    found = to_aws(sample.HTTP, Kind.HTTP, sample.SETTING, here=Kind.URL).event
    assert found["cookies"] == ["c1=1", "c2=2"]
    assert found["headers"] == {"accept": "*/*", "x-several": "1,2"}
    assert "body" not in found
    assert found["requestContext"]["stage"] == "$default"


def test_it_matches_path_parameters_only_when_the_plan_knows_the_route() -> None:
    unknown = to_aws(sample.HTTP, Kind.HTTP, sample.SETTING, here=Kind.API_V1).event
    assert unknown["pathParameters"] is None
    assert "resource" not in unknown
    known = to_aws(sample.HTTP, Kind.HTTP, Setting(resource="/users/{id}"), here=Kind.API_V1).event
    assert known["pathParameters"] == {"id": "7 a"}
    greedy = to_aws(sample.HTTP, Kind.HTTP, Setting(resource="/{proxy+}"), here=Kind.API_V1).event
    assert greedy["pathParameters"] == {"proxy": "users/7 a"}


def test_it_escapes_parameters_for_a_load_balancer() -> None:
    assert to_fc(sample.ALB, Kind.ALB, sample.SETTING).event["queryParameters"] == {"q": "x y"}
    found = to_aws(sample.HTTP, Kind.HTTP, sample.SETTING, here=Kind.ALB).event
    assert found["queryStringParameters"] == {"a": "1%2C2"}
    assert found["body"] == ""


def test_it_leaves_a_binary_body_as_it_is() -> None:
    there = to_fc(sample.API_V2, Kind.API_V2, sample.SETTING).event
    assert (there["body"], there["isBase64Encoded"]) == ("eyJuIjoxfQ==", True)
    answer = answer_to_fc(
        {"statusCode": 200, "body": "AAE=", "isBase64Encoded": True}, kind=Kind.API_V1
    ).event
    assert (answer["body"], answer["isBase64Encoded"]) == ("AAE=", True)


def test_it_gives_a_timer_the_constant_input_of_its_rule() -> None:
    setting = Setting(schedule_input=True)
    assert to_fc({"n": 1}, Kind.SCHEDULE, setting).event == {"payload": '{"n":1}'}
    timer = {**sample.TIMER, "payload": '{"n":1}'}
    assert to_aws(timer, Kind.TIMER, setting, here=Kind.SCHEDULE).event == {"n": 1}
    with pytest.raises(Untranslatable, match="payload"):
        to_aws(sample.TIMER, Kind.TIMER, setting, here=Kind.SCHEDULE)


def test_it_makes_no_id_for_a_tick() -> None:
    found = to_aws(sample.TIMER, Kind.TIMER, sample.NOTHING_KNOWN, here=Kind.SCHEDULER).event
    assert found == {
        "version": "0",
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "time": "2019-03-29T06:41:57Z",
        "detail": {},
    }


def test_it_refuses_log_subscriptions_with_the_reason() -> None:
    with pytest.raises(Untranslatable, match="cursors"):
        to_fc(sample.LOGS, Kind.LOGS, sample.SETTING)
    with pytest.raises(Untranslatable, match="cursors"):
        to_aws(sample.SLS, Kind.SLS, sample.SETTING, here=Kind.LOGS)


def test_it_refuses_pairs_that_do_not_belong_together() -> None:
    with pytest.raises(Untranslatable, match="no translation"):
        to_fc(sample.S3, Kind.S3, sample.SETTING, there=Kind.TIMER)
    with pytest.raises(Untranslatable, match="no translation"):
        to_aws(sample.OSS, Kind.OSS, sample.SETTING, here=Kind.API_V1)


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.LOGS])
@pytest.mark.parametrize(
    "event", [{}, [], None, 7, "x", {"Records": 1}, {"Records": [None]}, {"version": "v1"}]
)
def test_it_never_crashes_on_what_it_was_not_promised(kind: Kind, event: Any) -> None:
    for here in Kind:
        try:
            to_aws(event, kind, sample.SETTING, here=here)
        except Untranslatable:
            continue
    try:
        to_fc(event, kind, sample.SETTING)
    except Untranslatable:
        return


def test_it_answers_as_a_proxy_integration_would() -> None:
    answer = answer_to_fc(
        {
            "statusCode": "201",
            "headers": {"A": 1, "b": True},
            "multiValueHeaders": {"C": ["1", "2"]},
            "body": None,
        },
        kind=Kind.API_V1,
    )
    assert answer.event == {
        "statusCode": 201,
        "headers": {"A": "1", "b": "true", "C": "1,2"},
        "isBase64Encoded": False,
        "body": "",
    }


def test_it_infers_an_answer_without_status_for_format_2_alone() -> None:
    inferred = answer_to_fc({"hello": "world"}, kind=Kind.URL).event
    assert (inferred["statusCode"], inferred["body"]) == (200, '{"hello":"world"}')
    assert answer_to_fc({"hello": "world"}, kind=Kind.API_V1).event["statusCode"] == 502
    assert answer_to_fc("text", kind=Kind.API_V2).event["body"] == "text"
    assert answer_to_aws({"a": 1}).event["statusCode"] == 200


def test_it_loses_cookies_rather_than_joining_them() -> None:
    found = answer_to_fc({"statusCode": 200, "cookies": ["a=1", "b=2"]}, kind=Kind.API_V2)
    assert found.event["headers"] == {"Set-Cookie": "b=2"}
    assert [loss.pointer for loss in found.losses] == ["/cookies"]


def test_it_reads_its_setting_from_json() -> None:
    assert setting_from({"buckets": {"a": "b"}}).buckets == {"a": "b"}
    with pytest.raises(TypeError):
        setting_from({"bucket": "b"})


def test_a_request_of_the_rest_api_names_the_account_that_the_plan_knows() -> None:
    setting = Setting(aws_account=sample.API_V1["requestContext"]["accountId"], fc_account="42")
    forth = to_fc(sample.API_V1, Kind.API_V1, setting)
    assert forth.event["requestContext"]["accountId"] == "42"
    back = to_aws(forth.event, Kind.HTTP, setting, here=Kind.API_V1).event
    assert back["requestContext"]["accountId"] == setting.aws_account
    unknown = to_fc(sample.API_V1, Kind.API_V1, sample.NOTHING_KNOWN)
    assert "/requestContext/accountId" in {loss.pointer for loss in unknown.losses}
