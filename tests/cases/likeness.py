"""Whether a function did what was recorded: literally where the recording is stable, else by shape.

What varies by nature and is set aside in both: the patch release of a runtime in a version that code prints,
ports on loopback, frames of stack traces. Where two recordings differed, ids, times, addresses, digests
and numbers count as equal, and of an SDK's own DEBUG lines a share must be there, since they change with its
release. Lines that Lambda's or FC's own runtime writes about an error are not the function's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cutover.comparison.volatile import masked
from cutover.observation import LogLine, Observation, Outcome
from tests.cases.recorded import Case

SDK_LINES_SHARE = 0.6
_LEVELS = {"WARNING": "WARN", "CRITICAL": "ERROR", "FATAL": "ERROR"}
"""Python's words for levels -> those of observations."""
_RECORDED_LEVEL = re.compile(r"^(?:([A-Z]+)|\[([A-Z]+)\])\t(.*)$", re.DOTALL)
_VERSION = re.compile(r"\bv(\d+)\.\d+\.\d+\b")
_LOOPBACK = re.compile(r"(https?://127\.0\.0\.1):\d+")
_ADDRESS = re.compile(r"0x[0-9a-f]{6,}")
_DIGEST = re.compile(r"\b(?:[0-9a-f]{32,}|[A-Za-z0-9+/]{24,}={0,2})")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_FRAME = re.compile(r"^\s+at\s")
_RUNTIMES_OWN = re.compile(r"^(?:Invoke Error\s|Uncaught Exception\s|Unhandled Promise Rejection\s)")
_TRACEBACK = re.compile(r"^Traceback \(most recent call last\):")
_PLAIN_ERROR = re.compile(r"^\[ERROR\] \w+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """What one call did. ``error``: (type, message). ``logs``: (level, text), the level empty for prints."""

    result: Any = None
    error: tuple[str, str] | None = None
    logs: tuple[tuple[str, str], ...] = ()


def seen(observation: Observation, lines: Iterable[LogLine]) -> Seen:
    """Read an observation of the product."""
    error = None
    result: Any = None
    if observation.outcome is Outcome.OK:
        result = json.loads(observation.payload) if observation.payload else None
    else:
        error = (observation.error_type or observation.outcome.value, observation.error_message)
    logs = [(line.level, line.text) for line in lines]
    return Seen(result=result, error=error, logs=tuple(_without_the_runtimes(logs, failed=error is not None)))


def differences(case: Case, recorded: Mapping[str, Any], got: Seen) -> list[str]:
    """Say in sentences in what a call differs from its recording; empty when in nothing that counts."""
    found: list[str] = []
    error = recorded.get("error") or recorded.get("initError")
    if error is not None:
        expected = (str(error.get("errorType", "")), str(error.get("errorMessage", "")))
        if got.error is None:
            found.append(f"answered {_short(got.result)} where {expected[0]} was recorded")
        elif _text(got.error[0]) != expected[0] or _shape(got.error[1]) != _shape(expected[1]):
            found.append(f"failed with {_short(got.error)} where {_short(expected)} was recorded")
    elif got.error is not None:
        found.append(f"failed with {_short(got.error)} where {_short(recorded.get('result'))} was recorded")
    elif case.stable("result"):
        if got.result != recorded.get("result"):
            found.append(f"answered {_short(got.result)} where {_short(recorded.get('result'))} was recorded")
    elif _shaped(got.result) != _shaped(recorded.get("result")):
        found.append(f"answered {_short(got.result)}, not of the recorded shape")
    return found + _logs(case, _recorded_lines(recorded.get("logs") or ()), got.logs)


def left_behind(case: Case, got: Mapping[str, Any]) -> list[str]:
    """Say in what the side effects differ."""
    stable = case.stable("side_effects") and case.stable("logs")
    found = []
    for place, expected in case.side_effects.items():
        equal = got[place] == expected if stable or isinstance(expected, int) else False
        if not equal and _shaped(got[place]) != _shaped(expected):
            found.append(f"left {_short(got[place])} at {place} where {_short(expected)} was recorded")
    return found


# ----------------------------------------------------------------------------------------------- logs


def _recorded_lines(lines: Sequence[str]) -> list[tuple[str, str]]:
    found = []
    for line in lines:
        match = _RECORDED_LEVEL.match(line)
        level, text = (match[1] or match[2], match[3]) if match else ("", line)
        level = _LEVELS.get(level, level)
        parts = text.split("\n")
        found += [(level, parts[0]), *(("", part) for part in parts[1:])]
    return found


def _logs(case: Case, expected: Sequence[tuple[str, str]], got: Sequence[tuple[str, str]]) -> list[str]:
    how = _text if case.stable("logs") else _shape
    found = []
    if not case.stable("logs"):
        found = _sdk_lines(_only_debug(expected), _only_debug(got))
        expected, got = _without_debug(expected), _without_debug(got)
    mine = [(level, how(text)) for level, text in got if text and not _FRAME.match(text)]
    theirs = [(level, how(text)) for level, text in expected if text and not _FRAME.match(text)]
    for number, (here, there) in enumerate(zip(mine, theirs, strict=False), start=1):
        levels_differ = here[0] and there[0] and here[0] != there[0]
        if here[1] != there[1] or levels_differ:
            return [*found, f"log line {number} is {_short(here)} where {_short(there)} was recorded"]
    if len(mine) != len(theirs):
        rest = (mine if len(mine) > len(theirs) else theirs)[min(len(mine), len(theirs))]
        what = "more" if len(mine) > len(theirs) else "fewer"
        sentence = f"{len(mine)} log lines, {what} than the {len(theirs)} recorded: {_short(rest)}"
        return [*found, sentence]
    return found


def _sdk_lines(expected: Sequence[str], got: Sequence[str]) -> list[str]:
    wanted = {_template(text) for text in expected}
    there = {_template(text) for text in got}
    if not wanted or len(wanted & there) >= SDK_LINES_SHARE * len(wanted):
        return []
    return [f"{len(wanted & there)} of {len(wanted)} recorded kinds of DEBUG lines of the SDK are there"]


def _template(text: str) -> str:
    """Give the words that a line of an SDK begins with; what follows are values."""
    return " ".join(re.sub(r"[<({\[].*", "", _shape(text)).split()[:4])


def _only_debug(lines: Sequence[tuple[str, str]]) -> list[str]:
    return [text for level, text in lines if level == "DEBUG"]


def _without_debug(lines: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Leave out DEBUG lines and what follows them without a level: the rest of the same message."""
    found, inside = [], False
    for level, text in lines:
        inside = level == "DEBUG" or (inside and not level)
        if not inside:
            found.append((level, text))
    return found


def _without_the_runtimes(lines: Sequence[tuple[str, str]], *, failed: bool) -> list[tuple[str, str]]:
    found = []
    for level, text in lines:
        if failed and (_TRACEBACK.match(text) or _PLAIN_ERROR.match(text) or _RUNTIMES_OWN.match(text)):
            break  # what the runtime says about an error comes last
        found.append((level, text))
    return found


# ---------------------------------------------------------------------------------------------- values


def _text(text: str) -> str:
    return _LOOPBACK.sub(r"\1:<port>", _VERSION.sub(r"v\1", text))


def _shape(text: str) -> str:
    shaped = _ADDRESS.sub("<address>", masked(_text(text)))
    return _NUMBER.sub("<n>", _DIGEST.sub("<digest>", shaped))


def _shaped(value: Any) -> Any:
    if isinstance(value, str):
        return _shape(value)
    if isinstance(value, list):
        return sorted((_shaped(one) for one in value), key=str)
    if isinstance(value, dict):
        return {key: _shaped(one) for key, one in value.items()}
    return value


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 160 else f"{text[:157]}..."
