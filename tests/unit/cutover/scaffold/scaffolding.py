"""Scaffolds of texts, for the tests."""

from typing import Any

from cutover.assessment import read_files
from cutover.scaffold import Scaffold, generate
from tests.unit.cutover.factories import function


def scaffold(name: str, text: str, **more: str) -> Scaffold:
    """Scaffold one file with `handler` in it; further files by path, with __ for a slash and _ for a dot."""
    runtime = "python3.12" if name.endswith(".py") else "nodejs20.x"
    files = {key.replace("__", "/").replace("_", "."): value.encode() for key, value in more.items()}
    handler = f"{name.rpartition('.')[0]}.handler"
    return generate({name: text.encode(), **files}, function(runtime=runtime, handler=handler))


def sentences(made: Scaffold) -> str:
    """Give all notes as one text."""
    return "\n".join(f"{note.place} {note.sentence}" for note in made.notes)


def troubles(made: Scaffold) -> list[Any]:
    """Give what does not parse among the files."""
    files = {name: text.encode() for name, text in made.files.items()}
    return [(view.path, view.trouble_line) for view in read_files(files).views if view.trouble]
