"""`rule` and `noise` on the command line: what they answer, and how they exit."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cutover.observation import Side
from migrations_app.models import Effects, Rule
from migrations_app.services import noise
from tests import factories
from workers.cli.main import run

pytestmark = pytest.mark.django_db
RULE = ["--kind", "ignore", "--pointer", "/total"]


def answer(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> Any:
    """Run a verb with --json; give its document."""
    assert run([*words, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def test_a_rule_is_tried_saved_listed_and_retired(capsys: pytest.CaptureFixture[str]) -> None:
    made = factories.function("orders")
    factories.pair(made, answer=factories.ORDER | {"total": "39.80"})

    tried = answer(capsys, "rule", "try", "orders", *RULE)
    assert (tried["changed"], tried["hidden"][0]["field"]) == (1, "/total")
    assert not Rule.objects.exists()

    saved = answer(capsys, "rule", "add", "orders", *RULE, "--name", "totals", "--reason", "a string is fine")
    assert (saved["name"], saved["changed"], saved["pairs"]) == ("totals", 1, 1)
    assert [one["name"] for one in answer(capsys, "rule", "list", "orders")] == ["totals"]
    assert answer(capsys, "rule", "retire", str(saved["id"]))["retired_at"]
    assert answer(capsys, "rule", "list", "orders") == []


def test_every_kind_of_rule_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    factories.function("orders")
    values = {
        "pattern": "total$",
        "mask": "[0-9]+",
        "shape": "uuid",
        "tolerance": "0.01 or 1%",
        "keyed": "sku",
        "unordered": "",
        "ignore": "",
    }
    for kind, value in values.items():
        words = ["rule", "try", "orders", "--kind", kind, "--pointer", "/items", "--value", value]
        assert answer(capsys, *words)["pairs"] == 0


def test_noise_is_shown_and_forgotten(capsys: pytest.CaptureFixture[str]) -> None:
    made = factories.function("orders", effects=Effects.READ_ONLY)
    for number in range(6):
        noise.learn(
            made.pk,
            factories.observation(Side.PRIMARY, {"queue": 0}),
            factories.observation(Side.PRIMARY, {"queue": number + 1}),
        )
    (field,) = answer(capsys, "noise", "show", "orders")["fields"]
    assert (field["field"], field["decision"], field["itself"]) == ("answer /queue", "noise", 6)
    forgotten = answer(capsys, "noise", "forget", "orders", "--field", "answer /queue")
    assert forgotten["forgotten"] == 1
    assert answer(capsys, "noise", "show", "orders")["fields"] == []
    answer(capsys, "noise", "forget", "orders", "--field", "answer /queue", code=2)
