"""The functions that the benchmark assesses: real in size, always the same, and right."""

from __future__ import annotations

from bench._sources import generated
from cutover.assessment import assess, read_package


def test_generated_functions_are_the_same_each_time_and_hold_what_was_put_in() -> None:
    functions = generated(4)
    assert [facts.code_sha256 for facts, _ in functions] == [facts.code_sha256 for facts, _ in generated(4)]
    for facts, package in functions:
        found = {one.rule for one in assess(facts, read_package(package)) if one.severity == "warn"}
        assert {"context", "state"} <= found
        assert found & {"sdk", "sdk-write"}
        assert "parse" not in found


def test_files_that_the_handler_does_not_load_are_left_out() -> None:
    facts, package = generated(1)[0]
    titles = [one.title for one in assess(facts, read_package(package)) if one.rule == "reach"]
    assert titles == []
