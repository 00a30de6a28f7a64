"""Pushes published messages to HTTP endpoints of this machine, and to queues that came late.

It listens to the happening ``mns-topic``; an endpoint that does not answer with 2xx raises, so that the
happening is delivered again later.
Source: Alibaba Cloud, MNS, "Push notifications to HTTP endpoints", read 2026-11-22. Pushes are not signed.
"""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from sandbox.alibaba.mns.queues import Queues
from sandbox.alibaba.mns.signing import VERSION
from sandbox.alibaba.mns.topics import Format, Subscription, Topics, written
from sandbox.alibaba.wire import Refused

PUSH_TIMEOUT_S = 5.0
_TYPES = {Format.XML: "text/xml;charset=utf-8", Format.JSON: "application/json;charset=utf-8"}


class NotTaken(Exception):
    """The endpoint did not answer with 2xx; the push is to be tried again."""


class Pusher:
    """Delivers happenings of the kind ``mns-topic``."""

    def __init__(self, *, topics: Topics, queues: Queues, account_id: str) -> None:
        self._topics = topics
        self._queues = queues
        self._owner = account_id

    def deliver(self, document: Mapping[str, Any]) -> None:
        """Push one message; a subscription that is gone in the meantime has none.

        Raises:
            NotTaken: the endpoint is away or answers with an error.
            QueueNotExist: the queue is not there (yet).
        """
        try:
            subscription = self._topics.subscription(document["topic"], document["subscription"])
        except Refused:
            return
        content = written(
            document,
            owner=self._owner,
            topic=subscription.topic,
            subscription=subscription.name,
            how=subscription.format,
        )
        if subscription.queue is not None:
            self._queues.put(subscription.queue, content)
        else:
            self._post(subscription, document, content)

    def _post(self, subscription: Subscription, document: Mapping[str, Any], content: bytes) -> None:
        place = urlsplit(subscription.endpoint)
        connection = http.client.HTTPConnection(
            place.hostname or "127.0.0.1", place.port or 80, timeout=PUSH_TIMEOUT_S
        )
        headers = {
            "Content-Type": _TYPES.get(subscription.format, "text/plain;charset=utf-8"),
            "x-mns-version": VERSION,
            "x-mns-request-id": str(document["messageId"]),
            "x-mns-message-id": str(document["messageId"]),
        }
        if document["tag"]:
            headers["x-mns-message-tag"] = str(document["tag"])
        target = (place.path or "/") + (f"?{place.query}" if place.query else "")
        try:
            connection.request("POST", target, body=content, headers=headers)
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException) as exc:
            raise NotTaken(f"{subscription.name}: no answer") from exc
        finally:
            connection.close()
        if not 200 <= status < 300:
            raise NotTaken(f"{subscription.name}: answered with {status}")
