"""The SQL behind the pipe in queries of the sandbox's SLS."""

import pytest

from sandbox.alibaba.sls.query import compile_query, split_query
from sandbox.alibaba.sls.sql import columns_of, compile_sql, typed
from sandbox.alibaba.wire import Refused

KEYS = {"fn": {"type": "text"}, "ms": {"type": "long"}, "share": {"type": "double"}}
COLUMNS = columns_of({"keys": KEYS})
ROWS = [
    {"__time__": "60", "__topic__": "t", "fn": "one", "ms": "10", "share": "0.5"},
    {"__time__": "61", "__topic__": "t", "fn": "one", "ms": "30"},
    {"__time__": "125", "__topic__": "t", "fn": "Two's", "ms": "200", "share": "1.5"},
    {"__time__": "130", "__topic__": "t", "ms": "no number"},
]


def run(statement: str) -> list[dict[str, str]]:
    return compile_sql(statement, COLUMNS).run([typed(row, COLUMNS) for row in ROWS])


@pytest.mark.parametrize(
    ("statement", "values"),
    [
        ("select count(*)", [["4"]]),
        ("SELECT COUNT(1) AS c, count(ms), count(distinct fn)", [["4", "3", "2"]]),
        ("select sum(ms), avg(ms), min(ms), max(ms)", [["240", "80.0", "10", "200"]]),
        ("select sum(share) where fn = 'nobody'", [["null"]]),
        ("select fn, count(*) c group by fn order by c desc limit 1", [["one", "2"]]),
        ("select fn, max(ms) as m group by fn order by m desc limit 1, 2", [["one", "30"], ["null", "null"]]),
        ("select fn as f, sum(ms) group by 1 order by 2 desc limit 1", [["Two's", "200"]]),
        ("select ms from log where ms > 10 order by ms desc limit 1, 5", [["30"]]),
        ("select ms where fn like 't%' or lower(fn) like 'tw_''s'", [["200"]]),
        ("select ms where ms between 10 and 30 and not fn is null", [["10"], ["30"]]),
        ("select ms where fn in ('one', 'x') and share is not null", [["10"]]),
        ("select ms where fn not in ('one')", [["200"]]),
        ("select __time__ - __time__ % 60 as t, count(1) group by t order by t", [["60", "2"], ["120", "2"]]),
        ("select round(avg(ms) / 7, 2), -max(ms) + 1", [["11.43", "-199"]]),
        ("select fn, max(ms) m group by fn having max(ms) > 9 order by m", [["one", "30"], ["Two's", "200"]]),
        ("select approx_percentile(ms, 0.5), approx_distinct(fn)", [["30", "2"]]),
        ("select cast('12' as bigint) + 1, cast(3 as varchar) limit 1", [["13", "3"]]),
        ("select coalesce(share, 0.0) limit 2", [["0.5"], ["0.0"]]),
        ("select date_format(from_unixtime(__time__), '%Y-%m-%d %H:%i') limit 1", [["1970-01-01 00:01"]]),
        ('select "fn" limit 1', [["one"]]),
    ],
)  # fmt: skip
def test_it_gives_the_result(statement: str, values: list[list[str]]) -> None:
    assert [list(row.values()) for row in run(statement)] == values


def test_columns_are_named_as_in_sls() -> None:
    assert list(run("select count(*), fn as f, max(ms) group by fn limit 1")[0]) == ["_col0", "f", "_col2"]
    assert list(run("select * limit 1")[0]) == ["__time__", "__source__", "__topic__", "fn", "ms", "share"]


@pytest.mark.parametrize(
    "statement",
    [
        "",
        "selec 1",
        "select",
        "select message",
        "select fn, count(*)",
        "select count(*) group by nothing",
        "select ms where count(*) > 1",
        "select sum(fn)",
        "select ms where ms > 'a'",
        "select fn + 1",
        "select 1 / 0",
        "select max(count(*))",
        "select count(*) from other",
        "select a.b",
        "select distinct fn",
        "select fn union select fn",
        "select (select 1)",
        "select ms limit -1",
        "select 'open",
        "select case when 1 = 1 then 2 end",
        "select " + "-" * 100 + "1",
        "select " + "not " * 100 + "true",
        "select " + "x" * 20_000,
    ],
)
def test_it_refuses_what_it_does_not_have(statement: str) -> None:
    with pytest.raises(Refused) as refused:
        run(statement)
    assert (refused.value.status, refused.value.code) == (400, "ParameterInvalid")


def test_a_query_is_split_at_its_first_pipe() -> None:
    assert split_query('a and "b | c" | select 1') == ('a and "b | c" ', " select 1")
    assert split_query("plain") == ("plain", "")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("ms > 10", [30, 200]),
        ("ms >= 10 and ms < 200", [10, 30]),
        ("ms = 30", [30]),
        ("ms in [10 30]", [10, 30]),
        ("ms in (10 200)", [30]),
        ("ms in [30 *]", [30, 200]),
        ("fn:o*e", [10, 30]),
        ("on? not ms > 10", [10]),
        ("not not ms:30", [30]),
    ],
)
def test_searches_compare_numbers_and_know_wildcards(query: str, found: list[int]) -> None:
    search = compile_query(query)
    assert [int(row["ms"]) for row in ROWS[:3] if search(row)] == found
