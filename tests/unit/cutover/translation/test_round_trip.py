"""AWS -> FC -> AWS gives the event again, but for what is listed as lost; nothing appears from nowhere."""

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cutover.translation import COUNTERPARTS, Kind, Setting, to_aws, to_fc
from tests.unit.cutover.translation import events as sample

PAIRS = [(here, there) for here, kinds in COUNTERPARTS.items() for there in kinds]
FIXTURES: dict[Kind, dict[str, Any]] = {
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
}


def without(document: Any, pointer: str) -> None:
    """Take a pointer's value away; a header's name is looked for in any case."""
    tokens = [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]
    for token in tokens[:-1]:
        document = document[int(token)] if isinstance(document, list) else document.get(token, {})
        if not isinstance(document, (dict, list)):
            return
    if isinstance(document, dict) and tokens:
        found = [name for name in document if name.lower() == tokens[-1].lower()]
        for name in found:
            del document[name]


def assert_round_trip(event: dict[str, Any], here: Kind, there: Kind, setting: Setting) -> None:
    before = copy.deepcopy(event)
    forth = to_fc(event, here, setting, there=there)
    back = to_aws(forth.event, there, setting, here=here)
    assert event == before
    expected, found = copy.deepcopy(event), copy.deepcopy(back.event)
    # The deepest first: what is lost within a loss must not bring its parent back.
    for loss in sorted(forth.losses, key=lambda loss: -loss.pointer.count("/")):
        without(expected, loss.pointer)
        without(found, loss.pointer)
    for derived in back.derived:
        if not resolves(before, derived.pointer):
            without(found, derived.pointer)
    assert found == expected


def resolves(document: Any, pointer: str) -> bool:
    for token in pointer.split("/")[1:]:
        if isinstance(document, list):
            document = document[int(token)]
        elif isinstance(document, dict) and token in document:
            document = document[token]
        else:
            return False
    return True


@pytest.mark.parametrize("setting", [sample.SETTING, sample.NOTHING_KNOWN], ids=["known", "nothing-known"])
@pytest.mark.parametrize(("here", "there"), PAIRS)
def test_it_gives_every_fixture_back_but_for_its_losses(here: Kind, there: Kind, setting: Setting) -> None:
    assert_round_trip(FIXTURES[here], here, there, setting)


TEXT = st.text(max_size=12).filter(lambda text: "\x00" not in text)
NAME = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,8}", fullmatch=True)
KEY = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
SCALAR = st.none() | st.booleans() | st.integers() | TEXT
JSON = st.recursive(
    SCALAR, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3)
)


def optional(**parts: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=parts)


def form_encoded(key: str) -> str:
    from urllib.parse import quote_plus

    return quote_plus(key, safe="/")


S3_RECORD = st.builds(
    lambda fixed, free, s3: {**fixed, **free, "s3": s3},
    st.fixed_dictionaries(
        {
            "eventSource": st.just("aws:s3"),
            "eventName": st.sampled_from(["ObjectCreated:Put", "ObjectCreated:Copy", "ObjectRemoved:Delete"]),
        }
    ),
    optional(
        eventVersion=st.sampled_from(["2.0", "2.1", "2.3"]),
        awsRegion=st.sampled_from(["eu-central-1", "us-east-1"]),
        eventTime=TEXT,
        userIdentity=optional(principalId=TEXT),
        requestParameters=optional(sourceIPAddress=TEXT),
        glacierEventData=JSON,
    ),
    optional(
        bucket=st.fixed_dictionaries(
            {"name": st.sampled_from(["photos", "other"])},
            optional={"arn": st.sampled_from(["arn:aws:s3:::photos", "arn:aws-cn:s3:::photos"])},
        ),
        object=optional(
            key=KEY.map(form_encoded) | KEY.map(form_encoded).map(str.lower),
            size=st.integers(),
            eTag=TEXT,
            versionId=TEXT,
        ),
        configurationId=TEXT,
    ),
)
SQS_RECORD = st.builds(
    lambda free: {"eventSource": "aws:sqs", **free, "md5OfBody": "x"},
    st.fixed_dictionaries(
        {"messageId": TEXT, "body": TEXT},
        optional={
            "attributes": optional(SentTimestamp=st.integers(0, 10**14).map(str) | TEXT, SenderId=TEXT),
            "messageAttributes": st.dictionaries(
                NAME | st.just("MessageId"),
                st.fixed_dictionaries(
                    {"dataType": st.sampled_from(["String", "Number", "Binary"])},
                    optional={"stringValue": TEXT, "stringListValues": st.just([])},
                ),
                max_size=3,
            ),
            "eventSourceARN": st.sampled_from(
                ["arn:aws:sqs:eu-central-1:220420460675:orders", "arn:aws:sqs:us-east-1:1:other", "nonsense"]
            ),
            "awsRegion": st.sampled_from(["eu-central-1", "us-east-1"]),
        },
    ),
)
HEADERS = st.dictionaries(NAME.map(str.lower).filter(lambda name: name != "cookie"), TEXT, max_size=3)
V2 = st.builds(
    lambda free: {"version": "2.0", "requestContext": {}, **free},
    st.fixed_dictionaries(
        {"rawPath": TEXT, "headers": HEADERS, "rawQueryString": TEXT, "routeKey": st.just("$default")},
        optional={
            "cookies": st.lists(NAME, max_size=2),
            "queryStringParameters": st.dictionaries(NAME, TEXT, min_size=1, max_size=2),
            "body": TEXT,
            "isBase64Encoded": st.booleans(),
            "pathParameters": st.dictionaries(NAME, TEXT, max_size=2),
            "requestContext": optional(
                time=TEXT, timeEpoch=st.integers(0, 2**53 - 1), requestId=TEXT, authorizer=JSON
            ),
        },
    ),
)
EVENTS = st.fixed_dictionaries(
    {
        "version": st.just("0"),
        "detail-type": st.just("Order"),
        "source": TEXT,
        "resources": st.lists(TEXT, max_size=2),
    },
    optional={"id": TEXT, "time": TEXT, "region": TEXT, "account": TEXT, "detail": JSON, "extra": JSON},
)


NOTICE = st.builds(
    lambda notice: {"Records": [{"EventSource": "aws:sns", "EventVersion": "1.0", "Sns": notice}]},
    st.fixed_dictionaries(
        {"Type": st.just("Notification"), "Message": TEXT},
        optional={
            "MessageId": TEXT,
            "TopicArn": st.sampled_from(
                ["arn:aws:sns:eu-central-1:220420460675:news", "arn:aws:sns:x:1:other"]
            ),
            "Timestamp": st.sampled_from(["2019-01-02T12:45:07.000Z", "2019-01-02T12:45:07Z"]) | TEXT,
            "Subject": st.none() | TEXT,
            "MessageAttributes": st.dictionaries(
                NAME | st.just("TopicOwner"),
                st.fixed_dictionaries(
                    {"Type": st.sampled_from(["String", "Number", "Binary"]), "Value": TEXT}
                ),
                max_size=3,
            ),
        },
    ),
)
SEVERAL = st.none() | st.dictionaries(
    NAME.map(str.title), st.lists(TEXT, min_size=1, max_size=2), min_size=1, max_size=3
)


def both_forms(event: dict[str, Any], one: str, many: str) -> dict[str, Any]:
    """Give the event with the form of last values beside that of all values, as API Gateway does."""
    several = event[many]
    return {**event, one: several and {name: values[-1] for name, values in several.items()}}


V1_MANY = st.fixed_dictionaries(
    {
        "httpMethod": st.just("GET"),
        "path": TEXT,
        "multiValueHeaders": SEVERAL,
        "multiValueQueryStringParameters": SEVERAL,
        "pathParameters": st.none(),
        "body": st.none() | TEXT,
        "isBase64Encoded": st.booleans(),
        "requestContext": st.fixed_dictionaries(
            {"httpMethod": st.just("GET")},
            optional={"requestTime": TEXT, "requestTimeEpoch": st.integers(0, 2**53 - 1), "authorizer": JSON},
        ),
    }
)
V1 = V1_MANY.map(lambda event: both_forms(event, "headers", "multiValueHeaders")).map(
    lambda event: both_forms(event, "queryStringParameters", "multiValueQueryStringParameters")
)
ALB = st.fixed_dictionaries(
    {
        "requestContext": st.just({"elb": {}}),
        "httpMethod": st.just("GET"),
        "path": st.from_regex(r"/[a-z%20]{0,6}", fullmatch=True),
        "queryStringParameters": st.dictionaries(NAME, TEXT, max_size=2),
        "headers": HEADERS,
        "body": TEXT,
        "isBase64Encoded": st.booleans(),
    }
)


@settings(max_examples=60, deadline=None)
@given(NOTICE, st.sampled_from([Kind.MNS_TOPIC, Kind.MNS_TOPIC_STREAM]))
def test_it_gives_generated_notifications_back(event: dict[str, Any], there: Kind) -> None:
    assert_round_trip(event, Kind.SNS, there, sample.SETTING)


@settings(max_examples=80, deadline=None)
@given(V1)
def test_it_gives_generated_requests_of_format_1_back(event: dict[str, Any]) -> None:
    assert_round_trip(event, Kind.API_V1, Kind.HTTP, sample.SETTING)


@settings(max_examples=60, deadline=None)
@given(ALB)
def test_it_gives_generated_requests_of_a_load_balancer_back(event: dict[str, Any]) -> None:
    assert_round_trip(event, Kind.ALB, Kind.HTTP, sample.NOTHING_KNOWN)


@settings(max_examples=60, deadline=None)
@given(st.lists(S3_RECORD, min_size=1, max_size=3))
def test_it_gives_generated_objects_back(records: list[Any]) -> None:
    assert_round_trip({"Records": records}, Kind.S3, Kind.OSS, sample.SETTING)


@settings(max_examples=60, deadline=None)
@given(st.lists(SQS_RECORD, min_size=1, max_size=3), st.sampled_from([sample.SETTING, sample.NOTHING_KNOWN]))
def test_it_gives_generated_messages_back(records: list[Any], setting: Setting) -> None:
    assert_round_trip({"Records": records}, Kind.SQS, Kind.MNS_QUEUE, setting)
    assert_round_trip({"Records": records[:1]}, Kind.SQS, Kind.MNS_QUEUE_SINGLE, setting)
    assert_round_trip({"Records": records[:1]}, Kind.SQS, Kind.MNS_TOPIC, setting)


@settings(max_examples=60, deadline=None)
@given(V2, st.sampled_from([sample.SETTING, sample.NOTHING_KNOWN]))
def test_it_gives_generated_requests_back(event: dict[str, Any], setting: Setting) -> None:
    assert_round_trip(event, Kind.API_V2, Kind.HTTP, setting)


@settings(max_examples=60, deadline=None)
@given(EVENTS)
def test_it_gives_generated_custom_events_back(event: dict[str, Any]) -> None:
    assert_round_trip(event, Kind.EVENTS, Kind.EVENTBRIDGE, sample.SETTING)


def test_it_lists_few_losses_where_the_plan_knows_all() -> None:
    found = to_fc(sample.S3, Kind.S3, sample.SETTING)
    assert {loss.pointer for loss in found.losses} == {
        "/Records/0/responseElements/x-amz-id-2",
        "/Records/0/s3/object/sequencer",
    }
