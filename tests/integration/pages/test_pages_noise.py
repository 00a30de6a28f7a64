"""Pages of noise and of replays: what is known, learning on request, what the tap offers."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from cutover.observation import Side
from cutover.phases import Phase
from migrations_app.models import Effects, FunctionMigration, LiveObservation, NoiseField, Run
from migrations_app.selectors import noise as shapes
from migrations_app.services import noise
from tests import factories

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def body_of(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, answer.content[:400]
    return answer.content.decode()


def learned(made: FunctionMigration, times: int = 6, **answer: object) -> None:
    for number in range(times):
        noise.learn(
            made.pk,
            factories.observation(Side.PRIMARY, {"queue": 0, **answer}),
            factories.observation(Side.PRIMARY, {"queue": number + 1}),
        )


def ready(effects: Effects = Effects.READ_ONLY) -> FunctionMigration:
    made = factories.function(phase=Phase.DEPLOYED, effects=effects)
    factories.suite(made)
    return made


# --------------------------------------------------------------------------------------------- noise


def test_noise_is_shown_with_counts_p_value_example_and_decision_and_can_be_forgotten(
    operator: Client, viewer: Client
) -> None:
    made = factories.function(effects=Effects.READ_ONLY)
    path = f"/functions/{made.name}/noise/"
    empty = body_of(operator, path)
    assert "Nothing has been learned yet" in empty
    assert "nothing is ever learned from FC" in empty
    learned(made, password="hunter2")
    body = body_of(viewer, path)
    for text in (
        "answer /queue",
        "6 / 6",
        "from 6 pairs of AWS with itself",
        "C(n + m, c + a)",
        "level 0.005",
    ):
        assert text in body, text
    assert "hunter2" not in body
    assert "[redacted]" in body
    assert "Forget all" not in body
    form = {"field": "answer /queue"}
    assert viewer.post(f"{path}forget/", form).status_code == 403
    assert operator.post(f"{path}forget/", form).status_code == 303
    assert not NoiseField.objects.filter(name="answer /queue").exists()
    assert operator.post(f"{path}forget/", form).status_code == 422


def test_what_shape_alone_explains_is_listed_beside_it(viewer: Client) -> None:
    made = factories.function()
    for number in range(3):
        other = {"id": str(uuid.UUID(int=number + 7, version=4))}
        factories.pair(made, answer=factories.ORDER | other, ago_s=number)
    (found,) = shapes.by_shape(made.pk)
    assert (found.field, found.shape, found.pairs) == ("answer /id", "uuid", 3)
    body = body_of(viewer, f"/functions/{made.name}/noise/")
    assert "Noise by shape" in body
    assert factories.ORDER["id"] in body


def test_learning_starts_from_the_page_and_its_progress_is_shown(operator: Client, viewer: Client) -> None:
    made = ready()
    path = f"/functions/{made.name}/noise/"
    form = {"events": "7", "suite": "default", "key": "k1", "reason": "more evidence"}
    assert viewer.post(f"{path}learn/", form).status_code == 403
    assert operator.post(f"{path}learn/", form | {"events": "0"}).status_code == 422
    assert operator.post(f"{path}learn/", form | {"suite": "nope"}).status_code == 422
    for _ in range(2):
        assert operator.post(f"{path}learn/", form).status_code == 303
    run = Run.objects.get()
    assert (run.kind, run.learn, run.wanted_pairs, run.reason) == ("learn", 7, 0, "more evidence")
    Run.objects.update(state="running", learned=3)
    live = operator.get(path, headers=HTMX).content.decode()
    assert "AWS was called twice for 3 of 7 events." in live
    assert 'id="learning" hx-swap-oob="true"' in live
    assert "<input" not in live
    busy = operator.post(f"{path}learn/", form | {"key": "k2"}, headers=HTMX)
    assert busy.status_code == 409
    assert "is being learned (3 of 7 events)" in busy.content.decode()
    shown = body_of(viewer, f"/runs/{run.pk}/")
    assert "AWS was called twice for 3 of 7 events." in shown
    assert "no verdict comes of it" in shown
    assert operator.post(f"/runs/{run.pk}/cancel/").status_code == 303
    assert "ended after 3 of 7 events" in body_of(viewer, path)


@pytest.mark.parametrize(
    ("effects", "why"),
    [
        (Effects.UNKNOWN, "side effects are not declared"),
        (Effects.ISOLATED, "it is declared isolated"),
        (Effects.UNSAFE, "unsafe to repeat"),
    ],
    ids=["unknown", "isolated", "unsafe"],
)
def test_learning_is_refused_with_its_reason_and_the_link_that_clears_it(
    operator: Client, effects: Effects, why: str
) -> None:
    made = ready(effects)
    path = f"/functions/{made.name}/noise/"
    body = body_of(operator, path)
    assert why in body
    assert f'href="/functions/{made.name}/declare/"' in body
    refused = operator.post(f"{path}learn/", {"events": "7", "suite": "default"}, headers=HTMX)
    assert refused.status_code == 409
    assert why in refused.content.decode()
    assert not Run.objects.exists()


# -------------------------------------------------------------------------------------------- replays


def reported(made: FunctionMigration, number: int, **changes: Any) -> None:
    values: dict[str, Any] = {
        "event": {"n": number},
        "answer": {"ok": number},
        "outcome": "ok",
        "side": "primary",
        "weight_bp": 100,
    }
    moment = timezone.now()
    LiveObservation.objects.create(
        function=made, request_id=f"r{number}", at=moment, received_at=moment, **(values | changes)
    )


def test_what_the_tap_reported_is_listed_with_what_is_left_out_and_why(viewer: Client) -> None:
    made = factories.shifting()
    path = f"/functions/{made.name}/replays/"
    assert "There is nothing to replay." in body_of(viewer, path)
    reported(made, 1, event={"n": "</td><script>alert(1)</script>"})
    reported(made, 2)
    reported(made, 3, event=None)
    reported(made, 4, answer={"token": "[redacted]"})
    body = body_of(viewer, path)
    assert "The tap reported 4 events" in body
    assert "It reports now." in body
    assert "{&quot;n&quot;: 2}" in body
    assert "<script>alert" not in body
    assert "1 × too long to be kept" in body
    assert "1 × answer redacted" in body


def test_a_replay_starts_with_count_and_budget_and_is_listed(operator: Client, viewer: Client) -> None:
    made = factories.shifting()
    path = f"/functions/{made.name}/replays/"
    form = {"events": "5", "budget_gb_s": "0.5", "concurrency": "2", "key": "k1"}
    nothing = operator.post(f"{path}start/", form, headers=HTMX)
    assert nothing.status_code == 422
    assert "reported nothing yet" in nothing.content.decode()
    reported(made, 1)
    reported(made, 2, outcome="error")
    assert viewer.post(f"{path}start/", form).status_code == 403
    for _ in range(2):
        started = operator.post(f"{path}start/", form)
        assert started.status_code == 303
    run = Run.objects.get()
    assert started["Location"] == f"/runs/{run.pk}/"
    assert (run.kind, run.wanted_pairs, run.budget_gb_s, run.concurrency) == ("replay", 1, 0.5, 2)
    shown = body_of(operator, f"/runs/{run.pk}/")
    assert "Reported events that are not replayed: 1 × not answered well on AWS." in shown
    assert "<h1>Replay</h1>" in shown
    live = operator.get(path, headers=HTMX).content.decode()
    assert f"/runs/{run.pk}/" in live
    assert "0 / 1" in live


def test_a_replay_is_refused_with_its_reason_until_effects_are_declared(operator: Client) -> None:
    made = factories.shifting(effects=Effects.UNKNOWN)
    reported(made, 1)
    path = f"/functions/{made.name}/replays/"
    assert "side effects are not declared" in body_of(operator, path)
    refused = operator.post(f"{path}start/", {"events": "5", "concurrency": "2"}, headers=HTMX)
    assert refused.status_code == 409
    assert "side effects are not declared" in refused.content.decode()
    assert not Run.objects.exists()
