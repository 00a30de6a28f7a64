"""The browser of the browser tests: Debian's Chromium; apt-get brings it when root lacks it."""

import os
import shutil
import subprocess
import sys

from hosting.process import complain

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find() -> str | None:
    """Give the path of a Chromium, or None. CUTOVER_CHROMIUM names one that is not on PATH."""
    given = os.environ.get("CUTOVER_CHROMIUM")
    if given:
        return shutil.which(given)
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


def required() -> bool:
    """Tell whether browser tests must run: in CI they may not be skipped."""
    return os.environ.get("CI", "").lower() == "true"


def why_missing() -> str:
    """Give the sentence shown where browser tests cannot run."""
    return (
        "Chromium is not installed (as root: apt-get install chromium; or set CUTOVER_CHROMIUM to its path)"
    )


def install() -> bool:
    """Install Chromium with apt-get, if root; True when there is one afterwards."""
    if find():
        return True
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    print("Installing Chromium for the browser tests with apt-get ...", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["apt-get", "update", "-q"],
        ["apt-get", "install", "-q", "-y", "--no-install-recommends", "chromium", "fonts-liberation"],
    ):
        done = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            complain(f"{' '.join(command)} failed: {done.stderr.strip()[-500:]}")
            return False
    return find() is not None


def main() -> None:
    """Have a Chromium, or say that browser tests will be skipped; in CI that is a failure."""
    if install():
        return
    if required():
        sys.exit(f"CI must run the browser tests, but {why_missing()}.")
    complain(f"Browser tests will be skipped: {why_missing()}.")


if __name__ == "__main__":
    main()
