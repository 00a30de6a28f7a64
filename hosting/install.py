"""Makes `.venv` hold what the lock file names. Runs on the machine's own Python: standard library only.

    python3 hosting/install.py demo|dev

A stamp with the hash of the lock file says that nothing is to be done, so a second start costs milliseconds.
The `dev` set holds everything of the `demo` set: a checkout that was set up for tests runs the demo as it is.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
NEWEST_TRIED = (3, 13)
_SHOW_EVERY_S = 3.0


def fail(sentence: str) -> None:
    """End with one sentence for the person who started the command."""
    sys.exit(f"Set-up stopped: {sentence}")


def fingerprint(name: str) -> str:
    """Give the hash that the stamp of a set must have."""
    digest = hashlib.sha256((ROOT / "requirements" / f"{name}.txt").read_bytes())
    digest.update(f"{sys.version_info[:2]}".encode())
    return digest.hexdigest()


def is_installed(name: str) -> bool:
    """Tell whether the virtual environment holds the set, or the larger one that contains it."""
    for candidate in {name, "dev"}:
        stamp = VENV / f"installed-{candidate}"
        if stamp.exists() and stamp.read_text() == fingerprint(candidate):
            return True
    return False


def make_environment() -> None:
    """Make .venv anew unless a usable one of this Python is there."""
    python = VENV / "bin" / "python"
    version = f"import sys; sys.exit(sys.version_info[:2] != {sys.version_info[:2]!r})"
    if python.exists():
        check = [str(python), "-c", f"import pip; {version}"]
        if subprocess.run(check, stderr=subprocess.DEVNULL, check=False).returncode == 0:
            return
        shutil.rmtree(VENV)
    print("Making the virtual environment .venv ...", flush=True)
    made = subprocess.run(
        [sys.executable, "-m", "venv", str(VENV)],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if made.returncode != 0:
        shutil.rmtree(VENV, ignore_errors=True)
        words = f"{made.stdout}{made.stderr}".strip()
        if "ensurepip" in words:
            package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
            fail(
                f"this Python cannot make virtual environments, because its module ensurepip is missing. "
                f"On Debian or Ubuntu: apt-get install {package}"
            )
        fail(f"python -m venv failed: {words}")


def install(name: str) -> None:
    """Install the locked set with hashes checked; shows how far it is and keeps pip's words in var/log."""
    lock = ROOT / "requirements" / f"{name}.txt"
    log = Path(os.environ.get("CUTOVER_VAR") or ROOT / "var") / "log" / "install.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    print(f"Installing the locked packages (pip's words: {log}) ...", flush=True)
    command = [
        str(VENV / "bin" / "python"),
        "-m",
        "pip",
        "install",
        "--require-hashes",
        "--no-compile",
        "--no-input",
        "-r",
        str(lock),
    ]
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_ROOT_USER_ACTION": "ignore"}
    began = shown = time.monotonic()
    collected, unpacking = 0, False
    with (
        log.open("w") as file,
        subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
        ) as pip,
    ):
        for line in pip.stdout or ():
            file.write(line)
            collected += line.startswith("Collecting ")
            unpacking = unpacking or line.startswith("Installing collected packages")
            if time.monotonic() - shown > _SHOW_EVERY_S:
                shown = time.monotonic()
                what = "unpacking them" if unpacking else f"{collected} packages fetched"
                print(f"  {shown - began:4.0f} s  {what}", flush=True)
    if pip.returncode != 0:
        errors = [line for line in log.read_text().splitlines() if line.startswith("ERROR")]
        fail(f"pip could not install the packages. {' '.join(errors)[:600]} The whole log: {log}")
    (VENV / f"installed-{name}").write_text(fingerprint(name))
    print(f"  {time.monotonic() - began:4.0f} s  installed", flush=True)


def main() -> None:
    """Set up the asked-for set."""
    name = sys.argv[1] if len(sys.argv) == 2 else ""
    if name not in {"demo", "dev"}:
        fail("say which set to install: demo or dev")
    if is_installed(name):
        return
    if sys.platform != "linux":
        fail("the embedded servers and the launcher need Linux; elsewhere use docker compose")
    if sys.version_info[:2] > NEWEST_TRIED:
        print(
            f"Python {sys.version_info[0]}.{sys.version_info[1]} is newer than what the lock was tried with."
        )
    make_environment()
    install(name)


if __name__ == "__main__":
    main()
