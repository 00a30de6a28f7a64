"""Whether the package could be read: what was left alone, what does not parse, what a bundler made."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from cutover.assessment.finding import Finding
from cutover.assessment.on_code.places import MOST, Words, at
from cutover.assessment.source import Source
from cutover.ports import FunctionFacts

SOURCE = "Cutover, reading of packages"
PARSE = Words(
    rule="parse",
    why="Rules on code saw only a part of this file, so what they did not find may still be there.",
    remedy="Look at the file by hand, or correct it.",
    source=SOURCE,
)
BUNDLED = Words(
    rule="bundle",
    severity="ok",
    why="A bundler or a minifier wrote it, so places are those in the bundle, and rules on style "
    "(state, work "
    "after the answer, mixed logic) do not judge the libraries in it.",
    remedy="",
    source=SOURCE,
)


def check(facts: FunctionFacts, source: Source) -> Iterator[Finding]:
    """Give findings on the package as such; one of them blocks: a package that is not a zip."""
    for trouble in islice(source.troubles, MOST):
        yield Finding(
            rule="package-contents",
            severity="blocker" if trouble.grave else "warn",
            title=trouble.sentence.rstrip("."),
            place=trouble.place,
            why="Nothing of it could be judged, and FC takes code as a zip only."
            if trouble.grave
            else "What was not read was not judged.",
            remedy="Package the function as a zip." if trouble.grave else "Look at it by hand.",
            source=SOURCE,
        )
    for view in source.views:
        if view.trouble:
            yield at(view, view.trouble_line, f"{view.path}: {view.trouble.rstrip('.')}", PARSE)
        elif view.bundled:
            yield at(view, 1, f"{view.path} is a bundle", BUNDLED)
