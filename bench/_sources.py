"""Functions of real sizes to assess: most are small, some are large, a few are bundles."""

from __future__ import annotations

import hashlib
import io
import random
import zipfile

from cutover.ports import FunctionFacts

SIZES = ((0.55, 3), (0.30, 12), (0.12, 45), (0.03, 160))
"""Share of functions, and how many blocks of code each of them has; a block is about 900 bytes."""

_NODE = """
const AWS{n} = require('aws-sdk');
const table{n} = new AWS{n}.DynamoDB.DocumentClient();
const cache{n} = {{}};
async function load{n}(key, options = {{ retries: 3 }}) {{
  if (cache{n}[key]) return cache{n}[key];
  for (let attempt = 0; attempt < options.retries; attempt += 1) {{
    try {{
      const found = await table{n}.get({{ TableName: process.env.TABLE_{n}, Key: {{ id: key }} }}).promise();
      if (found.Item) {{ cache{n}[key] = found.Item; return found.Item; }}
    }} catch (error) {{
      console.error(`Attempt ${{attempt}} on ${{key}} failed`, error.message);
    }}
  }}
  return {{ id: key, missing: true, at: new Date().toISOString(), tags: ['red', 'green', 'blue'] }};
}}
exports.step{n} = (items) => items.filter((one) => one.total > {n}).map((one) => ({{ ...one, step: {n} }}));
"""
_PYTHON = '''
BUCKET_{n} = os.environ.get("BUCKET_{n}", "uploads")
S3_{n} = boto3.client("s3")
SEEN_{n} = dict()


def store_{n}(key, body, attempts=3):
    """Store a body under a key, and remember it."""
    if key in SEEN_{n}:
        return SEEN_{n}[key]
    for attempt in range(attempts):
        try:
            answer = S3_{n}.put_object(Bucket=BUCKET_{n}, Key=key, Body=json.dumps(body))
            SEEN_{n}[key] = answer["ETag"]
            return answer["ETag"]
        except Exception as error:
            logger.warning("Attempt %s on %s failed: %s", attempt, key, error)
    return None


def step_{n}(items):
    return [{{**one, "step": {n}}} for one in items if one.get("total", 0) > {n}]
'''


def generated(number: int) -> list[tuple[FunctionFacts, bytes]]:
    """Give functions with their packages, always the same ones; half Node, half Python."""
    drawn = random.Random(20261122)
    return [_one(place, drawn) for place in range(number)]


def _one(place: int, drawn: random.Random) -> tuple[FunctionFacts, bytes]:
    chance, blocks = drawn.random(), SIZES[-1][1]
    for share, wanted in SIZES:
        if chance < share:
            blocks = wanted
            break
        chance -= share
    node = place % 2 == 0
    names: dict[str, list[str]] = {
        f"lib/part{n}.{'js' if node else 'py'}": [] for n in range(max(1, blocks // 12))
    }
    for n in range(blocks):
        names[list(names)[n % len(names)]].append((_NODE if node else _PYTHON).format(n=n + place))
    texts = {
        name: ("" if node else "import json, os, logging\nimport boto3\nlogger = logging.getLogger()\n")
        + "".join(parts)
        for name, parts in names.items()
    }
    parts = [name.removeprefix("lib/").partition(".")[0] for name in names]
    texts["index.js" if node else "app.py"] = (
        "".join(f"const {part} = require('./lib/{part}');\n" for part in parts)
        + "exports.handler = async (event, context) => ({ id: context.awsRequestId, event });\n"
        if node
        else "".join(f"from lib import {part}\n" for part in parts)
        + "def handler(event, context):\n    return {'id': context.aws_request_id}\n"
    )
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in texts.items():
            archive.writestr(zipfile.ZipInfo(name), text, zipfile.ZIP_DEFLATED)
        for n in range(40):
            vendored = f"node_modules/dep{n}/index.js" if node else f"site-packages/dep{n}/__init__.py"
            archive.writestr(zipfile.ZipInfo(vendored), "x = 1\n" * 200, zipfile.ZIP_DEFLATED)
    package = made.getvalue()
    return _facts(place, package, node=node), package


def _facts(place: int, package: bytes, *, node: bool) -> FunctionFacts:
    return FunctionFacts(
        name=f"generated-{place}",
        arn=f"arn:aws:lambda:us-east-1:123456789012:function:generated-{place}",
        runtime="nodejs20.x" if node else "python3.12",
        handler="index.handler" if node else "app.handler",
        role="arn:aws:iam::123456789012:role/generated",
        memory_mb=512,
        timeout_s=10,
        code_sha256=hashlib.sha256(package).hexdigest(),
        code_size=len(package),
        package_type="Zip",
        architectures=("x86_64",),
        layers=(),
        environment={},
        description="",
        tags={},
        vpc=False,
        dead_letter="",
        reserved_concurrency=None,
        ephemeral_mb=512,
        last_modified="",
        versions=("1",),
        aliases={"live": {"version": "1", "weights": {}}},
        triggers=(),
        managed_by="",
        limits=(),
    )
