"""The two answers side by side."""

from __future__ import annotations

import json
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from cutover.comparison import AnswerRow, Standing, answer_rows, compare
from cutover.observation import Side
from tests.unit.cutover.factories import compared, failed
from tests.unit.cutover.test_comparison import DOCUMENTS


def rows_of(primary: Any, candidate: Any) -> tuple[AnswerRow, ...]:
    one, other = (item if isinstance(item, bytes) else orjson.dumps(item) for item in (primary, candidate))
    return answer_rows(one, other, compared(one, other).differences)


@given(DOCUMENTS, DOCUMENTS)
def test_each_column_read_downwards_is_the_answer_of_its_side(one: Any, other: Any) -> None:
    rows = rows_of(one, other)
    for value, number, text in ((one, "primary_no", "primary"), (other, "candidate_no", "candidate")):
        lines = [getattr(row, text) for row in rows if getattr(row, number) is not None]
        read = json.loads(_without_trailing_commas("\n".join(lines)))
        assert json.dumps(read, sort_keys=True) == json.dumps(value, sort_keys=True)
        numbers = [getattr(row, number) for row in rows if getattr(row, number) is not None]
        assert numbers == list(range(1, len(numbers) + 1))


def _without_trailing_commas(text: str) -> str:
    """An aligned row keeps its comma even where the other side alone goes on."""
    lines = text.split("\n")
    for place, line in enumerate(lines[:-1]):
        if line.endswith(",") and lines[place + 1].strip() in ("}", "]", "},", "],"):
            lines[place] = line[:-1]
    for place, line in enumerate(lines[:-1]):
        follows = lines[place + 1].strip()
        if not line.endswith((",", "{", "[")) and follows not in ("}", "]", "},", "],"):
            lines[place] = line + ","
    return "\n".join(lines).removesuffix(",")


@given(st.lists(st.integers(-9, 9), max_size=6))
def test_equal_answers_have_no_mark(values: list[int]) -> None:
    assert {row.mark for row in rows_of(values, values)} == {""}


def test_it_marks_rows_by_what_the_comparison_found() -> None:
    rows = rows_of(
        {"a": 1, "gone": True, "at": "2026-11-22T05:41:07Z"},
        {"a": "1", "at": "2026-11-22T05:41:08Z", "new": [1]},
    )
    marks = {row.pointer: (row.mark, row.standing) for row in rows if row.mark}
    assert marks == {
        "/a": ("≠", Standing.COUNTS),
        "/gone": ("−", Standing.COUNTS),
        "/at": ("~", Standing.NOISE),
        "/new": ("+", Standing.COUNTS),
    }


def test_it_emphasises_what_differs_inside_a_line() -> None:
    row = next(row for row in rows_of({"g": "Hello, Ada"}, {"g": "Hello, Bob"}) if row.mark)
    start, end = row.primary_spans[0]
    assert row.primary[start:end] == "Ada"
    start, end = row.candidate_spans[0]
    assert row.candidate[start:end] == "Bob"


def test_it_aligns_text_line_by_line() -> None:
    rows = rows_of(b"one\ntwo\nthree", b"one\nthree")
    assert [(row.primary, row.mark, row.candidate) for row in rows] == [
        ("one", "", "one"),
        ("two", "−", ""),
        ("three", "", "three"),
    ]


def test_it_shows_a_raw_string_beside_the_json_string() -> None:
    assert [row.mark for row in rows_of(b'"hello"', b"hello")] == [""]


def test_it_shows_binary_content_by_length_and_hash() -> None:
    assert {row.pointer for row in rows_of(b"\xff\x00", b"\xff\x01") if row.mark} == {"/sha256"}


def test_a_whole_text_that_differs_only_in_its_line_ends_is_marked() -> None:
    found = compared(b"one\ntwo", b"one\r\ntwo")
    assert [item.pointer for item in found.differences] == [""]


def test_it_shows_two_errors_side_by_side() -> None:
    one, other = failed(Side.PRIMARY), failed(message="no surname")
    rows = answer_rows(one.payload, other.payload, compare(one, other).differences)
    assert {row.pointer: row.mark for row in rows if row.mark}["/errorMessage"] == "≠"
