"""`make demo`: everything on this machine under one process manager, until Ctrl-C.

Decides ports, draws keys, gives each line of the Procfile its environment and hands them to honcho together
with `hosting.furnish`, which fills the house and announces it. Environment: PORT (a wish, default 8000),
CLEAN=1 (begin anew), HOSTING_BEGAN (unix seconds at which the person typed the command).
"""

import fcntl
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import IO

import honcho.manager
from honcho.environ import parse_procfile
from honcho.printer import Message

from hosting import environment
from hosting.environment import Demo
from hosting.furnish import leave
from hosting.launch import CLIENTS_LIMIT_S, STOP_LIMIT_S
from hosting.layout import earlier_ports, read_keys, write_layout
from hosting.places import ROOT, free_port, remove_tree, servers_home, state_directory
from hosting.postgres import open_cluster
from hosting.process import (
    HostingError,
    adopt_orphans,
    complain,
    descendants,
    dying_with_parent,
    send,
    server_identity,
)
from hosting.redis import open_store

WEB_PORT = 8000
_LEFT_OVER_LIMIT_S = 15.0


class OneVoice:
    """Honcho's printer: shows what the set-up and the launchers say, and keeps honcho's bookkeeping quiet."""

    def __init__(self, output: IO[str]) -> None:
        self.output = output
        self.width = 0

    def write(self, message: Message) -> None:
        """Print one message of any process."""
        text = message.data if isinstance(message.data, str) else message.data.decode("utf-8", "replace")
        if message.name != "system":
            print(text.rstrip("\n"), file=self.output, flush=True)
        elif "received" in text:
            print("\nStopping ...", file=self.output, flush=True)


def take_lock(state: Path) -> IO[str]:
    """Make sure that one demo runs in this checkout. Raises: HostingError when another one does."""
    lock = (state / "demo.lock").open("a+")
    ending = time.monotonic() + _LEFT_OVER_LIMIT_S
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = int(lock.read() or "0")
            if (holder and Path(f"/proc/{holder}").exists()) or time.monotonic() > ending:
                raise HostingError(
                    f"A demo runs in this checkout already (process {holder}). Its address is in "
                    f"{state / 'demo.json'}; stop it with Ctrl-C in its terminal, or: kill {holder}"
                ) from None
            # The holder was killed and what it had started is still ending.
            time.sleep(0.1)
        else:
            lock.seek(0)
            lock.truncate()
            lock.write(str(os.getpid()))
            lock.flush()
            return lock


def wipe(state: Path) -> None:
    """Remove everything an earlier demo left, also where root's servers had to live elsewhere."""
    for name in ("postgres", "redis"):
        remove_tree(servers_home(state / name, server_identity()))
    for name in ("sandbox", "log", "run", "static"):
        remove_tree(state / name)
    for name in ("secret-key", "hash-key", "login-secret"):
        (state / name).unlink(missing_ok=True)


def draw_keys(state: Path) -> None:
    """Have the sandbox draw its keys at the first start. Raises: HostingError with its last line."""
    sandbox_state = state / "sandbox"
    sandbox_state.mkdir(mode=0o700, exist_ok=True)
    drawn = subprocess.run(
        [sys.executable, "-m", "sandbox.keys"],
        env=environment.base(state) | {"SANDBOX_STATE": str(sandbox_state)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        preexec_fn=dying_with_parent(),
        check=False,
    )
    if drawn.returncode != 0:
        last = (drawn.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise HostingError(f"the sandbox could not draw its keys: {last}")


def wished_port(text: str) -> int:
    """Read the port the person wishes for. Raises: HostingError when it is none."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise HostingError(f"PORT must be a number from 1 to 65535, not {text!r}.")
    return int(text)


def decide(state: Path, earlier: Mapping[str, int]) -> Demo:
    """Choose ports and places. Holds no port open until its server binds it."""
    wish = wished_port(os.environ.get("PORT") or str(WEB_PORT))
    port = free_port(wish)
    if port != wish:
        print(f"Port {wish} is in use; the pages will be at port {port}.", flush=True)
    aws_port, alibaba_port = free_port(earlier.get("aws", 0)), free_port(earlier.get("alibaba", 0))
    return Demo(
        state=state,
        cluster=open_cluster(state / "postgres", free_port()),
        store=open_store(state / "redis"),
        web_port=port,
        aws_port=aws_port,
        alibaba_port=alibaba_port,
        keys=read_keys(state),
        same_clouds=not earlier or (earlier["aws"], earlier["alibaba"]) == (aws_port, alibaba_port),
    )


def manage(demo: Demo) -> int:
    """Run all processes until one asks for the end; give the exit code."""
    # The process manager kills what has not stopped by then; launchers have shorter limits of their own.
    honcho.manager.KILL_WAIT = CLIENTS_LIMIT_S + STOP_LIMIT_S + 3
    manager = honcho.manager.Manager(OneVoice(sys.stdout))
    for name, command in parse_procfile((ROOT / "Procfile").read_text()).processes.items():
        manager.add_process(name, command, env=environment.for_process(demo, name), cwd=str(ROOT))
    manager.add_process(
        "demo", "exec python -m hosting.furnish", env=environment.base(demo.state), cwd=str(ROOT)
    )
    manager.loop()
    # 130 and 143 are honcho's words for Ctrl-C and SIGTERM: the person's own wish.
    return 0 if manager.returncode in {0, 130, 143} else int(manager.returncode)


def start(began: float) -> int:
    """Carry the whole command out."""
    state = state_directory()
    lock = take_lock(state)
    try:
        if os.environ.get("CLEAN") == "1":
            wipe(state)
            print("The earlier demo's state is wiped.", flush=True)
        earlier = earlier_ports(state)
        leave(state)
        remove_tree(state / "run")
        for name in ("run", "log"):
            (state / name).mkdir(mode=0o700, exist_ok=True)
        draw_keys(state)
        demo = decide(state, earlier)
        write_layout(demo, began)
        print(f"[{time.time() - began:5.1f} s] starting PostgreSQL, Redis and the sandbox clouds", flush=True)
        code = manage(demo)
        leave(state)
    finally:
        for pid in descendants(os.getpid()):
            send(pid, signal.SIGKILL)
        lock.close()
    print("Stopped." if code == 0 else f"The demo ended; the logs are in {state / 'log'}.", flush=True)
    return code


def _hang_up(_number: int, _frame: FrameType | None) -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    """Run the demo; errors are one sentence and a non-zero exit code."""
    os.chdir(ROOT)
    # Honcho hands bound methods to its processes, which only a fork can carry.
    multiprocessing.set_start_method("fork")
    # What a killed launcher leaves behind comes here, and ends with the demo.
    adopt_orphans()
    signal.signal(signal.SIGHUP, _hang_up)
    try:
        sys.exit(start(float(os.environ.get("HOSTING_BEGAN") or time.time())))
    except HostingError as exc:
        complain(f"The demo cannot start: {exc}")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # Nobody reads any more; everything has been stopped on the way out.
        sys.stdout = sys.stderr
        sys.exit(1)


if __name__ == "__main__":
    main()
