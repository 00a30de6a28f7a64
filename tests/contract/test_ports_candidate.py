"""One suite for every port of the candidate cloud: the simulated FC, and the SDKs against the sandbox."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cutover.errors import AlreadyExists, Invalid, NotFound
from cutover.observation import Outcome, Side
from cutover.planning import Form, mark
from tests.contract import ports
from tests.contract.ports import Candidate

pytestmark = pytest.mark.enable_socket


@pytest.fixture(scope="module", params=["simulated", "alibaba"])
def candidate(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Candidate]:
    with ports.candidate(request.param, tmp_path_factory.mktemp("state")) as given:
        yield given


def deployed(candidate: Candidate, *, marker: str = "marker") -> str:
    """Give the name of a function with version 1 behind ``live``."""
    name = ports.fresh()
    candidate.cloud.deployer.create(candidate.specify(name))
    receipt = candidate.cloud.deployer.publish_version(name, marker=marker)
    candidate.cloud.deployer.point_alias(name, "live", version=receipt.outcome["version"])
    return name


def test_it_says_who_the_credentials_are(candidate: Candidate) -> None:
    assert candidate.cloud.session.identity().account_id == candidate.cloud.account_id


def test_it_finds_no_permission_missing_for_one_who_may_do_all(candidate: Candidate) -> None:
    assert list(candidate.cloud.session.permission_gaps()) == []


def test_it_ensures_bucket_and_log_store_as_often_as_asked(candidate: Candidate) -> None:
    bucket, project = ports.fresh("cutover"), ports.fresh("cutover")

    candidate.cloud.packages.ensure_bucket(bucket)
    candidate.cloud.packages.ensure_bucket(bucket)
    candidate.cloud.deployer.ensure_logs(project, "functions")
    again = candidate.cloud.deployer.ensure_logs(project, "functions")

    assert again.outcome["created"] == []


def test_it_stores_and_deletes_a_package(candidate: Candidate) -> None:
    packages = candidate.cloud.packages
    packages.ensure_bucket(ports.BUCKET)

    receipt = packages.put(ports.BUCKET, "a package.zip", b"bytes")

    assert (receipt.outcome["object"], receipt.outcome["size"]) == ("a package.zip", 5)
    assert receipt.outcome["crc64"]
    packages.delete(ports.BUCKET, "a package.zip")
    packages.delete(ports.BUCKET, "a package.zip")


def test_it_creates_a_function_once_and_shows_no_value_of_its_environment(candidate: Candidate) -> None:
    specification = candidate.specify(ports.fresh())
    deployer = candidate.cloud.deployer
    assert deployer.find(specification.name) is None

    receipt = deployer.create(specification)

    assert receipt.outcome["arn"].endswith(f"functions/{specification.name}")
    found = deployer.find(specification.name)
    assert found is not None
    assert (found["memorySize"], found["environmentNames"]) == (128, ["SECRET"])
    assert "hidden-value" not in repr(found)
    with pytest.raises(AlreadyExists) as refused:
        deployer.create(specification)
    assert "hidden-value" not in repr(refused.value)


def test_it_updates_a_function(candidate: Candidate) -> None:
    specification = candidate.specify(ports.fresh())
    candidate.cloud.deployer.create(specification)

    candidate.cloud.deployer.update(replace(specification, memory_mb=256, cpu=0.2))

    found = candidate.cloud.deployer.find(specification.name)
    assert found is not None
    assert found["memorySize"] == 256


def test_it_refuses_a_function_whose_package_is_not_there(candidate: Candidate) -> None:
    specification = replace(candidate.specify(ports.fresh()), object_name="not-there.zip")

    with pytest.raises((Invalid, NotFound)):
        candidate.cloud.deployer.create(specification)


def test_it_publishes_and_finds_a_version_by_its_marker(candidate: Candidate) -> None:
    name = deployed(candidate, marker="first")
    deployer = candidate.cloud.deployer
    deployer.update(replace(candidate.specify(name), timeout_s=6))

    version = deployer.publish_version(name, marker="second").outcome["version"]

    assert deployer.find_version(name, marker="first") == "1"
    assert deployer.find_version(name, marker="second") == version == "2"
    assert deployer.find_version(name, marker="third") is None


def test_it_points_an_alias_and_tells_what_it_pointed_at_before(candidate: Candidate) -> None:
    name = deployed(candidate)
    deployer = candidate.cloud.deployer
    deployer.update(replace(candidate.specify(name), timeout_s=6))
    version = deployer.publish_version(name, marker="second").outcome["version"]

    receipt = deployer.point_alias(name, "live", version=version)

    assert receipt.outcome == {"previous": "1"}
    assert deployer.alias(name, "live") == version
    assert deployer.alias(name, "other") is None
    assert deployer.point_alias(name, "other", version=version).outcome == {"previous": None}


def test_it_deletes_a_function_with_all_that_hangs_on_it(candidate: Candidate) -> None:
    name = deployed(candidate)
    deployer = candidate.cloud.deployer

    deployer.delete(name)
    deployer.delete(name)

    assert deployer.find(name) is None
    assert deployer.alias(name, "live") is None


def test_it_deletes_an_alias_and_a_version_once_or_twice(candidate: Candidate) -> None:
    name = deployed(candidate)
    deployer = candidate.cloud.deployer

    for _ in range(2):
        deployer.delete_alias(name, "live")
        deployer.delete_version(name, "1")

    assert deployer.alias(name, "live") is None
    assert deployer.find_version(name, marker="marker") is None


def test_it_observes_an_answer(candidate: Candidate) -> None:
    name = deployed(candidate)

    seen = candidate.cloud.invoker.invoke(name, b'{"name": "Ada"}', qualifier="live", timeout_s=5)

    assert (seen.side, seen.outcome) == (Side.CANDIDATE, Outcome.OK)
    assert json.loads(seen.payload) == {"echo": {"name": "Ada"}}
    assert [line.text for line in seen.logs or ()] == ["called"]
    assert seen.version == "1"
    assert seen.request_id
    assert seen.duration_ms is not None
    assert seen.max_memory_mb is not None


def test_it_tells_a_cold_start_from_a_warm_one(candidate: Candidate) -> None:
    if candidate.name == "simulated":
        pytest.skip("nothing is cold in memory")
    name = deployed(candidate)

    seen = [candidate.cloud.invoker.invoke(name, b"{}", qualifier="live", timeout_s=5) for _ in range(2)]

    assert [one.cold for one in seen] == [True, False]


def test_it_raises_when_it_cannot_ask(candidate: Candidate) -> None:
    with pytest.raises(NotFound):
        candidate.cloud.invoker.invoke("no-such-function", b"{}", qualifier="live", timeout_s=5)


def test_it_reads_the_lines_of_one_request(candidate: Candidate) -> None:
    name = deployed(candidate)
    candidate.cloud.invoker.invoke(name, b"{}", qualifier="live", timeout_s=5)
    seen = candidate.cloud.invoker.invoke(name, b"{}", qualifier="live", timeout_s=5)

    end = time.monotonic() + 10
    lines = None
    while lines is None and time.monotonic() < end:
        lines = candidate.cloud.logs.lines(
            name,
            seen.request_id,
            since=seen.at - timedelta(seconds=5),
            until=datetime.now(UTC) + timedelta(seconds=5),
        )
    assert [line.text for line in lines or ()] == ["called"]


def test_it_has_no_lines_of_a_request_that_it_does_not_know(candidate: Candidate) -> None:
    name = deployed(candidate)
    now = datetime.now(UTC)

    found = candidate.cloud.logs.lines(
        name, "1-00000000-000000000000", since=now - timedelta(minutes=1), until=now
    )

    assert found is None


def test_it_takes_sixteen_calls_at_once(candidate: Candidate) -> None:
    name = deployed(candidate)

    def call(number: int) -> object:
        body = json.dumps({"n": number}).encode()
        seen = candidate.cloud.invoker.invoke(name, body, qualifier="live", timeout_s=10)
        return json.loads(seen.payload)

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(call, range(48)))

    assert answers == [{"echo": {"n": number}} for number in range(48)]


def test_it_observes_an_error_of_the_function(candidate: Candidate) -> None:
    name = deployed(candidate)

    seen = candidate.cloud.invoker.invoke(name, b'{"fail": "no such order"}', qualifier="live", timeout_s=5)

    assert seen.outcome is Outcome.ERROR
    assert (seen.error_type, seen.error_message) == ("ValueError", "no such order")


def test_it_ignores_the_proxy_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, candidate: Candidate
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    assert candidate.cloud.deployer.find("no-such-function") is None
    candidate.cloud.packages.ensure_bucket(ports.BUCKET)


def test_it_adopts_a_function_and_leaves_what_its_owner_wrote(candidate: Candidate) -> None:
    deployer = candidate.cloud.deployer
    made = mark(Form.TERRAFORM, "arn:aws:lambda:us-east-1:1:function:adopted")
    specification = candidate.specify(ports.fresh())
    deployer.create(replace(specification, description=made, memory_mb=256, cpu=0.2, timeout_s=9))

    deployer.adopt(replace(specification, environment={"OTHER": "hidden-value"}, description="mine"))

    found = deployer.find(specification.name)
    assert found is not None
    assert (found["description"], found["memorySize"], found["timeout"]) == (made, 256, 9)
    assert found["environmentNames"] == ["OTHER"]
    listed = {one["name"]: one for one in deployer.functions()}[specification.name]
    assert (listed["ours"], listed["owner"]) == (False, "terraform")
    assert listed["stands_for"] == "arn:aws:lambda:us-east-1:1:function:adopted"


def test_it_lists_what_is_there_and_tells_what_is_ours(candidate: Candidate) -> None:
    names = {ours: ports.fresh() for ours in (True, False)}
    for ours, name in names.items():
        description = "Moved by Cutover from x" if ours else "by hand"
        candidate.cloud.deployer.create(replace(candidate.specify(name), description=description))

    listed = {one["name"]: one for one in candidate.cloud.deployer.functions()}

    assert {ours: listed[name]["ours"] for ours, name in names.items()} == {True: True, False: False}
    assert {listed[name]["generation"] for name in names.values()} == {"3"}
