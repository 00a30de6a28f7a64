"""Events of suites: read, written, generated, found in logs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from cutover.errors import BadInput
from cutover.suites import (
    GENERATED,
    digest_of,
    entry_of,
    events_in,
    export_lines,
    generate,
    kind_of_trigger,
    lacking,
    read_entries,
)
from cutover.translation import Kind, Setting, recognise, to_fc
from tests.unit.cutover.translation.events import API_V2, S3, SCHEDULE, SQS


def test_a_file_is_an_array_one_document_or_lines() -> None:
    for content in (b'[{"a": 1}, {"a": 2}]', b'{"a": 1}\n\n{"a": 2}\n'):
        assert [one.event for one in read_entries(content).entries] == [{"a": 1}, {"a": 2}]
    assert [one.event for one in read_entries(b'{\n "a": 1\n}').entries] == [{"a": 1}]
    assert [one.event for one in read_entries(b'"text"').entries] == ["text"]


def test_a_mark_of_byte_order_before_the_first_line_is_no_part_of_it() -> None:
    assert [one.event for one in read_entries(b'\xef\xbb\xbf{"a": 1}\n{"a": 2}').entries] == [
        {"a": 1},
        {"a": 2},
    ]


@pytest.mark.parametrize(
    "around",
    [{"tags": ["a\x00b"]}, {"expected_effects": [{"kind": "object-written", "key": "a\x00b"}]}],
    ids=["tag", "key"],
)
def test_a_nul_character_around_an_event_is_named(around: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        entry_of({"title": "t", "event": 1, **around})


def test_a_bad_line_is_named_without_its_content_and_the_rest_is_read() -> None:
    found = read_entries(b'{"a": 1}\n{"password": "s3cr3t"\n{"a": 3}\n')
    assert [one.event for one in found.entries] == [{"a": 1}, {"a": 3}]
    assert [one.place for one in found.bad] == ["line 2"]
    assert "not JSON" in found.bad[0].why
    assert "s3cr3t" not in found.bad[0].why


def test_a_line_separator_inside_a_text_does_not_end_a_line() -> None:
    assert len(read_entries('{"a": "x\u2028y\x85z"}\n{"a": 2}'.encode()).entries) == 2


def test_bytes_that_are_no_text_are_a_bad_line() -> None:
    assert [one.place for one in read_entries(b'{"a": "\xff"}\n{"a": 2}').bad] == ["line 1"]


@pytest.mark.parametrize(
    "around",
    [
        {"tags": "one"},
        {"tags": [1]},
        {"tags": [" "]},
        {"tags": [f"t{n}" for n in range(21)]},
        {"expected_effects": {"kind": "object-written"}},
        {"expected_effects": [{"kind": "object-eaten"}]},
        {"expected_effects": [{"kind": "message-sent", "colour": "red"}]},
        {"expected_effects": [{"kind": "message-sent", "twin": 7}]},
    ],
)
def test_what_stands_around_an_event_has_to_be_readable(around: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        entry_of({"title": "t", "event": {}, **around})


def test_an_event_that_lambda_would_not_take_is_named() -> None:
    found = read_entries(json.dumps(["x" * (6 * 1024 * 1024), "y"]).encode())
    assert [(one.place, len(found.entries)) for one in found.bad] == [("event 1", 1)]


def test_an_object_that_merely_has_a_title_is_an_event() -> None:
    document = {"title": "Dune", "event": {}, "pages": 412}
    assert entry_of(document).event == document


def test_what_is_exported_reads_as_it_was() -> None:
    effects = [{"kind": "object-written", "twin": "photos", "key": "out/*"}]
    given = [{"title": "t", "event": S3, "tags": ["b", "a"], "expected_effects": effects}, SQS, [1], None]
    read = read_entries(json.dumps(given).encode()).entries
    again = read_entries("\n".join(export_lines(read)).encode()).entries
    assert again == read
    assert read[0].tags == ("a", "b")
    assert digest_of(read) == digest_of(again)
    assert digest_of(read) != digest_of(read[1:])


# ---------------------------------------------------------------------------------------- generated


@pytest.mark.parametrize("kind", sorted(set(GENERATED) - {"plain"}))
def test_generated_events_have_their_shape_and_can_be_translated(kind: str) -> None:
    setting = Setting(fc_account="1432", fc_region="cn-hangzhou", aws_region="us-east-1", trigger_name="t1")
    entries = generate(kind)
    assert len(entries) >= 3
    for entry in entries:
        assert recognise(entry.event) is Kind(kind), entry.title
        assert to_fc(entry.event, Kind(kind), setting).event, entry.title


@pytest.mark.parametrize("kind", sorted(GENERATED))
def test_a_seed_gives_the_same_events_again_and_another_one_others(kind: str) -> None:
    assert generate(kind, seed=7) == generate(kind, seed=7)
    assert generate(kind, seed=7) != generate(kind, seed=8)
    assert len(generate(kind, count=25)) == 25
    assert len({digest_of([one]) for one in generate(kind, count=25)}) > len(generate(kind)) / 2


def test_generated_events_name_the_triggers_own_resource() -> None:
    assert {
        one.event["Records"][0]["s3"]["bucket"]["name"]
        for one in generate("s3", source="arn:aws:s3:::my-photos")
    } == {"my-photos"}
    queue = "arn:aws:sqs:eu-west-1:1:jobs"
    assert {one.event["Records"][0]["eventSourceARN"] for one in generate("sqs", source=queue)} == {queue}


def test_a_trigger_of_the_inventory_says_what_is_generated_for_it() -> None:
    assert kind_of_trigger({"kind": "apigateway", "version": "2.0"}) == "api-v2"
    assert kind_of_trigger({"kind": "apigateway", "version": "1.0"}) == "api-v1"
    assert kind_of_trigger({"kind": "sqs"}) == "sqs"
    assert kind_of_trigger({"kind": "kinesis"}) == ""


@pytest.mark.parametrize(("kind", "count"), [("kinesis", None), ("s3", 0), ("s3", 10_001)])
def test_what_cannot_be_generated_is_refused(kind: str, count: int | None) -> None:
    with pytest.raises(BadInput):
        generate(kind, count=count)


# ------------------------------------------------------------------------------------------- in logs


@pytest.mark.parametrize(
    "message",
    [
        json.dumps(SQS),
        f"Received event: {json.dumps(S3)}",
        "[{}] event is " + json.dumps(API_V2, indent=2),
        json.dumps(SCHEDULE, indent=2).replace("\n", "\r"),
        json.dumps({"timestamp": "t", "level": "INFO", "message": {"event": S3}}),
        json.dumps({"level": "INFO", "message": f"event {json.dumps(SQS)}"}),
        f"event: {S3!r}",
    ],
)
def test_events_are_found_in_the_ways_that_functions_write_them(message: str) -> None:
    found = events_in(["START RequestId: 1", message, "END"], at_most=10)
    assert found in ([SQS], [S3], [API_V2], [SCHEDULE])


@pytest.mark.parametrize(
    "message",
    [
        "{",
        "{}",
        '{"order": 1}',
        "{" * 5000,
        "{'a': __import__('os')}",
        "stored {order} in {bucket}",
        "{1: 2}",
    ],
)
def test_what_is_no_event_is_not_taken_for_one(message: str) -> None:
    assert events_in([message], at_most=10) == []


def test_an_event_that_was_written_twice_counts_once() -> None:
    assert events_in([json.dumps(SQS), json.dumps(SQS), json.dumps(S3)], at_most=10) == [SQS, S3]
    assert events_in([json.dumps(SQS), json.dumps(S3)], at_most=1) == [SQS]


# ------------------------------------------------------------------------------------- expectations


@dataclass(frozen=True)
class Seen:
    kind: str
    twin: str = "photos"
    key: str = ""


def test_an_effect_stands_for_one_expected_effect_only() -> None:
    expected = [{"kind": "message-sent", "twin": "orders"}] * 2
    seen = [Seen("message-sent", "orders"), Seen("message-sent", "other")]
    assert len(lacking(expected, seen)) == 1
    assert (
        lacking([{"kind": "object-written", "key": "out/*.png"}], [Seen("object-written", key="out/1.png")])
        == ()
    )
    assert lacking(
        [{"kind": "object-written", "key": "out/?.png"}], [Seen("object-written", key="out/11.png")]
    )
