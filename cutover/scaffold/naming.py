"""Names in the package and line ends, for both languages."""

from __future__ import annotations

from cutover.assessment.source import Source


def free(source: Source, name: str) -> str:
    """Give a name for a folder or a module of the root that nothing in the package has."""
    tops = {one.partition("/")[0].partition(".")[0] for one in source.names}
    while name in tops:
        name = f"neutral{'_' if '_' in name else '-'}{name}"
    return name


def restored(original: bytes, text: str) -> str:
    """Give a text the line ends that its original has."""
    return text.replace("\n", "\r\n") if b"\r\n" in original else text
