"""Installs what Lambda bundles and FC does not, by the locks in adapters/bundled, for deploys of the demo.

python -m hosting.bundled    into var/bundled, once; the demo names that folder to its workers if it is there
"""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from hosting.npm import fetch
from hosting.places import ROOT
from hosting.process import HostingError, dying_with_parent

LOCKS = ROOT / "adapters" / "bundled"
PLACE = ROOT / "var" / "bundled"


def install(say: Callable[[str], None], place: Path = PLACE) -> None:
    """Install each set that is not there. The lock is put in last, so a half-made set has none.

    Raises: HostingError in the words of npm or pip.
    """
    for lock in sorted(LOCKS.iterdir()):
        manifest = next(
            (one for one in ("package-lock.json", "requirements.txt") if (lock / one).is_file()), ""
        )
        there = place / lock.name
        if not manifest or _is_there(there / manifest, lock / manifest):
            continue
        say(f"bringing {lock.name}, as its lock names it (once)")
        draft = place / f".{lock.name}"
        shutil.rmtree(draft, ignore_errors=True)
        shutil.copytree(lock, draft)
        if manifest == "package-lock.json":
            fetch(draft)
            (draft / "node_modules" / ".installed").unlink(missing_ok=True)
        else:
            _pip(draft)
        shutil.rmtree(there, ignore_errors=True)
        draft.rename(there)


def installed(place: Path = PLACE) -> str:
    """Give the folder for `CUTOVER_BUNDLED_PACKAGES`; empty when nothing was installed there."""
    return str(place) if place.is_dir() else ""


def _is_there(one: Path, lock: Path) -> bool:
    return one.is_file() and one.read_bytes() == lock.read_bytes()


def _pip(folder: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--require-hashes",
        "--no-deps",
        "--no-compile",
    ]
    done = subprocess.run(
        [*command, "--target", "python", "-r", "requirements.txt"],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        preexec_fn=dying_with_parent(),
        check=False,
    )
    if done.returncode != 0:
        raise HostingError(f"pip failed: {done.stderr.strip()[-800:]}")


def main() -> None:
    """Install, or end with one sentence."""
    try:
        install(print)
    except HostingError as exc:
        sys.exit(str(exc))


if __name__ == "__main__":
    main()
