"""Where the kernel gives no namespaces, functions run all the same, with less of their own."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.executor import Executor, HttpRequest, HttpWorkerSpec, WorkerSpec, launcher
from tests.sandbox_fixtures import processes_of

pytestmark = pytest.mark.enable_socket

REFUSING = f"""
import sys
sys.path.insert(0, {str(launcher.NURSERY.parent)!r})
import nursery
def probe(root):
    raise OSError(1, "Operation not permitted")
nursery.probe = probe
nursery.main()
"""


@pytest.fixture
def executor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Executor]:
    (tmp_path / "refusing.py").write_text(REFUSING)
    monkeypatch.setattr(launcher, "NURSERY", tmp_path / "refusing.py")
    made = Executor()
    yield made
    made.close()


def test_it_says_why_and_gives_a_directory_of_its_own(executor: Executor, tmp_path: Path) -> None:
    assert executor.refused == "Operation not permitted"
    code = tmp_path / "code"
    code.mkdir()
    (code / "app.py").write_text(
        "import os, subprocess\n"
        "def handler(event, context):\n"
        "    subprocess.Popen(['sleep', '60'])\n"
        "    return [os.environ['TMPDIR'], os.environ['HOME'], os.getcwd(), os.getpid()]\n"
    )
    spec = WorkerSpec(
        key=("aws", "fn", "1", "d"),
        argv=(sys.executable, "-m", "awslambdaric", "app.handler"),
        env={"PATH": "/usr/bin:/bin", "LAMBDA_TASK_ROOT": str(code), "MARK": str(tmp_path)},
        code=code,
        memory_mb=256,
        timeout_s=5,
        cold_delay_s=0,
        mounts=(("/var/task", code),),
    )
    done = executor.invoke(spec, b"null", headers={"lambda-runtime-deadline-ms": "9999999999999"})
    tmp, home, cwd, pid = json.loads(done.payload)
    assert (home, cwd) == (tmp, str(code))
    assert Path(tmp).is_dir()
    assert pid in processes_of("MARK", str(tmp_path))
    assert len(processes_of("MARK", str(tmp_path))) == 2
    executor.retire("fn")
    assert not processes_of("MARK", str(tmp_path))
    assert not Path(tmp).exists()


def test_the_paths_of_the_cloud_in_a_command_are_found_where_they_are(
    executor: Executor, tmp_path: Path
) -> None:
    code = tmp_path / "web"
    code.mkdir()
    (code / "bootstrap").write_text(
        f"#!{sys.executable}\n"
        "import os\n"
        "from http.server import HTTPServer, SimpleHTTPRequestHandler\n"
        "HTTPServer(('', int(os.environ['FC_SERVER_PORT'])), SimpleHTTPRequestHandler).serve_forever()\n"
    )
    (code / "bootstrap").chmod(0o755)
    spec = HttpWorkerSpec(
        key=("alibaba", "web", "1", "d"),
        argv=("/code/bootstrap",),
        env={"PATH": os.defpath},
        code=code,
        memory_mb=256,
        timeout_s=5,
        cold_delay_s=0,
        mounts=(("/code", code),),
    )
    done = executor.invoke_http(spec, HttpRequest(method="GET", path="/"))
    assert (done.execution.outcome, done.status) == ("ok", 200)
    assert b"bootstrap" in done.execution.payload
