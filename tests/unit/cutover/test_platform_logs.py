"""Each cloud's log text made into lines and facts."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from cutover.platform_logs import parse_fc, parse_lambda

ID = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"
OTHER = "00000000-7b61-11e6-9a41-93e8deadbeef"

NODE = f"""INIT_START Runtime Version: nodejs:20.v1\tRuntime Version ARN: arn:aws:lambda:us-east-1::runtime:x
START RequestId: {ID} Version: 12
2026-11-22T05:41:07.123Z\t{ID}\tINFO\thello world
2026-11-22T05:41:07.124Z\t{ID}\tERROR\tbroken {{
  deep: true
}}
END RequestId: {ID}
REPORT RequestId: {ID}\tDuration: 12.34 ms\tBilled Duration: 13 ms\t\
Memory Size: 128 MB\tMax Memory Used: 66 MB\t\
Init Duration: 140.20 ms\t
XRAY TraceId: 1-5e1b4151-43a0913a12345678901234567\tSegmentId: 1\tSampled: true"""

PYTHON = f"""START RequestId: {ID} Version: $LATEST
[INFO]\t2026-11-22T05:41:07.123Z\t{ID}\tMessage body: x
printed without a prefix
[WARNING]\t2026-11-22T05:41:07.125Z\t{ID}\tcareful
END RequestId: {ID}
REPORT RequestId: {ID}\tDuration: 2000.00 ms\tBilled Duration: 2000 ms\t\
Memory Size: 128 MB\tMax Memory Used: 40 MB\tStatus: timeout"""

FC_NODE = f"""load code for handler:index.handler
FC Invoke Start RequestId: {ID}
2026-11-22T05:41:07.123Z {ID} [verbose] hello world
2026-11-22T05:41:07.124Z {ID} [error] broken {{
  deep: true
}}
FC Invoke End RequestId: {ID}

Duration: 1.73 ms, Billed Duration: 2 ms, Memory Size: 128 MB, Max Memory Used: 22.55 MB"""

FC_PYTHON = f"""FunctionCompute python3 runtime inited.
FC Invoke Start RequestId: {ID}
2026-11-22T05:41:07.020Z  [DEBUG] written while the code was loaded
2026-11-22T05:41:07.123Z {ID} [INFO] Message body: x
printed without a prefix
2026-11-22T05:41:07.125Z {ID} [WARNING] careful
FC Invoke End RequestId: {ID}, Error: Unhandled function error
RequestId: {ID}
Duration: 5.00 ms, Billed Duration: 5 ms, Memory Size: 256 MB, Max Memory Used: 30.10 MB"""


def told(text: str, parse: object = parse_lambda) -> list[tuple[str, str]]:
    lines, _ = (parse_fc if parse is parse_fc else parse_lambda)(text.split("\n"), ID)
    return [(line.level, line.text) for line in lines]


def test_the_same_program_leaves_the_same_lines_on_both_clouds() -> None:
    assert told(NODE) == told(FC_NODE, parse_fc)
    assert told(PYTHON) == told(FC_PYTHON, parse_fc)


def test_it_reads_lambdas_lines_with_level_and_time() -> None:
    assert told(NODE) == [
        ("INFO", "hello world"),
        ("ERROR", "broken {"),
        ("", "  deep: true"),
        ("", "}"),
    ]
    lines, _ = parse_lambda(NODE.split("\n"), ID)
    assert lines[0].at == datetime(2026, 11, 22, 5, 41, 7, 123_000, tzinfo=UTC)


def test_it_reads_python_levels_and_prints() -> None:
    assert told(PYTHON) == [
        ("INFO", "Message body: x"),
        ("", "printed without a prefix"),
        ("WARN", "careful"),
    ]


def test_it_reads_lambdas_facts() -> None:
    _, facts = parse_lambda(NODE.split("\n"), ID)
    assert facts == {
        "version": "12",
        "duration_ms": 12.34,
        "billed_ms": 13.0,
        "memory_mb": 128,
        "max_memory_mb": 66,
        "init_ms": 140.2,
    }
    _, facts = parse_lambda(PYTHON.split("\n"), ID)
    assert facts["status"] == "timeout"
    assert "init_ms" not in facts


def test_it_reads_fcs_facts() -> None:
    _, facts = parse_fc(FC_NODE.split("\n"), ID)
    assert facts == {"duration_ms": 1.73, "billed_ms": 2.0, "memory_mb": 128, "max_memory_mb": 23}
    _, facts = parse_fc(FC_PYTHON.split("\n"), ID)
    assert facts["error"] == "Unhandled function error"


def test_other_requests_in_the_same_stream_are_left_out() -> None:
    stream = (NODE.replace(ID, OTHER).replace("hello", "not ours") + "\n" + NODE).split("\n")
    lines, facts = parse_lambda(stream, ID)
    assert [line.text for line in lines] == ["hello world", "broken {", "  deep: true", "}"]
    assert facts["version"] == "12"
    fc = (FC_NODE.replace(ID, OTHER).replace("hello", "not ours") + "\n" + FC_NODE).split("\n")
    assert [line.text for line in parse_fc(fc, ID)[0]] == ["hello world", "broken {", "  deep: true", "}"]


def test_a_tail_that_was_cut_off_belongs_to_the_request_from_its_start() -> None:
    tail = f"half a line\n2026-11-22T05:41:07.123Z\t{ID}\tINFO\twhole\nEND RequestId: {ID}\nafter"
    assert told(tail) == [("", "half a line"), ("INFO", "whole")]


def test_a_timeout_and_a_death_are_facts_and_no_lines_of_the_function() -> None:
    text = (
        f"START RequestId: {ID} Version: 1\n"
        f"2026-11-22T05:41:09.123Z {ID} Task timed out after 2.00 seconds\n"
        f"RequestId: {ID} Error: Runtime exited with error: signal: killed\n"
        f"END RequestId: {ID}"
    )
    lines, facts = parse_lambda(text.split("\n"), ID)
    assert lines == ()
    assert facts["timed_out_s"] == 2.0
    assert facts["died"] == "Error: Runtime exited with error: signal: killed"


def test_it_reads_lambdas_json_format_and_leaves_the_functions_own_json_alone() -> None:
    stream = [
        f"START RequestId: {ID} Version: 4",
        json.dumps({"timestamp": "2026-11-22T05:41:07Z", "level": "INFO", "requestId": ID, "message": "hi"}),
        json.dumps({"level": "INFO", "requestId": OTHER, "message": "not ours"}),
        '{"order": 17}',
        json.dumps(
            {
                "time": "2026-11-22T05:41:08Z",
                "type": "platform.report",
                "record": {"requestId": ID, "metrics": {"durationMs": 3.5, "maxMemoryUsedMB": 70}},
            }
        ),
    ]
    lines, facts = parse_lambda(stream, ID)
    assert [(line.level, line.text) for line in lines] == [("INFO", "hi"), ("", '{"order": 17}')]
    assert (facts["duration_ms"], facts["max_memory_mb"]) == (3.5, 70)


def test_lines_may_come_with_their_ends_and_several_in_one_string() -> None:
    assert told(NODE.replace("\n", "\r\n")) == told(NODE)
    lines, _ = parse_lambda([NODE + "\n"], ID)
    assert [(line.level, line.text) for line in lines] == told(NODE)


def test_nothing_gives_nothing() -> None:
    assert parse_lambda([], ID) == ((), {})
    assert parse_fc([], ID) == ((), {})


def test_it_reads_an_error_that_lambda_logs_as_fields() -> None:
    row = {
        "timestamp": "2026-11-22T05:41:07Z",
        "level": "ERROR",
        "requestId": ID,
        "errorType": "TypeError",
        "errorMessage": "no name",
        "stackTrace": ["at handler (index.js:3)"],
    }
    lines, _ = parse_lambda([json.dumps(row)], ID)
    assert [(line.level, line.text) for line in lines] == [
        ("ERROR", "TypeError: no name"),
        ("ERROR", "at handler (index.js:3)"),
    ]


def test_lambdas_json_format_tells_version_status_and_a_cold_start() -> None:
    start = {"time": "t", "type": "platform.start", "record": {"requestId": ID, "version": "7"}}
    metrics = {"durationMs": 3000.0, "billedDurationMs": 3100, "memorySizeMB": 128, "initDurationMs": 99.5}
    report = {
        "time": "t",
        "type": "platform.report",
        "record": {"requestId": ID, "status": "timeout", "metrics": metrics},
    }
    lines, facts = parse_lambda([json.dumps(start), json.dumps(report)], ID)
    assert lines == ()
    assert facts == {
        "version": "7",
        "status": "timeout",
        "duration_ms": 3000.0,
        "billed_ms": 3100.0,
        "memory_mb": 128,
        "init_ms": 99.5,
    }


def test_it_reads_fcs_request_metrics_and_leaves_the_functions_own_json_alone() -> None:
    row = {"requestId": ID, "operation": "InvokeFunction", "durationMs": "12.5", "memoryMB": 512}
    row |= {"memoryUsageMB": 40.4, "versionId": "3", "isColdStart": "true"}
    other = {**row, "requestId": OTHER, "durationMs": 1}
    own = '{"order": 17}'
    lines, facts = parse_fc([json.dumps(row), json.dumps(other), own], ID)
    assert [line.text for line in lines] == [own]
    assert facts == {
        "duration_ms": 12.5,
        "memory_mb": 512,
        "max_memory_mb": 40,
        "version": "3",
        "cold": 1,
    }
