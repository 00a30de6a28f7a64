"""Native modules: built for one architecture and one release of a runtime."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from cutover.assessment.finding import Finding
from cutover.assessment.on_code.places import MOST
from cutover.assessment.source import Source
from cutover.assessment.target import target_runtime
from cutover.ports import FunctionFacts

KNOWN = frozenset(
    {"sharp", "bcrypt", "grpc", "node-sass", "canvas", "sqlite3", "better-sqlite3", "argon2", "re2", "snappy",
     "libpq", "pg-native", "oracledb", "node-rdkafka", "zeromq", "fibers", "bufferutil", "kerberos",
     "psycopg2", "psycopg2-binary", "grpcio", "cryptography", "numpy", "pandas", "lxml", "pillow",
     "mysqlclient",
     "pyodbc", "cx-oracle", "cffi", "scipy", "pyarrow", "pydantic-core", "orjson"}
)  # fmt: skip
SOURCE = "Alibaba Cloud, Function Compute 3.0, runtime overview, read 2026-11-22"


def check(facts: FunctionFacts, source: Source) -> Iterator[Finding]:
    """Give one finding per dependency or folder that holds native files, and per known one only asked for."""
    groups: dict[str, list[str]] = {}
    for name in source.native:
        groups.setdefault(_group(name), []).append(name)
    rebuilt = "arm64" in facts.architectures
    same = (target_runtime(facts.runtime) or "") == facts.runtime.removesuffix(".x")
    for group, names in islice(sorted(groups.items()), MOST):
        yield Finding(
            rule="native",
            severity="warn",
            title=f"{group} has native code" + (", built for arm64" if rebuilt else ""),
            place=names[0] + (f" and {len(names) - 1} more" if len(names) > 1 else ""),
            why=(
                "FC runs x86_64 on Debian; what was built for arm64 does not load there."
                if rebuilt
                else "FC's runtimes are Debian, Lambda's are Amazon Linux: the C library differs"
                + ("." if same else ", and so does the release of the language.")
            ),
            remedy="Build it for x86_64 against FC's runtime; the smoke test tells whether it loads.",
            source=SOURCE,
        )
    wanted = sorted(
        {one.name for one in source.dependencies if one.name in KNOWN and not one.present} - set(groups)
    )
    for name in wanted:
        if not source.has(name):
            yield Finding(
                rule="native",
                severity="warn",
                title=f"{name} is known to have native code",
                place=next(one.place for one in source.dependencies if one.name == name),
                why="It must be installed for the runtime that it shall run on.",
                remedy="Install it for x86_64 and FC's runtime when packaging.",
                source=SOURCE,
            )


def _group(name: str) -> str:
    parts = name.split("/")
    if "node_modules" in parts:
        inside = parts[parts.index("node_modules") + 1 :]
        return "/".join(inside[:2]) if inside and inside[0].startswith("@") else inside[0]
    return parts[0].removesuffix(".libs") if len(parts) > 1 else parts[0].partition(".")[0]
