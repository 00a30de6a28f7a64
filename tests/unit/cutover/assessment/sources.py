"""Packages of our own to assess."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import Any

from cutover.assessment import Finding, assess, read_files
from tests.unit.cutover.factories import function


def findings(files: Mapping[str, str | bytes], **fields: Any) -> list[Finding]:
    """The findings on these files, of a function with these facts."""
    content = {name: text.encode() if isinstance(text, str) else text for name, text in files.items()}
    return list(assess(function(**fields), read_files(content)))


def of_rule(rule: str, files: Mapping[str, str | bytes], **fields: Any) -> list[Finding]:
    """The findings of one rule."""
    return [one for one in findings(files, **fields) if one.rule == rule]


def node(text: str, rule: str, **fields: Any) -> list[Finding]:
    """The findings of one rule on `index.js` with a handler `index.handler`."""
    return of_rule(rule, {"index.js": text}, **fields)


def python(text: str, rule: str, **fields: Any) -> list[Finding]:
    """The findings of one rule on `app.py` with a handler `app.handler`."""
    return of_rule(rule, {"app.py": text}, **{"runtime": "python3.12", "handler": "app.handler", **fields})


def archive(files: Mapping[str, bytes]) -> bytes:
    """A zip of these files."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in files.items():
            file.writestr(name, content)
    return made.getvalue()
