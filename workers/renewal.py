"""Keeps a lease while its worker is busy: a thread of its own renews it until the work is over."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError, connection

from migrations_app.services import operations
from migrations_app.services.operations import Lease, LeaseLost

logger = logging.getLogger(__name__)
RENEW_S = 10.0


@contextmanager
def renewing(lease: Lease) -> Iterator[None]:
    """Renew the lease from a thread for as long as the body runs."""
    stop = threading.Event()
    thread = threading.Thread(target=_renew_until, args=(lease, stop), name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _renew_until(lease: Lease, stop: threading.Event) -> None:
    try:
        while not stop.wait(RENEW_S):
            try:
                operations.renew(lease)
            except LeaseLost:
                return
            except DatabaseError as error:
                logger.warning("The lease was not renewed (%s); it is tried again.", type(error).__name__)
                connection.close()
    finally:
        connection.close()
