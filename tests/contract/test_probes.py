"""Probes of both clouds against the sandbox: what functions would write is seen, on either side alike."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from mns.account import Account
from mns.queue import Message, QueueMeta

from cutover.effects import Effect, Names, Twin, TwinKind
from cutover.errors import CloudError, NotFound, UnsupportedFeature
from cutover.ports import CandidateCloud, EffectProbe, PrimaryCloud
from tests.contract.ports import alibaba_connection, aws_connection
from tests.sandbox_fixtures import RunningAlibaba, RunningAws, running_alibaba, running_aws

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::SyntaxWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
BUCKET = Twin(
    name="reports",
    kind=TwinKind.BUCKET,
    primary="looked-at-reports",
    candidate="looked-at-reports-cn",
    settings={"prefix": "out/"},
)


@dataclass(frozen=True, kw_only=True)
class Clouds:
    """Both clouds, and the twin of a shadow queue on them."""

    primary: PrimaryCloud
    candidate: CandidateCloud
    aws: RunningAws
    queues: Account
    jobs: Twin

    def put(self, key: str, primary: bytes, candidate: bytes) -> None:
        """Write an object on both."""
        self.aws.client("s3").put_object(Bucket=BUCKET.primary, Key=key, Body=primary)
        self.candidate.packages.put(BUCKET.candidate, key, candidate)

    def probes(self, twin: Twin) -> tuple[EffectProbe, EffectProbe]:
        """Give the probes of a twin on both."""
        return self.primary.probes.of(twin), self.candidate.probes.of(twin)


@pytest.fixture(scope="module")
def clouds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clouds]:
    state = tmp_path_factory.mktemp("probes")
    with running_aws(state) as aws, running_alibaba(state) as alibaba, aws_connection(aws) as primary:
        candidate = alibaba_connection(alibaba)
        aws.client("s3").create_bucket(Bucket=BUCKET.primary)
        candidate.packages.ensure_bucket(BUCKET.candidate)
        url = aws.client("sqs").create_queue(QueueName="shadow-jobs")["QueueUrl"]
        account = _account(alibaba)
        account.get_queue("shadow-jobs-cn").create(QueueMeta())
        jobs = Twin(
            name="jobs",
            kind=TwinKind.QUEUE,
            primary=url,
            candidate="shadow-jobs-cn",
            settings={"shadow": "yes"},
        )
        yield Clouds(primary=primary, candidate=candidate, aws=aws, queues=account, jobs=jobs)
        account.get_client().close_connection()


def _account(alibaba: RunningAlibaba) -> Account:
    keys = alibaba.keys.alibaba
    return Account(alibaba.url, keys.access_key_id, keys.access_key_secret)


def seen(
    probes: tuple[EffectProbe, EffectProbe], act: Callable[[], Any], *twins: Twin
) -> tuple[list[Effect], list[Effect]]:
    """Give what both probes see of what is done, with the names of twins replaced."""
    marks = [probe.before() for probe in probes]
    act()
    names = Names(twins)
    first, second = (
        [names.effect(effect) for effect in probe.after(mark)]
        for probe, mark in zip(probes, marks, strict=True)
    )
    return first, second


def test_objects_that_were_written_written_again_and_deleted_are_seen_alike(clouds: Clouds) -> None:
    for key in ("out/kept", "out/same", "out/gone", "elsewhere"):
        clouds.put(key, b"before", b"before")

    def act() -> None:
        clouds.put("out/same", b"before", b"before")
        clouds.put(
            "out/new.json", b'{"at": "s3://looked-at-reports/x"}', b'{"at": "oss://looked-at-reports-cn/x"}'
        )
        clouds.put("out/image", b"\x89PNG\x00", b"\x89PNG\x00")
        clouds.put("elsewhere", b"after", b"after")
        clouds.aws.client("s3").delete_object(Bucket=BUCKET.primary, Key="out/gone")
        clouds.candidate.packages.delete(BUCKET.candidate, "out/gone")

    first, second = seen(clouds.probes(BUCKET), act, BUCKET)
    assert [(one.kind.value, one.key, one.text) for one in first] == [
        ("object-deleted", "out/gone", ""),
        ("object-written", "out/image", ""),
        ("object-written", "out/new.json", '{"at": "twin:reports/x"}'),
        ("object-written", "out/same", "before"),
    ]
    assert [(one.kind, one.key, one.digest) for one in first] == [
        (one.kind, one.key, one.digest) for one in second
    ]


def test_messages_in_shadow_queues_are_seen_once_and_taken(clouds: Clouds) -> None:
    def send(*bodies: Any) -> None:
        queue = clouds.queues.get_queue(clouds.jobs.candidate)
        for body in bodies:
            clouds.aws.client("sqs").send_message(QueueUrl=clouds.jobs.primary, MessageBody=json.dumps(body))
            queue.send_message(Message(json.dumps(body)))

    send("of before")
    first, second = seen(clouds.probes(clouds.jobs), lambda: send({"n": 1}, {"n": 2}))
    assert first == second, "MNS's SDK encodes what it sends, and nobody sees that"
    assert [one.text for one in first] == ['{"n": 1}', '{"n": 2}']
    left = clouds.aws.client("sqs").get_queue_attributes(
        QueueUrl=clouds.jobs.primary, AttributeNames=["ApproximateNumberOfMessages"]
    )
    assert left["Attributes"]["ApproximateNumberOfMessages"] == "0"
    assert clouds.queues.get_queue(clouds.jobs.candidate).get_attributes().active_messages == 0


def test_a_queue_of_others_is_only_looked_at_on_mns_and_refused_on_sqs(clouds: Clouds) -> None:
    queue = clouds.queues.get_queue("of-others")
    queue.create(QueueMeta())
    queue.send_message(Message("of before"))
    twin = Twin(name="others", kind=TwinKind.QUEUE, primary=clouds.jobs.primary, candidate="of-others")
    probe = clouds.candidate.probes.of(twin)
    mark = probe.before()
    queue.send_message(Message('{"n": 1}'))
    assert [one.text for one in probe.after(mark)] == ['{"n": 1}']
    assert {one.dequeue_count for one in queue.batch_peek_message(16)} == {0}
    with pytest.raises(UnsupportedFeature, match="shadow"):
        clouds.primary.probes.of(twin)
    for number in range(16):
        queue.send_message(Message(f"more {number}"))
    with pytest.raises(CloudError, match="shows no others"):
        probe.before()


def test_what_is_not_there_is_said_in_our_words(clouds: Clouds) -> None:
    absent = Twin(
        name="absent", kind=TwinKind.BUCKET, primary="not-there-at-all", candidate="not-there-at-all"
    )
    queue = Twin(
        name="absent",
        kind=TwinKind.QUEUE,
        primary=f"{clouds.aws.endpoint}/123456789012/not-there",
        candidate="not-there",
        settings={"shadow": "yes"},
    )
    for twin in (absent, queue):
        for probe in clouds.probes(twin):
            with pytest.raises(NotFound):
                probe.before()
