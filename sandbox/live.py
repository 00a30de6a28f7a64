"""An answer that is read while it is given: the call runs in a thread of its own, the reader in another.

Theory of operation. The thread of the call is the listener of its own execution and puts what it hears on a
queue; the last thing on it is what the call gave, or why it could not be made. The queue has no bound: a
reader that has left must not hold the function, which runs to its end as it does on both clouds.
"""

import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from sandbox.executor import Listener

Given = TypeVar("Given")


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """How a streamed answer begins. Header names are lower case."""

    status: int
    headers: tuple[tuple[str, str], ...]

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name), "")


class TooLarge(Exception):
    """The answer is larger than it may be; what was sent until then is not taken back."""


class Live(Generic[Given]):
    """One call on its way. Read it by one thread, in this order: `head`, `pieces`, `given`.

    run: makes the call with this listener and gives what came of it; what it raises, `head` raises.
    most_bytes: how large a streamed answer may be.
    """

    def __init__(self, run: Callable[[Listener], Given], *, most_bytes: int) -> None:
        self._queue: queue.SimpleQueue[Head | bytes | _End[Given]] = queue.SimpleQueue()
        self._left = most_bytes
        self._end: _End[Given] | None = None
        threading.Thread(target=self._carry_out, args=(run,), name="live-call", daemon=True).start()

    def begin(self, status: int, headers: tuple[tuple[str, str], ...]) -> None:
        self._queue.put(Head(status=status, headers=headers))

    def piece(self, content: bytes) -> None:
        self._queue.put(content)

    def _carry_out(self, run: Callable[[Listener], Given]) -> None:
        try:
            end = _End(given=run(self))
        except Exception as exc:  # noqa: BLE001 - it is raised again where the call is waited for
            end = _End(failure=exc)
        self._queue.put(end)

    def head(self) -> Head | None:
        """Wait for the beginning of the answer; None when the call has ended and streamed nothing."""
        item = self._queue.get()
        if isinstance(item, Head):
            return item
        assert isinstance(item, _End)
        self._end = item
        if item.failure is not None:
            raise item.failure
        return None

    def pieces(self) -> Iterator[bytes]:
        """Give the parts of the body as they come. Raises TooLarge, and what the call raised."""
        while self._end is None:
            item = self._queue.get()
            if isinstance(item, _End):
                self._end = item
                if item.failure is not None:
                    raise item.failure
            elif isinstance(item, bytes):
                self._left -= len(item)
                if self._left < 0:
                    raise TooLarge
                yield item

    @property
    def given(self) -> Given:
        """What the call gave, once it has ended."""
        assert self._end is not None
        assert self._end.given is not None
        return self._end.given


@dataclass(frozen=True, kw_only=True, slots=True)
class _End(Generic[Given]):
    given: Given | None = None
    failure: Exception | None = None
