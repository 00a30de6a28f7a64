"""Each rule on code: what it finds, where, and what it leaves alone."""

from __future__ import annotations

import pytest

from cutover.assessment import read_files
from cutover.assessment.masking import mask
from cutover.assessment.on_code.services import access_of, uses
from tests.unit.cutover.assessment.sources import findings, node, of_rule, python

PLAIN_NODE = "exports.handler = async (event) => ({ statusCode: 200, body: JSON.stringify(event) });\n"
PLAIN_PYTHON = "import json\n\ndef handler(event, context):\n    return json.dumps(event)\n"


def services(files: dict[str, str]) -> set[tuple[str, str, str]]:
    source = read_files({name: text.encode() for name, text in files.items()})
    return {(use.service, use.operation, use.access) for use in uses(source)}


@pytest.mark.parametrize(
    ("files", "fields"),
    [
        ({"index.js": PLAIN_NODE}, {}),
        ({"index.mjs": "export const handler = async (event) => event.name;"}, {}),
        ({"app.py": PLAIN_PYTHON}, {"runtime": "python3.12", "handler": "app.handler"}),
    ],
)
def test_nothing_warns_of_plain_code(files: dict[str, str], fields: dict[str, str]) -> None:
    graver = {one.rule for one in findings(files, **fields) if one.severity != "ok"}
    assert graver == set()


@pytest.mark.parametrize(
    ("text", "severity", "title"),
    [
        ("exports.handler = function (event, context, callback) { callback(null, 1); };", "warn", "callback"),
        ("exports.handler = async (e, c, done) => { done(null, 1); };", "warn", "as well"),
        ("exports.handler = (e, c, cb) => { work(e, cb); };", "warn", "callback"),
        ("exports.handler = (e, c) => { c.succeed(1); };", "warn", "callback"),
        ("exports.handler = (e, context) => { context.succeed(1); };", "warn", "callback"),
        ("exports.handler = async (event) => 1;", "ok", "promise"),
        ("exports.handler = awslambda.streamifyResponse(async (e, s) => s.end());", "blocker", "streams"),
        ("const handler = async () => 1;\nmodule.exports = { handler };", "ok", "promise"),
        ("async function run() {}\nexports.handler = run;", "ok", "promise"),
        ("module.exports.handler = async () => 1;", "ok", "promise"),
        ("exports.handler = middy(async () => 1).use(x());", None, ""),
    ],
)
def test_it_tells_the_form_of_the_handler(text: str, severity: str | None, title: str) -> None:
    found = node(text, "handler-form")
    if severity is None:
        assert found == []
    else:
        assert [one.severity for one in found] == [severity]
        assert title in found[0].title


def test_a_handler_that_no_file_defines_blocks_unless_a_layer_may_bring_it() -> None:
    (found,) = of_rule("handler-file", {"main.js": PLAIN_NODE})
    assert found.severity == "blocker"
    assert "index.handler" in found.title
    layer = ("arn:aws:lambda:us-east-1:1:layer:datadog:1",)
    (found,) = of_rule("handler-file", {"main.js": PLAIN_NODE}, layers=layer)
    assert found.severity == "warn"


def test_an_export_that_is_absent_is_told_only_when_all_exports_can_be_read() -> None:
    (found,) = node("exports.other = async () => 1;", "handler-export")
    assert found.place == "index.js:1"
    assert node("module.exports = make();", "handler-export") == []
    assert node("export * from './other.js';", "handler-export") == []


def test_it_finds_members_of_the_context_that_fc_lacks() -> None:
    text = (
        "exports.handler = async (event, ctx) => {\n"
        "  const left = ctx.getRemainingTimeInMillis();\n"
        "  return ctx.awsRequestId + left;\n"
        "};\n"
    )
    found = node(text, "context")
    assert [(one.place, one.excerpt) for one in found] == [
        ("index.js:2", "const left = ctx.getRemainingTimeInMillis();"),
        ("index.js:3", "return ctx.awsRequestId + left;"),
    ]
    (other,) = python("def handler(event, c):\n    return c.aws_request_id\n", "context")
    assert "context.request_id" in other.title
    (apart,) = node("exports.handler = async (e, { awsRequestId }) => awsRequestId;", "context")
    assert "awsRequestId" in apart.title


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "const AWS = require('aws-sdk');\nconst s3 = new AWS.S3();\n"
            "exports.handler = async () => { await s3.getObject({}).promise(); "
            "await s3.putObject({}).promise(); };",
            {("s3", "getObject", "read"), ("s3", "putObject", "write")},
        ),
        (
            "const { DynamoDB } = require('aws-sdk');\nconst d = new DynamoDB.DocumentClient();\n"
            "exports.handler = async () => d.query({}).promise();",
            {("dynamodb", "query", "read")},
        ),
        (
            "const SQS = require('aws-sdk/clients/sqs');\nclass A { constructor() { this.q = new SQS(); }\n"
            "go() { return this.q.sendMessage({}).promise(); } }",
            {("sqs", "sendMessage", "write")},
        ),
        (
            "import { S3Client, PutObjectCommand } from '@aws-sdk/client-s3';\nconst c = new S3Client({});\n"
            "export const handler = async () => c.send(new PutObjectCommand({}));",
            {("s3", "putObject", "write")},
        ),
        (
            "import { LambdaClient } from '@aws-sdk/client-lambda';\nexport const c = new LambdaClient({});",
            {("lambda", "", "unresolved")},
        ),
        ("const s3 = make();\nexports.handler = async () => s3.getObject({});", set()),
    ],
)
def test_it_resolves_calls_of_both_javascript_sdks(text: str, expected: set[tuple[str, str, str]]) -> None:
    assert services({"index.js": text}) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "import boto3\nS = boto3.client('sqs')\ndef handler(e, c):\n    S.send_message(QueueUrl='q')\n",
            {("sqs", "send_message", "write")},
        ),
        (
            "import boto3\ndb = boto3.resource('dynamodb')\nt = db.Table('x')\n"
            "def handler(e, c):\n    return t.get_item(Key={})\n",
            {("dynamodb", "get_item", "read")},
        ),
        (
            "import boto3\ndef handler(e, c):\n    x = boto3.Session().client('s3')\n"
            "    x.upload_file('a', 'b', 'c')\n",
            {("s3", "upload_file", "write")},
        ),
        (
            "from boto3 import client\ns = client('ssm')\ns.get_parameter(Name='x')\n",
            {("ssm", "get_parameter", "read")},
        ),
    ],
)
def test_it_resolves_calls_of_boto3(text: str, expected: set[tuple[str, str, str]]) -> None:
    assert services({"app.py": text}) == expected


@pytest.mark.parametrize(
    ("operation", "access"),
    [
        ("getObject", "read"),
        ("BatchGetItem", "read"),
        ("batch_write_item", "write"),
        ("receiveMessage", "write"),
        ("frobnicate", "unresolved"),
    ],
)
def test_it_tells_reading_from_writing(operation: str, access: str) -> None:
    assert access_of(operation) == access


def test_it_finds_calls_to_lambda_itself() -> None:
    text = (
        "import boto3\nlam = boto3.client('lambda')\n"
        "def handler(e, c):\n    lam.invoke(FunctionName='next')\n"
    )
    (found,) = python(text, "lambda-call")
    assert found.place == "app.py:4"


def test_it_finds_what_stands_fixed_in_the_code_without_showing_secrets() -> None:
    key = "AKIA" + "ABCDEFGHIJKLMNOP"
    text = (
        "const topic = 'arn:aws:sns:us-east-1:123456789012:alerts';\n"
        "const host = 'db.abc.us-east-1.rds.amazonaws.com';\n"
        f"const accessKeyId = '{key}';\n"
        "const uri = 'mongodb://root:hunter22@db.example.com/x';\n"
        "const password = 'correct-horse-battery';\n"
        "exports.handler = async () => 1;\n"
    )
    found = findings({"index.js": text})
    by_rule = {one.rule: one.place for one in reversed(found)}
    assert by_rule["hard-coded-arn"] == "index.js:1"
    assert by_rule["hard-coded-host"] == "index.js:2"
    assert [one.line for one in found if one.rule == "secret"] == [3, 4, 5]
    shown = " ".join(one.title + one.excerpt + one.why for one in found)
    assert key not in shown
    assert "hunter22" not in shown
    assert "correct-horse" not in shown


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("password: 'hunter2hunter2'", "password: '***'"),
        ('{"apiKey": "abcdef"}', '{"apiKey": "***"}'),
        ("postgres://me:pw123@host/db", "postgres://me:***@host/db"),
        ("const name = 'plain words';", "const name = 'plain words';"),
    ],
)
def test_excerpts_mask_secrets(text: str, kept: str) -> None:
    assert mask(text) == kept


def test_it_finds_global_state_and_not_what_hides_it() -> None:
    text = (
        "const cache = {};\nlet conn;\nconst fixed = {};\n"
        "exports.handler = async (event) => {\n"
        "  cache[event.id] = 1;\n  if (!conn) conn = await connect();\n"
        "  const fixed = {}; fixed.x = 1;\n  return conn;\n};\n"
        "const put = (cache) => { cache.x = 1; };\n"
    )
    assert [(one.title.split()[0], one.line) for one in node(text, "state")] == [
        ("conn", 6),
        ("cache", 5),
    ] or [(one.title.split()[0], one.line) for one in node(text, "state")] == [("cache", 5), ("conn", 6)]
    text = (
        "from functools import lru_cache\nseen = set()\nn = 0\n\n@lru_cache\ndef load():\n    return 1\n\n"
        "def handler(e, c):\n    global n\n    n += 1\n    seen.add(e['id'])\n    own = []\n    "
        "own.append(1)\n"
    )
    assert {one.title.split()[0] for one in python(text, "state")} == {"load", "n", "seen"}


@pytest.mark.parametrize(
    "text",
    [
        "exports.handler = (e, c, callback) => {\n  callback(null, 1);\n  save(e);\n};",
        "exports.handler = async (e, c, callback) => {\n  try { await a(); } catch (x) { callback(x); }\n"
        "  await b();\n};",
        "app.get('/', (req, res) => {\n  res.send('ok');\n  refresh();\n});",
        "exports.handler = async () => {\n  fetch('https://example.com');\n  return 1;\n};",
        "async function save() {}\nexports.handler = async () => {\n  save();\n  return 1;\n};",
        "exports.handler = async () => {\n  setTimeout(() => work(), 1000);\n  return 1;\n};",
        "setInterval(refresh, 60000);\nexports.handler = async () => 1;",
        "exports.handler = async (e) => {\n  e.items.forEach(async (one) => { await put(one); "
        "});\n  return 1;\n};",
    ],
)
def test_it_finds_work_that_goes_on_after_the_answer(text: str) -> None:
    assert node(text, "after-answer")


@pytest.mark.parametrize(
    "text",
    [
        "exports.handler = (e, c, callback) => {\n  if (!e) { callback(1); return; }\n  "
        "callback(null, 2);\n};",
        "exports.handler = (e, c, callback) => {\n  if (e) { callback(1); } else { callback(2); }\n};",
        "exports.handler = async () => {\n  await new Promise((r) => setTimeout(r, 10));\n  return 1;\n};",
        "exports.handler = async (e) => {\n  await Promise.all(e.map(async (x) => put(x)));\n  return 1;\n};",
        "async function save() {}\nexports.handler = async () => {\n  await save();\n};",
    ],
)
def test_it_leaves_work_alone_that_is_waited_for(text: str) -> None:
    assert node(text, "after-answer") == []


def test_it_finds_threads_that_nobody_joins() -> None:
    text = "import threading\ndef handler(e, c):\n    threading.Thread(target=f).start()\n    return 1\n"
    assert [one.line for one in python(text, "after-answer")] == [3]
    joined = (
        "import threading\ndef handler(e, c):\n    t = threading.Thread(target=f)\n"
        "    t.start()\n    t.join()\n"
    )
    assert python(joined, "after-answer") == []


@pytest.mark.parametrize("module", ["express", "serverless-http", "koa", "@fastify/aws-lambda"])
def test_it_finds_http_servers_behind_a_proxy(module: str) -> None:
    text = f"const it = require('{module}');\nexports.handler = make(it);"
    assert [one.place for one in node(text, "http-server")] == ["index.js:1"]


def test_it_finds_apex_up_and_binaries() -> None:
    files: dict[str, str | bytes] = {
        "up.json": '{"name": "api", "proxy": {"command": "./main"}}',
        "main": b"\x7fELF",
    }
    assert "apex up" in of_rule("http-server", files)[0].title
    binary: dict[str, str | bytes] = {"bootstrap": b"\x7fELF"}
    (found,) = of_rule("http-server", binary, runtime="provided.al2023", handler="bootstrap")
    assert "Runtime API" in found.title


def test_it_finds_logic_mixed_with_io_and_not_layered_code() -> None:
    mixed = (
        "const AWS = require('aws-sdk');\nexports.handler = async () => {\n"
        "  const s3 = new AWS.S3();\n  return s3.getObject({}).promise();\n};"
    )
    assert [one.line for one in node(mixed, "mixed-logic")] == [4]
    layered = {
        "index.js": "const d = require('./driver');\nexports.handler = async () => d.read();",
        "driver.js": "const A = require('aws-sdk');\nexports.read = () => new A.S3().getObject({});",
    }
    assert of_rule("mixed-logic", layered) == []
    assert len(of_rule("sdk", layered)) == 1


def test_it_tells_modules_apart_by_why_they_are_absent() -> None:
    files = {
        "index.js": "require('aws-sdk'); require('fs'); require('left-pad'); require('lodash');"
        "require('./own');"
        "\nrequire('jimp'); exports.handler = async () => 1;",
        "package.json": '{"dependencies": {"lodash": "^4"}}',
        "node_modules/jimp/package.json": '{"version": "0.6.1"}',
    }
    assert [one.title for one in of_rule("bundled-by-lambda", files)] == [
        "aws-sdk comes with Lambda's runtime and is not in the package"
    ]
    assert [one.title for one in of_rule("not-installed", files)] == ["lodash is asked for and not installed"]
    assert {one.title for one in of_rule("missing-module", files)} == {
        "./own is missing",
        "left-pad is missing",
    }


def test_python_packages_in_the_root_are_dependencies_and_not_own_code() -> None:
    files = {
        "app.py": "import requests, yaml, boto3, helpers\ndef handler(e, c):\n    return 1\n",
        "helpers.py": "x = 1\n",
        "requests/__init__.py": "cache = {}\ndef f():\n    cache['x'] = 1\n",
        "requests-2.31.0.dist-info/RECORD": "requests/__init__.py,,\n",
        "requests-2.31.0.dist-info/METADATA": "Name: requests\n",
    }
    found = findings(files, runtime="python3.12", handler="app.handler")
    assert {one.rule for one in found if one.severity != "ok"} == {
        "missing-module",
        "bundled-by-lambda",
        "sdk",
    }
    assert [one.title for one in found if one.rule == "missing-module"] == ["yaml is missing"]


def test_it_finds_native_modules_and_what_arm_means_for_them() -> None:
    files: dict[str, str | bytes] = {
        "index.js": PLAIN_NODE,
        "node_modules/sharp/build/sharp.node": b"\x7fELF",
        "node_modules/sharp/package.json": "{}",
    }
    (found,) = of_rule("native", files)
    assert found.title == "sharp has native code"
    (found,) = of_rule("native", files, architectures=("arm64",))
    assert "arm64" in found.title


@pytest.mark.parametrize(
    ("wanted", "installed", "runtime", "number"),
    [
        ("7.9.0", None, "nodejs20.x", 1),
        ("^7.18.2", None, "nodejs8.10", 1),
        ("7.9.0", "8.11.0", "nodejs20.x", 0),
        ("^8.0.0", None, "nodejs20.x", 0),
        (">=7", None, "nodejs20.x", 0),
        ("7.9.0", None, "nodejs12.x", 0),
    ],
)
def test_it_knows_that_an_old_pg_never_connects(
    wanted: str, installed: str | None, runtime: str, number: int
) -> None:
    files = {"index.js": PLAIN_NODE, "package.json": f'{{"dependencies": {{"pg": "{wanted}"}}}}'}
    if installed:
        files["node_modules/pg/package.json"] = f'{{"version": "{installed}"}}'
    found = of_rule("runtime-upgrade", files, runtime=runtime)
    assert len(found) == number
    assert all("never settles" in one.title for one in found)


def test_it_finds_names_that_newer_pythons_removed() -> None:
    text = (
        "import imp\nimport collections\ndef handler(e, c):\n    return isinstance(e, collections.Mapping)\n"
    )
    assert [one.line for one in python(text, "runtime-upgrade", runtime="python3.11")] == [4, 1]
    assert python(text, "runtime-upgrade", runtime="python3.9") == []


def test_it_finds_databases_and_private_addresses() -> None:
    text = (
        "import os, pymongo\nURL = 'mongodb+srv://cluster0-pl-0.abc.mongodb.net'\n"
        "def handler(e, c):\n    return 1\n"
    )
    found = python(text, "database", vpc=True)
    assert [one.line for one in found] == [1, 2]
    assert "PrivateLink" in found[0].why


def test_it_finds_fields_that_translation_loses() -> None:
    text = "def handler(event, c):\n    return [r['messageAttributes'] for r in event['Records']]\n"
    assert python(text, "event-fields") == []
    text = (
        "def handler(event, c):\n    for record in event['Records']:\n"
        "        print(record['messageAttributes'])\n"
    )
    assert [one.line for one in python(text, "event-fields")] == [3]


def test_it_finds_credentials_regions_and_names_that_only_lambda_sets() -> None:
    text = (
        "const a = process.env.AWS_SECRET_ACCESS_KEY, b = process.env.AWS_REGION;\n"
        "const { AWS_LAMBDA_FUNCTION_NAME } = process.env;\n"
        "const c = { region: 'eu-west-1' };\nexports.handler = async () => 1;"
    )
    found = findings({"index.js": text})
    assert [one.line for one in found if one.rule == "credentials"] == [1]
    assert [one.line for one in found if one.rule == "region"] == [1, 3]
    assert [one.line for one in found if one.rule == "platform-names"] == [2]


def test_a_finding_is_the_same_when_lines_move_and_another_when_the_text_changes() -> None:
    text = "exports.handler = async (e, context) => context.awsRequestId;"
    (first,) = node(text, "context")
    (moved,) = node("\n\n" + text, "context")
    (changed,) = node(text.replace("async", "async  /* x */"), "context")
    assert first.identity == moved.identity
    assert first.line != moved.line
    assert first.identity != changed.identity


def test_what_other_functions_of_the_package_do_is_not_told_of_this_one() -> None:
    files = {
        "get.js": "const d = require('./lib/db');\nexports.handler = async () => d.read();",
        "put.js": "const A = require('aws-sdk');\nconst s = new A.S3();\n"
        "exports.handler = async () => s.putObject({}).promise();",
        "lib/db.js": "const A = require('aws-sdk');\nconst s = new A.S3();\n"
        "exports.read = () => s.getObject({}).promise();",
    }
    found = findings(files, handler="get.handler")
    assert [one.title for one in found if one.rule.startswith("sdk")] == ["s3: reads (getObject)"]
    assert [one.title for one in found if one.rule == "reach"] == [
        "1 of 3 files of code are not loaded by the handler"
    ]
    computed = {**files, "get.js": files["get.js"] + "\nrequire(name);"}
    assert of_rule("sdk-write", computed, handler="get.handler")


def test_python_files_are_reached_by_absolute_and_relative_imports() -> None:
    files = {
        "pkg/__init__.py": "",
        "pkg/app.py": "from . import near\nfrom pkg.far import work\ndef handler(e, c):\n    return 1\n",
        "pkg/near.py": "import boto3\nboto3.client('sqs').send_message()\n",
        "pkg/far.py": "import boto3\nS = boto3.client('sns')\nS.publish()\n",
        "pkg/other.py": "import boto3\nS = boto3.client('s3')\nS.put_object()\n",
    }
    found = of_rule("sdk-write", files, runtime="python3.12", handler="pkg.app.handler")
    assert [one.title.partition(":")[0] for one in found] == ["sns", "sqs"]


def test_a_call_that_is_named_like_a_change_is_none() -> None:
    text = "const table = connect();\nexports.handler = async (e) => table.delete(e.id);"
    assert node(text, "state") == []
    assert python("q = client()\ndef handler(e, c):\n    return q.update(e)\n", "state") == []
