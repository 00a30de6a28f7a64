"""What a killed sandbox knows again of the log lines and measurements of functions."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.aws.durable import diary as diaries
from sandbox.aws.durable.diary import Diary
from sandbox.aws.logs import LogStore
from sandbox.aws.metrics import MetricStore

DIMENSIONS = [{"FunctionName": "f"}]


def reopened(folder: Path, generation: int = 0) -> tuple[LogStore, MetricStore]:
    """Read a diary as the next run does, whatever became of the one that wrote it."""
    logs, metrics = LogStore(), MetricStore()
    known: dict[str, Callable[..., None]] = {
        "lines": logs.append,
        "dropped": logs.drop,
        "measured": metrics.add,
    }
    for kind, *entry in Diary(folder, generation).entries():
        known[kind](*entry)
    return logs, metrics


def written(diary: Diary) -> str:
    """Wait for the diary's own thread to write."""
    limit = time.monotonic() + 10
    while time.monotonic() < limit:
        if files := [file for file in diary._file.parent.glob("diary-*.jsonl") if file.stat().st_size]:
            return "".join(file.read_text("utf-8") for file in files)
        time.sleep(0.01)
    raise AssertionError("nothing was written")


def test_it_knows_lines_and_measurements_that_were_not_saved(tmp_path: Path) -> None:
    diary = Diary(tmp_path, 0)
    diary.start()
    logs, metrics = LogStore(diary.note), MetricStore(diary.note)
    logs.append("/aws/lambda/f", "stream", "r1", [(1700000000.5, "über\nzwei\n")])
    logs.append("/aws/lambda/gone", "stream", "r2", [(1700000000.5, "x")])
    logs.drop("/aws/lambda/gone")
    metrics.add("AWS/Lambda", DIMENSIONS, {"Invocations": 1, "Duration": 12.5}, 1700000000)
    before = logs.find("/aws/lambda/f")
    written(diary)
    diary.close()
    again, measured = reopened(tmp_path)
    assert again.find("/aws/lambda/f") == before
    assert again.names() == ["/aws/lambda/f"]
    found = measured.read(
        "AWS/Lambda", "Duration", DIMENSIONS[0], start=1699999990, end=1700000010, period=60
    )
    assert [bucket.total for _, bucket in found] == [12.5]


def test_it_leaves_out_a_line_that_a_kill_cut_in_two(tmp_path: Path) -> None:
    (tmp_path / "diary-0.jsonl").write_text('["lines","g","s","r",[[1.0,"one"]],1]\n["lines","g","s"')
    diary = Diary(tmp_path, 0)
    diary.start()
    LogStore(diary.note).append("g", "s", "r", [(2.0, "two")])
    diary.close()
    logs, _ = reopened(tmp_path)
    assert [event["message"] for event in logs.find("g")] == ["one", "two"]


def test_what_was_saved_in_order_is_not_counted_twice(tmp_path: Path) -> None:
    diary = Diary(tmp_path, 0)
    diary.start()
    MetricStore(diary.note).add("n", DIMENSIONS, {"m": 1}, 1)
    diary.close()
    assert reopened(tmp_path, 1)[1].list(None, None) == []
    assert not list(tmp_path.glob("diary-0*"))


def test_it_keeps_two_files_at_most(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diaries, "FULL_BYTES", 10)
    for text in ("one", "two", "three"):
        diary = Diary(tmp_path, 0)
        diary.start()
        LogStore(diary.note).append("g", "s", "r", [(1.0, text)])
        diary.close()
    logs, _ = reopened(tmp_path)
    assert {event["message"] for event in logs.find("g")} == {"two", "three"}
    assert all(file.stat().st_mode & 0o077 == 0 for file in tmp_path.iterdir())
