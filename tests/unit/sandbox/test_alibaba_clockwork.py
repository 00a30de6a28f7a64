"""Timers and log triggers: when they are due, and that a kill neither loses nor repeats a tick."""

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sandbox.alibaba import clock
from sandbox.alibaba.fc.deferred import Event
from sandbox.alibaba.triggers.clockwork import CATCH_UP_S, Clockwork
from sandbox.alibaba.triggers.configs import Kind, parse
from sandbox.alibaba.triggers.schedules import Every, parse_schedule
from sandbox.alibaba.triggers.store import Bound
from sandbox.alibaba.wire import Refused

NOON = datetime(2026, 1, 15, 12, 0, tzinfo=UTC).timestamp()


def iso(at: float | None) -> str:
    return datetime.fromtimestamp(at or 0, UTC).strftime("%d %H:%M:%S")


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("@every 1h30m", "15 13:30:00"),
        ("0 0 4 * * *", "16 04:00:00"),
        ("30 */20 * * * *", "15 12:00:30"),
        ("0 30 9 ? * MON-FRI", "16 09:30:00"),
        ("CRON_TZ=Asia/Shanghai 0 0 4 * * *", "15 20:00:00"),
        ("0 0 0 1 * *", "01 00:00:00"),
    ],
)
def test_a_schedule_names_its_next_tick(text: str, due: str) -> None:
    assert iso(parse_schedule(text).after(NOON)) == due


@pytest.mark.parametrize(
    "text", ["", None, "@every", "@every 500ms", "@every 5 minutes", "* * * * *", "CRON_TZ=X/Y 0 0 0 * * *"]
)
def test_it_refuses_what_is_no_schedule(text: object) -> None:
    with pytest.raises(Refused, match=r"cronExpression|@every"):
        parse_schedule(text)


def test_a_long_pause_is_skipped_in_whole_steps() -> None:
    assert Every(seconds=60).skipped_to(1000, 1000 + 125) == 1000 + 120


class Queue:
    """Keeps events as the queue of asynchronous invocations does; ``broken`` plays a kill after the write."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.released: list[str] = []

    def prepare(self, function: str, qualifier: str, payload: bytes, **more: Any) -> Event | None:
        request_id = str(more["request_id"])
        if request_id in self.kept:
            return None
        self.kept[request_id] = payload
        return Event(
            due=0, request_id=request_id, function=function, qualifier=qualifier, payload=payload, accepted=0
        )

    def release(self, event: Event) -> None:
        self.released.append(event.request_id)


class Stored:
    """One trigger, as the store gives it."""

    def __init__(self, trigger: Bound, kind: Kind) -> None:
        self.trigger, self.kind = trigger, kind

    def bound(self, kind: Kind) -> list[Bound]:
        return [self.trigger] if kind is self.kind else []


def bound(kind: Kind, config: dict[str, Any], *, since: float) -> Bound:
    text = json.dumps(config)
    return Bound(
        function="f",
        name="t",
        id="id",
        qualifier="",
        source="project",
        config=parse(kind, text),
        since=since,
        version=text,
    )


def fired(folder: Path, queue: Queue, trigger: Bound, kind: Kind, ends: dict[str, int] | None = None) -> None:
    """Let everything fire that is due, as a start does."""

    def cursor(project: str, logstore: str, at: int | None) -> int:
        return (ends or {})["begin" if at is not None else "end"]

    clockwork = Clockwork(
        folder=folder,
        triggers=Stored(trigger, kind),  # type: ignore[arg-type]
        deferred=queue,  # type: ignore[arg-type]
        cursor=cursor,
        log_endpoint="cn-hangzhou.log.aliyuncs.com",
    )
    clockwork.start()
    clockwork.close()


def test_ticks_that_were_missed_are_made_up_for_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    timer = bound(Kind.TIMER, {"cronExpression": "@every 60s", "enable": True}, since=NOON)
    queue = Queue()
    for now in (NOON + 130, NOON + 130, NOON + 190):
        monkeypatch.setattr(clock, "now", lambda now=now: now)
        fired(tmp_path, queue, timer, Kind.TIMER)
    times = [json.loads(payload)["triggerTime"][11:] for payload in queue.kept.values()]
    assert times == ["12:01:00Z", "12:02:00Z", "12:03:00Z"]
    assert queue.released == list(queue.kept)


def test_a_kill_between_event_and_position_repeats_no_tick(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    timer = bound(Kind.TIMER, {"cronExpression": "@every 60s", "enable": True}, since=NOON)
    queue = Queue()
    monkeypatch.setattr(clock, "now", lambda: NOON + 61)
    fired(tmp_path, queue, timer, Kind.TIMER)
    (tmp_path / "timers" / "id.json").write_text(json.dumps({"last": NOON, "since": NOON}))
    fired(tmp_path, queue, timer, Kind.TIMER)
    assert (len(queue.kept), len(queue.released)) == (1, 1)


def test_after_a_night_only_the_last_minutes_are_made_up_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    timer = bound(Kind.TIMER, {"cronExpression": "@every 60s", "enable": True}, since=NOON)
    queue = Queue()
    monkeypatch.setattr(clock, "now", lambda: NOON + 8 * 3600)
    fired(tmp_path, queue, timer, Kind.TIMER)
    assert len(queue.kept) == CATCH_UP_S / 60


def test_a_trigger_that_is_gone_is_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    timer = bound(Kind.TIMER, {"cronExpression": "@every 60s", "enable": True}, since=NOON)
    queue = Queue()
    monkeypatch.setattr(clock, "now", lambda: NOON + 61)
    fired(tmp_path, queue, timer, Kind.TIMER)
    assert [path.stem for path in (tmp_path / "timers").iterdir()] == ["id"]
    fired(tmp_path, queue, timer, Kind.OSS)  # stored as another kind: as a timer it is gone
    assert (list((tmp_path / "timers").iterdir()), len(queue.kept)) == ([], 1)


def test_a_disabled_timer_keeps_still(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    timer = bound(Kind.TIMER, {"cronExpression": "@every 60s", "enable": False}, since=NOON)
    queue = Queue()
    monkeypatch.setattr(clock, "now", lambda: NOON + 600)
    fired(tmp_path, queue, timer, Kind.TIMER)
    assert queue.kept == {}


def test_a_log_trigger_hands_over_ranges_that_join(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = {
        "sourceConfig": {"logstore": "store"},
        "jobConfig": {"triggerInterval": 60, "maxRetryTime": 2},
        "functionParameter": {"a": "b"},
        "enable": True,
    }
    trigger = bound(Kind.LOG, config, since=NOON)
    queue = Queue()
    for now, end in ((NOON + 1, 5), (NOON + 61, 7), (NOON + 62, 9), (NOON + 130, 9), (NOON + 200, 9)):
        monkeypatch.setattr(clock, "now", lambda now=now: now)
        fired(tmp_path, queue, trigger, Kind.LOG, {"begin": 3, "end": end})
    events = [json.loads(payload) for payload in queue.kept.values()]
    ranges = [
        tuple(base64.b64decode(event["source"][name]).decode() for name in ("beginCursor", "endCursor"))
        for event in events
    ]
    assert ranges == [("3", "7"), ("7", "9")]
    assert events[0]["parameter"] == {"a": "b"}
    assert (events[0]["source"]["projectName"], events[0]["source"]["logstoreName"]) == ("project", "store")
