"""The sentences that the rules can say, as they stand in their source: message ids of the translation."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import cutover.assessment
import migrations_app.services.assessment

RULES = Path(cutover.assessment.__file__).parent
FOR_THE_TARGET = Path(migrations_app.services.assessment.__file__)
"""Findings on the target account, which the rules do not see."""
NOT_OF_RULES = {
    "GET /orders/{id}",
    "Order placed",
    "Scheduled Event",
    "What Python's and Node's release notes remove",
    "finding:waiver withdrawn",
    "({0}) @function",
    "import type",
}
"""Parts of events, sources and words of the audit, which no finding says."""
_SAID = frozenset({"title", "why", "remedy", "sentence", "what"})
_NOT_SAID = frozenset({"place", "source", "SOURCE", "pattern"})
_PROSE = re.compile(r"[A-Za-z]{2,}.* .*[a-z]{2,}", re.DOTALL)


def messages() -> set[str]:
    """Give every sentence and part of one; what a rule puts in stands as {0}, {1} and so on."""
    rules = [path for path in sorted(RULES.rglob("*.py")) if path.parent.name != "__pycache__"]
    return {found for path in [*rules, FOR_THE_TARGET] for found in _of(path)} - NOT_OF_RULES


def _of(path: Path) -> Iterator[str]:
    yield from _texts(ast.parse(path.read_text(encoding="utf-8")))


def _texts(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Expr(value=ast.Constant()):
            return  # a docstring
        case ast.Raise() | ast.Assert() | ast.ImportFrom():
            return
        case ast.Assign(targets=[ast.Name(id=name)]) if "SOURCE" in name:
            return
        case ast.keyword(arg=name) if name in _NOT_SAID:
            return
        case ast.Call(func=ast.Attribute(value=ast.Name(id="re"))):
            return
        case ast.JoinedStr():
            yield from _template(node)
        case ast.Constant(value=str(text)) if _PROSE.search(text) and "@call" not in text:
            yield text
    if not isinstance(node, ast.JoinedStr):
        for child in ast.iter_child_nodes(node):
            yield from _texts(child)


def _template(node: ast.JoinedStr) -> Iterator[str]:
    parts, number = [], 0
    for one in node.values:
        if isinstance(one, ast.Constant):
            parts.append(str(one.value))
        else:
            parts.append(f"{{{number}}}")
            number += 1
            for child in ast.iter_child_nodes(one):
                yield from _texts(child)
    text = "".join(parts)
    if " " in text and re.search(r"[a-z]{3,}", text):
        yield text
