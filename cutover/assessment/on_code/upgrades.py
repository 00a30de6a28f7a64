"""What is known to break when a runtime is newer: a small table of dependencies and of removed names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from cutover.assessment.code import View
from cutover.assessment.finding import Finding
from cutover.assessment.on_code.places import Words, once
from cutover.assessment.source import Source
from cutover.assessment.target import target_runtime
from cutover.ports import FunctionFacts


@dataclass(frozen=True, kw_only=True, slots=True)
class Trap:
    """A dependency below ``below`` that fails from ``since`` of its language's releases on."""

    name: str
    below: tuple[int, ...]
    since: tuple[int, ...]
    what: str
    remedy: str
    source: str


NODE = (
    Trap(
        name="pg",
        below=(8, 0, 3),
        since=(14,),
        what="connect() never settles: no error, no log line",
        remedy="Move to pg 8.0.3 or newer, and test it on Lambda first.",
        source="brianc/node-postgres, issue 2180",
    ),
    Trap(
        name="graceful-fs",
        below=(4, 2, 0),
        since=(12,),
        what="loading it fails: primordials is not defined",
        remedy="Move to graceful-fs 4.2 or newer, with what depends on it.",
        source="Node.js 12, natives module",
    ),
    Trap(
        name="grpc",
        below=(99,),
        since=(15,),
        what="it has no build for newer releases of Node",
        remedy="Move to @grpc/grpc-js.",
        source="grpc/grpc-node, deprecation of grpc-native-core",
    ),
    Trap(
        name="fibers",
        below=(99,),
        since=(16,),
        what="it does not work with newer releases of Node",
        remedy="Replace it by async functions.",
        source="laverdet/node-fibers, README",
    ),
    Trap(
        name="bcrypt",
        below=(5, 0, 0),
        since=(14,),
        what="it has no build for newer releases of Node",
        remedy="Move to bcrypt 5 or newer.",
        source="kelektiv/node.bcrypt.js, table of versions",
    ),
    Trap(
        name="node-sass",
        below=(7, 0, 0),
        since=(17,),
        what="it has no build for newer releases of Node",
        remedy="Move to sass.",
        source="sass/node-sass, table of versions",
    ),
)

PYTHON_MODULES = {
    "distutils": (3, 12),
    "imp": (3, 12),
    "asyncore": (3, 12),
    "asynchat": (3, 12),
    "smtpd": (3, 12),
    "binhex": (3, 11),
    "formatter": (3, 10),
    "parser": (3, 10),
    "symbol": (3, 10),
}
PYTHON_NAMES: dict[str, tuple[int, ...]] = {
    "time.clock": (3, 8),
    "cgi.escape": (3, 8),
    "platform.linux_distribution": (3, 8),
    "platform.dist": (3, 8),
    "base64.encodestring": (3, 9),
    "base64.decodestring": (3, 9),
    "fractions.gcd": (3, 9),
    "inspect.getargspec": (3, 11),
    "asyncio.coroutine": (3, 11),
    "collections.Mapping": (3, 10),
    "collections.MutableMapping": (3, 10),
    "collections.Iterable": (3, 10),
    "collections.Callable": (3, 10),
    "ssl.wrap_socket": (3, 12),
    "unittest.makeSuite": (3, 13),
}
NODE_NAMES: dict[str, tuple[int, ...]] = {
    "crypto.createCipher": (22,),
    "crypto.createDecipher": (22,),
    "util.isArray": (23,),
}
_CHANGED = "What Python's and Node's release notes remove"


def release(runtime: str) -> tuple[int, ...]:
    """Give a runtime's release as numbers: nodejs20.x is (20,), python3.10 is (3, 10); empty if unknown."""
    found = re.match(r"^(?:nodejs|python)(\d+)(?:\.(\d+))?", runtime)
    return tuple(int(one) for one in found.groups() if one) if found else ()


def check(facts: FunctionFacts, source: Source) -> Iterator[Finding]:
    """Give findings on dependencies and names that the runtime on FC is too new for."""
    here = release(facts.runtime)
    there = release(target_runtime(facts.runtime) or "") or here
    if facts.runtime.startswith("nodejs"):
        yield from _dependencies(source, there)
    known = PYTHON_NAMES if facts.runtime.startswith("python") else NODE_NAMES
    words = Words(
        rule="runtime-upgrade",
        why=f"The function would run on release {'.'.join(map(str, there))} on FC, from "
        f"{'.'.join(map(str, here))}.",
        remedy="Use what replaced it, and test it on Lambda first.",
        source=_CHANGED,
    )
    yield from once(_names(source, known, there), words)
    if facts.runtime.startswith("python"):
        yield from once(_modules(source, there), words)


def _dependencies(source: Source, there: tuple[int, ...]) -> Iterator[Finding]:
    for trap in NODE:
        found = source.asked(trap.name)
        if found is None or there < trap.since:
            continue
        version = _version(found.version)
        if version is None or version >= trap.below:
            continue
        yield Finding(
            rule="runtime-upgrade",
            severity="warn",
            title=f"{trap.name} {found.version} on Node {there[0]}: {trap.what}",
            place=found.place,
            why=f"{trap.name} before {'.'.join(map(str, trap.below))} and Node {trap.since[0]} or "
            f"newer do not go "
            "together."
            if trap.below != (99,)
            else f"{trap.name} and Node {trap.since[0]} or newer do not go together.",
            remedy=trap.remedy,
            source=trap.source,
        )


def _version(text: str) -> tuple[int, ...] | None:
    """Give the highest numbers that a range surely stays below or at; None when it is open upwards."""
    found = re.match(r"^([\^~=v]*)\s*(\d+)(?:\.(\d+))?(?:\.(\d+))?", text.strip())
    if not found or "||" in text:
        return None
    mark, *numbers = found.groups()
    version = tuple(int(one) for one in numbers if one is not None)
    return (version[0], 10**6) if "^" in mark and version[0] > 0 else version


def _names(
    source: Source, known: dict[str, tuple[int, ...]], there: tuple[int, ...]
) -> Iterator[tuple[str, View, int]]:
    for view in source.views:
        for member in () if view.bundled else view.members:
            name = f"{member.owner}.{member.name}"
            if name in known and there >= known[name]:
                yield f"{name} is gone since {'.'.join(map(str, known[name]))}", view, member.line


def _modules(source: Source, there: tuple[int, ...]) -> Iterator[tuple[str, View, int]]:
    for view in source.views:
        for one in view.imports:
            top = one.module.partition(".")[0]
            if (
                view.language == "python"
                and not one.guarded
                and top in PYTHON_MODULES
                and there >= PYTHON_MODULES[top]
                and f"{top}.py" not in source.names
            ):
                yield f"{top} is gone since {'.'.join(map(str, PYTHON_MODULES[top]))}", view, one.line
