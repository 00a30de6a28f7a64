"""A case: a function of a public repository, the events it was given, and what was observed.

A case is a JSON object: id, repo (owner/name), commit, path, handler, language (node | ts | py), build,
trigger, covers, offline, env, emulator_setup, events, observed, side_effects, stable_across_two_runs, note.
Each of `observed` has `result`, `error` or `initError`, and `logs`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

_PG = re.compile(r"PostgreSQL|, with pg\b|\bpg upgraded", re.IGNORECASE)
_UPGRADED = re.compile(r"\b([@\w./-]+) upgraded to (\d[\w.]*)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One recorded function. ``observed`` is in the order of ``events``."""

    id: str
    repo: str
    commit: str
    path: str
    handler: str
    language: str
    events: Sequence[Any]
    observed: Sequence[Mapping[str, Any]]
    build: str = ""
    trigger: str = ""
    covers: str = ""
    offline: str = ""
    env: Mapping[str, str]
    emulator_setup: str | None = None
    side_effects: Mapping[str, Any]
    stable_across_two_runs: Mapping[str, bool]
    run_here_with: str = ""
    note: str = ""

    @property
    def python(self) -> bool:
        """Tell whether it is a Python function."""
        return self.language.startswith("py")

    @property
    def runtime(self) -> str:
        """Give Lambda's runtime of the interpreter that it was recorded on."""
        found = re.search(r"(\d+)(?:\.(\d+))?", self.run_here_with)
        major, minor = (found[1], found[2]) if found else ("3", "11") if self.python else ("20", "")
        return f"python{major}.{minor}" if self.python else f"nodejs{major}.x"

    @property
    def wants_database(self) -> bool:
        """Tell whether it talks to PostgreSQL."""
        return bool(_PG.search(self.offline))

    @property
    def upgrades(self) -> Mapping[str, str]:
        """Give the packages that were upgraded before it was run, name -> version."""
        return dict(_UPGRADED.findall(self.offline))

    def stable(self, what: str) -> bool:
        """Tell whether ``what`` (result, logs, side_effects) was the same in two runs."""
        return bool(self.stable_across_two_runs.get(what, True))


def read_cases(folder: Path) -> list[Case]:
    """Read every *.json of a folder, by name.

    Raises:
        ValueError: a file is no case; the message names it.
    """
    found = []
    for place in sorted(folder.glob("*.json")):
        try:
            found.append(_case(json.loads(place.read_text(encoding="utf-8"))))
        except (ValueError, TypeError, KeyError) as exc:
            raise ValueError(f"{place.name} is no case: {exc}") from exc
    return found


def _case(document: Mapping[str, Any]) -> Case:
    known = {one.name for one in fields(Case)}
    given = {name: value for name, value in document.items() if name in known}
    for name in ("env", "side_effects", "stable_across_two_runs"):
        given[name] = given.get(name) or {}
    case = Case(**given)
    if len(case.events) != len(case.observed):
        raise ValueError("it has not one observation for each event")
    return case
