"""A run as a JUnit report, the form that CI systems read: one test case per pair.

Source: Jenkins' xunit schema ``junit-10.xsd``; testcase holds failure, error or skipped.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from xml.etree.ElementTree import Element, SubElement, tostring

Standing = Literal["passed", "failure", "error", "skipped"]
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One pair. ``kind`` is its outcome, ``sentence`` says what differs, ``pointer`` where."""

    title: str
    standing: Standing
    kind: str = ""
    sentence: str = ""
    pointer: str = ""
    seconds: float = 0.0


def junit(
    suite: str,
    cases: Sequence[Case],
    *,
    verdict: Case,
    timestamp: str,
    properties: Sequence[tuple[str, str]] = (),
) -> bytes:
    """Give the report. ``verdict`` is a case of its own, since a run may fail without one pair that does.

    ``timestamp``: ISO 8601 without a zone, in UTC.
    """
    every = [*cases, verdict]
    counts = {word: sum(one.standing == word for one in every) for word in ("failure", "error", "skipped")}
    numbers = {
        "tests": str(len(every)),
        "failures": str(counts["failure"]),
        "errors": str(counts["error"]),
        "time": f"{sum(one.seconds for one in every):.3f}",
    }
    root = Element("testsuites", {"name": "cutover", **numbers})
    own = SubElement(
        root,
        "testsuite",
        {"name": _text(suite), **numbers, "skipped": str(counts["skipped"]), "timestamp": timestamp},
    )
    if properties:
        holder = SubElement(own, "properties")
        for name, value in properties:
            SubElement(holder, "property", {"name": _text(name), "value": _text(value)})
    for case in every:
        _add(own, suite, case)
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _add(own: Element, suite: str, case: Case) -> None:
    named = {"classname": _text(suite), "name": _text(case.title), "time": f"{case.seconds:.3f}"}
    row = SubElement(own, "testcase", named)
    if case.standing == "passed":
        return
    if case.standing == "skipped":
        SubElement(row, "skipped", {"message": _text(case.sentence)})
        return
    found = SubElement(row, case.standing, {"message": _text(case.sentence), "type": _text(case.kind)})
    found.text = _text(f"{case.sentence}\n{case.pointer}" if case.pointer else case.sentence)


def _text(text: str) -> str:
    """Give a text without the characters that XML 1.0 cannot hold."""
    return _NOT_XML.sub("\ufffd", text)
