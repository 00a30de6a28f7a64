"""Log lines out of a worker's pipes.

Standard output and error are cut at newlines. The third pipe carries frames, so that a message with newlines
stays one entry: 4 bytes type, 4 bytes length, 8 bytes microseconds, all big-endian, then the text.
Source: awslambdaric 4.2.2, bootstrap.FramedTelemetryLogSink.
"""

import os
import time

from sandbox.executor.values import LogLine

_FRAME_MARK = b"\xa5\x5a"
_FRAME_HEAD_BYTES = 16
MAX_LINE_BYTES = 256 * 1024
MAX_LINES = 10_000
READS_AT_ONCE = 32  # then the caller looks at its clock: a handler may write without end


class Pipe:
    """The reading end of one pipe of a worker, not blocking."""

    def __init__(self, fd: int, stream: str) -> None:
        os.set_blocking(fd, False)
        self.fd = fd
        self.stream = stream
        self._buffer = bytearray()

    def read(self, into: list[LogLine]) -> bool:
        """Append the entries that have arrived. Returns False at the end of the pipe."""
        alive = True
        for _ in range(READS_AT_ONCE):
            try:
                piece = os.read(self.fd, 1 << 16)
            except BlockingIOError:
                break
            if not piece:
                alive = False
                break
            self._buffer += piece
            self._cut(into)
        return alive

    def flush(self, into: list[LogLine]) -> None:
        """Append what is left without a newline as an entry of its own."""
        if self.stream != "log" and self._buffer:
            self._emit(bytes(self._buffer), time.time(), into)
            self._buffer.clear()

    def _cut(self, into: list[LogLine]) -> None:
        if self.stream == "log":
            self._cut_frames(into)
            return
        *whole, rest = bytes(self._buffer).split(b"\n")
        now = time.time()
        for line in whole:
            self._emit(line.rstrip(b"\r"), now, into)
        whole_bytes = len(rest) // MAX_LINE_BYTES * MAX_LINE_BYTES
        if whole_bytes:
            self._emit(rest[:whole_bytes], now, into)
            rest = rest[whole_bytes:]
        self._buffer = bytearray(rest)

    def _cut_frames(self, into: list[LogLine]) -> None:
        while len(self._buffer) >= _FRAME_HEAD_BYTES:
            if self._buffer[:2] != _FRAME_MARK:
                # Not a frame: somebody wrote to the descriptor by hand. Keep the text, lose the framing.
                self._emit(bytes(self._buffer), time.time(), into)
                self._buffer.clear()
                return
            length = int.from_bytes(self._buffer[4:8], "big")
            if len(self._buffer) < _FRAME_HEAD_BYTES + length:
                return
            at = int.from_bytes(self._buffer[8:16], "big") / 1e6
            text = bytes(self._buffer[_FRAME_HEAD_BYTES : _FRAME_HEAD_BYTES + length])
            del self._buffer[: _FRAME_HEAD_BYTES + length]
            self._emit(text.rstrip(b"\n"), at, into)

    def _emit(self, text: bytes, at: float, into: list[LogLine]) -> None:
        # A line that is too long becomes several.
        for begin in range(0, len(text) or 1, MAX_LINE_BYTES):
            if len(into) < MAX_LINES:
                piece = text[begin : begin + MAX_LINE_BYTES]
                into.append(LogLine(at=at, stream=self.stream, text=piece.decode("utf-8", "replace")))

    def close(self) -> None:
        os.close(self.fd)
