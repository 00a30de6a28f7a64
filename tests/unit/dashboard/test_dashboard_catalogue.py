"""The Chinese catalogue: complete, and compiled from what stands beside it."""

from __future__ import annotations

import gettext
import re
from pathlib import Path

import pytest

CATALOGUE = Path(__file__).resolve().parents[3] / "locale" / "zh_Hans" / "LC_MESSAGES"
PLACE = re.compile(r"%\([a-z_]+\)[sd]")


@pytest.fixture(scope="module")
def compiled() -> dict[str, str]:
    with (CATALOGUE / "django.mo").open("rb") as file:
        catalogue = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    return {str(key[0] if isinstance(key, tuple) else key): text for key, text in catalogue.items() if key}


def test_every_sentence_is_translated(compiled: dict[str, str]) -> None:
    assert len(compiled) > 400
    assert [key for key, text in compiled.items() if not text] == []


def test_a_translation_keeps_the_places_of_numbers_and_names(compiled: dict[str, str]) -> None:
    wrong = [key for key, text in compiled.items() if set(PLACE.findall(text)) - set(PLACE.findall(key))]
    assert wrong == []


def test_the_compiled_file_is_not_older_than_its_source(compiled: dict[str, str]) -> None:
    source = (CATALOGUE / "django.po").read_text(encoding="utf-8")
    for sentence in ("待人工处理", "回滚到 100%% AWS", "期望与实测一致"):
        assert sentence in source
        assert any(sentence in text for text in compiled.values())
