"""The page that says what is true, simplified and refused keeps up with what is there."""

import re
from pathlib import Path

import botocore.session
import pytest

from sandbox.aws.service import offered

PAGE = Path(__file__).parents[3] / "docs" / "sandbox" / "aws.md"


def _rows() -> dict[str, str]:
    """Give what the page says of each operation of Lambda."""
    part = PAGE.read_text().split("## Lambda, operation by operation")[1].split("### ")[0]
    found: dict[str, str] = {}
    for names, word in re.findall(r"^\| ([A-Z][\w, ]+) \| (\w+) \|", part, re.MULTILINE):
        for name in names.split(", "):
            assert name not in found, f"{name} stands twice in the table"
            found[name] = word
    return found


def test_the_page_names_every_operation_of_the_model_once() -> None:
    model = botocore.session.Session().get_service_model("lambda")
    assert sorted(_rows()) == sorted(model.operation_names)


@pytest.mark.parametrize("refused", [True, False])
def test_the_page_says_refused_of_exactly_what_is_refused(refused: bool) -> None:
    for name, word in _rows().items():
        if (word == "refused") is refused:
            assert offered(name) is not refused, name
