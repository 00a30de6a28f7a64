"""The Node.js adapter in real processes: every style of handler answers as on Lambda."""

import json
from pathlib import Path
from typing import Any

import pytest

from adapters import build
from cutover.translation import Kind, answer_to_fc, setting_from, to_aws
from tests.unit.adapters.fc_run import NODE, run
from tests.unit.cutover.translation import events as sample

HANDLERS = {
    "callback": "(event, context, callback) => callback(null, { name: event.name })",
    "promise": "(event) => Promise.resolve({ name: event.name })",
    "async": "async (event) => ({ name: event.name })",
    "done": "(event, context) => context.done(null, { name: event.name })",
    "succeed": "(event, context) => setTimeout(() => context.succeed({ name: event.name }), 5)",
    "late": """(event, context, callback) => {
        const answer = { name: '' };
        setTimeout(() => { answer.name = event.name; }, 30);
        callback(null, answer); }""",
    "impatient": """(event, context, callback) => {
        context.callbackWaitsForEmptyEventLoop = false;
        setTimeout(() => undefined, 2000);
        callback(null, { name: event.name }); }""",
    "mixed": "async (event, context, callback) => { callback(null, { name: event.name }); return 'later'; }",
}
ODD = {
    "undefined": ("async () => undefined", "null"),
    "nothing": ("() => undefined", "null"),
    "never": ("() => { setTimeout(() => undefined, 20); }", "null"),
    "string": ("async () => 'hello'", '"hello"'),
    "function": ("async () => () => 1", "null"),
}
FAILING = {
    "throws": ("async () => { throw new RangeError('too far'); }", "RangeError", "too far"),
    "sync": ("() => { throw new TypeError('no'); }", "TypeError", "no"),
    "called": ("(e, c, callback) => callback(new Error('told'))", "Error", "told"),
    "text": ("(e, c, callback) => callback('a text')", "string", "a text"),
    "failed": ("(e, c) => c.fail(new SyntaxError('x'))", "SyntaxError", "x"),
    "circle": ("async () => { const a = {}; a.a = a; return a; }", "TypeError", None),
}


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Run every handler above in one process each, all behind one dispatcher."""
    table = {name: code for group in (ODD, FAILING) for name, (code, *_) in group.items()} | HANDLERS
    code = "".join(f"handlers[{json.dumps(name)}] = {text};\n" for name, text in table.items())
    source = f"const handlers = {{}};\n{code}exports.handler = (e, c, cb) => handlers[e.run](e, c, cb);\n"
    calls = [json.dumps({"run": name, "name": "Ada"}) for name in table]
    found = run(tmp_path_factory.mktemp("styles"), {"index.js": source}, calls)
    return dict(zip(table, found, strict=True))


@pytest.mark.parametrize("style", HANDLERS)
def test_it_gives_the_same_answer_in_every_style(answers: dict[str, Any], style: str) -> None:
    assert answers[style] == {"answer": '{"name":"Ada"}'}


@pytest.mark.parametrize("case", ODD)
def test_it_answers_what_lambda_makes_of_odd_answers(answers: dict[str, Any], case: str) -> None:
    assert answers[case] == {"answer": ODD[case][1]}


@pytest.mark.parametrize("case", FAILING)
def test_it_passes_errors_on_with_name_and_message(answers: dict[str, Any], case: str) -> None:
    _, name, message = FAILING[case]
    assert answers[case]["name"] == name
    if message is not None:
        assert answers[case]["message"] == message


def test_a_promise_that_never_settles_is_null_before_the_timeout(tmp_path: Path) -> None:
    source = """setInterval(() => undefined, 1000);  // as FC's server, it keeps the event loop busy
    exports.handler = (event) => new Promise((keep) => event.late && setTimeout(keep, 900, 'late'));"""
    calls = [json.dumps({"late": True}), json.dumps({})]
    found = run(tmp_path, {"index.js": source}, calls, timeout_s=1)
    assert found == [{"answer": '"late"'}, {"answer": "null"}]


def test_it_gives_context_and_environment_as_lambda_does(tmp_path: Path) -> None:
    source = """const region = process.env.AWS_REGION;
    exports.handler = async (e, c) => ({ region, kept: process.env.KEPT, root: process.env.LAMBDA_TASK_ROOT,
      id: c.awsRequestId, name: c.functionName, version: c.functionVersion, arn: c.invokedFunctionArn,
      memory: c.memoryLimitInMB, left: c.getRemainingTimeInMillis() > 2000, group: c.logGroupName,
      stream: /^\\d{4}\\/\\d\\d\\/\\d\\d\\/\\[3\\][0-9a-f]{32}$/.test(c.logStreamName),
      waits: c.callbackWaitsForEmptyEventLoop,
      keys: 'identity' in c && 'clientContext' in c });"""
    [found] = run(tmp_path, {"index.js": source}, ["{}"])
    assert json.loads(found["answer"]) == {
        "region": "eu-central-1",
        "kept": "yes",
        "root": str(tmp_path),
        "id": "r-1",
        "name": "greet",
        "version": "3",
        "arn": "arn:aws:lambda:eu-central-1:123456789012:function:greet",
        "memory": "128",
        "left": True,
        "group": "/aws/lambda/greet",
        "stream": True,
        "waits": True,
        "keys": True,
    }


@pytest.mark.parametrize(
    ("files", "handler"),
    [
        ({"index.mjs": "export const handler = async (e) => e;"}, "index.handler"),
        (
            {"src/a.js": "export const handler = async (e) => e;", "package.json": '{"type":"module"}'},
            "src/a.handler",
        ),
        ({"index.js": "exports.api = { run: async (e) => e };"}, "index.api.run"),
    ],
)
def test_it_loads_modules_of_both_kinds(tmp_path: Path, files: dict[str, str], handler: str) -> None:
    assert run(tmp_path, files, ['{"n":1}'], handler=handler) == [{"answer": '{"n":1}'}]


@pytest.mark.parametrize(
    ("files", "handler", "name"),
    [
        ({"index.js": "throw new RangeError('while loading')"}, "index.handler", "RangeError"),
        ({"index.js": "exports.other = 1"}, "index.handler", "Runtime.HandlerNotFound"),
        ({"other.js": ""}, "index.handler", "Runtime.ImportModuleError"),
        ({"index.mjs": "throw new RangeError('x')"}, "index.handler", "RangeError"),
    ],
)
def test_it_fails_while_loading_and_not_later(
    tmp_path: Path, files: dict[str, str], handler: str, name: str
) -> None:
    [found] = run(tmp_path, files, ["{}"], handler=handler)
    assert found["init"] == name


SETTING = {
    "aws_region": "eu-central-1",
    "aws_account": "220420460675",
    "fc_region": "cn-hangzhou",
    "fc_account": "5939306421830868",
    "buckets": {"photos": "photos-twin"},
    "queues": {"orders": "orders-twin"},
    "topics": {"news": "news-twin"},
    "schedule_arn": "arn:aws:events:eu-central-1:220420460675:rule/nightly",
    "stage": "prod",
    "resource": "/users/{id}",
}
MESSAGES: list[Any] = [sample.MNS_MESSAGE, json.dumps(sample.MNS_MESSAGE)]
TRANSLATED: list[tuple[Kind, Kind, Any]] = [
    (Kind.OSS, Kind.S3, sample.OSS),
    (Kind.MNS_QUEUE, Kind.SQS, MESSAGES),
    (Kind.MNS_QUEUE_SINGLE, Kind.SQS, {**sample.MNS_MESSAGE, "time": "2021-04-08T06:28:17+08:00"}),
    (Kind.MNS_TOPIC, Kind.SQS, sample.MNS_TOPIC),
    (Kind.MNS_TOPIC, Kind.SNS, sample.MNS_TOPIC),
    (Kind.MNS_TOPIC_STREAM, Kind.SNS, {"body": "é", "attrs": {"Extend": '{"k":"v","Message":"x"}'}}),
    (Kind.TIMER, Kind.SCHEDULE, sample.TIMER),
    (Kind.TIMER, Kind.SCHEDULER, {**sample.TIMER, "payload": "p"}),
    (Kind.EVENTBRIDGE, Kind.EVENTS, {**sample.CLOUD_EVENT, "data": {"n": 1}}),
    *((Kind.HTTP, kind, sample.HTTP) for kind in (Kind.API_V1, Kind.API_V2, Kind.URL, Kind.ALB)),
]


def test_it_translates_events_as_the_python_translation_does(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    for name, content in build.adapter_files("node").items():
        (tmp_path / "parts" / Path(name).name).write_bytes(content)
    script = """const t = require('./parts/translation.js');
    const [cases, setting] = JSON.parse(require('fs').readFileSync(0, 'utf8'));
    const out = cases.map(([kind, here, event]) => {
      const found = t.kindFor(event, [{ here, there: [kind] }]);
      return found && t.toAws(event, found, setting); });
    process.stdout.write(JSON.stringify(out));"""
    found = node(
        tmp_path, script, [[[kind.value, here.value, event] for kind, here, event in TRANSLATED], SETTING]
    )
    setting = setting_from(SETTING)
    expected = [to_aws(event, kind, setting, here=here).event for kind, here, event in TRANSLATED]
    for one, other, case in zip(found, expected, TRANSLATED, strict=True):
        assert one == other, case[:2]


ANSWERS: list[Any] = [
    {"statusCode": 200, "body": "x", "headers": {"A": 1, "b": True}},
    {"statusCode": "201", "multiValueHeaders": {"a": ["1", "2"]}, "headers": {"A": "0"}},
    {"statusCode": 200, "cookies": ["a=1", "b=2"], "body": None, "isBase64Encoded": True},
    {"hello": "world"},
    "text",
    None,
    {"statusCode": 999},
    {"statusCode": 200, "headers": {"a": {}}},
    {"statusCode": 200, "headers": []},
]


def test_it_translates_answers_as_the_python_translation_does(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    for name, content in build.adapter_files("node").items():
        (tmp_path / "parts" / Path(name).name).write_bytes(content)
    script = """const t = require('./parts/translation.js');
    const cases = JSON.parse(require('fs').readFileSync(0, 'utf8'));
    process.stdout.write(JSON.stringify(cases.map(([given, here]) => t.answerToFc(given, here))));"""
    cases = [(given, kind) for given in ANSWERS for kind in (Kind.API_V1, Kind.API_V2, Kind.URL, Kind.ALB)]
    found = node(tmp_path, script, [[given, kind.value] for given, kind in cases])
    assert found == [answer_to_fc(given, kind=kind).event for given, kind in cases]


def test_it_leaves_events_of_aws_and_unknown_ones_alone(tmp_path: Path) -> None:
    triggers = [{"here": "sqs", "there": ["mns-queue"]}, {"here": "api-v1", "there": ["http"]}]
    calls = [json.dumps(event) for event in (sample.SQS, sample.API_V1, {"any": 1}, sample.OSS)]
    found = run(tmp_path, {"index.js": "exports.handler = async (e) => e"}, calls, triggers=triggers)
    assert [json.loads(one["answer"]) for one in found] == [
        sample.SQS | {},
        sample.API_V1,
        {"any": 1},
        sample.OSS,
    ]


def test_it_refuses_an_event_that_is_no_json(tmp_path: Path) -> None:
    [found] = run(tmp_path, {"index.js": "exports.handler = async (e) => e"}, ["{"])
    assert found["name"] == "Runtime.InvalidRequestContent"


def node(place: Path, script: str, given: Any) -> Any:
    import subprocess

    ended = subprocess.run(
        [NODE, "-e", script],
        cwd=place,
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)
