"""`python -m sandbox`: AWS Lambda and Alibaba Cloud Function Compute on this machine, in the foreground."""

import argparse
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from sandbox import foreground, keys
from sandbox.foreground import ForegroundError, Half, Name

_DESCRIPTION = """\
Two clouds on loopback: AWS Lambda with what surrounds it, and Alibaba Cloud Function Compute with OSS,
MNS, SLS and STS. The official SDKs talk to them unmodified. It runs until Ctrl-C; its state stays in DIR.

Functions run as the user who starts this, with that user's files and network: run only code you trust."""
_EPILOG = """\
The environment may set SANDBOX_COLD_DELAY_MS, SANDBOX_UPDATE_MS, SANDBOX_ASYNC_RETRY_MS,
SANDBOX_SLS_DELAY_MS, SANDBOX_SCHEDULE_SPEED, SANDBOX_SEED; and SANDBOX_POSTGRES_URL for samples with a
table.
sandbox/README.md says how to point each SDK at it."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", choices=[name.value for name in Name], help="run this half alone")
    parser.add_argument(
        "--state",
        metavar="DIR",
        type=Path,
        default=Path("var/clouds"),
        help="where state is kept (var/clouds)",
    )
    for name in Name:
        parser.add_argument(
            f"--{name}-port", metavar="PORT", type=_port, default=0, help="a free one unless given"
        )
    parser.add_argument(
        "--samples",
        metavar="NAME",
        nargs="*",
        help="deploy these sample functions to what runs; all without any name",
    )
    return parser


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is no port number")
    return int(text)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _announce(halves: Sequence[Half], state: Path, file: Path) -> None:
    token = keys.read(state).admin_token
    lines = ["", "  The sandbox is up."]
    for half in halves:
        lines += [
            "",
            f"  {half.name:<8} {half.url}",
            f"           faults: {half.url}/_sandbox/?token={token}",
        ]
    lines += [
        "",
        f"  Keys: {keys.place(state)}     Logs: {', '.join(str(half.log) for half in halves)}",
        f"  For SDKs and command lines, in another terminal:  . {file}",
        "  How to point each SDK here: sandbox/README.md     Ctrl-C stops everything.",
        "",
    ]
    _say("\n".join(lines))


def _load_samples(names: Sequence[str], halves: Sequence[Half], found: Mapping[str, str]) -> None:
    there = {half.name for half in halves}
    words = ["--both"] if len(there) == len(Name) else ["--alibaba"] if Name.ALIBABA in there else []
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "sandbox.samples", *words, *names],
        env={**foreground.own_environment(), **found},
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if ended.returncode != 0:
        raise ForegroundError("The samples could not be loaded.")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run until Ctrl-C, SIGTERM or the end of the parent."""
    given = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    foreground.end_with_parent()
    state: Path = given.state.resolve()
    wished = [Name(given.only)] if given.only else list(Name)
    ports = {name: int(getattr(given, f"{name}_port")) for name in wished}
    file = state / "sandbox.env"
    try:
        with foreground.locked(state), foreground.running(state, ports) as halves:
            found = foreground.variables(halves, state)
            foreground.write_variables(file, found)
            try:
                if given.samples is not None:
                    _load_samples(given.samples, halves, found)
                _announce(halves, state, file)
                foreground.wait(halves)
            finally:
                file.unlink(missing_ok=True)
    except (ForegroundError, KeyboardInterrupt) as exc:
        sys.exit(str(exc) or 130)
    except OSError as exc:
        sys.exit(f"The sandbox cannot keep its state in {state}: {exc.strerror}.")


if __name__ == "__main__":
    main()
