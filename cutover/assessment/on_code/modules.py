"""Modules that the code loads and the package lacks: bundled by Lambda, brought by a layer, or missing."""

from __future__ import annotations

import posixpath
import re
import sys
from collections.abc import Iterator

from cutover.assessment.code import Import, View
from cutover.assessment.finding import Finding
from cutover.assessment.on_code.places import Words, once
from cutover.assessment.source import Source, normal
from cutover.ports import FunctionFacts

NODE_BUILTIN = frozenset(
    {"assert", "async_hooks", "buffer", "child_process", "cluster", "console", "constants", "crypto", "dgram",
     "diagnostics_channel", "dns", "domain", "events", "fs", "http", "http2", "https", "inspector", "module",
     "net", "os", "path", "perf_hooks", "process", "punycode", "querystring", "readline", "repl", "stream",
     "string_decoder", "sys", "timers", "tls", "trace_events", "tty", "url", "util", "v8", "vm", "wasi",
     "worker_threads", "zlib"}
)  # fmt: skip
INLINE = frozenset({"cfnresponse", "cfn-response"})
"""What CloudFormation puts beside code that stands in a template."""
PYTHON_BUNDLED = frozenset({"boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six"})
"""What Lambda's Python images have installed. dateutil, urllib3 and six come along with botocore."""
TYPES_ONLY = frozenset({"aws-lambda"})
"""Modules of types that code names and never loads."""
PROJECTS = {
    "yaml": "pyyaml", "PIL": "pillow", "bs4": "beautifulsoup4", "cv2": "opencv-python", "jwt": "pyjwt",
    "psycopg2": "psycopg2-binary", "dotenv": "python-dotenv", "Crypto": "pycryptodome",
    "sklearn": "scikit-learn",
    "dateutil": "python-dateutil", "MySQLdb": "mysqlclient", "slack": "slackclient", "git": "gitpython",
}  # fmt: skip
_EXTENSIONS = ("", ".js", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts", ".json", ".node", ".jsx")
_OLD_NODE = re.compile(r"^nodejs(?:4\.3|6\.10|8\.10|1[0246]\.x)$")
SOURCE = "AWS Lambda, runtimes and the SDKs in them, read 2026-11-22"
BUNDLED = Words(
    rule="bundled-by-lambda",
    why="Lambda's runtimes bring it (aws-sdk 2 up to Node 16, @aws-sdk from Node 18, boto3 in Python), so "
    "the package works there without it; FC's runtimes do not.",
    remedy="Add it to the package; the deploy plan can do so, from a lock.",
    source=SOURCE,
)
DECLARED = Words(
    rule="not-installed",
    why="It is asked for in the manifest, and the files that were read do not hold it.",
    remedy="Install dependencies before packaging. When this is a source tree and not a package, ignore it.",
    source=SOURCE,
)
LAYERED = Words(
    rule="missing-module",
    why="A layer may bring it; layers do not come along by themselves.",
    remedy="Put it into the package, or make the layer on FC as well.",
    source=SOURCE,
)
MISSING = Words(
    rule="missing-module",
    why="Neither the package nor Lambda's runtime, as far as we know, has it; loading it fails "
    "on both clouds.",
    remedy="Add it, or remove the code that loads it.",
    source=SOURCE,
)


def check(facts: FunctionFacts, source: Source) -> Iterator[Finding]:
    """Give findings on modules that are absent, by why they are."""
    found: dict[str, list[tuple[str, View, int]]] = {
        "bundled": [],
        "declared": [],
        "layer": [],
        "missing": [],
    }
    for view in source.views:
        for one in view.imports:
            if one.types_only or one.module in ("?", ""):
                continue
            kind, name = (
                _python(facts, source, view, one)
                if view.language == "python"
                else _node(facts, source, view, one)
            )
            if kind == "bundled" or (kind and not one.guarded):
                found[kind].append((_title(kind, name), view, one.line))
    for kind, words in (
        ("bundled", BUNDLED),
        ("declared", DECLARED),
        ("layer", LAYERED),
        ("missing", MISSING),
    ):
        yield from once(found[kind], words)


def _title(kind: str, name: str) -> str:
    return {
        "bundled": f"{name} comes with Lambda's runtime and is not in the package",
        "declared": f"{name} is asked for and not installed",
        "layer": f"{name} is not in the package",
        "missing": f"{name} is missing",
    }[kind]


def _node(facts: FunctionFacts, source: Source, view: View, one: Import) -> tuple[str, str]:
    module = one.module
    if module.startswith("."):
        base = posixpath.normpath(posixpath.join(posixpath.dirname(view.path), module))
        stem = base.removesuffix(".js")
        candidates = [f"{base}{end}" for end in _EXTENSIONS] + [f"{base}/index{end}" for end in _EXTENSIONS]
        candidates += [f"{stem}.ts", f"{stem}.tsx", f"{base}/package.json"]
        return ("", "") if any(name in source.names for name in candidates) else ("missing", module)
    if module.startswith(("/", "node:", "#", "~", "@/", "data:", "http:", "https:")):
        return "", ""
    parts = module.split("/")
    name = "/".join(parts[:2]) if module.startswith("@") else parts[0]
    if name in INLINE or (view.language == "typescript" and _is_folder(source, name)):
        return "", ""
    if name in NODE_BUILTIN or name in TYPES_ONLY or source.has(name) or view.bundled:
        return "", ""
    if any(f"node_modules/{name}/" in path for path in source.names):
        return "", ""
    if _bundled_by_node(facts.runtime, name):
        return "bundled", name
    return _absent(facts, source, name, name)


def _is_folder(source: Source, name: str) -> bool:
    """Tell whether a bare name is a folder of the sources, as TypeScript's `baseUrl` and `paths` allow."""
    folder = name.partition("/")[0].lstrip("@~")
    return any(path.startswith(f"{folder}/") or f"/{folder}/" in path for path in source.names if folder)


def _bundled_by_node(runtime: str, name: str) -> bool:
    """Tell whether a Node runtime brings it. aws-sdk 2 is told as bundled on newer ones too: that is how code
    came to load it without asking for it, and the runtime that a source tree names is not always the one that
    it was deployed with."""
    if name == "aws-sdk":
        return True
    return not _OLD_NODE.match(runtime) and name.startswith(("@aws-sdk/", "@smithy/"))


def _python(facts: FunctionFacts, source: Source, view: View, one: Import) -> tuple[str, str]:
    if one.module.startswith("."):
        return "", ""
    name = one.module.partition(".")[0]
    if name in sys.stdlib_module_names or name == "__future__" or name in INLINE:
        return "", ""
    tops = {path.partition("/")[0].removesuffix(".py").partition(".")[0] for path in source.names}
    near = posixpath.dirname(view.path)
    if name in tops or any(path.startswith((f"{near}/{name}/", f"{near}/{name}.")) for path in source.names):
        return "", ""
    project = PROJECTS.get(name, normal(name))
    if (
        source.has(project)
        or source.has(normal(name))
        or any(f"site-packages/{name}" in p for p in source.names)
    ):
        return "", ""
    if name in PYTHON_BUNDLED:
        return "bundled", name
    return _absent(facts, source, name, project)


def _absent(facts: FunctionFacts, source: Source, name: str, project: str) -> tuple[str, str]:
    if source.asked(project) or source.asked(normal(name)):
        return "declared", name
    return ("layer" if facts.layers else "missing"), name
