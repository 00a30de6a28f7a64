"""From bytes to a view: encoding, language, and whether a bundler made it."""

from __future__ import annotations

import codecs
from dataclasses import replace
from pathlib import PurePosixPath

from cutover.assessment.code import javascript, python
from cutover.assessment.code.model import View

_LANGUAGES = {
    ".js": "javascript",
    ".mjs": "javascript",
    ".cjs": "javascript",
    ".jsx": "javascript",
    ".ts": "typescript",
    ".mts": "typescript",
    ".cts": "typescript",
    ".tsx": "tsx",
    ".py": "python",
}
_BUNDLERS = (
    "__webpack_require__",
    "__commonJS",
    "__toESM",
    "__toCommonJS",
    "parcelRequire",
    "_interopNamespaceDefault",
)
LONG_LINE = 2_000
"""Characters; nobody writes a line of code this long by hand."""


def language_of(path: str) -> str:
    """Give the language by the file's name; empty for what is not read. Type declarations hold no code."""
    return "" if path.endswith(".d.ts") else _LANGUAGES.get(PurePosixPath(path).suffix.lower(), "")


def text_of(content: bytes) -> str:
    """Decode by the byte-order mark, else as UTF-8; what is wrong in it becomes a replacement character."""
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, errors="replace")
    return content.decode(errors="replace")


def view_of(path: str, content: bytes) -> View:
    """Read one file of code; ``language_of`` must know it."""
    text, language = text_of(content), language_of(path)
    found = python.view(path, text) if language == "python" else javascript.view(path, text, language)
    bundled = language != "python" and (
        any(len(line) > LONG_LINE for line in found.lines) or any(mark in text for mark in _BUNDLERS)
    )
    return replace(found, bundled=bundled)
