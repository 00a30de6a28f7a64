"""`manage.py watch`: judges live evidence and takes traffic back, until SIGTERM."""

from __future__ import annotations

import signal
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand

from workers.watch import Watch


class Command(BaseCommand):
    """Run the watch in the foreground."""

    help = "Judge live evidence, take traffic back where it fails, climb ladders where it holds."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Run until SIGTERM or Ctrl-C."""
        watch = Watch()

        def stop(_number: int, _frame: FrameType | None) -> None:
            watch.stop()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        self.stderr.write("watch: polling observation queues; needs PostgreSQL and the clouds, not Redis.")
        watch.run()
        self.stderr.write("watch: stopped.")
