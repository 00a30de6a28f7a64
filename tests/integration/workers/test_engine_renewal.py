"""A lease lives as long as its worker is busy, and not longer than it is its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from clouds.simulated.world import World
from migrations_app.models import Operation
from migrations_app.services import deployment, operations
from tests.integration.workers import journey
from tests.integration.workers.worlds import clouds
from workers import renewal

pytestmark = pytest.mark.django_db(transaction=True)
LIMIT_S = 60.0


@pytest.fixture
def world() -> Iterator[World]:
    with clouds() as made:
        yield made


def test_a_lease_is_renewed_while_its_worker_is_busy(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renewal, "RENEW_S", 0.02)
    operation = deployment.start(journey.ready(world).pk, actor="ann", reason="go")
    lease = operations.claim(operation_id=operation.pk, owner="busy")
    assert lease is not None
    first = Operation.objects.get(pk=operation.pk).due_at
    with renewal.renewing(lease):
        end = time.monotonic() + LIMIT_S
        while Operation.objects.get(pk=operation.pk).due_at == first:
            assert time.monotonic() < end, "The lease was not renewed."


def test_a_lease_that_was_lost_is_not_renewed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renewal, "RENEW_S", 0.01)
    operation = deployment.start(journey.ready(world).pk, actor="ann", reason="go")
    late = operations.claim(operation_id=operation.pk, owner="late")
    assert late is not None
    journey.make_due(operation)
    other = operations.claim(operation_id=operation.pk, owner="other")
    assert other is not None
    held = Operation.objects.get(pk=operation.pk)
    with renewal.renewing(late):
        end = time.monotonic() + LIMIT_S
        while any(thread.name == "lease" for thread in threading.enumerate()):
            assert time.monotonic() < end, "The late worker goes on renewing."
    after = Operation.objects.get(pk=operation.pk)
    assert (after.lease_owner, after.due_at) == (held.lease_owner, held.due_at)
