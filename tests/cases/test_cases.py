"""The runner of recorded functions, on functions of our own of the same shapes."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from cutover.observation import LogLine
from tests.cases.building import sdk_v2_is_wanted
from tests.cases.checkouts import Checkouts, Missing
from tests.cases.likeness import Seen, differences, seen
from tests.cases.recorded import read_cases
from tests.cases.running import Result, run_all
from tests.unit.cutover.factories import failed, observation

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
GREETING = """
exports.handler = (event, context, callback) => {
  console.log(`Asked for ${JSON.stringify(event)}`);
  console.log(process.version);
  if (!event.name) return callback(new RangeError('nobody to greet'));
  return callback(null, { greeting: `hello ${event.name}` });
};
"""
STORING = """
const AWS = require('aws-sdk');
exports.handler = async (event, context, callback) => {
  const s3 = new AWS.S3();
  const found = await s3.getObject({ Bucket: process.env.bucketName, Key: event.key }).promise();
  console.log(`Read ${found.ContentLength} bytes.`);
  const Key = `copy_${Date.now()}.txt`;
  await s3.putObject({ Bucket: process.env.bucketName, Key, Body: found.Body }).promise();
  const sent = await new AWS.SQS().sendMessage(
    { QueueUrl: process.env.queueUrl, MessageBody: 'written', DelaySeconds: 10 }).promise();
  console.error(`Sent ${sent.MessageId}`);
  callback(null);
};
"""
READING = """
import logging
logger = logging.getLogger()
logger.setLevel(logging.DEBUG)
logger.debug("written while the code is loaded")
def handler(event, context):
    for record in event["Records"]:
        logger.info("body %s", record["body"])
        logger.warning("for %s", record["messageAttributes"]["kind"]["stringValue"])
    print("all read")
"""
MESSAGE = {
    "messageId": "00000000-cd46-47a8-819d-f97bc9c2abce",
    "receiptHandle": "AQEB",
    "body": "x",
    "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1554088217716"},
    "messageAttributes": {"kind": {"stringValue": "test", "dataType": "String"}},
    "md5OfBody": "9dd4e461268c8034f5c8564e155c67a6",
    "eventSource": "aws:sqs",
    "eventSourceARN": "arn:aws:sqs:ap-south-1:123456789012:queue",
    "awsRegion": "ap-south-1",
}
UNSTABLE = {"result": True, "logs": False, "side_effects": False}
CASES: dict[str, dict[str, Any]] = {
    "greeting": {
        "path": "greeting",
        "handler": "index.handler",
        "language": "node",
        "run_here_with": "Node 20.1.0",
        "covers": "pure, callback",
        "events": [{"name": "Zoë"}, {}],
        "observed": [
            {
                "result": {"greeting": "hello Zoë"},
                "logs": ['INFO\tAsked for {"name":"Zoë"}', "INFO\tv20.1.0"],
            },
            {
                "error": {"errorType": "RangeError", "errorMessage": "nobody to greet"},
                "logs": ["INFO\tAsked for {}", "INFO\tv20.1.0"],
            },
        ],
    },
    "storing": {
        "path": "storing/src",
        "handler": "index.handler",
        "language": "node",
        "run_here_with": "Node 20.1.0",
        "covers": "aws-sdk v2 S3, async+callback",
        "env": {"bucketName": "cases-own", "queueUrl": "http://127.0.0.1:5577/123456789012/cases-own"},
        "emulator_setup": "sqs:cases-own;s3:cases-own/in.txt=content",
        "events": [{"key": "in.txt"}],
        "observed": [
            {
                "result": None,
                "logs": ["INFO\tRead 9 bytes.", "ERROR\tSent 4f15ba97-d9bf-4ef1-aaec-116656ad2c86"],
            }
        ],
        "side_effects": {
            "sqs:cases-own": 1,
            "s3:cases-own": ["copy_1795323042092.txt (7 B)", "in.txt (7 B)"],
        },
        "stable_across_two_runs": UNSTABLE,
    },
    "reading": {
        "path": "reading",
        "handler": "worker.handler",
        "language": "py",
        "run_here_with": "Python 3.11.7",
        "covers": "uses messageAttributes",
        "events": [{"Records": [MESSAGE]}, {"Records": [{**MESSAGE, "messageAttributes": {}}]}],
        "observed": [
            {"result": None, "logs": ["[INFO]\tbody x", "[WARNING]\tfor test", "all read"]},
            {"error": {"errorType": "KeyError", "errorMessage": "'kind'"}, "logs": ["[INFO]\tbody x"]},
        ],
    },
    "elsewhere": {
        "repo": "nobody/nothing",
        "path": "x",
        "handler": "index.handler",
        "language": "node",
        "events": [{}],
        "observed": [{"result": None, "logs": []}],
    },
}
SOURCES = {
    "greeting/index.js": GREETING,
    "storing/src/index.js": STORING,
    "reading/worker.py": READING,
}


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Give a folder of cases and one of checkouts, of which one is a git repository."""
    root = tmp_path_factory.mktemp("recorded")
    cases, repos = root / "cases", root / "repos"
    cases.mkdir()
    for name, source in SOURCES.items():
        for repository in ("own+plain", "own/tracked"):
            place = repos / repository / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(source)
    commit = _committed(repos / "own" / "tracked")
    for repository in ("own+plain", "own/tracked"):
        (repos / repository / "greeting" / "index.js").write_text(GREETING + "// not committed\n")
    for name, case in CASES.items():
        given = {"id": name, "repo": "own/tracked", "commit": commit, **case}
        (cases / f"{name}.json").write_text(json.dumps(given))
    return cases, repos


def _committed(folder: Path) -> str:
    who = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    for arguments in (("init", "-q"), ("add", "."), (*who, "commit", "-q", "-m", "Begin")):
        subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)
    said = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=folder, check=True, capture_output=True, text=True
    )
    return said.stdout.strip()


@pytest.fixture(scope="module")
def results(places: tuple[Path, Path]) -> dict[str, Result]:
    cases, repos = places
    return {one.id: one for one in run_all(read_cases(cases), Checkouts(folder=repos))}


@pytest.mark.parametrize("name", ["greeting", "storing", "reading"])
def test_a_recorded_function_does_the_same_on_both_halves(results: dict[str, Result], name: str) -> None:
    found = results[name]
    assert found.same, found
    assert not found.skipped
    assert found.score is not None
    assert found.blockers == ()


def test_the_assessment_is_held_against_what_the_recording_names(results: dict[str, Result]) -> None:
    rules = {str(one["rule"]) for one in results["storing"].findings if one["severity"] != "ok"}
    assert {"handler-form", "bundled-by-lambda", "sdk-write"} <= rules
    assert "event-fields" in {one["rule"] for one in results["reading"].findings}


def test_a_case_whose_repository_is_not_there_is_skipped_with_the_reason(results: dict[str, Result]) -> None:
    assert results["elsewhere"].skipped == "there is no checkout of nobody/nothing"
    assert results["elsewhere"].same


def test_it_reads_the_commit_and_not_the_work_tree(places: tuple[Path, Path]) -> None:
    cases, repos = places
    checkouts = Checkouts(folder=repos)
    commit = read_cases(cases)[0].commit
    assert checkouts.files("own/tracked", commit, "greeting") == {"index.js": GREETING.encode()}
    assert checkouts.files("own/plain", commit, "greeting")["index.js"].endswith(b"not committed\n")
    with pytest.raises(Missing, match="has no nothing here"):
        checkouts.files("own/tracked", commit, "nothing")


def test_another_answer_error_or_line_is_told(places: tuple[Path, Path]) -> None:
    greeting = next(one for one in read_cases(places[0]) if one.id == "greeting")
    right, wrong = greeting.observed
    logs = (("INFO", 'Asked for {"name":"Zoë"}'), ("INFO", "v20.18.0"))
    assert differences(greeting, right, Seen(result={"greeting": "hello Zoë"}, logs=logs)) == []
    assert "answered" in differences(greeting, right, Seen(result={"greeting": "hello"}, logs=logs))[0]
    assert "log line 2" in differences(greeting, right, Seen(result=right["result"], logs=(logs[0],) * 2))[0]
    assert "fewer than" in differences(greeting, right, Seen(result=right["result"], logs=logs[:1]))[0]
    assert "failed with" in differences(greeting, wrong, Seen(error=("TypeError", "nobody to greet")))[0]
    assert "RangeError was recorded" in differences(greeting, wrong, Seen(result=None))[0]


def test_what_the_runtime_says_about_an_error_is_not_the_functions() -> None:
    said = (LogLine(text="asked", level="INFO"), LogLine(text="Invoke Error \t{}", level="ERROR"))
    assert seen(failed(), said).logs == (("INFO", "asked"),)
    assert seen(observation({}), said).logs == (("INFO", "asked"), ("ERROR", "Invoke Error \t{}"))


def test_aws_sdk_2_is_wanted_where_code_uses_it_and_brings_none(places: tuple[Path, Path]) -> None:
    case = next(one for one in read_cases(places[0]) if one.id == "storing")
    code = {"index.js": STORING.encode()}
    assert sdk_v2_is_wanted(case, code)
    own = json.dumps({"dependencies": {"aws-sdk": "2.0.0"}}).encode()
    assert not sdk_v2_is_wanted(case, {**code, "package.json": own})
    assert not sdk_v2_is_wanted(case, {"index.js": GREETING.encode()})
