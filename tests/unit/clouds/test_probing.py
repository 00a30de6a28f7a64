"""What probes of both clouds share: listings that tell whole seconds, shadow queues, and envelopes."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from unittest import mock

import pytest

from clouds.probing import MOST_CHANGES, Listing, ObjectProbe, ShadowQueueProbe
from cutover.effects import CONTENT_LIMIT_BYTES, Held, Twin, TwinKind, said
from cutover.errors import Invalid

BUCKET = Twin(name="reports", kind=TwinKind.BUCKET, primary="a", candidate="b")
QUEUE = Twin(name="jobs", kind=TwinKind.QUEUE, primary="a", candidate="b")
NOW = int(datetime(2026, 11, 22, tzinfo=UTC).timestamp())


def listing(*keys: str, newest_s: int = 0, now_s: int = NOW, size: int = 1) -> Listing:
    return Listing(held={key: Held(stamp="1", size=size) for key in keys}, newest_s=newest_s, now_s=now_s)


def test_the_look_before_waits_until_the_second_of_the_last_writing_has_passed() -> None:
    looks = [listing("a", newest_s=NOW, now_s=NOW), listing("a", newest_s=NOW, now_s=NOW + 1)]
    probe = ObjectProbe(BUCKET, lambda: looks.pop(0), lambda _: b"", cloud="aws")
    with mock.patch("clouds.probing.time.sleep") as slept:
        assert set(probe.before().held) == {"a"}
    assert (len(looks), slept.call_count) == (0, 1)


def test_it_does_not_wait_where_nothing_was_written_lately() -> None:
    probe = ObjectProbe(BUCKET, lambda: listing("a", newest_s=NOW - 1), lambda _: b"", cloud="aws")
    with mock.patch("clouds.probing.time.sleep") as slept:
        probe.before()
    assert not slept.called


def test_a_clock_that_stands_still_does_not_hold_a_run_up_for_ever() -> None:
    probe = ObjectProbe(BUCKET, lambda: listing("a", newest_s=NOW + 9), lambda _: b"", cloud="aws")
    with mock.patch("clouds.probing.time.sleep") as slept:
        probe.before()
    assert slept.call_count == 10


def test_objects_that_are_too_large_are_not_read() -> None:
    looks = [listing(), listing("big", size=CONTENT_LIMIT_BYTES + 1)]
    read: list[str] = []
    probe = ObjectProbe(BUCKET, lambda: looks.pop(0), lambda key: read.append(key) or b"", cloud="aws")  # type: ignore[func-returns-value]
    (found,) = probe.after(probe.before())
    assert (found.size, found.digest, read) == (CONTENT_LIMIT_BYTES + 1, "", [])


def test_more_changes_than_can_be_compared_are_refused_before_they_are_read() -> None:
    looks = [listing(), listing(*(str(number) for number in range(MOST_CHANGES + 1)))]
    probe = ObjectProbe(BUCKET, lambda: looks.pop(0), lambda _: pytest.fail("read"), cloud="aws")
    with pytest.raises(Invalid, match="reports"):
        probe.after(probe.before())


def test_a_shadow_queue_is_emptied_before_and_asked_until_nothing_comes() -> None:
    waiting: list[Sequence[str]] = [["old"], ["older"], [], ["b"], ["a"], []]
    asked: list[int] = []

    def take(wait_s: int) -> Sequence[str]:
        asked.append(wait_s)
        return waiting.pop(0)

    probe = ShadowQueueProbe(QUEUE, take, said, cloud="aws")
    mark = probe.before()
    assert [one.text for one in probe.after(mark)] == ["a", "b"]
    assert asked == [0, 0, 0, 1, 1, 1]


def test_a_queue_that_somebody_uses_is_not_emptied_for_ever() -> None:
    probe = ShadowQueueProbe(QUEUE, lambda _: ["busy"] * 10, said, cloud="aws")
    with pytest.raises(Invalid, match="no shadow queue"):
        probe.before()


ENVELOPES = {
    "plain": ("hello", "hello"),
    "json": ('{"Message": "inner"}', '{"Message": "inner"}'),
    "sns": (json.dumps({"Type": "Notification", "TopicArn": "arn", "Message": '{"n": 1}'}), '{"n": 1}'),
    "mns topic": (json.dumps({"TopicName": "t", "MessageMD5": "X", "Message": "hi"}), "hi"),
    "mns topic as xml": (
        '<?xml version="1.0"?><Notification xmlns="http://mns.aliyuncs.com/doc/v1/">'
        "<Message>a &amp; b</Message></Notification>",
        "a & b",
    ),
    "encoded": (base64.b64encode(b'{"n": 1}').decode(), '{"n": 1}'),
    "encoded topic": (
        base64.b64encode(b'{"TopicName": "t", "MessageMD5": "X", "Message": "hi"}').decode(),
        "hi",
    ),
    "a short word": ("test", "test"),
    "a word that might be base64": ("abcdefgh", "abcdefgh"),
    "broken json": ('{"Type": ', '{"Type": '),
}


@pytest.mark.parametrize("form", ENVELOPES)
def test_a_message_is_what_its_sender_said(form: str) -> None:
    body, meant = ENVELOPES[form]
    assert said(body, maybe_base64=True).decode() == meant


def test_base64_stays_as_it_is_where_nobody_encodes() -> None:
    body = base64.b64encode(b'{"n": 1}').decode()
    assert said(body).decode() == body
