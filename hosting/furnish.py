"""The demo's own line under the process manager: furnishes the empty house, then stands by.

1. waits for PostgreSQL, Redis and both halves of the sandbox;
2. migrates the database and collects static files; meanwhile loads the sample functions;
3. opens the gate for web, and for the workers where the connections are still right; sets people, connections
   and policies up, and opens the gates for everything else;
4. waits until web and the workers answer;
5. writes var/demo.json and var/demo.env, says where to go, and removes both files when the demo ends;
6. brings the SDKs that the clouds bundle for functions, at the first start.

A failure at any step is one sentence with the place of the log; it ends this process, and with it the demo.
"""

import json
import os
import select
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from hosting import environment, npm, waiting
from hosting.environment import Demo
from hosting.layout import read_layout
from hosting.places import ROOT, write_private
from hosting.process import HostingError, dying_with_parent

_SERVER_LIMIT_S = 180
_COMMAND_LIMIT_S = 300
_WORKER_LIMIT_S = 180
_CONSUMERS = ("work", "rollback")


class Clock:
    """Says what is done, with the seconds since the command was typed."""

    def __init__(self, began: float) -> None:
        self._began = began

    def say(self, text: str) -> None:
        """Print one step."""
        print(f"[{time.time() - self._began:5.1f} s] {text}", flush=True)


def run(name: str, command: list[str], env: dict[str, str], logs: Path) -> str:
    """Run one command of the set-up to its end; give what it wrote to stdout.

    Its stderr goes to var/log/NAME.log. Raises: HostingError that names the log and the last line in it.
    """
    log = logs / f"{name}.log"
    with log.open("wb") as file:
        try:
            ended = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=file,
                env=env,
                cwd=ROOT,
                timeout=_COMMAND_LIMIT_S,
                preexec_fn=dying_with_parent(),
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise HostingError(f"'{name}' did not end within {_COMMAND_LIMIT_S} s; see {log}") from None
    if ended.returncode != 0:
        lines = log.read_text(errors="replace").strip().splitlines() or ["it said nothing"]
        raise HostingError(
            f"'{name}' ended with {ended.returncode}: {lines[-1]}\n         The whole log: {log}"
        )
    return ended.stdout.decode()


def furnish(demo: Demo, clock: Clock) -> dict[str, Any]:
    """Carry steps 1 to 4 out; give what `demo_setup` printed."""
    logs, gates = demo.state / "log", demo.state / "run"
    python = sys.executable
    with ThreadPoolExecutor() as side:
        clouds = side.submit(_wait_for_clouds, demo, clock)
        samples = side.submit(_load_samples, demo, clock, clouds)
        waiting.until(waiting.postgres_answers(demo.cluster.url), _SERVER_LIMIT_S)
        waiting.until(waiting.redis_answers(demo.store.url), _SERVER_LIMIT_S)
        clock.say("PostgreSQL and Redis answer")
        manage = environment.for_process(demo, "beat")
        static = side.submit(
            run, "collectstatic", [python, "manage.py", "collectstatic", "--noinput", "-v0"], manage, logs
        )
        # `make check` checks the code; here it would only load all pages first.
        run("migrate", [python, "manage.py", "migrate", "--noinput", "--skip-checks"], manage, logs)
        static.result()
        clock.say("the database has its tables")
        (gates / "migrated").touch()
        clouds.result()
        if demo.same_clouds:
            # What an earlier demo left unfinished goes on while the rest is set up.
            (gates / "connected").touch()
        samples.result()
        printed = run("demo_setup", [python, "manage.py", "demo_setup"], environment.for_setup(demo), logs)
    clock.say("people, connections and policies are set up")
    for gate in ("connected", "furnished"):
        (gates / gate).touch()
    waiting.until(waiting.http_answers(f"{demo.web_url}/healthz/"), _SERVER_LIMIT_S)
    clock.say("the pages answer")
    waiting.until(waiting.consumers_wait(demo.store.url, len(_CONSUMERS)), _WORKER_LIMIT_S)
    clock.say("the workers answer")
    return _outcome(printed)


def _wait_for_clouds(demo: Demo, clock: Clock) -> None:
    for endpoint in (demo.aws_endpoint, demo.alibaba_endpoint):
        waiting.until(waiting.sandbox_answers(endpoint), _SERVER_LIMIT_S)
    clock.say("both sandbox clouds answer")


def _load_samples(demo: Demo, clock: Clock, clouds: Future[None]) -> None:
    clouds.result()
    env = environment.base(demo.state) | environment.sandbox(demo)
    run("samples", [sys.executable, "-m", "sandbox.samples"], env, demo.state / "log")
    clock.say("the sample functions are loaded into AWS")


def _outcome(printed: str) -> dict[str, Any]:
    try:
        outcome = json.loads(printed)
        links, _ = outcome["login_urls"], outcome["policies"]
    except (ValueError, KeyError, TypeError):
        raise HostingError(f"'demo_setup' did not print its JSON document but {printed[:200]!r}") from None
    if missing := {"viewer", "operator", "approver"} - set(links):
        raise HostingError(f"'demo_setup' gave no login link for: {', '.join(sorted(missing))}")
    return dict(outcome)


def announce(demo: Demo, outcome: dict[str, Any]) -> str:
    """Give what a person reads when the demo is up."""
    links = environment.demo_file(demo, outcome["login_urls"])["web"]["login_urls"]
    shortened = outcome["policies"]
    roles = "\n".join(f"      {role:<9} {links[role]}" for role in ("operator", "approver", "viewer"))
    policies = "\n".join(f"      - {sentence}" for sentence in shortened)
    return f"""
  Cutover is up:  {demo.web_url}

  Log in with a link (each works while the demo runs):
{roles}

  Faults on the new side, by a button:
      {demo.alibaba_endpoint}/_sandbox/?token={demo.keys["admin_token"]}

  Shortened for the demo:
{policies}

  From another terminal: ./manage.py cutover list     Addresses and keys: {demo.state / "demo.json"}
  Logs: {demo.state / "log"}                          Ctrl-C stops everything.
"""


def stand_by(demo: Demo, outcome: dict[str, Any]) -> None:
    """Write the files that others join in by."""
    content = environment.demo_file(demo, outcome["login_urls"])
    write_private(demo.state / "demo.json", json.dumps(content, indent=2) + "\n")
    assignments = environment.for_command_line(demo).items()
    write_private(
        demo.state / "demo.env", "".join(f"{name}={shlex.quote(value)}\n" for name, value in assignments)
    )


def leave(state: Path) -> None:
    """Remove what tells others that a demo runs."""
    for name in ("demo.json", "demo.env"):
        (state / name).unlink(missing_ok=True)


def _end_with(manager: int, leaving: Callable[[], None]) -> None:
    """End this process when the manager ends, even by SIGKILL."""

    def watch() -> None:
        descriptor = os.pidfd_open(manager)
        poller = select.poll()
        poller.register(descriptor)
        poller.poll()
        leaving()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def bring_sdks(clock: Clock) -> None:
    """Bring the SDKs that the clouds bundle; without them only functions that lean on them fail."""
    try:
        npm.install_runtimes(clock.say)
    except HostingError as exc:
        clock.say(f"functions must bring their SDKs themselves: {exc}")


def main() -> None:
    """Furnish and stand by until told to stop."""
    demo, began = read_layout(Path(os.environ["HOSTING_STATE"]))
    clock = Clock(began)

    def stop(_number: int, _frame: FrameType | None) -> NoReturn:
        leave(demo.state)
        os._exit(0)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    _end_with(int(os.environ["HOSTING_MANAGER_PID"]), lambda: leave(demo.state))
    try:
        outcome = furnish(demo, clock)
    except HostingError as exc:
        print(f"The demo cannot start: {exc}", flush=True)
        os._exit(1)
    stand_by(demo, outcome)
    clock.say("ready")
    print(announce(demo, outcome), flush=True)
    bring_sdks(clock)
    while True:
        signal.pause()


if __name__ == "__main__":
    main()
