"""Revisions, updates and published versions on the AWS half."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.contract.sandbox_aws.support import (
    TRUST,
    VERSION,
    Make,
    refused,
    settled,
    zipped,
)
from tests.sandbox_fixtures import running_aws

pytestmark = pytest.mark.enable_socket


def test_it_refuses_a_stale_revision_on_every_write(lambda_: Any, make: Make) -> None:
    name = make()
    stale = {"FunctionName": name, "RevisionId": "00000000-0000-0000-0000-000000000000"}
    package = zipped({"app.py": VERSION})
    lambda_.publish_version(FunctionName=name)
    lambda_.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    for call in (
        lambda: lambda_.update_function_code(**stale, ZipFile=package),
        lambda: lambda_.update_function_configuration(**stale, MemorySize=256),
        lambda: lambda_.publish_version(**stale),
        lambda: lambda_.update_alias(**stale, Name="live", FunctionVersion="1"),
    ):
        assert refused(call)[:2] == ("PreconditionFailedException", 412)
    assert settled(lambda_, name)["MemorySize"] == 128


def test_it_gives_a_new_revision_at_each_write_and_once_more_on_completion(lambda_: Any, make: Make) -> None:
    name = make()
    before = settled(lambda_, name)["RevisionId"]
    during = lambda_.update_function_configuration(FunctionName=name, MemorySize=256, RevisionId=before)
    assert during["LastUpdateStatus"] == "InProgress"
    assert during["RevisionId"] != before
    after = settled(lambda_, name)["RevisionId"]
    assert after not in (before, during["RevisionId"])
    chained = lambda: lambda_.publish_version(FunctionName=name, RevisionId=during["RevisionId"])  # noqa: E731
    assert refused(chained)[1] == 412
    assert lambda_.publish_version(FunctionName=name, RevisionId=after)["Version"] == "1"


def test_it_refuses_changes_while_an_update_is_in_progress(lambda_: Any, make: Make) -> None:
    name = make()
    lambda_.update_function_configuration(FunctionName=name, MemorySize=256)
    for call in (
        lambda: lambda_.update_function_configuration(FunctionName=name, MemorySize=512),
        lambda: lambda_.publish_version(FunctionName=name),
    ):
        assert refused(call)[:2] == ("ResourceConflictException", 409)
    assert settled(lambda_, name)["MemorySize"] == 256


def test_it_runs_the_previous_configuration_until_an_update_completes(tmp_path: Path) -> None:
    with running_aws(tmp_path, SANDBOX_UPDATE_MS="1500") as slow:
        lambda_, iam = slow.client("lambda"), slow.client("iam")
        role = iam.create_role(RoleName="runs", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
        code = {"ZipFile": zipped({"app.py": "def handler(e, c): return 1\ndef other(e, c): return 2"})}
        lambda_.create_function(
            FunctionName="fn", Runtime="python3.11", Role=role, Handler="app.handler", Code=code
        )
        assert refused(lambda: lambda_.invoke(FunctionName="fn"))[:2] == ("ResourceConflictException", 409)
        settled(lambda_, "fn")
        lambda_.update_function_configuration(FunctionName="fn", Handler="app.other")
        assert lambda_.invoke(FunctionName="fn")["Payload"].read() == b"1"
        settled(lambda_, "fn")
        assert lambda_.invoke(FunctionName="fn")["Payload"].read() == b"2"


def test_it_publishes_nothing_when_nothing_changed(lambda_: Any, make: Make) -> None:
    name = make()
    numbers = [lambda_.publish_version(FunctionName=name)["Version"] for _ in range(2)]
    assert numbers == ["1", "1"]
    sha = settled(lambda_, name)["CodeSha256"]
    assert lambda_.publish_version(FunctionName=name, CodeSha256=sha)["Version"] == "1"
    wrong = lambda: lambda_.publish_version(FunctionName=name, CodeSha256="other")  # noqa: E731
    assert refused(wrong)[:2] == ("InvalidParameterValueException", 400)


def test_it_keeps_published_versions_as_they_were(lambda_: Any, make: Make) -> None:
    name = make(Environment={"Variables": {"AA": "1"}})
    lambda_.publish_version(FunctionName=name)
    lambda_.update_function_configuration(FunctionName=name, MemorySize=256, Environment={"Variables": {}})
    settled(lambda_, name)
    lambda_.update_function_code(
        FunctionName=name, ZipFile=zipped({"app.py": "def handler(e, c): return 'new'"})
    )
    settled(lambda_, name)
    first = lambda_.get_function_configuration(FunctionName=name, Qualifier="1")
    assert (first["MemorySize"], first["Environment"]["Variables"]) == (128, {"AA": "1"})
    old = json.loads(lambda_.invoke(FunctionName=name, Qualifier="1")["Payload"].read())
    assert old["version"] == "1"
    assert lambda_.invoke(FunctionName=name)["Payload"].read() == b'"new"'


def test_it_keeps_published_versions_warm_through_an_update_of_latest(lambda_: Any, make: Make) -> None:
    name = make("import os\ndef handler(e, c): return os.getpid()")
    lambda_.publish_version(FunctionName=name)

    def ask() -> str:
        return str(lambda_.invoke(FunctionName=name, Qualifier="1")["Payload"].read())

    before = ask()
    lambda_.update_function_configuration(FunctionName=name, MemorySize=256)
    settled(lambda_, name)
    assert ask() == before


def test_it_keeps_what_an_update_does_not_name(lambda_: Any, make: Make) -> None:
    name = make(Environment={"Variables": {"AA": "1"}}, Timeout=7, Description="said")
    lambda_.update_function_configuration(FunctionName=name, Handler="other.handler")
    found = settled(lambda_, name)
    assert (found["Timeout"], found["Environment"]["Variables"], found["Description"]) == (
        7,
        {"AA": "1"},
        "said",
    )
    assert found["Handler"] == "other.handler"
