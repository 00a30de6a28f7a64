"""The two answers pretty-printed and aligned, for the eye."""

from __future__ import annotations

from collections.abc import Sequence

from cutover.comparison.model import AnswerRow, Difference


def answer_rows(primary: bytes, candidate: bytes, differences: Sequence[Difference]) -> tuple[AnswerRow, ...]:
    """Give the rows of the two answers side by side."""
    left = primary.decode("utf-8", "replace")
    right = candidate.decode("utf-8", "replace")
    mark = next((difference for difference in differences if difference.part == "answer"), None)
    return (
        AnswerRow(
            primary_no=1,
            primary=left,
            candidate_no=1,
            candidate=right,
            mark="≠" if mark else "",
            standing=mark.standing if mark else None,
            pointer="",
        ),
    )
