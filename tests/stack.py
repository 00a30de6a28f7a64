"""A whole demo for tests that kill parts of it, in a state folder of its own; no process outlives it.

Everything is met from outside: pages by HTTP with a login link, the command line as a process, both clouds
by unmodified SDKs, PostgreSQL by SQL. ``kill`` is SIGKILL to the command; its launcher starts it again.
"""

from __future__ import annotations

import contextlib
import http.cookiejar
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import psycopg2
from botocore.config import Config

from hosting import waiting
from hosting.places import ROOT, free_port, remove_tree, servers_home
from hosting.process import descendants, dying_with_parent, parent_of, send, server_identity

START_LIMIT_S = 240
END_LIMIT_S = 90
BACK_LIMIT_S = 120


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a page or a command answered. ``status``: HTTP status or exit code."""

    status: int
    text: str
    location: str = ""


class _Stay(urllib.request.HTTPRedirectHandler):
    """Leaves redirects to the caller: where a POST leads to names what it started."""

    def redirect_request(self, *_: Any) -> None:
        return None


class Person:
    """A browser without JavaScript, logged in by a role's link. Not safe for threads."""

    def __init__(self, url: str, login_url: str) -> None:
        self._url = url
        self._cookies = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(self._cookies), _Stay()
        )
        entered = self._open(urllib.request.Request(login_url))
        assert entered.status == 302, entered
        assert self.get("/settings/connections/").status == 200

    def get(self, path: str) -> Answer:
        """Open a page. Raises OSError when nobody answers."""
        return self._open(urllib.request.Request(f"{self._url}{path}"))

    def post(self, path: str, **fields: str) -> Answer:
        """Send a form. Raises OSError when nobody answers."""
        token = next((one.value or "" for one in self._cookies if one.name == "csrftoken"), "")
        body = urllib.parse.urlencode({**fields, "csrfmiddlewaretoken": token}).encode()
        return self._open(urllib.request.Request(f"{self._url}{path}", data=body))

    def _open(self, request: urllib.request.Request) -> Answer:
        try:
            with self._opener.open(request, timeout=60) as answer:
                return Answer(status=answer.status, text=answer.read().decode("utf-8", "replace"))
        except urllib.error.HTTPError as refused:
            with refused:
                return Answer(
                    status=refused.code,
                    text=refused.read().decode("utf-8", "replace"),
                    location=refused.headers.get("Location", ""),
                )


class Stack:
    """A running demo. ``said`` is what var/demo.json holds, ``environment`` what var/demo.env holds."""

    def __init__(self, state: Path, process: subprocess.Popen[bytes]) -> None:
        self.state = state
        self.process = process
        self.seen: set[int] = set()
        self.said: dict[str, Any] = {}
        self.environment: dict[str, str] = {}
        self._clients: dict[str, Any] = {}
        self._database: psycopg2.extensions.connection | None = None

    # ------------------------------------------------------------------------------- addresses

    @property
    def web_url(self) -> str:
        """Give the address of the pages."""
        return str(self.said["web"]["url"])

    @property
    def ledger(self) -> Path:
        """Give the list of what the traffic source sent and got."""
        return self.state / "sandbox" / "traffic.jsonl"

    def aws(self, service: str) -> Any:
        """Give boto3's client of the sandbox's AWS half."""
        if service not in self._clients:
            own = self.said["aws"]
            self._clients[service] = boto3.client(  # type: ignore[call-overload]
                service,
                endpoint_url=own["endpoint"],
                region_name=own["region"],
                aws_access_key_id=own["access_key_id"],
                aws_secret_access_key=own["secret_access_key"],
                config=Config(retries={"total_max_attempts": 3}, connect_timeout=5, read_timeout=60),
            )
        return self._clients[service]

    def fc(self) -> Any:
        """Give the official FC client of the sandbox's Alibaba half."""
        if "fc" not in self._clients:
            from alibabacloud_fc20230330.client import Client
            from alibabacloud_tea_openapi.models import Config as OpenApi

            own = self.said["alibaba"]
            self._clients["fc"] = Client(
                OpenApi(
                    access_key_id=own["access_key_id"],
                    access_key_secret=own["access_key_secret"],
                    protocol="http",
                    endpoint=own["endpoints"]["fc"],
                    region_id=own["region"],
                )
            )
        return self._clients["fc"]

    def person(self, role: str) -> Person:
        """Give somebody with this role at the pages."""
        return Person(self.web_url, self.said["web"]["login_urls"][role])

    # ----------------------------------------------------------------------------------- state

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Give the rows of a query; a statement that gives none gives an empty list."""
        if self._database is None:
            self._database = psycopg2.connect(self.said["database_url"])
            self._database.autocommit = True
        with self._database.cursor() as cursor:
            cursor.execute(query, values or None)
            return cursor.fetchall() if cursor.description else []

    def one(self, query: str, *values: Any) -> Any:
        """Give the only value of the only row."""
        ((value,),) = self.rows(query, *values)
        return value

    def cutover(
        self, *words: str, limit_s: float = 120, environment: Mapping[str, str] | None = None
    ) -> Answer:
        """Run ``manage.py cutover`` as a person does who joined the demo; the text is stdout.

        Args:
            environment: variables in the place of the demo's own, such as other credentials.
        """
        ended = subprocess.run(
            [sys.executable, "manage.py", "cutover", *words],
            cwd=ROOT,
            env={**_kept(), **self.environment, **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=limit_s,
            preexec_fn=dying_with_parent(),
            check=False,
        )
        return Answer(status=ended.returncode, text=ended.stdout or ended.stderr)

    def fault(self, cloud: str, **rule: Any) -> str:
        """Put a fault in force through the sandbox's admin route; give its id."""
        found = self._admin(cloud, "POST", {"cloud": cloud, **rule})
        return str(found["id"])

    def lift_faults(self, cloud: str) -> None:
        """Take every fault of a cloud away."""
        self._admin(cloud, "DELETE", None)

    def fault_page(self) -> str:
        """Give the address by which a person enters the sandbox's page of faults."""
        layout = json.loads((self.state / "run" / "layout.json").read_text())
        token = json.loads((self.state / "sandbox" / "keys.json").read_text())["admin_token"]
        return f"http://127.0.0.1:{layout['ports']['alibaba']}/_sandbox/?token={token}"

    def _admin(self, cloud: str, method: str, document: Mapping[str, Any] | None) -> dict[str, Any]:
        layout = json.loads((self.state / "run" / "layout.json").read_text())
        token = json.loads((self.state / "sandbox" / "keys.json").read_text())["admin_token"]
        request = urllib.request.Request(
            f"http://127.0.0.1:{layout['ports'][cloud]}/_sandbox/faults",
            method=method,
            data=None if document is None else json.dumps(document).encode(),
            headers={"X-Sandbox-Token": token, "Content-Type": "application/json"},
        )
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as answer:
            text = answer.read()
        return dict(json.loads(text)) if text else {}

    # ------------------------------------------------------------------------------- processes

    def pid(self, name: str) -> int | None:
        """Give the pid of a line's command, None while it is down."""
        launcher = self._launcher(name)
        return next((pid for pid in descendants(launcher) if parent_of(pid) == launcher), None)

    def kill(self, name: str) -> int:
        """kill -9 the command as soon as it runs; give its pid. The launcher starts it again."""
        waiting.until(lambda: None if self.pid(name) else f"{name} is down", BACK_LIMIT_S)
        pid = self.pid(name)
        assert pid is not None
        send(pid, signal.SIGKILL)
        return pid

    def below(self, name: str) -> list[int]:
        """Give the pids below the command, a worker's pool."""
        pid = self.pid(name)
        return descendants(pid) if pid else []

    def keep_down(self, name: str) -> None:
        """Stop the command until ``let_up``."""
        os.kill(self._launcher(name), signal.SIGUSR1)
        waiting.until(lambda: f"{name} runs" if self.pid(name) else None, BACK_LIMIT_S)

    def let_up(self, name: str) -> None:
        """Start the command that was kept down."""
        os.kill(self._launcher(name), signal.SIGUSR2)
        waiting.until(lambda: None if self.pid(name) else f"{name} is down", BACK_LIMIT_S)

    def wait_for_pages(self) -> None:
        """Wait until web answers."""
        waiting.until(waiting.http_answers(f"{self.web_url}/healthz/"), BACK_LIMIT_S)

    def _launcher(self, name: str) -> int:
        wanted = ["-m", "hosting.launch", name]
        below = descendants(self.process.pid)
        self.seen.update(below)
        for pid in below:
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
                if words[1:4] == wanted:
                    return pid
        raise AssertionError(f"No launcher of {name} runs: {self.log()}")

    def log(self, name: str = "") -> str:
        """Give the end of the demo's own output, or of a line's log."""
        place = self.state / "log" / f"{name}.log" if name else self.state / "demo.log"
        return place.read_text(errors="replace")[-6000:] if place.exists() else "it said nothing"

    # ------------------------------------------------------------------------------- lifetime

    def wait_until_ready(self) -> None:
        """Wait for the files by which others join."""
        waiting.until(self._ready, START_LIMIT_S)
        self.said = json.loads((self.state / "demo.json").read_text())
        lines = (self.state / "demo.env").read_text().splitlines()
        pairs = (line.partition("=") for line in lines if line)
        self.environment = {name: shlex.split(value)[0] for name, _, value in pairs}
        self.seen.update(descendants(self.process.pid))

    def _ready(self) -> str | None:
        assert self.process.poll() is None, self.log()
        ready = all((self.state / name).exists() for name in ("demo.json", "demo.env"))
        return None if ready else f"not ready: {self.log()}"

    def end(self) -> None:
        """Stop everything in good order. Raises AssertionError when something had to be killed."""
        for name, client in self._clients.items():
            if name != "fc":
                client.close()
        if self._database is not None:
            self._database.close()
        self.seen.update(descendants(self.process.pid))
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(END_LIMIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        left = [pid for pid in self.seen if _runs_here(pid, self.state)]
        for pid in left:
            send(pid, signal.SIGKILL)
        assert not left, f"still running after the end: {left}"


def _runs_here(pid: int, state: Path) -> bool:
    """Tell whether a process of this demo still runs; another may have got its number."""
    try:
        zombie = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        own = f"CUTOVER_VAR={state}".encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return False
    return own and not zombie


def _kept() -> dict[str, str]:
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}


@contextlib.contextmanager
def running_stack() -> Iterator[Stack]:
    """Run a whole demo until the block ends; its state folder is removed then.

    It dies with this process, too. Sockets need short paths, so the folder is right under the temporary one.
    """
    state = Path(tempfile.mkdtemp(prefix="cutover-stack-"))
    with (state / "demo.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "hosting.demo"],
            cwd=ROOT,
            env={**_kept(), "CUTOVER_VAR": str(state), "PORT": str(free_port())},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=dying_with_parent(),
        )
    stack = Stack(state, process)
    try:
        stack.wait_until_ready()
        yield stack
    finally:
        try:
            stack.end()
        finally:
            for name in ("postgres", "redis"):
                remove_tree(servers_home(state / name, server_identity()))
            if not os.environ.get("CUTOVER_KEEP_STATE"):
                shutil.rmtree(state, ignore_errors=True)


@contextlib.contextmanager
def short_lived_traffic(stack: Stack, *, linger_s: float, per_second: float = 20) -> Iterator[None]:
    """Put clients that leave AWS after ``linger_s`` in the place of the demo's, which stay for a minute."""
    stack.keep_down("traffic")
    with (stack.state / "log" / "traffic.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "sandbox.traffic"],
            cwd=ROOT,
            env={
                **_kept(),
                "SANDBOX_STATE": str(stack.state / "sandbox"),
                "AWS_ENDPOINT_URL": stack.said["aws"]["endpoint"],
                "SANDBOX_TRAFFIC_LEDGER": str(stack.ledger),
                "SANDBOX_TRAFFIC_LINGER_S": str(linger_s),
                "SANDBOX_TRAFFIC_PER_SECOND": str(per_second),
            },
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            preexec_fn=dying_with_parent(signal.SIGTERM),
        )
    try:
        yield
    finally:
        process.terminate()
        process.wait(60)
