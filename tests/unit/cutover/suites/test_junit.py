"""The JUnit report of a run."""

from __future__ import annotations

from xml.etree import ElementTree

from cutover.suites import Case, junit


def test_the_report_has_the_usual_shape_and_its_numbers_agree() -> None:
    cases = [
        Case(title="good", standing="passed", seconds=0.25),
        Case(title="bad", standing="failure", kind="mismatch", sentence="/a differs.", pointer="/a"),
        Case(title="lost", standing="error", kind="not-comparable", sentence="No answer came."),
        Case(title="left", standing="skipped", sentence="Not called."),
    ]
    verdict = Case(title="verdict", standing="failure", kind="fail", sentence="One of four differs.")
    written = junit(
        "hello/default", cases, verdict=verdict, timestamp="2026-11-22T15:00:00", properties=[("run", "1")]
    )
    root = ElementTree.fromstring(written)
    suite = root[0]
    assert (root.tag, suite.tag, suite.attrib["name"]) == ("testsuites", "testsuite", "hello/default")
    assert {key: suite.attrib[key] for key in ("tests", "failures", "errors", "skipped")} == {
        "tests": "5",
        "failures": "2",
        "errors": "1",
        "skipped": "1",
    }
    rows = suite.findall("testcase")
    assert len(rows) == 5
    assert all({"classname", "name", "time"} <= set(row.attrib) for row in rows)
    failure = rows[1].find("failure")
    assert failure is not None
    assert failure.attrib == {"message": "/a differs.", "type": "mismatch"}
    assert failure.text == "/a differs.\n/a"
    assert [child.tag for child in suite][:1] == ["properties"]


def test_text_that_xml_cannot_hold_or_that_is_markup_stays_text() -> None:
    nasty = "a\x00b <script>&\"' \ud800 ]]>"
    case = Case(title=nasty, standing="failure", kind="mismatch", sentence=nasty, pointer=nasty)
    written = junit(nasty, [case], verdict=case, timestamp="2026-11-22T15:00:00")
    root = ElementTree.fromstring(written)
    assert root[0][0].attrib["name"] == "a\ufffdb <script>&\"' \ufffd ]]>"
