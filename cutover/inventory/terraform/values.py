"""Values of HCL: what is text, what is an expression, and which expressions the files answer themselves.

python-hcl2 gives a literal string in quotes and everything else as `${...}`, so what is an expression can be
told from what is text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import hcl2
from lark.exceptions import LarkError

from cutover.inventory.documents import LIMIT_BYTES, Unreadable
from cutover.inventory.fields import Open

_ESCAPED = re.compile(r"\\(.)")
_PART = re.compile(r"\$\{([^${}]+)\}")
_NAMED = re.compile(r"(local|var)((?:\.[A-Za-z_][\w-]*|\[\"[^\"\]]+\"\])+)")
_KEY = re.compile(r"\.([A-Za-z_][\w-]*)|\[\"([^\"\]]+)\"\]")
_AT_LINE_END = re.compile(r"[ \t\r]+$", re.MULTILINE)
"""Terraform takes them after the mark that ends a heredoc, and the parser does not."""
_CHOICE = re.compile(r"(.+?) \? (\d+) : (\d+)")
_DEEPEST = 20
NULL = Open("null")
"""The default of a variable that is not set unless somebody sets it."""
FOLDER = "module-folder:/"
"""Stands before a path that `path.module` begins, which counts from the root of the files."""


def load_hcl(content: bytes) -> dict[str, Any]:
    """Parse one file. Raises Unreadable with the line."""
    if len(content) > LIMIT_BYTES:
        raise Unreadable(
            f"It has {len(content) / 1e6:.1f} MB; templates have {LIMIT_BYTES / 1e6:.0f} at most."
        )
    try:
        text = _AT_LINE_END.sub("", content.decode("utf-8-sig", errors="replace"))
        return dict(hcl2.loads(text + "\n"))
    except LarkError as error:
        raise Unreadable("It is not HCL that can be parsed.", int(getattr(error, "line", 0) or 0)) from error
    except (RecursionError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise Unreadable(f"It is not HCL that can be read ({type(error).__name__}).") from error


def plain(value: Any) -> Any:
    """Give literals without their quotes and expressions as ``Open``."""
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, Mapping):
        kept = {str(key): one for key, one in value.items() if not str(key).startswith("__")}
        return {key.strip('"'): plain(one) for key, one in kept.items()}
    if not isinstance(value, str):
        return value
    if value.startswith('"') and value.endswith('"') and len(value) > 1:
        inner = value[1:-1]
        if "${" in inner.replace("$${", ""):
            return Open(inner)
        return _ESCAPED.sub(r"\1", inner)
    return Open(value)


def labelled(document: Mapping[str, Any], block: str) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Give the labels and the body of each block of a kind: `resource`, `data`, `module`, `variable`."""
    for one in document.get(block) or ():
        yield from _labels(one, (), 2 if block in ("resource", "data") else 1)


def _labels(
    value: Any, labels: tuple[str, ...], depth: int
) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    if not isinstance(value, Mapping):
        return
    if depth == 0:
        yield labels, plain(value)
        return
    for label, inner in value.items():
        yield from _labels(inner, (*labels, str(label).strip('"')), depth - 1)


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What expressions of one folder may name.

    ``variables``: known only where a call of the module gives them, resolved where that call stands.
    ``folder``: of the files, from their root.
    """

    folder: str = ""
    locals: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)
    _known: dict[tuple[str, bool], Any] = field(default_factory=dict, init=False, repr=False)

    def resolve(self, value: Any, *, paths: bool = False, depth: int = 0) -> Any:
        """Give a value with what is known put in. ``paths``: `path.module` becomes a path in ``FOLDER``."""
        if depth > _DEEPEST:
            return Open("nested too deeply")
        if isinstance(value, list):
            return [self.resolve(one, paths=paths, depth=depth + 1) for one in value]
        if isinstance(value, Mapping):
            return {key: self.resolve(one, paths=paths, depth=depth + 1) for key, one in value.items()}
        if isinstance(value, Open):
            return self._expression(value, paths, depth)
        return value

    def _expression(self, value: Open, paths: bool, depth: int) -> Any:
        text = value.expression
        whole = _PART.fullmatch(text)
        if whole is not None:
            return self._named(whole.group(1).strip(), value, paths, depth)
        parts: list[str] = []
        end = 0
        for found in _PART.finditer(text):
            answer = self._named(found.group(1).strip(), value, paths, depth)
            if isinstance(answer, Open | Mapping | list) or answer is None:
                return value
            parts += [text[end : found.start()], str(answer)]
            end = found.end()
        rest = text[end:]
        return value if "${" in rest or not parts else "".join([*parts, rest])

    def _named(self, name: str, value: Open, paths: bool, depth: int) -> Any:
        """Give what a name stands for; ``value`` itself when it is not known."""
        if paths and name in ("path.module", "path.root"):
            return f"{FOLDER}{self.folder}"
        found = _NAMED.fullmatch(name)
        if found is None:
            answer = self._logic(name, value, paths, depth)
            return value if answer is None else answer
        kind, keys = found.group(1), [one.group(1) or one.group(2) for one in _KEY.finditer(found.group(2))]
        here = self._local(keys[0], paths, depth) if kind == "local" else self.variables.get(keys[0])
        for key in keys[1:]:
            here = here.get(key) if isinstance(here, Mapping) else None
        if here is None:
            return value
        return None if here is NULL else here

    def _logic(self, words: str, value: Open, paths: bool, depth: int) -> Any:
        """Give what `a && !b` and `a ? 1 : 0` come to, as far as it is known; None when it is not."""
        if depth > _DEEPEST:
            return None
        chosen = _CHOICE.fullmatch(words)
        if chosen is not None:
            truth = self._truth(chosen[1], value, paths, depth)
            return None if truth is None else int(chosen[2] if truth else chosen[3])
        return self._truth(words, value, paths, depth) if "&&" in words or words.startswith("!") else None

    def _truth(self, words: str, value: Open, paths: bool, depth: int) -> bool | None:
        found = []
        for one in words.strip("() ").split("&&"):
            name = one.strip()
            answer = self._named(name.removeprefix("!").strip(), value, paths, depth + 1)
            found.append(answer is not name.startswith("!") if isinstance(answer, bool) else None)
        if False in found:
            return False
        return None if None in found else True

    def _local(self, name: str, paths: bool, depth: int) -> Any:
        """Give a local, resolved once; a circle of locals stays open."""
        if (name, paths) not in self._known:
            self._known[name, paths] = None
            self._known[name, paths] = self.resolve(self.locals.get(name), paths=paths, depth=depth + 1)
        return self._known[name, paths]
