"""A mixed thumbnailer, scaffolded and edited by a reviewer, has the same effects on both clouds."""

import base64
import io
import json
import subprocess
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from alibabacloud_fc20230330 import models as fc

from cutover.scaffold import Scaffold, generate
from tests.sandbox_fixtures import ROOT, RunningAlibaba, RunningAws, running_alibaba, running_aws
from tests.unit.cutover.factories import function as facts

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
HERE = Path(__file__).parent / "scaffold"
KEY = "images/a small picture.img"
ENCODED = "images/a+small+picture.img"


@dataclass(frozen=True, kw_only=True)
class Mixed:
    """A mixed function, where the reviewer's edit is, and what it is tried with."""

    name: str
    source: Path
    runtime: str
    runtime_there: str
    picture: bytes = b""
    thumbnail: bytes = b""
    bundled: tuple[str, ...] = ()


PYTHON = Mixed(
    name="thumbnail-mixed",
    source=ROOT / "sandbox/samples/thumbnail-mixed/aws",
    runtime="python3.12",
    runtime_there="python3.12",
    picture=b"P6 2 2 255\n" + bytes(12),
    thumbnail=b"P6 1 1 255\n" + bytes(3),
)
NODE = Mixed(
    name="thumbnail-v2",
    source=HERE / "thumbnail-v2",
    runtime="nodejs16.x",
    runtime_there="nodejs16",
    picture=b"P2 4 2 9\n1 2 3 4\n5 6 7 8\n",
    thumbnail=b"P2 2 1 9\n1 3\n",
    bundled=("@alicloud/mns",),
)

ALL_CALLS = (
    Mixed(
        name="all-calls-v3",
        source=HERE / "all-calls-v3",
        runtime="nodejs20.x",
        runtime_there="nodejs20",
        bundled=("@alicloud/mns",),
    ),
    Mixed(
        name="all-calls-python",
        source=HERE / "all-calls-python",
        runtime="python3.12",
        runtime_there="python3.12",
    ),
)


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAws]:
    with running_aws(tmp_path_factory.mktemp("aws")) as running:
        yield running


@pytest.fixture(scope="module")
def alibaba(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAlibaba]:
    with running_alibaba(tmp_path_factory.mktemp("alibaba")) as running:
        yield running


def scaffolded(mixed: Mixed) -> tuple[dict[str, bytes], Scaffold]:
    before = {
        path.name.removesuffix(".txt"): path.read_bytes() for path in mixed.source.iterdir() if path.is_file()
    }
    return before, generate(before, facts(runtime=mixed.runtime, handler="index.handler"))


def applied(folder: Path, patch: str) -> None:
    subprocess.run(["git", "apply", "-"], cwd=folder, input=patch.encode(), check=True)


def decoupled(mixed: Mixed, folder: Path) -> tuple[dict[str, bytes], Scaffold]:
    """Give the files after the scaffold's diff and the reviewer's edit, each applied as a patch."""
    before, scaffold = scaffolded(mixed)
    for name, content in before.items():
        (folder / name).write_bytes(content)
    applied(folder, scaffold.diff)
    assert {
        str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()
    } == {name: content.decode() for name, content in before.items()} | dict(scaffold.files)
    applied(folder, (HERE / f"{mixed.name}.patch").read_text())
    files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return files, scaffold


def modules(names: tuple[str, ...]) -> dict[str, bytes]:
    """Give packages of node_modules with all that they stand on."""
    root, found, waiting = ROOT / "node_modules", {}, list(names)
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        for path in (root / name).rglob("*"):
            if path.is_file():
                found[f"node_modules/{path.relative_to(root)}"] = path.read_bytes()
        waiting += json.loads((root / name / "package.json").read_bytes()).get("dependencies", {})
    return found


def zipped(files: Mapping[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name), content)
    return made.getvalue()


def on_aws(
    aws: RunningAws, mixed: Mixed, files: Mapping[str, bytes], handler: str, event: Any = None
) -> tuple[Any, bytes, Any]:
    """Run it on Lambda, for a new picture unless told. Give the answer, the thumbnail and the message."""
    bucket = f"{mixed.name}-pictures"
    s3, sqs, functions = aws.client("s3"), aws.client("sqs"), aws.client("lambda")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key=KEY, Body=mixed.picture)
    queue = sqs.create_queue(QueueName=mixed.name)["QueueUrl"]
    role = aws.client("iam").create_role(RoleName=mixed.name, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    functions.create_function(
        FunctionName=mixed.name,
        Runtime=mixed.runtime,
        Role=role,
        Handler=handler,
        Code={"ZipFile": zipped(files)},
        Timeout=20,
        Environment={"Variables": {"QUEUE": mixed.name, "QUEUE_URL": queue}},
    )
    functions.get_waiter("function_active_v2").wait(
        FunctionName=mixed.name, WaiterConfig={"Delay": 1, "MaxAttempts": 20}
    )
    told = {"Records": [{"s3": {"bucket": {"name": bucket}, "object": {"key": ENCODED}}}]}
    answer = functions.invoke(FunctionName=mixed.name, Payload=json.dumps(event or told).encode())
    payload = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, payload
    key = KEY if event else KEY.replace("images/", "thumbnails/")
    written = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    message = sqs.receive_message(QueueUrl=queue)["Messages"][0]["Body"]
    return payload, written, json.loads(message)


def on_fc(
    alibaba: RunningAlibaba, mixed: Mixed, files: Mapping[str, bytes], handler: str, event: Any = None
) -> tuple[Any, bytes, Any]:
    """Run it on Function Compute. Give the same."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from mns.account import Account
        from mns.queue import QueueMeta
    bucket = alibaba.bucket(f"{mixed.name}-pictures")
    bucket.create_bucket()
    bucket.put_object(KEY, mixed.picture)
    keys = alibaba.keys.alibaba
    queue = Account(alibaba.url, keys.access_key_id, keys.access_key_secret).get_queue(mixed.name)
    queue.set_encoding(False)
    queue.create(QueueMeta())
    given = fc.CreateFunctionInput(
        function_name=mixed.name,
        runtime=mixed.runtime_there,
        handler=handler,
        memory_size=256,
        timeout=20,
        role=f"acs:ram::{keys.account_id}:role/thumbnails",
        environment_variables={
            "OSS_ENDPOINT": alibaba.url,
            "MNS_ENDPOINT": alibaba.url,
            "QUEUE": mixed.name,
            "QUEUE_URL": mixed.name,
        },
        code=fc.InputCodeLocation(
            zip_file=base64.b64encode(zipped({**files, **modules(mixed.bundled)})).decode()
        ),
    )
    alibaba.fc().create_function(fc.CreateFunctionRequest(body=given))
    told = {"bucket": {"name": f"{mixed.name}-pictures"}, "object": {"key": KEY, "size": 1, "eTag": "A"}}
    new = {"events": [{"eventName": "ObjectCreated:PutObject", "eventTime": "2026-11-22", "oss": told}]}
    answer = alibaba.invoke(mixed.name, json.dumps(event or new).encode())
    payload = json.loads(answer.body.read())
    assert "x-fc-error-type" not in answer.headers, payload
    written = bucket.get_object(KEY if event else KEY.replace("images/", "thumbnails/")).read()
    return payload, written, json.loads(queue.receive_message(1).message_body)


@pytest.mark.parametrize("mixed", [PYTHON, NODE], ids=lambda one: one.name)
def test_the_decoupled_form_has_the_same_effects_on_both_clouds(
    aws: RunningAws, alibaba: RunningAlibaba, tmp_path: Path, mixed: Mixed
) -> None:
    files, scaffold = decoupled(mixed, tmp_path)
    there = on_aws(aws, mixed, files, scaffold.handlers["aws"])
    here = on_fc(alibaba, mixed, files, scaffold.handlers["alibaba"])
    assert here == there
    assert there[1] == mixed.thumbnail
    assert there[2]["picture"] == KEY


@pytest.mark.parametrize("mixed", ALL_CALLS, ids=lambda one: one.name)
def test_every_call_of_the_drivers_answers_alike_without_any_edit(
    aws: RunningAws, alibaba: RunningAlibaba, mixed: Mixed
) -> None:
    before, scaffold = scaffolded(mixed)
    files = before | {name: text.encode() for name, text in scaffold.files.items()}
    event = {"bucket": f"{mixed.name}-pictures"}
    there = on_aws(aws, mixed, files, scaffold.handlers["aws"], event)
    here = on_fc(alibaba, mixed, files, scaffold.handlers["alibaba"], event)
    assert here == there
    answer, _, message = there
    assert message == {"said": "a & b"}
    assert answer["read"] == {
        "text": "content of a",
        "type": "text/x-all",
        "size": 12,
        "metadata": {"name": "a"},
    }
    assert answer["listed"] == [["all/a", 12], ["all/b", 12]]
    assert answer["truncated"] == [True, False]
    assert answer["missing"] == "NoSuchKey"
