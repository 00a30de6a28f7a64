"""Log lines and measurements of functions, written behind the calls: a kill loses the last moments of them.

Theory of operation. A call only puts its entry into memory; a thread writes what has gathered every twentieth
of a second, one JSON document a line, without fsync. The file of a generation holds what happened since the
state of that generation was saved; an orderly end saves the state under the next generation, in one
transaction, and the file is of no more use. A file that has grown full becomes the older one of two, and the
one before it goes: what the stores keep themselves is bounded as well.
"""

import json
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

WRITE_EVERY_S = 0.05
FULL_BYTES = 64 * 1024 * 1024


class Diary:
    """The files of one generation in a folder. `note` may be called by any thread and never waits."""

    def __init__(self, folder: Path, generation: int) -> None:
        self.generation = generation
        self._file = folder / f"diary-{generation}.jsonl"
        self._older = folder / f"diary-{generation}.older.jsonl"
        for left in folder.glob("diary-*.jsonl"):
            if left not in (self._file, self._older):
                left.unlink()
        self._begun = False
        self._waiting: deque[tuple[Any, ...]] = deque()
        self._any = threading.Event()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._write, name="diary", daemon=True)

    def entries(self) -> Iterator[list[Any]]:
        """Give what was written, oldest first; what a kill has cut in two is left out."""
        for file in (self._older, self._file):
            if file.exists():
                with file.open(encoding="utf-8", errors="replace") as lines:
                    for line in lines:
                        try:
                            yield json.loads(line)
                        except ValueError:
                            continue

    def start(self) -> None:
        """Begin to write; after the entries were read."""
        self._thread.start()

    def note(self, *entry: Any) -> None:
        """Have an entry written soon."""
        self._waiting.append(entry)
        if not self._any.is_set():
            self._any.set()

    def close(self) -> None:
        """Write the rest and stop."""
        self._closed.set()
        self._any.set()
        self._thread.join()

    def _write(self) -> None:
        while not self._closed.is_set():
            self._any.wait()
            self._closed.wait(WRITE_EVERY_S)
            self._any.clear()
            self._flush()
        self._flush()

    def _flush(self) -> None:
        gathered = [self._waiting.popleft() for _ in range(len(self._waiting))]
        if not gathered:
            return
        # The first line may follow one that a kill has cut in two.
        text = "" if self._begun else "\n"
        self._begun = True
        text += "".join(json.dumps(entry, separators=(",", ":")) + "\n" for entry in gathered)
        # A disk that is full costs lines of the log, not the calls.
        with suppress(OSError):
            self._file.touch(mode=0o600)
            if self._file.stat().st_size > FULL_BYTES:
                self._file.replace(self._older)
                self._file.touch(mode=0o600)
            with self._file.open("a", encoding="utf-8", errors="replace") as file:
                file.write(text)
