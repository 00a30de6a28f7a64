"""Which translator serves which pair of shapes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import eventbridge, http_request, s3_oss, schedule_timer, sqs_queue, topic
from .model import HTTP_KINDS, Kind, Setting, Translated, Untranslatable

Translator = Callable[[Any, Setting], Translated]
Pair = tuple[Kind, Kind]

LOGS_REASON = (
    "a CloudWatch Logs subscription hands over the lines; an SLS trigger hands over cursors, and the "
    "function reads the rows itself: there is no counterpart event"
)

TO_FC: dict[Pair, Translator] = {
    (Kind.S3, Kind.OSS): s3_oss.to_fc,
    (Kind.SQS, Kind.MNS_QUEUE): sqs_queue.to_fc,
    (Kind.SQS, Kind.MNS_QUEUE_SINGLE): sqs_queue.to_fc_single,
    (Kind.SQS, Kind.MNS_TOPIC): topic.from_sqs,
    (Kind.SNS, Kind.MNS_TOPIC): topic.from_sns,
    (Kind.SNS, Kind.MNS_TOPIC_STREAM): topic.from_sns_stream,
    (Kind.EVENTS, Kind.EVENTBRIDGE): eventbridge.to_fc,
}
TO_AWS: dict[Pair, Translator] = {
    (Kind.OSS, Kind.S3): s3_oss.to_aws,
    (Kind.MNS_QUEUE, Kind.SQS): sqs_queue.to_aws,
    (Kind.MNS_QUEUE_SINGLE, Kind.SQS): sqs_queue.to_aws,
    (Kind.MNS_TOPIC, Kind.SQS): topic.to_sqs,
    (Kind.MNS_TOPIC, Kind.SNS): topic.to_sns,
    (Kind.EVENTBRIDGE, Kind.EVENTS): eventbridge.to_aws,
}
HTTP_AND_TIMER = {
    Kind.SCHEDULE: Kind.TIMER,
    Kind.SCHEDULER: Kind.TIMER,
    **dict.fromkeys(HTTP_KINDS, Kind.HTTP),
}
COUNTERPARTS: dict[Kind, tuple[Kind, ...]] = {
    Kind.S3: (Kind.OSS,),
    Kind.SQS: (Kind.MNS_QUEUE, Kind.MNS_QUEUE_SINGLE, Kind.MNS_TOPIC),
    Kind.SNS: (Kind.MNS_TOPIC, Kind.MNS_TOPIC_STREAM),
    Kind.SCHEDULE: (Kind.TIMER,),
    Kind.SCHEDULER: (Kind.TIMER,),
    Kind.API_V1: (Kind.HTTP,),
    Kind.API_V2: (Kind.HTTP,),
    Kind.URL: (Kind.HTTP,),
    Kind.ALB: (Kind.HTTP,),
    Kind.EVENTS: (Kind.EVENTBRIDGE,),
    Kind.LOGS: (),
}
"""Kind on AWS -> kinds on FC that may stand for it, the usual one first."""


def to_fc(event: Any, kind: Kind, setting: Setting, *, there: Kind | None = None) -> Translated:
    """Translate an event of AWS into the shape that FC hands over.

    Args:
        there: which of several counterparts; the usual one when it is None.

    Raises:
        Untranslatable: the pair has no translation, or the event is not of its kind.
    """
    if kind is Kind.LOGS or there is Kind.SLS:
        raise Untranslatable(LOGS_REASON)
    there = there or next(iter(COUNTERPARTS.get(kind, ())), None)
    if there is None or HTTP_AND_TIMER.get(kind, there) is not there:
        raise Untranslatable(f"{kind.value} has no translation to {there.value if there else 'anything'}")
    if kind in HTTP_KINDS:
        return http_request.to_fc(event, setting, kind=kind)
    if kind in HTTP_AND_TIMER:
        return schedule_timer.to_fc(event, setting, kind=kind)
    translator = TO_FC.get((kind, there))
    if translator is None:
        raise Untranslatable(f"{kind.value} has no translation to {there.value}")
    return translator(event, setting)


def to_aws(event: Any, kind: Kind, setting: Setting, *, here: Kind) -> Translated:
    """Translate an event of FC into the shape ``here`` that an AWS handler expects.

    Raises:
        Untranslatable: the pair has no translation, or the event is not of its kind.
    """
    if kind is Kind.SLS or here is Kind.LOGS:
        raise Untranslatable(LOGS_REASON)
    if here in HTTP_AND_TIMER and HTTP_AND_TIMER[here] is kind:
        if here in HTTP_KINDS:
            return http_request.to_aws(event, setting, kind=here)
        return schedule_timer.to_aws(event, setting, kind=here)
    if kind is Kind.MNS_TOPIC_STREAM:
        return topic.from_stream(event, lambda plain: to_aws(plain, Kind.MNS_TOPIC, setting, here=here))
    translator = TO_AWS.get((kind, here))
    if translator is None:
        raise Untranslatable(f"{kind.value} has no translation to {here.value}")
    return translator(event, setting)
