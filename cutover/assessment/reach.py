"""Which files the handler loads. A package may hold many functions; what others do is not this one's."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from cutover.assessment.code import Import, View
from cutover.assessment.finding import Finding
from cutover.assessment.on_code.handler_form import handler_view
from cutover.assessment.source import Source
from cutover.ports import FunctionFacts

_ENDINGS = (".js", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts", ".jsx")


def reached(facts: FunctionFacts, source: Source) -> Source:
    """Give the source with the files alone that the handler loads, itself and through others.

    All files stay when the handler's file was not found, or when something is loaded by a computed name.
    """
    start = handler_view(facts, source)
    if start is None:
        return source
    views = {view.path: view for view in source.views}
    seen: set[str] = set()
    waiting = [start.path]
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        view = views[path]
        if view.trouble or any(one.module == "?" for one in view.imports):
            return source
        for one in view.imports:
            waiting += [found for found in _candidates(view, one) if found in views]
    return source.only(seen)


def check(source: Source, judged: Source) -> Iterator[Finding]:
    """Say how many files were left out."""
    left = len(source.code) - len(judged.code)
    if left:
        yield Finding(
            rule="reach",
            severity="ok",
            title=f"{left} of {len(source.code)} files of code are not loaded by the handler",
            place="Package",
            why="They may belong to other functions of the same package, so they were not judged "
            "for this one.",
            source="Cutover, reading of code",
        )


def _candidates(view: View, one: Import) -> Iterator[str]:
    folder = posixpath.dirname(view.path)
    if view.language == "python":
        yield from _python(folder, one)
    elif one.module.startswith("."):
        base = posixpath.normpath(posixpath.join(folder, one.module))
        yield from _node(base)
    elif view.language == "typescript":
        for above in _above(folder):
            yield from _node(posixpath.join(above, one.module.lstrip("@~/")))


def _node(base: str) -> Iterator[str]:
    stems = {base, base.removesuffix(".js"), base.removesuffix(".mjs"), f"{base}/index"}
    yield base
    yield from (f"{stem}{ending}" for stem in sorted(stems) for ending in _ENDINGS)


def _above(folder: str) -> Iterator[str]:
    """Give folders from which TypeScript's `baseUrl` and `paths` may count: those above the file."""
    yield folder
    while folder:
        folder = posixpath.dirname(folder)
        yield folder


def _python(folder: str, one: Import) -> Iterator[str]:
    """Give files that an import may load: from the package's root, from beside the file, and parents."""
    level = len(one.module) - len(one.module.lstrip("."))
    words = [word for word in one.module.lstrip(".").split(".") if word]
    if level:
        bases = [folder]
        for _ in range(level - 1):
            bases = [posixpath.dirname(bases[0])]
    else:
        bases = ["", folder]
    for base in bases:
        for depth in range(1, len(words) + 1):
            path = posixpath.join(base, *words[:depth])
            yield from (f"{path}.py", f"{path}/__init__.py")
        inner = posixpath.join(base, *words) if words else base
        for name in one.names:
            yield from (posixpath.join(inner, f"{name}.py"), posixpath.join(inner, name, "__init__.py"))
        if not words:
            yield posixpath.join(base, "__init__.py")
