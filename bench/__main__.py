"""Run the benchmarks: ``python -m bench [ONLY]``, or the environment variable ``ONLY``.

Prints a table and writes ``var/bench.json``: a list of {"metric", "value", "unit", "against", "floor", "aim",
"met"}. A group is a module of this package with ``rows() -> list[dict]``; groups that do not exist are named
when they are asked for. Ends with 1 when a row is not met, and 2 when a group is unknown.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import pkgutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import bench

RESULTS = Path(__file__).resolve().parent.parent / "var" / "bench.json"
COLUMNS = ("metric", "value", "unit", "floor", "aim", "met", "spread")
TOGETHER = {"adapter": ("adapter", "assessment")}
"""Groups whose rows are measured in more than one module."""
FIELDS = ("metric", "value", "unit", "against", "floor", "aim", "met")


def groups() -> list[str]:
    """Give the names of the groups that exist."""
    return sorted(name for _, name, _ in pkgutil.iter_modules(bench.__path__) if not name.startswith("_"))


def measure(names: Sequence[str]) -> list[dict[str, Any]]:
    """Run groups one after the other and give all their rows."""
    found: list[dict[str, Any]] = []
    for name in names:
        sys.stderr.write(f"measuring {name} ...\n")
        found += importlib.import_module(f"bench.{name}").rows()
    return found


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Give rows as an aligned table with what each is measured against beneath."""
    cells = [COLUMNS, *(tuple(str(row.get(column, "")) for column in COLUMNS) for row in rows)]
    widths = [max(len(line[place]) for line in cells) for place in range(len(COLUMNS))]
    lines = ["  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)) for line in cells]
    notes = [f"{row['metric']}: against {row['against']}" for row in rows]
    return "\n".join([line.rstrip() for line in lines] + ["", *notes])


def main(argv: Sequence[str] | None = None) -> int:
    """Run, print, write; give the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("only", nargs="?", default=os.environ.get("ONLY", ""))
    only = parser.parse_args(argv).only
    known = groups()
    if only and only not in {*known, *TOGETHER}:
        sys.stderr.write(f"There is no group '{only}'. Groups: {', '.join(known)}.\n")
        return 2
    asked = [name for name in TOGETHER.get(only, (only,)) if name in known]
    rows = measure(asked if only else known)
    print(table(rows))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps([{key: row[key] for key in FIELDS} for row in rows], indent=1) + "\n")
    return 0 if all(row["met"] for row in rows) else 1


if __name__ == "__main__":
    raise SystemExit(main())
