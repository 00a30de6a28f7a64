"""What the ports say when a cloud refuses, is slow, or loses an answer; nothing is ever sent twice."""

import json
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cutover.errors import CloudError, Denied, NoAnswer, NotFound, Throttled, Unavailable
from cutover.observation import Outcome
from hosting.places import free_port
from tests.contract import ports
from tests.contract.ports import Candidate, Primary

pytestmark = pytest.mark.enable_socket

Strike = Callable[..., None]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Primary, Candidate]]:
    with ports.pair(tmp_path_factory.mktemp("state")) as halves:
        yield halves


@pytest.fixture
def strike(both: tuple[Primary, Candidate]) -> Iterator[Strike]:
    """Put one fault in force for one call; all are lifted afterwards."""
    primary, candidate = both
    assert primary.raw is not None
    assert candidate.raw is not None
    urls = {"aws": primary.raw.endpoint, "alibaba": candidate.raw.url}
    token = primary.raw.keys.admin_token

    def administer(cloud: str, method: str, body: dict[str, Any] | None = None) -> None:
        request = urllib.request.Request(
            f"{urls[cloud]}/_sandbox/faults",
            data=None if body is None else json.dumps(body).encode(),
            method=method,
            headers={"X-Sandbox-Token": token, "content-type": "application/json"},
        )
        urllib.request.urlopen(request, timeout=5).close()

    def add(cloud: str, operation: str, kind: str, **more: Any) -> None:
        administer(cloud, "POST", {"cloud": cloud, "operation": operation, "kind": kind, "times": 1, **more})

    yield add
    for cloud in urls:
        administer(cloud, "DELETE")


STATUSES: list[tuple[int, type[CloudError]]] = [
    (403, Denied),
    (404, NotFound),
    (429, Throttled),
    (500, Unavailable),
    (503, Unavailable),
]


@pytest.mark.parametrize(("status", "error"), STATUSES)
def test_it_names_what_aws_answered(
    both: tuple[Primary, Candidate], strike: Strike, status: int, error: type[CloudError]
) -> None:
    name = both[0].make()
    strike("aws", "GetAlias", "status", status=status)

    with pytest.raises(error) as caught:
        both[0].cloud.router.read(name, "live")

    assert (caught.value.cloud, caught.value.operation) == ("aws", "lambda:GetAlias")
    assert both[0].cloud.router.read(name, "live").version == "1"


@pytest.mark.parametrize(
    ("status", "error"), [(403, Denied), (429, Throttled), (500, Unavailable), (503, Unavailable)]
)
def test_it_names_what_fc_answered(
    both: tuple[Primary, Candidate], strike: Strike, status: int, error: type[CloudError]
) -> None:
    strike("alibaba", "GetFunction", "status", status=status)
    deployer = both[1].cloud.deployer

    if status == 503:
        # FC's code for 503 is ResourceThrottled: the same remedy as 429.
        error = CloudError
    with pytest.raises(error) as caught:
        deployer.find("no-such-function")

    assert (caught.value.cloud, caught.value.operation) == ("alibaba", "fc:GetFunction")
    assert deployer.find("no-such-function") is None


def test_it_says_no_answer_when_aws_moved_the_alias_and_the_answer_was_lost(
    both: tuple[Primary, Candidate], strike: Strike
) -> None:
    cloud = both[0].cloud
    name = both[0].make()
    before = cloud.router.read(name, "live")
    strike("aws", "UpdateAlias", "drop-answer")

    with pytest.raises(NoAnswer):
        cloud.router.route(name, "live", version="1", weights={}, revision_id=before.revision_id)

    assert cloud.router.read(name, "live").revision_id != before.revision_id


def test_it_finds_a_version_whose_answer_was_lost(both: tuple[Primary, Candidate], strike: Strike) -> None:
    publisher = both[0].cloud.publisher
    name = both[0].make()
    publisher.write_configuration(name, {"Timeout": 8}, revision_id=publisher.configuration(name).revision_id)
    now = publisher.configuration(name)
    strike("aws", "PublishVersion", "drop-answer")

    with pytest.raises(NoAnswer):
        publisher.publish_version(
            name, code_sha256=now.code_sha256, revision_id=now.revision_id, marker="lost"
        )

    assert publisher.find_version(name, marker="lost") == "2"


def test_it_finds_a_version_on_fc_whose_answer_was_lost(
    both: tuple[Primary, Candidate], strike: Strike
) -> None:
    name = ports.fresh()
    deployer = both[1].cloud.deployer
    deployer.create(both[1].specify(name))
    strike("alibaba", "PublishFunctionVersion", "drop-answer")

    with pytest.raises(NoAnswer):
        deployer.publish_version(name, marker="lost")

    assert deployer.find_version(name, marker="lost") == "1"


def test_it_observes_a_lost_answer_and_does_not_call_again(
    both: tuple[Primary, Candidate], strike: Strike
) -> None:
    name = both[0].make()
    strike("aws", "Invoke", "drop-answer")

    seen = both[0].cloud.invoker.invoke(name, b"{}", qualifier="live", timeout_s=5)

    assert seen.outcome is Outcome.NO_ANSWER
    now = datetime.now(UTC)
    ran = both[0].cloud.metrics.invocations(name, resource=None, since=now - timedelta(minutes=2), until=now)
    assert ran == 1


@pytest.mark.parametrize("kind", ["drop-answer", "reset"])
def test_it_observes_a_lost_answer_of_fc(both: tuple[Primary, Candidate], strike: Strike, kind: str) -> None:
    name = ports.fresh()
    deployer = both[1].cloud.deployer
    deployer.create(both[1].specify(name))
    strike("alibaba", "InvokeFunction", kind)

    seen = both[1].cloud.invoker.invoke(name, b"{}", qualifier="LATEST", timeout_s=5)

    assert seen.outcome is Outcome.NO_ANSWER
    assert both[1].cloud.invoker.invoke(name, b"{}", qualifier="LATEST", timeout_s=5).outcome is Outcome.OK


def test_it_stops_waiting_for_a_call_that_hangs(both: tuple[Primary, Candidate], strike: Strike) -> None:
    name = ports.fresh()
    deployer = both[1].cloud.deployer
    deployer.create(both[1].specify(name))
    strike("alibaba", "InvokeFunction", "hang", ms=9_000)

    seen = both[1].cloud.invoker.invoke(name, b"{}", qualifier="LATEST", timeout_s=1)

    assert seen.outcome is Outcome.NO_ANSWER
    assert seen.round_trip_ms is not None
    assert 5_500 < seen.round_trip_ms < 8_500


def test_it_says_that_nothing_was_sent_when_nobody_listens() -> None:
    from clouds import alibaba, aws

    port = free_port()
    patched = pytest.MonkeyPatch()
    with patched.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "x")
        for name in ("ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET"):
            patch.setenv(name, "x")
        primary = aws.connect(
            region="us-east-1",
            account_id="1",
            auth={"kind": "environment"},
            endpoints={"": f"http://127.0.0.1:{port}"},
        )
        candidate = alibaba.connect(
            region="cn-hangzhou",
            account_id="1",
            auth={"kind": "environment"},
            endpoints={"scheme": "http", "fc": f"127.0.0.1:{port}", "oss": f"http://127.0.0.1:{port}"},
        )
        for call in (
            lambda: primary.router.read("f", "live"),
            lambda: primary.invoker.invoke("f", b"{}", qualifier="live", timeout_s=1),
            lambda: candidate.deployer.find("f"),
            lambda: candidate.packages.put("bucket", "n", b""),
            lambda: candidate.invoker.invoke("f", b"{}", qualifier="live", timeout_s=1),
        ):
            with pytest.raises(Unavailable):
                call()


def test_it_says_which_credentials_are_missing() -> None:
    from clouds import aws

    patched = pytest.MonkeyPatch()
    with patched.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
            patch.delenv(name, raising=False)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
        patch.setenv("AWS_CONFIG_FILE", "/nonexistent")
        with pytest.raises(Denied):
            aws.connect(
                region="us-east-1", account_id="1", auth={"kind": "profile", "name": "none"}, endpoints={}
            )
        cloud = aws.connect(region="us-east-1", account_id="1", auth={"kind": "environment"}, endpoints={})
        with pytest.raises(Denied):
            cloud.session.identity()
