"""Clouds that refuse, are busy, break or fall silent while a running stack deploys and shifts."""

from __future__ import annotations

import time

import pytest

from hosting import waiting
from tests.integration.stack.trouble.conftest import (
    DEPLOY_BUSY,
    DEPLOY_REFUSED,
    SHIFT_BUSY,
    SHIFT_HANGING,
    SHIFT_LOST,
    SHIFT_REFUSED,
)
from tests.integration.stack.trouble.looking import Looking, said
from tests.soak.travellers import Journey

GOOD, BAD = 0, 1
LONGEST_S = 240
HANGING_MS = 30_000
"""Longer than Cutover waits for an answer about an alias, which is 20 s."""


# -------------------------------------------------------------------------------------------- deploy


def test_a_deploy_that_fc_refuses_ends_undone_and_says_so(looking: Looking, journey: Journey) -> None:
    before = looking.picture(DEPLOY_REFUSED)
    looking.stack.fault("alibaba", kind="status", status=403, operation="CreateFunction")
    answer = looking.stack.cutover("deploy", DEPLOY_REFUSED, "--json", limit_s=LONGEST_S)
    assert answer.status == BAD
    assert said(answer)["state"] == "undone"
    assert said(answer)["error"].startswith("fc:CreateFunction: ")
    after = looking.picture(DEPLOY_REFUSED)
    assert _clouds(after) == _clouds(before)
    assert looking.phase(DEPLOY_REFUSED) == "assessed"


def test_a_deploy_goes_through_a_busy_and_breaking_fc_and_makes_everything_once(
    looking: Looking, journey: Journey
) -> None:
    fault = looking.stack.fault
    fault("alibaba", kind="status", status=429, operation="CreateFunction", times=2)
    fault("alibaba", kind="status", status=500, operation="PutObject", times=1)
    fault("alibaba", kind="drop-answer", operation="PublishFunctionVersion", times=1)
    fault("alibaba", kind="reset", operation="CreateAlias", times=1)
    answer = looking.stack.cutover("deploy", DEPLOY_BUSY, "--json", limit_s=LONGEST_S)
    assert answer.status == GOOD, answer.text
    assert said(answer)["state"] == "succeeded"
    assert list(looking.markers_on_fc(DEPLOY_BUSY).values()) == [1]
    assert looking.phase(DEPLOY_BUSY) == "deployed"
    assert looking.serving(DEPLOY_BUSY) == ("1", {})


# --------------------------------------------------------------------------------------------- shift


@pytest.mark.parametrize("operation", ["UpdateFunctionConfiguration", "PublishVersion", "UpdateAlias"])
def test_a_shift_that_aws_refuses_ends_undone_with_latest_and_alias_as_before(
    looking: Looking, validated: Journey, operation: str
) -> None:
    latest, serving = looking.latest(SHIFT_REFUSED), looking.serving(SHIFT_REFUSED)
    # The first write of `$LATEST` is refused, and not the one that puts it back.
    looking.stack.fault("aws", kind="status", status=403, operation=operation, times=1)
    answer = looking.stack.cutover("shift", SHIFT_REFUSED, "--to", "10", "--json", limit_s=LONGEST_S)
    assert answer.status == BAD
    assert said(answer)["state"] == "undone"
    assert said(answer)["error"].startswith(f"lambda:{operation}: ")
    assert looking.latest(SHIFT_REFUSED) == latest
    assert looking.serving(SHIFT_REFUSED) == serving == ("1", {})
    assert looking.phase(SHIFT_REFUSED) == "validated"
    assert _weight(looking, SHIFT_REFUSED) == 0


def test_a_shift_goes_through_a_busy_and_breaking_aws(looking: Looking, validated: Journey) -> None:
    fault = looking.stack.fault
    latest = looking.latest(SHIFT_BUSY)
    fault("aws", kind="status", status=429, operation="UpdateFunctionConfiguration", times=2)
    fault("aws", kind="status", status=500, operation="PublishVersion", times=2)
    fault("aws", kind="status", status=429, operation="GetFunctionConfiguration", times=1)
    fault("aws", kind="status", status=500, operation="UpdateAlias", times=2)
    answer = looking.stack.cutover("shift", SHIFT_BUSY, "--to", "10", "--json", limit_s=LONGEST_S)
    assert answer.status == GOOD, answer.text
    assert said(answer)["state"] == "succeeded"
    assert list(looking.serving(SHIFT_BUSY)[1].values()) == [0.1]
    assert looking.latest(SHIFT_BUSY) == latest


def test_a_shift_whose_answers_are_lost_takes_effect_once(looking: Looking, validated: Journey) -> None:
    latest = looking.latest(SHIFT_LOST)
    for operation in ("PublishLayerVersion", "UpdateFunctionConfiguration", "PublishVersion", "UpdateAlias"):
        looking.stack.fault("aws", kind="drop-answer", operation=operation, times=1)
    answer = looking.stack.cutover("shift", SHIFT_LOST, "--to", "10", "--json", limit_s=LONGEST_S)
    assert answer.status == GOOD, answer.text
    assert list(looking.markers(SHIFT_LOST).values()) == [1, 1]
    layers = looking.stack.aws("lambda").list_layer_versions(LayerName=f"cutover-settings-{SHIFT_LOST}")
    assert len(layers["LayerVersions"]) == 1
    assert list(looking.serving(SHIFT_LOST)[1].values()) == [0.1]
    assert looking.latest(SHIFT_LOST) == latest


def test_a_shift_outlives_calls_that_are_cut_off_or_silent_and_a_late_one_changes_nothing_any_more(
    looking: Looking, validated: Journey
) -> None:
    latest = looking.latest(SHIFT_HANGING)
    looking.stack.fault("aws", kind="reset", operation="PublishVersion", times=1)
    looking.stack.fault(
        "aws", kind="hang", operation="UpdateAlias", function=SHIFT_HANGING, ms=HANGING_MS, times=1
    )
    answer = looking.stack.cutover("shift", SHIFT_HANGING, "--to", "10", "--json", limit_s=LONGEST_S)
    assert answer.status == GOOD, answer.text
    assert list(looking.markers(SHIFT_HANGING).values()) == [1, 1]
    assert list(looking.serving(SHIFT_HANGING)[1].values()) == [0.1]
    assert looking.latest(SHIFT_HANGING) == latest

    sent = looking.stack.one(
        "SELECT extract(epoch FROM a.intended_at) FROM migrations_app_action a"
        " JOIN migrations_app_operation o ON o.id = a.operation_id WHERE o.id = %s AND a.key = 'route'",
        said(answer)["id"],
    )
    back = looking.stack.cutover("rollback", SHIFT_HANGING, "--reason", "before the silent call arrives")
    assert back.status == GOOD, back.text
    arrived = float(sent) + HANGING_MS / 1000 + 2
    waiting.until(lambda: None if time.time() > arrived else "the silent call is still on its way", 120)
    assert looking.serving(SHIFT_HANGING) == ("1", {})


def _clouds(picture: dict[str, object]) -> dict[str, object]:
    return {name: picture[name] for name in ("latest", "aliases", "versions", "fc")}


def _weight(looking: Looking, name: str) -> int:
    return int(
        looking.stack.one(
            "SELECT desired_weight_bp FROM migrations_app_functionmigration WHERE name = %s", name
        )
    )
