"""Which pattern of a gateway a path falls on: whole segments, {name} for one, {name+} for the rest.

The most specific pattern wins, segment by segment: a fixed one before a parameter before the rest.
Source: docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html, read 2026-11-22.
"""

import re
from urllib.parse import unquote

_PARAMETER = re.compile(r"\{([\w.\-]+)(\+?)\}")


def parts(path: str) -> list[str]:
    """Give the segments of a path; one slash at the end does not count."""
    return (
        [part for part in path.removeprefix("/").removesuffix("/").split("/") if part] if path != "/" else []
    )


def match(pattern: str, path: str) -> tuple[tuple[int, ...], dict[str, str]] | None:
    """Give (rank, parameters) when the path falls on the pattern; the smaller rank is the more specific."""
    wanted, given = parts(pattern), parts(path)
    rank: list[int] = []
    found: dict[str, str] = {}
    for number, part in enumerate(wanted):
        parameter = _PARAMETER.fullmatch(part)
        if parameter is not None and parameter[2]:
            if number >= len(given) or number != len(wanted) - 1:
                return None
            found[parameter[1]] = unquote("/".join(given[number:]))
            return (*rank, 2), found
        if number >= len(given):
            return None
        if parameter is not None:
            found[parameter[1]] = unquote(given[number])
            rank.append(1)
        elif part == unquote(given[number]) or part == given[number]:
            rank.append(0)
        else:
            return None
    return (tuple(rank), found) if len(wanted) == len(given) else None


def wildcarded(pattern: str) -> str:
    """Give a pattern as an execute-api ARN writes it: a star for each parameter."""
    return _PARAMETER.sub("*", pattern)
