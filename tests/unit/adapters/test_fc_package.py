"""The adapter in a package: own files stay, the bytes are the same each time, clashes are told."""

import ast
import io
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from adapters import build
from cutover.effects import Twin, TwinKind, TwinState
from cutover.planning import Adapter, adapter_settings
from cutover.planning.adapter import FILES, HANDLERS, event_kinds
from cutover.translation import Kind, setting_from
from tests.unit.adapters.fc_run import SETTINGS, package, run
from tests.unit.cutover.factories import function

PYTHON_FILES = sorted(Path(build.__file__).parent.glob("[fi]*/python-3.9/**/*.py"))
TRANSLATION_FILES = sorted((Path(build.__file__).parents[1] / "cutover" / "translation").glob("*.py"))


def names(archive: bytes) -> set[str]:
    return set(zipfile.ZipFile(io.BytesIO(archive)).namelist())


@pytest.mark.parametrize("adapter", ["node", "python"])
def test_it_adds_files_and_changes_none(adapter: str) -> None:
    own = package({"index.js": "exports.handler = 1", "lib/data.bin": "\x00"})
    adapted = build.adapted_package(own, adapter, SETTINGS)
    assert adapted == build.adapted_package(own, adapter, SETTINGS)
    before, after = zipfile.ZipFile(io.BytesIO(own)), zipfile.ZipFile(io.BytesIO(adapted))
    for name in before.namelist():
        assert after.read(name) == before.read(name)
    assert len(after.namelist()) - len(before.namelist()) == FILES[Adapter(adapter)]
    assert after.testzip() is None


def test_the_plan_and_the_package_name_the_same_handler() -> None:
    assert {adapter.value: handler for adapter, handler in HANDLERS.items()} == build.FC_HANDLERS
    for adapter, handler in build.FC_HANDLERS.items():
        assert any(name.startswith(handler.split(".")[0] + ".") for name in build.adapter_files(adapter))


@pytest.mark.parametrize(
    ("files", "handler", "module"),
    [
        ({"index.js": ""}, "index.handler", False),
        ({"index.mjs": ""}, "index.handler", True),
        ({"index.js": "", "package.json": '{"type": "module"}'}, "index.handler", True),
        ({"index.js": "", "package.json": "{"}, "index.handler", False),
        ({"src/a.js": "", "package.json": '{"type": "module"}'}, "src/a.handler", True),
        (
            {"src/a.js": "", "src/package.json": "{}", "package.json": '{"type": "module"}'},
            "src/a.handler",
            False,
        ),
    ],
)
def test_it_sees_whether_a_function_is_an_es_module(
    files: dict[str, str], handler: str, module: bool
) -> None:
    found = names(build.adapted_package(package(files), "node", {**SETTINGS, "handler": handler}))
    assert ("cutover-adapter.mjs" in found) is module
    assert ("cutover-adapter.js" in found) is not module


def test_it_refuses_what_is_no_zip_and_what_is_taken() -> None:
    with pytest.raises(build.PackageError, match="no zip"):
        build.adapted_package(b"code", "node", SETTINGS)
    with pytest.raises(build.PackageError, match=r"cutover-adapter\.js already"):
        build.adapted_package(package({"index.js": "", "cutover-adapter.js": ""}), "node", SETTINGS)


def test_it_adds_what_lambda_bundles_on_demand_only() -> None:
    own = package({"index.js": "", "node_modules/a/own.js": "own"})
    bundled = {"node_modules/a/own.js": b"other", "node_modules/aws-sdk/index.js": b"sdk"}
    assert "node_modules/aws-sdk/index.js" not in names(build.adapted_package(own, "node", SETTINGS))
    archive = zipfile.ZipFile(io.BytesIO(build.adapted_package(own, "node", SETTINGS, bundled=bundled)))
    assert archive.read("node_modules/aws-sdk/index.js") == b"sdk"
    assert archive.read("node_modules/a/own.js") == b"own"


def test_each_adapter_has_its_own_digest() -> None:
    assert build.adapter_digest("node") != build.adapter_digest("python")


@pytest.mark.parametrize("path", [*PYTHON_FILES, *TRANSLATION_FILES], ids=lambda path: path.name)
def test_it_needs_the_standard_library_alone_and_python_3_9(path: Path) -> None:
    tree = ast.parse(path.read_text(), feature_version=(3, 9))
    for node in ast.walk(tree):
        modules = []
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            modules = [node.module or ""]
        for module in modules:
            root = module.split(".")[0]
            assert root in sys.stdlib_module_names or root == "cutover_adapter_parts"


def test_its_settings_name_no_value_of_the_environment() -> None:
    facts = function(environment={"SECRET": "0" * 64}, runtime="nodejs20.x", handler="index.handler")
    found = adapter_settings(facts, version="3", fc_region="cn-hangzhou", fc_account="1")
    assert "SECRET" not in json.dumps(found)
    assert found["environment"]["AWS_EXECUTION_ENV"] == "AWS_Lambda_nodejs20.x"
    assert found["function_version"] == "3"


@pytest.mark.parametrize(
    ("trigger", "kinds"),
    [
        ({"kind": "sqs"}, (Kind.SQS,)),
        ({"kind": "eventbridge"}, (Kind.EVENTS,)),
        ({"kind": "schedule"}, (Kind.SCHEDULE,)),
        ({"kind": "scheduler"}, (Kind.SCHEDULER,)),
        ({"kind": "url"}, (Kind.URL,)),
        ({"kind": "apigateway"}, ()),
        ({"kind": "apigateway", "version": "2.0"}, (Kind.API_V2,)),
        ({"kind": "cognito-idp"}, ()),
    ],
)
def test_it_does_not_guess_the_shape_of_a_triggers_events(
    trigger: dict[str, str], kinds: tuple[Kind, ...]
) -> None:
    assert event_kinds(trigger) == kinds


def told(*triggers: dict[str, str]) -> dict[str, Any]:
    return adapter_settings(function(triggers=triggers), version="3", fc_region="cn-hangzhou", fc_account="1")


def test_one_shape_on_fc_stands_for_one_on_aws() -> None:
    both = told({"kind": "sqs"}, {"kind": "sns"})
    assert both["triggers"] == [
        {"here": "sqs", "there": ["mns-queue", "mns-queue-single"]},
        {"here": "sns", "there": ["mns-topic"]},
    ]
    assert both["unclear"] == ["mns-topic-stream, which could be sqs or sns"]
    timers = told({"kind": "schedule"}, {"kind": "scheduler"}, {"kind": "cognito"})
    assert timers["triggers"] == []
    assert timers["unclear"] == ["timer, which could be schedule or scheduler", "events of cognito"]


def test_it_knows_the_route_of_a_single_api_and_the_rule_of_a_single_schedule() -> None:
    api = {"kind": "apigateway", "version": "1.0", "source": "a1 GET /users/{id}"}
    assert told(api)["setting"]["resource"] == "/users/{id}"
    assert "resource" not in told(api, api)["setting"]
    rule = {"kind": "schedule", "source": "arn:aws:events:eu-central-1:1:rule/nightly"}
    assert told(rule)["setting"]["schedule_arn"] == rule["source"]


def stands(kind: TwinKind, primary: str, candidate: str, **more: Any) -> Twin:
    return Twin(name=f"{kind}-{primary[-3:]}", kind=kind, primary=primary, candidate=candidate, **more)


def told_of(*twins: Twin, triggers: tuple[dict[str, str], ...] = ()) -> dict[str, Any]:
    facts = function(triggers=triggers)
    return adapter_settings(facts, version="3", fc_region="cn-hangzhou", fc_account="1", twins=twins)


def test_it_is_told_the_names_of_twins_by_kind() -> None:
    found = told_of(
        stands(TwinKind.BUCKET, "uploads", "uploads-cn"),
        stands(TwinKind.QUEUE, "https://sqs.eu-central-1.amazonaws.com/1/work", "work-cn"),
        stands(TwinKind.TOPIC, "arn:aws:sns:eu-central-1:1:news", "acs:mns:cn-hangzhou:1:/topics/news-cn"),
        stands(TwinKind.TABLE, "public.rows", "public.rows_cn"),
        stands(TwinKind.BUCKET, "one", "one", state=TwinState.SHARED),
    )["setting"]
    assert found["buckets"] == {"uploads": "uploads-cn"}
    assert found["queues"] == {"work": "work-cn"}
    assert found["topics"] == {"news": "news-cn"}
    assert setting_from(found).buckets == {"uploads": "uploads-cn"}


def test_a_name_that_stands_for_two_is_not_told() -> None:
    two = (stands(TwinKind.BUCKET, "aaa", "all"), stands(TwinKind.BUCKET, "bbb", "all"))
    assert "buckets" not in told_of(*two)["setting"]


def test_the_form_of_topics_decides_what_was_open() -> None:
    both = ({"kind": "sqs"}, {"kind": "sns"})
    topic = stands(TwinKind.TOPIC, "arn:aws:sns:eu-central-1:1:news", "news", settings={"format": "stream"})
    queue = stands(TwinKind.QUEUE, "https://sqs.x.amazonaws.com/1/q", "q", settings={"format": "json"})
    found = told_of(topic, queue, triggers=both)
    assert found["unclear"] == []
    assert {one["here"]: one["there"] for one in found["triggers"]} == {
        "sqs": ["mns-queue", "mns-queue-single", "mns-topic"],
        "sns": ["mns-topic-stream"],
    }
    open_still = told_of(topic, stands(TwinKind.TOPIC, "arn:aws:sns:x:1:b", "b"), triggers=both)
    assert open_still["unclear"] == told_of(triggers=both)["unclear"]


@pytest.mark.parametrize("adapter", ["node", "python"])
def test_an_event_of_oss_names_the_bucket_on_aws(adapter: str, tmp_path: Path) -> None:
    found = told_of(stands(TwinKind.BUCKET, "uploads", "uploads-cn"), triggers=({"kind": "s3"},))
    files = {
        "node": {"index.js": "exports.handler = async (e) => e.Records[0].s3.bucket.name;"},
        "python": {"index.py": "def handler(e, c):\n    return e['Records'][0]['s3']['bucket']['name']\n"},
    }[adapter]
    event = {
        "events": [
            {
                "eventSource": "acs:oss",
                "eventName": "ObjectCreated:PutObject",
                "eventTime": "2026-01-01T00:00:00.000Z",
                "oss": {"bucket": {"name": "uploads-cn"}, "object": {"key": "a", "size": 1}},
            }
        ]
    }
    given = {key: found[key] for key in ("triggers", "setting")}
    (answer,) = run(tmp_path, files, [json.dumps(event)], adapter=adapter, **given)
    assert json.loads(answer["answer"]) == "uploads"
