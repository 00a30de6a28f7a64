"""A journal of ticks and cursors: what a trigger has done, so that a restart neither loses nor repeats.

A tick is done in three steps: its event is written with an id that follows from trigger and tick, then the
position is written, then the event is handed out. A kill after the first step makes the tick come again after
the restart, and its event is found by the same id.
"""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path
from typing import Any

from sandbox.alibaba import files
from sandbox.alibaba.triggers.store import Bound

Position = dict[str, Any]


def tick_id(trigger: Bound, at: float, what: str) -> str:
    """Give the request id of one tick, in FC's form; equal ticks have equal ids."""
    drawn = hashlib.sha256(f"{trigger.id} {trigger.since} {what}".encode()).hexdigest()
    return f"1-{int(at):08x}-{drawn[:24]}"


class Positions:
    """Where each trigger of one kind stands; written through."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._positions: dict[str, Position] = {path.stem: row for path, row in files.documents(folder)}

    def of(self, trigger: Bound, fresh: Position) -> Position:
        """Give the position of a trigger; a new one, or one set anew, begins with ``fresh``."""
        with self._lock:
            known = self._positions.get(trigger.id)
        if known is not None and known["since"] == trigger.since:
            return known
        return self.move(trigger, fresh)

    def move(self, trigger: Bound, position: Position) -> Position:
        """Write a position."""
        row = {**position, "since": trigger.since}
        files.write_json(self._folder / f"{trigger.id}.json", row)
        with self._lock:
            self._positions[trigger.id] = row
        return row

    def keep_only(self, ids: set[str]) -> None:
        """Forget triggers that are gone."""
        with self._lock:
            gone = set(self._positions) - ids
            for trigger_id in gone:
                del self._positions[trigger_id]
        for trigger_id in gone:
            (self._folder / f"{trigger_id}.json").unlink(missing_ok=True)
