"""The whole journey with the real adapters, on the sandbox's clouds, where the function really runs."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from django.utils import timezone

from migrations_app.models import Connection, FunctionMigration, Operation
from migrations_app.services import (
    assessment,
    connections,
    deployment,
    inventory,
    restoration,
    rollback,
    shifting,
)
from tests.contract import ports
from tests.integration.workers import journey
from tests.integration.workers.worlds import refreshed
from workers import connections as work
from workers import engine, wiring

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.enable_socket,
]
LIMIT_S = 150.0


def test_a_function_goes_all_the_way_and_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        ports.pair(tmp_path) as (here, there),
        wiring.use(here.cloud, there.cloud),
    ):
        assert there.raw is not None
        relay = there.raw.keys.relay
        monkeypatch.setenv(wiring.RELAY_KEY_ID, relay.access_key_id)
        monkeypatch.setenv(wiring.RELAY_KEY_SECRET, relay.access_key_secret)
        name = here.make()
        function = _ready(here, name)
        journey.done(deployment.start(function.pk, actor="ann", reason="first"))
        _validated(function)
        _moved(function, 100)
        _moved(function, 10_000)
        answer = here.cloud.invoker.invoke(name, b'{"name": "Ada"}', qualifier="live", timeout_s=20)
        assert json.loads(answer.payload)["echo"] == {"name": "Ada"}
        assert answer.version == refreshed(function).routing["relay_version"]

        journey.done(rollback.request(function.pk, actor="ann", reason="back"))
        assert refreshed(function).rollback_report["seconds"] < 30
        answer = here.cloud.invoker.invoke(name, b'{"name": "Ada"}', qualifier="live", timeout_s=20)
        assert answer.version == refreshed(function).routing["original_version"]

        rollback.reopen(function.pk, actor="ann", reason="again")
        _validated(function)
        _moved(function, 10_000)
        FunctionMigration.objects.filter(pk=function.pk).update(phase="cut-over")
        _waited(journey.approved(refreshed(function)))
        assert not here.cloud.archive.exists(name)
        journey.done(restoration.start(function.pk, actor="ann", reason="needed"))
        assert refreshed(function).phase == "rolled-back"
        answer = here.cloud.invoker.invoke(name, b'{"name": "Ada"}', qualifier="live", timeout_s=20)
        assert json.loads(answer.payload)["echo"] == {"name": "Ada"}


def _ready(here: ports.Primary, name: str) -> FunctionMigration:
    fc = connections.save(
        name="fc", cloud="alibaba", region="cn-hangzhou", account_id=_account(), actor="ann"
    )
    aws = connections.save(
        name="aws",
        cloud="aws",
        region=here.cloud.region,
        account_id=here.cloud.account_id,
        counterpart_name=fc.name,
        actor="ann",
    )
    work.sync(aws.pk)
    assert "error" not in Connection.objects.get(pk=aws.pk).sync_report
    function = FunctionMigration.objects.get(name=name)
    FunctionMigration.objects.filter(pk=function.pk).update(policy=journey.FAST)
    assessment.assess(function.pk, actor="ann")
    deployment.declare(function.pk, effects="repeatable", reason="it echoes", actor="ann")
    return refreshed(function)


def _account() -> str:
    return "1432000000000001"


def _validated(function: FunctionMigration) -> None:
    row = refreshed(function)
    FunctionMigration.objects.filter(pk=row.pk).update(
        phase="validated",
        verdict_result="pass",
        verdict_at=timezone.now(),
        evidence_digest=inventory.evidence_digest(row),
    )


def _moved(function: FunctionMigration, to_bp: int) -> None:
    journey.done(shifting.start(function.pk, to_bp=to_bp, actor="ann", reason="go"))
    assert refreshed(function).observed_weight_bp == to_bp


def _waited(operation: Operation) -> None:
    """Carry it out as a worker would, in real time: CloudWatch's minute must pass without a call."""
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        engine.run_operation(operation.pk, owner="test")
        operation.refresh_from_db()
        if operation.final:
            assert operation.state == "succeeded", operation.error
            return
        time.sleep(0.5)
    raise AssertionError(f"It still waits: {operation.actions.exclude(waiting_for='').last()}")
