"""The packages that a cloud's own images bring: to be searched last, after the function's code and layers.

Node packages are installed by `python -m hosting.npm sandbox` into the folders of `sandbox/runtimes`; in a
checkout without them those of the tests serve. Python packages are those of the interpreter that runs the
sandbox, linked into a folder so that a function sees them and nothing else. What is not installed is left
out: a function that wants it gets the import error of its language.

Source: docs.aws.amazon.com/lambda/latest/dg/{nodejs-handler,python-package}.html; Alibaba Cloud, Function
Compute, "Node.js" and "Python", built-in modules; read 2026-11-22.
"""

import functools
import re
import secrets
import tempfile
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

RUNTIMES = Path(__file__).resolve().parents[1] / "runtimes"
PROJECT_MODULES = RUNTIMES.parents[1] / "node_modules"
AWS_PYTHON = ("awslambdaric", "boto3")
FC_PYTHON = (
    *("oss2", "aliyun-mns-sdk", "aliyun-mns", "aliyun-log-python-sdk", "aliyun-fc2", "tablestore"),
    *("alibabacloud-sls20201230", "alibabacloud-sts20150401", "requests", "redis", "Pillow", "PyMySQL"),
)
_LAST_V2 = 16
_REQUIREMENT = re.compile(r"^\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
_FOLDERS = ".links"  # hidden: tools that read this tree pass it by
_DRAFT = ".draft-"


def aws_node_paths(runtime: str) -> tuple[Path, ...]:
    """Give node_modules with aws-sdk 2 for nodejs16.x and older, with @aws-sdk 3 from nodejs18.x on."""
    digits = re.findall(r"\d+", runtime)
    old = bool(digits) and int(digits[0]) <= _LAST_V2
    return _modules("aws-node-v2" if old else "aws-node-v3", "aws-sdk" if old else "@aws-sdk")


def fc_node_paths(runtime: str) -> tuple[Path, ...]:
    """Give node_modules with what FC bundles with its Node.js runtimes; empty for any other runtime."""
    return _modules("fc-node", "ali-oss") if runtime.startswith("nodejs") else ()


def _modules(name: str, sign: str) -> tuple[Path, ...]:
    own = RUNTIMES / name / "node_modules"
    return tuple(place for place in (own, PROJECT_MODULES) if (place / sign).is_dir())[:1]


def aws_python_paths() -> tuple[Path, ...]:
    """Give a folder with boto3 and Lambda's runtime client, and what they stand on."""
    return _linked("aws-python", AWS_PYTHON)


def fc_python_paths(runtime: str) -> tuple[Path, ...]:
    """Give a folder with the modules that FC bundles with its Python runtimes, as far as installed."""
    return _linked("fc-python", FC_PYTHON) if runtime.startswith("python") else ()


@functools.cache
def _linked(name: str, wanted: tuple[str, ...]) -> tuple[Path, ...]:
    folder = RUNTIMES / _FOLDERS / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        # An installation that may not be written to: links for as long as this process lives.
        folder = Path(tempfile.mkdtemp(prefix=f"sandbox-{name}-"))
    links = {place.name: place for place in _places(wanted)}
    for stale in folder.iterdir():
        if stale.name not in links and not stale.name.startswith(_DRAFT):
            stale.unlink(missing_ok=True)
    for link, place in links.items():
        here = folder / link
        if not here.is_symlink() or here.readlink() != place:
            # Two sandboxes may start at once: a link is replaced whole.
            draft = folder / f"{_DRAFT}{secrets.token_hex(8)}"
            draft.symlink_to(place)
            draft.replace(here)
    return (folder,) if links else ()


def _places(wanted: Iterable[str]) -> list[Path]:
    """List the top-level files and folders of these distributions and of all that they require."""
    found: dict[str, list[Path]] = {}
    waiting = list(wanted)
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in found:
            continue
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            found[name] = []
            continue
        tops = {
            file.parts[0] for file in distribution.files or () if file.parts[0] not in ("..", "__pycache__")
        }
        found[name] = [Path(str(distribution.locate_file(top))).absolute() for top in sorted(tops)]
        waiting += [
            match[1]
            for line in distribution.requires or ()
            if "extra ==" not in line and (match := _REQUIREMENT.match(line))
        ]
    return [place for places in found.values() for place in places if place.exists()]
