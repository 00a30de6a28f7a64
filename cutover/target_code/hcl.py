"""Writing HCL as `terraform fmt` leaves it: two spaces, and equal signs aligned within each run of lines.

A run ends at an empty line, a comment, a block and a value of several lines, whose own line is not aligned.
Source: hashicorp/hcl, hclwrite/format.go (linesForFormat, formatCells), read 2026-11.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Expression:
    """An expression, written as it stands: a reference, a function call."""

    text: str


class Template(str):
    """A string in which ``${...}`` is an expression. Literal parts come through ``literal``."""

    __slots__ = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Called:
    """A function called on one value: ``jsonencode({...})``; ``before``: an expression as first argument."""

    name: str
    value: Any
    before: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Explained:
    """An item of a list with lines of comment above it."""

    value: Any
    comments: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """A block. ``body``: name -> value in order; a nested ``Block`` stands under a name of no meaning.

    ``comment`` stands above it; empty for a nested block.
    """

    kind: str
    labels: tuple[str, ...] = ()
    body: Mapping[str, Any] = field(default_factory=dict)
    comments: tuple[str, ...] = ()


_DOLLAR, _PERCENT = "\ue000", "\ue001"
"""Signs that begin no expression, on their way into quotes; letters of the private area of Unicode."""
_LETTERS = {"b": "\\u0008", "f": "\\u000c"}


def file(header: Sequence[str], blocks: Sequence[Block]) -> str:
    """Give the text of a file: a header of comments, then the blocks with an empty line between."""
    parts = ["\n".join(comment(one) for one in header)] if header else []
    parts += ["\n".join(_block(one)) for one in blocks]
    return "\n\n".join(parts) + "\n"


def comment(text: str) -> str:
    """Give a comment of one line, whatever the text holds."""
    return f"# {' '.join(text.split())}".rstrip()


def quoted(text: str) -> str:
    """Give a string of HCL in quotes; nothing in it is interpolated."""
    return _in_quotes(literal(text))


def literal(text: str) -> str:
    """Give a text as a part of a template that stands for itself.

    HCL's own `$${` is none behind another `$`, so the sign is written as an escape, put in by ``_in_quotes``.
    """
    return text.replace("${", f"{_DOLLAR}{{").replace("%{", f"{_PERCENT}{{")


def _in_quotes(text: str) -> str:
    # JSON's escapes are HCL's, but for \b and \f, which HCL has not.
    plain = json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
    plain = re.sub(r"(?<!\\)((?:\\\\)*)\\([bf])", lambda one: one[1] + _LETTERS[one[2]], plain)
    return plain.replace(_DOLLAR, "\\u0024").replace(_PERCENT, "\\u0025")


def _template(value: str) -> str:
    """Give a template; one that is an expression and nothing else stands without quotes."""
    found = re.fullmatch(r"\$\{([\w.\[\]-]+)\}", value)
    return found[1] if found else _in_quotes(value)


def _block(block: Block) -> list[str]:
    labels = "".join(f' "{one}"' for one in block.labels)
    comments = [comment(one) for one in block.comments]
    if not block.body:
        return [*comments, f"{block.kind}{labels} {{}}"]
    return [*comments, f"{block.kind}{labels} {{", *_indented(_body(block.body)), "}"]


def _body(body: Mapping[str, Any]) -> list[str]:
    lines: list[str] = []
    run: list[tuple[str, str]] = []
    for name, value in body.items():
        if isinstance(value, Block):
            lines += [*_aligned(run), *([""] if lines or run else []), *_block(value)]
            run = []
            continue
        if lines and not run and lines[-1] == "}":
            lines.append("")
        text = _value(value)
        if len(text) == 1:
            run.append((name, text[0]))
            continue
        lines += [*_aligned(run), f"{name} = {text[0]}", *text[1:]]
        run = []
    return [*lines, *_aligned(run)]


def _aligned(run: Sequence[tuple[str, str]]) -> Iterator[str]:
    width = max((len(name) for name, _ in run), default=0)
    return (f"{name:<{width}} = {value}" for name, value in run)


def _value(value: Any) -> list[str]:
    """Give a value as lines; the first goes behind the equal sign."""
    match value:
        case Expression():
            return [value.text]
        case Called():
            inner = _value(value.value)
            start = f"{value.name}({value.before}, " if value.before else f"{value.name}("
            first, last = f"{start}{inner[0]}", f"{inner[-1]})"
            return [f"{first})"] if len(inner) == 1 else [first, *inner[1:-1], last]
        case bool():
            return ["true" if value else "false"]
        case int() | float():
            return [json.dumps(value)]
        case Template():
            return [_template(value)]
        case str():
            return [quoted(value)]
        case Mapping():
            if not value:
                return ["{}"]
            return ["{", *_indented(_body({_key(name): one for name, one in value.items()})), "}"]
        case _:
            return _list(list(value))


def _list(items: Sequence[Any]) -> list[str]:
    if all(isinstance(one, str | int | Expression) for one in items):
        line = f"[{', '.join(_value(one)[0] for one in items)}]"
        if len(line) <= 80 or len(items) < 2:
            return [line]
    lines: list[str] = []
    for one in items:
        if isinstance(one, Explained):
            lines += [comment(each) for each in one.comments]
        inner = _value(one.value if isinstance(one, Explained) else one)
        lines += [*inner[:-1], f"{inner[-1]},"]
    return ["[", *_indented(lines), "]"]


def _key(name: str) -> str:
    plain = name.replace("_", "a").replace("-", "a")
    return name if plain.isascii() and plain.isalnum() and not name[0].isdigit() else quoted(name)


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"  {one}" if one else "" for one in lines]
