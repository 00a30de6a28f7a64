"""A function that failed under traffic and was rolled back sets out again with what was deployed anew."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.utils import timezone

from clouds.simulated.world import World
from migrations_app.models import FunctionMigration
from migrations_app.services import deployment, guards, inventory, rollback
from tests.integration.workers import journey, worlds

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    for name, value in journey.RELAY_KEY.items():
        monkeypatch.setenv(name, value)
    with worlds.clouds() as made:
        yield made


def test_a_failed_live_check_bars_no_version_that_is_deployed_after_it(world: World) -> None:
    function = journey.deployed(world)
    FunctionMigration.objects.filter(pk=function.pk).update(
        live_result="fail", live_sentence="FC fails more often.", live_state={}
    )
    journey.done(rollback.request(function.pk, actor="watch", reason="FC fails more often."))
    assert worlds.refreshed(function).phase == "rolled-back"
    journey.done(deployment.start(function.pk, actor="ann", reason="the mended version"))
    function = worlds.refreshed(function)
    FunctionMigration.objects.filter(pk=function.pk).update(
        phase="validated",
        verdict_result="pass",
        verdict_at=timezone.now(),
        evidence_digest=inventory.evidence_digest(function),
    )
    assert guards.shift_reasons(worlds.refreshed(function), 100) == ()
