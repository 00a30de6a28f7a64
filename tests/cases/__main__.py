"""python -m tests.cases CASES REPOS [ID...]: run recorded cases on both halves and assess them.

CASES: folder of case files (``tests.cases.recorded``). REPOS: folder of checkouts, named owner/name or
owner+name. Writes var/cases.json. Ends with 1 when a case differs, with 2 when there is nothing to run.
"""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from hosting.places import ROOT
from tests.cases.checkouts import Checkouts
from tests.cases.recorded import read_cases
from tests.cases.running import Result, run_all

REPORT = ROOT / "var" / "cases.json"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; give the exit code."""
    parser = argparse.ArgumentParser(prog="make cases", description="Run recorded cases on both halves.")
    parser.add_argument("cases", type=Path, help="folder of case files")
    parser.add_argument("repos", type=Path, help="folder of checkouts, named owner/name or owner+name")
    parser.add_argument("only", nargs="*", help="ids of the cases to run; all without")
    given = parser.parse_args(arguments)
    try:
        cases = [one for one in read_cases(given.cases) if not given.only or one.id in given.only]
    except ValueError as exc:
        _say(str(exc))
        return 2
    if not cases:
        _say(f"There is no case in {given.cases}. Call: make cases CASES=DIR REPOS=DIR")
        return 2
    warnings.simplefilter("ignore")  # the vendors' SDKs warn about their own code
    results = []
    for result in run_all(cases, Checkouts(folder=given.repos)):
        results.append(result)
        _tell(result)
    _table(results)
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps([asdict(one) for one in results], ensure_ascii=False, indent=1) + "\n")
    _say(f"Details: {REPORT.relative_to(ROOT)}")
    return 0 if all(one.same for one in results) else 1


def _tell(result: Result) -> None:
    """Print the findings on one case."""
    if result.skipped:
        _say(f"{result.id}: skipped, {result.skipped}\n")
        return
    _say(f"{result.id} ({result.note}): score {result.score}")
    for one in result.findings:
        if one["severity"] != "ok":
            _say(f"    {one['severity']:8} {one['rule']:18} {one['place']}: {one['title']}")
    for half, found in (("AWS", result.aws), ("FC", result.fc), ("assessment", result.wrong)):
        for sentence in found:
            _say(f"    DIFFERS  {half}: {sentence}")
    _say("")


def _table(results: Sequence[Result]) -> None:
    rows = [("case", "AWS half", "FC half through the adapter", "assessment", "note")]
    for one in results:
        if one.skipped:
            rows.append((one.id, "skipped", "skipped", "skipped", one.skipped))
            continue
        blockers = f"blocked by {', '.join(one.blockers)}" if one.blockers else "no blocker"
        verdict = f"score {one.score}, {blockers}{'; WRONG' if one.wrong else ''}"
        rows.append((one.id, _word(one.aws), _word(one.fc), verdict, one.note))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    for row in rows:
        padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=False))
        _say("  ".join([*padded, row[-1]]).rstrip())
    differing = [one.id for one in results if not one.same]
    ran = [one for one in results if not one.skipped]
    _say(f"\n{len(ran) - len(differing)} of {len(results)} cases are as recorded on both halves.")


def _word(found: Sequence[str]) -> str:
    return f"{len(found)} differ" if found else "same"


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
