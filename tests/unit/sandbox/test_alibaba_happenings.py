"""Happenings: kept until every listener has heard of them, over a restart too."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sandbox.alibaba.happenings import Happenings


def test_it_hands_happenings_over_in_order_and_forgets_them(tmp_path: Path) -> None:
    heard: list[int] = []
    bus = Happenings(tmp_path)
    bus.subscribe("oss", lambda document: heard.append(document["n"]))
    bus.start()
    for n in range(20):
        bus.emit("oss", {"n": n})
    assert bus.wait_until_delivered("oss", 5)
    bus.close()
    assert heard == list(range(20))
    assert list((tmp_path / "oss").iterdir()) == []


def test_it_delivers_after_a_restart_what_was_emitted_before(tmp_path: Path) -> None:
    first = Happenings(tmp_path)
    first.subscribe("oss", lambda document: None)
    first.emit("oss", {"key": "a"})  # never started: as if killed right after the answer
    heard: list[str] = []
    second = Happenings(tmp_path)
    second.subscribe("oss", lambda document: heard.append(document["key"]))
    second.start()
    assert second.wait_until_delivered("oss", 5)
    second.close()
    assert heard == ["a"]


def test_it_tries_only_the_listener_that_raised_again(tmp_path: Path) -> None:
    calls = {"good": 0, "bad": 0}
    bus = Happenings(tmp_path, retry_s=0.01)

    def good(document: Mapping[str, Any]) -> None:
        calls["good"] += 1

    def bad(document: Mapping[str, Any]) -> None:
        calls["bad"] += 1
        if calls["bad"] < 3:
            raise OSError("not yet")

    bus.subscribe("oss", good)
    bus.subscribe("oss", bad)
    bus.start()
    bus.emit("oss", {"key": "a"})
    assert bus.wait_until_delivered("oss", 5)
    bus.close()
    assert calls == {"good": 1, "bad": 3}


def test_it_keeps_nothing_of_a_kind_that_nobody_listens_to(tmp_path: Path) -> None:
    bus = Happenings(tmp_path)
    bus.start()
    bus.emit("mns-topic", {"topic": "t"})
    assert list(tmp_path.iterdir()) == []
