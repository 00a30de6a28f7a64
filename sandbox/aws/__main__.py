"""`python -m sandbox.aws`: the AWS half as a process.

Environment: SANDBOX_STATE (directory), SANDBOX_AWS_PORT, and optionally SANDBOX_COLD_DELAY_MS (150),
SANDBOX_UPDATE_MS (150, how long a function's update stays InProgress), SANDBOX_ASYNC_RETRY_MS (1000),
SANDBOX_SCHEDULE_SPEED (1, how much faster than the world's the clock of rules and schedules runs),
SANDBOX_SEED (makes the draw of alias weights repeat).
Everything is written before it is acknowledged, so a kill loses nothing of it. SIGTERM ends in good order and
so does the end of the parent: log lines and measurements are then kept too.
"""

import ctypes
import logging
import os
import secrets
import signal
import sys
import threading
from pathlib import Path

from sandbox import keys as sandbox_keys
from sandbox.aws import managed_policies, moto_patches
from sandbox.aws.credentials import Credentials
from sandbox.aws.durable.diary import Diary
from sandbox.aws.durable.pickles import dumps, loads
from sandbox.aws.durable.services import Services
from sandbox.aws.durable.store import Store
from sandbox.aws.events.engine import Engine
from sandbox.aws.functions import protocol
from sandbox.aws.functions.invoking import Invoker
from sandbox.aws.functions.model import Account
from sandbox.aws.functions.packages import Packages
from sandbox.aws.functions.storage import Storage
from sandbox.aws.http import control
from sandbox.aws.http.site import Site
from sandbox.aws.logs import LogStore
from sandbox.aws.metrics import MetricStore
from sandbox.aws.server import Front, serve_on
from sandbox.aws.service import LambdaService
from sandbox.aws.signature import verify
from sandbox.executor import Executor
from sandbox.faults import Faults

_PR_SET_PDEATHSIG = 1


def _number(name: str, default: int) -> int:
    text = os.environ.get(name, str(default))
    if not text.isdecimal():
        sys.exit(f"{name} must be a whole number, not {text!r}.")
    return int(text)


def _tie_to_parent() -> None:
    """End in good order when the parent ends, however it does."""
    parent = os.getppid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("The parent process has ended.")


def _remembered(store: Store, place: Path, logs: LogStore, metrics: MetricStore) -> Diary:
    """Put back lines and measurements as the last run left them, however it ended; keep those to come."""
    kept = {name: loads(value) for name, value in store.rows("SELECT name, value FROM own")}
    for name, target in (("logs", logs), ("metrics", metrics)):
        if name in kept:
            target.restore(kept[name])
    diary = Diary(place, int(kept.get("generation", 0)))
    for kind, *entry in diary.entries():
        if kind == "lines":
            logs.append(*entry)
        elif kind == "dropped":
            logs.drop(*entry)
        else:
            metrics.add(*entry)
    logs.note = metrics.note = diary.note
    diary.start()
    return diary


def main() -> None:
    logging.basicConfig(level=logging.WARNING, format="sandbox.aws %(levelname)s %(message)s")
    _tie_to_parent()
    if not (named := os.environ.get("SANDBOX_STATE")):
        sys.exit("SANDBOX_STATE must name the directory in which the sandbox keeps its state.")
    port = _number("SANDBOX_AWS_PORT", 0)
    state = Path(named).resolve()
    drawn = sandbox_keys.ensure(state)
    place = state / "aws"
    place.mkdir(exist_ok=True)
    store = Store(place / "moto.db")
    services = Services(store, drawn.aws.account_id)
    services.install()
    services.load()
    seed = os.environ.get("SANDBOX_SEED")
    logs, metrics, rules, executor = LogStore(), MetricStore(), Faults(place / "faults.json"), Executor()
    packages = Packages(place, drawn.aws.secret_access_key)
    account = Account(
        account_id=drawn.aws.account_id,
        region=drawn.aws.region,
        packages=packages,
        address=f"http://127.0.0.1:{port}",
        update_s=_number("SANDBOX_UPDATE_MS", 150) / 1000,
        seed=int(seed) if seed else None,
        storage=Storage(place / "lambda.db"),
    )
    diary = _remembered(store, place, logs, metrics)
    credentials = Credentials(drawn.aws)
    credentials.ensure_user()
    services.keep("iam", drawn.aws.region)
    moto_patches.install(logs, metrics)
    control.install(account)
    managed_policies.install()
    invoker = Invoker(
        account=account,
        executor=executor,
        rules=rules,
        logs=logs,
        metrics=metrics,
        credentials=credentials,
        cold_delay_s=_number("SANDBOX_COLD_DELAY_MS", 150) / 1000,
    )
    engine = Engine(
        account=account,
        invoker=invoker,
        store=store,
        retry_s=_number("SANDBOX_ASYNC_RETRY_MS", 1000) / 1000,
        schedule_speed=_number("SANDBOX_SCHEDULE_SPEED", 1),
    )
    protocol.warm_up()
    front = Front(
        service=LambdaService(account, invoker),
        credentials=credentials,
        packages=packages,
        rules=rules,
        admin_token=drawn.admin_token,
        site=Site(account, invoker, rules, lambda request: verify(request, credentials.find)),
        nonce=os.environ.get("SANDBOX_NONCE") or secrets.token_hex(8),
        services=services,
    )
    server = serve_on(port, front)
    account.address = f"http://127.0.0.1:{server.server_port}"
    # shutdown() waits for serve_forever, so a signal that arrives in it has to call from another thread.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    engine.start()
    server.serve_forever(poll_interval=0.1)
    front.close()
    engine.close()
    executor.close()
    services.keep_everything()
    diary.close()
    kept = {"logs": logs.state(), "metrics": metrics.state(), "generation": diary.generation + 1}
    put = "INSERT OR REPLACE INTO own VALUES (?, ?)"
    store.write_all([(put, (name, dumps(value))) for name, value in kept.items()])
    store.close()
    os._exit(0)  # threads of open connections would hold the process until their clients leave


if __name__ == "__main__":
    main()
