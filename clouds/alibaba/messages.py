"""MNS queues, by the official SDK: peek, and take.

The SDK knows no proxy and keeps one connection per account, which is made anew for each call here: a worker's
threads then share none, and a connection that was kept too long breaks nothing. Source: aliyun-mns-sdk 1.3.0,
mns_http.py and auth.py, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from mns.account import Account
from mns.mns_exception import MNSClientException, MNSServerException

from clouds.alibaba.errors import answered
from clouds.alibaba.session import Clients
from cutover.errors import Invalid, NoAnswer, UnsupportedFeature

_EMPTY = "MessageNotExist"
_ABSENT = {"QueueNotExist": 404, "AccessDenied": 403}
_SECONDS = 30


class Queues:
    """The queues of one account and region."""

    MOST_PEEKED = 16
    """Messages that MNS shows at once."""

    def __init__(self, clients: Clients) -> None:
        if clients.proxy:
            raise UnsupportedFeature(
                "alibaba", "MNS's SDK takes no proxy", "Give the twin no probe, or a connection without one."
            )
        self._clients = clients

    def peek(self, name: str) -> Sequence[tuple[str, str]]:
        """Give (message id, body) of the messages that are visible now, up to ``MOST_PEEKED``."""
        with self._queue(name) as queue:
            found = _asked("mns:PeekMessage", lambda: queue.batch_peek_message(self.MOST_PEEKED))
        return [(str(one.message_id), _text(one.message_body)) for one in found]

    def take(self, name: str, wait_s: int) -> Sequence[str]:
        """Receive up to 16 messages, waiting for the first, and delete them; give their bodies."""
        with self._queue(name) as queue:
            found = _asked("mns:ReceiveMessage", lambda: queue.batch_receive_message(16, wait_s))
            if found:
                receipts = [one.receipt_handle for one in found]
                _asked("mns:DeleteMessage", lambda: queue.batch_delete_message(receipts) or [])
        return [_text(one.message_body) for one in found]

    @contextmanager
    def _queue(self, name: str) -> Iterator[Any]:
        key = self._clients.credentials.get_credential()
        account = Account(
            self._clients.mns_url,
            key.access_key_id,
            key.access_key_secret,
            security_token=key.security_token or "",
        )
        client = account.get_client()
        client.set_connection_timeout(_SECONDS)
        queue = account.get_queue(name)
        # Bodies as they are: whether one is base64 is for its reader to say.
        queue.set_encoding(False)
        try:
            yield queue
        finally:
            client.close_connection()


def _asked(operation: str, call: Callable[[], list[Any]]) -> list[Any]:
    """Give what the SDK answers, an empty list for an empty queue, its exceptions as ours."""
    try:
        return call()
    except MNSServerException as exc:
        if exc.type == _EMPTY:
            return []
        status = _ABSENT.get(str(exc.type), 400)
        raise answered(status, exc.type, exc.message, exc.request_id, operation) from exc
    except MNSClientException as exc:
        kind = NoAnswer if exc.type == "NetWorkException" else Invalid
        raise kind(cloud="alibaba", operation=operation, code=str(exc.type)) from exc


def _text(body: Any) -> str:
    return body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body)
