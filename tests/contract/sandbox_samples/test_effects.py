"""The guide's samples whose answer says nothing: judged by what they leave behind, with bugs seeded on FC."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

import pytest

from clouds.postgres.probes import TableProbes
from cutover.comparison import Blame, Comparison, PairOutcome, Rule, Standing, compare
from cutover.effects import Names, Twin, TwinKind
from cutover.observation import Observation, Outcome, Side
from cutover.ports import CandidateCloud, EffectProbe, PrimaryCloud
from tests.contract.ports import alibaba_connection, aws_connection
from tests.contract.sandbox_samples.pair import Pair
from workers.runs.bracket import Bracket, Looks

pytestmark = [
    pytest.mark.enable_socket,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::SyntaxWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
PICTURE = b"P6 2 2 255\n" + bytes(range(12))
DARKER = b"P6 2 2 255\n" + bytes(12)
SILENT = "images/looked-at.PPM"
"""A key for which no trigger fires: these functions are called by the test alone."""
BOUGHT = {"uuid": "9f3f7b1e-8a55-4f0c-9c6d-2f1f8f0a7b10", "description": "Buy a lamp", "priority": 2}
ANSWERS = (
    Rule(name="ids of messages", kind="ignore", pointer="/id"),
    Rule(name="tasks are looked at", kind="ignore", pointer="/tasks"),
)
IDLE: dict[str, Any] = {"delete": "00000000-0000-4000-8000-000000000000"}


class Both:
    """Calls a sample on both halves and compares what it answered and left behind."""

    def __init__(self, pair: Pair, primary: PrimaryCloud, candidate: CandidateCloud) -> None:
        self.pair, self._primary, self._candidate = pair, primary, candidate

    def compared(self, name: str, on_aws: Any, on_fc: Sequence[Any]) -> Comparison:
        """Call each side in its turn; FC may get other events, or more of them: then it has a bug."""
        twins = list(self._twins(name))
        looks = {side: Looks(probes=self._probes(twins, side), names=Names(twins)) for side in Side}

        def call(side: Side) -> Observation:
            if side is Side.PRIMARY:
                return self._called(self._primary, name, [on_aws], "live")
            return self._called(self._candidate, name, on_fc, "LATEST")

        seen = Bracket(looks).observe(tuple(Side), b"", call)
        return compare(seen[Side.PRIMARY], seen[Side.CANDIDATE], rules=ANSWERS)

    def _called(
        self, cloud: PrimaryCloud | CandidateCloud, name: str, events: Sequence[Any], qualifier: str
    ) -> Observation:
        seen = [
            cloud.invoker.invoke(name, json.dumps(event).encode(), qualifier=qualifier, timeout_s=20)
            for event in events
        ]
        assert {one.outcome for one in seen} == {Outcome.OK}, [one.payload for one in seen]
        # Logs are another matter.
        return replace(seen[0], logs=None)

    def _twins(self, name: str) -> Iterator[Twin]:
        buckets = {"output-object-storage": "sample-archive", "thumbnail-decoupled": "sample-pictures"}
        queues = {"output-notification": "sample-outbox", "thumbnail-decoupled": "sample-thumbnails"}
        if bucket := buckets.get(name):
            yield Twin(name="objects", kind=TwinKind.BUCKET, primary=bucket, candidate=bucket)
        if queue := queues.get(name):
            url = self.pair.aws.client("sqs").get_queue_url(QueueName=queue)["QueueUrl"]
            settings = {"shadow": "yes"}
            yield Twin(name="sent", kind=TwinKind.QUEUE, primary=url, candidate=queue, settings=settings)
        if name == "output-postgresql":
            settings = {"primary_dsn": "SAMPLES", "candidate_dsn": "SAMPLES"}
            here, there = "samples_aws.tasks", "samples_alibaba.tasks"
            yield Twin(name="tasks", kind=TwinKind.TABLE, primary=here, candidate=there, settings=settings)

    def _probes(self, twins: Sequence[Twin], side: Side) -> tuple[EffectProbe, ...]:
        host = str(urlsplit(self.pair.database).hostname)
        tables = TableProbes(side, environment={"SAMPLES": self.pair.database}, allowed={host})
        cloud = self._primary if side is Side.PRIMARY else self._candidate
        return tuple((tables if twin.kind is TwinKind.TABLE else cloud.probes).of(twin) for twin in twins)


@pytest.fixture(scope="module")
def both(pair: Pair) -> Iterator[Both]:
    # The sandbox shows a message as soon as it is sent.
    with mock.patch("clouds.probing.LINGER_S", 0), aws_connection(pair.aws) as primary:
        yield Both(pair, primary, alibaba_connection(pair.alibaba))


def counting(found: Comparison) -> list[tuple[str, str]]:
    """Give where and how FC differs; all of it is the function's own doing."""
    differences = [one for one in found.differences if one.standing is Standing.COUNTS]
    assert {one.part for one in differences} <= {"effects"}
    assert {one.blame for one in differences} <= {Blame.LOGIC}
    return [(one.pointer, one.kind) for one in differences]


def judged(found: Comparison, where: str, kind: str) -> None:
    """Hold a comparison to be equal, or to be a mismatch in one place."""
    if not where:
        assert counting(found) == [], found.sentence
        assert found.outcome in (PairOutcome.MATCH, PairOutcome.NOISE, PairOutcome.IGNORED)
        assert found.effect_rows
        return
    assert found.outcome is PairOutcome.MISMATCH
    assert (where, kind) in counting(found)


@pytest.mark.parametrize(
    ("on_fc", "where", "kind"),
    [
        ([{"text": "Looked at"}], "", ""),
        ([{"text": "undefined"}], "effects/sent/message", "value"),
        ([{"text": "Looked at"}] * 2, "effects/sent/message", "extra"),
    ],
    ids=["good", "wrong message", "extra message"],
)
def test_a_notification_is_compared(both: Both, on_fc: list[Any], where: str, kind: str) -> None:
    judged(both.compared("output-notification", {"text": "Looked at"}, on_fc), where, kind)


@pytest.mark.parametrize(
    ("on_fc", "text", "where", "kind"),
    [
        ([{"name": "seen"}], "sample text", "", ""),
        ([{"name": "seen"}], "simple text", "effects/objects/out~1seen.txt", "value"),
        ([{"name": "other"}], "sample text", "effects/objects/out~1seen.txt", "missing"),
        ([{"name": "seen"}, {"name": "more"}], "sample text", "effects/objects/out~1more.txt", "extra"),
    ],
    ids=["good", "wrong content", "missing object", "extra object"],
)
def test_an_object_is_compared(both: Both, on_fc: list[Any], text: str, where: str, kind: str) -> None:
    bucket = both.pair.alibaba.bucket("sample-archive")
    bucket.put_object("in.txt", text)
    try:
        judged_without_answer(both.compared("output-object-storage", {"name": "seen"}, on_fc), where, kind)
    finally:
        bucket.put_object("in.txt", "sample text")


def judged_without_answer(found: Comparison, where: str, kind: str) -> None:
    """Judge a sample whose answer names what it wrote, so that it differs with it."""
    effects = [one for one in found.differences if one.part == "effects" and one.standing is Standing.COUNTS]
    assert [(one.pointer, one.kind) for one in effects][:1] == ([(where, kind)] if where else [])
    assert found.outcome is (PairOutcome.MISMATCH if where else PairOutcome.MATCH)


@pytest.mark.parametrize(
    ("on_fc", "where", "kind"),
    [
        ([BOUGHT], "", ""),
        ([BOUGHT | {"priority": 5}], f"effects/tasks/{BOUGHT['uuid']}/priority", "value"),
        ([IDLE], f"effects/tasks/{BOUGHT['uuid']}", "missing"),
    ],
    ids=["good", "changed row", "missing row"],
)
def test_a_row_is_compared(both: Both, on_fc: list[Any], where: str, kind: str) -> None:
    name = "output-postgresql"
    try:
        judged(both.compared(name, BOUGHT, on_fc), where, kind)
    finally:
        both.pair.on_aws(name, {"delete": BOUGHT["uuid"]})
        both.pair.on_fc(name, {"delete": BOUGHT["uuid"]})


@pytest.mark.parametrize(
    ("on_aws", "on_fc", "where", "kind"),
    [
        (BOUGHT | {"priority": 5}, BOUGHT | {"priority": 5}, "", ""),
        (BOUGHT | {"priority": 5}, IDLE, f"effects/tasks/{BOUGHT['uuid']}", "missing"),
        ({"delete": BOUGHT["uuid"]}, {"delete": BOUGHT["uuid"]}, "", ""),
        ({"delete": BOUGHT["uuid"]}, IDLE, f"effects/tasks/{BOUGHT['uuid']}", "missing"),
        (IDLE, {"delete": BOUGHT["uuid"]}, f"effects/tasks/{BOUGHT['uuid']}", "extra"),
    ],
    ids=["good update", "missing update", "good delete", "missing delete", "extra delete"],
)
def test_a_row_that_was_there_is_compared(both: Both, on_aws: Any, on_fc: Any, where: str, kind: str) -> None:
    name = "output-postgresql"
    both.pair.on_aws(name, BOUGHT)
    both.pair.on_fc(name, BOUGHT)
    try:
        judged(both.compared(name, on_aws, [on_fc]), where, kind)
    finally:
        both.pair.on_aws(name, {"delete": BOUGHT["uuid"]})
        both.pair.on_fc(name, {"delete": BOUGHT["uuid"]})


@pytest.mark.parametrize(
    ("picture", "where", "kind"),
    [(PICTURE, "", ""), (DARKER, "effects/objects/thumbnails~1looked-at.PPM", "value")],
    ids=["good", "wrong picture"],
)
def test_a_thumbnail_is_compared(both: Both, picture: bytes, where: str, kind: str) -> None:
    both.pair.aws.client("s3").put_object(Bucket="sample-pictures", Key=SILENT, Body=PICTURE)
    both.pair.alibaba.bucket("sample-pictures").put_object(SILENT, picture)
    named = {"bucket": {"name": "sample-pictures"}, "object": {"key": SILENT}}
    on_aws, on_fc = {"Records": [{"s3": named}]}, {"events": [{"oss": named}]}
    judged(both.compared("thumbnail-decoupled", on_aws, [on_fc]), where, kind)
