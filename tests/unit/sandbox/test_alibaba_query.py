"""The search language of the sandbox's SLS."""

import pytest

from sandbox.alibaba.sls.query import compile_query, searchable
from sandbox.alibaba.wire import Refused

ROW = {
    "__time__": "1795347693",
    "__topic__": "FCLogs:orders-fn",
    "functionName": "orders-fn",
    "message": "2026-11-22T11:41:34.090Z 1-6b02d4ed-0f71 [verbose] Hello World, order=42",
}


@pytest.mark.parametrize(
    "query",
    [
        "",
        "*",
        "hello",
        "HELLO and world",
        '"hello world"',
        "hello world",
        "hel*",
        "functionName:orders-fn",
        "functionName:orders*",
        '__topic__:"FCLogs:orders-fn" and "1-6b02d4ed-0f71"',
        "absent or 42",
        "not absent",
        "hello and not (absent or missing)",
        "message:*",
    ],
)
def test_it_finds_the_row(query: str) -> None:
    search = compile_query(query)
    assert search.may_match(searchable(ROW))
    assert search(ROW)


@pytest.mark.parametrize(
    "query",
    [
        "hell",
        '"world hello"',
        "functionName:orders",
        '__topic__:"FCLogs:orders"',
        "1-6b02d4ed",
        "hello and absent",
        "not hello",
        "serviceName:*",
        "1795347693",
    ],
)
def test_it_does_not_find_the_row(query: str) -> None:
    assert not compile_query(query)(ROW)


@pytest.mark.parametrize(
    "query", ["(hello", "hello)", "and", "not", "message:", '"open', "* | select 1", ":x"]
)
def test_it_refuses_what_it_cannot_read(query: str) -> None:
    with pytest.raises(Refused) as refused:
        compile_query(query)
    assert (refused.value.status, refused.value.code) == (400, "ParameterInvalid")


def test_a_pipe_inside_quotes_is_text() -> None:
    assert compile_query('not "a | b"')(ROW)
