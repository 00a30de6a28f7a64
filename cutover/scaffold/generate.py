"""From a package to its scaffold: the guide's second half, for review."""

from __future__ import annotations

from collections.abc import Mapping

from cutover.assessment.code import View
from cutover.assessment.code.reading import text_of
from cutover.assessment.on_code.handler_form import handler_view
from cutover.assessment.source import Source, read_files
from cutover.ports import FunctionFacts
from cutover.scaffold import node, python
from cutover.scaffold.editing import diff_of
from cutover.scaffold.model import CannotScaffold, Note, Scaffold
from cutover.scaffold.operations import PACKAGES


def generate(files: Mapping[str, bytes] | Source, facts: FunctionFacts) -> Scaffold:
    """Give drivers, a handler per cloud, the business part that is called with drivers, and the diff.

    Equal input gives equal output. Nothing is applied.

    Args:
        files: the package's files by path, or its ``Source``.

    Raises:
        CannotScaffold: the code does no I/O that is known here, does not parse, is bundled, or is of a form
            that could not be followed; the sentence says which, where, and what to do.
    """
    source = files if isinstance(files, Source) else read_files(files)
    view = _handler(source, facts)
    language = python if view.language == "python" else node
    made, handlers, notes = language.parts_of(source, facts, view)
    known = {**source.code, **source.manifests}
    before = {path: text_of(known[path]) for path in made if path in known}
    changed = {path: made[path] for path in sorted(made) if before.get(path) != made[path]}
    ecosystem = "pypi" if view.language == "python" else "npm"
    services = [service for (there, service) in PACKAGES if there == ecosystem and _has(changed, service)]
    return Scaffold(
        files=changed,
        diff=diff_of(before, changed),
        handlers=handlers,
        notes=(*notes, *_general(handlers)),
        dependencies=tuple(PACKAGES[ecosystem, service] for service in services),
    )


def _has(files: Mapping[str, str], service: str) -> bool:
    word = {"s3": "oss", "sqs": "mns"}[service]
    return any(path.rpartition("/")[2].startswith(word) for path in files)


def _handler(source: Source, facts: FunctionFacts) -> View:
    if facts.package_type == "Image":
        raise CannotScaffold("The function is a container image, whose code is not read here.")
    grave = next((one for one in source.troubles if one.grave), None)
    if grave is not None:
        raise CannotScaffold(grave.sentence)
    if not facts.runtime.startswith(("nodejs", "python")):
        raise CannotScaffold(
            f"Only Node.js and Python are scaffolded, not {facts.runtime or 'this runtime'}."
        )
    view = handler_view(facts, source)
    if view is None:
        raise CannotScaffold(
            f"No file of the package that was read defines {facts.handler}. Correct the handler's name first."
        )
    if view.trouble:
        raise CannotScaffold(f"{view.path}:{view.trouble_line}: {view.trouble} Nothing was generated.")
    if view.language == "typescript":
        raise CannotScaffold(
            f"{view.path} is TypeScript. Scaffold from the JavaScript that its build makes of it."
        )
    if view.bundled:
        raise CannotScaffold(
            f"{view.path} is bundled or minified, so that a diff of it tells nobody anything. "
            "Scaffold from the sources that it was made of."
        )
    return view


def _general(handlers: Mapping[str, str]) -> tuple[Note, ...]:
    return (
        Note(
            place="package",
            sentence=f"Configure {handlers['aws']} on Lambda and {handlers['alibaba']} on FC (without the "
            "adapter) once the diff is reviewed and applied.",
        ),
    )
