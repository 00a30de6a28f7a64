"""Looks at OSS buckets and MNS queues around an invocation.

MNS shows messages without taking them (peek), but no more than 16 and only those that nobody has taken at the
moment; that is what a queue with other readers allows. A shadow queue is emptied instead.
Source: facts on Alibaba Cloud, section 7; aliyun-mns-sdk 1.3.0, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from email.utils import parsedate_to_datetime
from functools import partial

from clouds.alibaba.errors import calling
from clouds.alibaba.messages import Queues
from clouds.alibaba.session import Clients
from clouds.probing import MOST_OBJECTS, Listing, Newest, ObjectProbe, ShadowQueueProbe, too_much
from cutover.effects import Effect, EffectKind, Held, Mark, Twin, TwinKind, content_of, said
from cutover.errors import Invalid, UnsupportedFeature
from cutover.ports import EffectProbe

CLOUD = "alibaba"
_body_of = partial(said, maybe_base64=True)


class AlibabaProbes:
    """``cutover.ports.Probes`` on oss2 and the MNS SDK."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def of(self, twin: Twin) -> EffectProbe:
        """Give the probe of the twin's Alibaba side."""
        match twin.kind:
            case TwinKind.BUCKET:
                look: Callable[[], Listing] = partial(self._listing, twin)
                return ObjectProbe(twin, look, partial(self._content, twin.candidate), cloud=CLOUD)
            case TwinKind.QUEUE | TwinKind.TOPIC if queue := twin.shadow(twin.candidate, "candidate_queue"):
                take: Callable[[int], Sequence[str]] = partial(Queues(self._clients).take, queue)
                return ShadowQueueProbe(twin, take, _body_of, cloud=CLOUD)
            case TwinKind.QUEUE:
                return PeekingProbe(twin, Queues(self._clients), twin.candidate)
            case TwinKind.TOPIC:
                raise UnsupportedFeature(
                    CLOUD,
                    f"the topic {twin.name} keeps no messages",
                    "Subscribe a shadow queue to it and declare that.",
                )
            case TwinKind.TABLE:
                raise UnsupportedFeature(CLOUD, "tables are looked at in their database")

    def _listing(self, twin: Twin) -> Listing:
        bucket, held, newest, marker = self._clients.bucket(twin.candidate), dict[str, Held](), Newest(), ""
        while True:
            with calling("oss:ListObjects"):
                answer = bucket.list_objects(
                    prefix=twin.settings.get("prefix", ""), marker=marker, max_keys=1000
                )
            for one in answer.object_list:
                held[one.key] = Held(stamp=f"{one.etag} {one.last_modified}", size=one.size)
                newest.add(one.key, int(one.last_modified))
            if len(held) > MOST_OBJECTS:
                raise too_much(twin, CLOUD, "oss:ListObjects")
            if not answer.is_truncated:
                now = parsedate_to_datetime(answer.headers["Date"])
                return Listing(
                    held=held,
                    newest_s=newest.second,
                    now_s=int(now.timestamp()),
                    newest=frozenset(newest.keys),
                )
            marker = answer.next_marker

    def _content(self, bucket: str, key: str) -> bytes:
        with calling("oss:GetObject"):
            content: bytes = self._clients.bucket(bucket).get_object(key).read()
        return content


class PeekingProbe:
    """``cutover.ports.EffectProbe`` for an MNS queue that others read: it looks and takes nothing."""

    def __init__(self, twin: Twin, queues: Queues, queue: str) -> None:
        self._twin, self._queues, self._queue = twin, queues, queue

    def before(self, touched: Collection[str] | None = None) -> Mark:
        """Note the messages that are there."""
        return Mark(messages=frozenset(message for message, _ in self._seen()))

    def after(self, mark: Mark) -> tuple[Effect, ...]:
        """Give those that were not."""
        fresh = [body for message, body in self._seen() if message not in mark.messages]
        return tuple(
            content_of(EffectKind.MESSAGE_SENT, self._twin.name, "", _body_of(body)) for body in sorted(fresh)
        )

    def _seen(self) -> Sequence[tuple[str, str]]:
        seen = self._queues.peek(self._queue)
        if len(seen) >= Queues.MOST_PEEKED:
            raise Invalid(
                f"The queue of the twin {self._twin.name} holds {len(seen)} messages or more, and MNS shows "
                "no others. Use a shadow queue.",
                cloud=CLOUD,
                operation="mns:PeekMessage",
            )
        return seen
