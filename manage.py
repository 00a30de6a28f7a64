#!/usr/bin/env python3
"""Django's command line for Cutover: `./manage.py cutover VERB`.

Started without the virtual environment it starts itself again inside it, and while `make demo` runs in this
checkout it joins the demo, unless DATABASE_URL already says where to work.
"""

import os
import shlex
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent


def enter_virtual_environment() -> None:
    """Start again under .venv's Python when this one has no Django."""
    inside = ROOT / ".venv" / "bin" / "python"
    if find_spec("django") is None and inside.exists() and Path(sys.prefix) != ROOT / ".venv":
        os.execv(inside, [str(inside), *sys.argv])  # noqa: S606 - the same command, inside


def join_running_demo() -> None:
    """Take the addresses and keys of the demo that runs here; its file is removed when it ends."""
    state = Path(os.environ.get("CUTOVER_VAR") or ROOT / "var")
    written = state / "demo.env"
    if "DATABASE_URL" in os.environ or not written.exists():
        return
    for assignment in shlex.split(written.read_text()):
        name, _, value = assignment.partition("=")
        os.environ[name] = value


def main() -> None:
    """Run the command."""
    enter_virtual_environment()
    join_running_demo()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
    try:
        from django.core.management import execute_from_command_line
    except ImportError as exc:
        raise SystemExit("Django is not installed here: run 'make setup' first.") from exc
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
