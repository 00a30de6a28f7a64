"""One suite for every port of the primary cloud, on the simulated AWS and on boto3 against the sandbox."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from cutover.errors import AlreadyExists, Conflict, Invalid, NotFound
from cutover.observation import LogLine, Outcome, Side
from tests.contract import ports
from tests.contract.ports import HASH_KEY, Primary, zipped

pytestmark = pytest.mark.enable_socket


@pytest.fixture(scope="module", params=["simulated", "aws"])
def primary(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Primary]:
    with ports.primary(request.param, tmp_path_factory.mktemp("state")) as given:
        yield given


def published(primary: Primary, name: str, marker: str, **changes: object) -> str:
    """Write changes to `$LATEST` and publish them."""
    publisher = primary.cloud.publisher
    before = publisher.configuration(name)
    publisher.write_configuration(name, changes or {"Timeout": 7}, revision_id=before.revision_id)
    now = publisher.configuration(name)
    receipt = publisher.publish_version(
        name, code_sha256=now.code_sha256, revision_id=now.revision_id, marker=marker
    )
    return str(receipt.outcome["version"])


# ------------------------------------------------------------------------------------------- session


def test_it_says_who_the_credentials_are(primary: Primary) -> None:
    assert primary.cloud.session.identity().account_id == primary.cloud.account_id


def test_it_finds_no_permission_missing_for_one_who_may_do_all(primary: Primary) -> None:
    assert list(primary.cloud.session.permission_gaps()) == []


# ------------------------------------------------------------------------------------------- catalog


def test_it_lists_and_describes_a_function(primary: Primary) -> None:
    name = primary.make({"TOKEN": "hidden-value"})

    assert name in list(primary.cloud.catalog.names())
    facts = primary.cloud.catalog.describe(name, hash_key=HASH_KEY)

    assert (facts.name, facts.handler, facts.memory_mb) == (name, "app.handler", 128)
    assert facts.versions == ("1",)
    assert facts.aliases == {"live": {"version": "1", "weights": {}}}
    assert facts.limits == ()


def test_it_keeps_names_and_hashes_of_the_environment_and_no_value(primary: Primary) -> None:
    name = primary.make({"TOKEN": "hidden-value", "MODE": "hidden-value"})

    facts = primary.cloud.catalog.describe(name, hash_key=HASH_KEY)

    assert set(facts.environment) == {"TOKEN", "MODE"}
    assert facts.environment["TOKEN"] != facts.environment["MODE"]
    assert "hidden-value" not in repr(facts)
    other = primary.cloud.catalog.describe(name, hash_key=b"other")
    assert other.environment["TOKEN"] != facts.environment["TOKEN"]


def test_it_raises_not_found_for_a_function_that_does_not_exist(primary: Primary) -> None:
    with pytest.raises(NotFound):
        primary.cloud.catalog.describe("no-such-function", hash_key=HASH_KEY)


def test_it_gives_the_package_and_the_environment_of_a_version(primary: Primary) -> None:
    name = primary.make({"TOKEN": "hidden-value"})

    assert primary.cloud.catalog.environment(name, version="1") == {"TOKEN": "hidden-value"}
    assert primary.cloud.catalog.package(name, version="1")


# ----------------------------------------------------------------------------------------- publisher


def test_it_writes_the_configuration_and_a_restore_brings_the_fingerprint_back(primary: Primary) -> None:
    name = primary.make({"TOKEN": "hidden-value"})
    publisher = primary.cloud.publisher
    original = publisher.configuration(name)

    written = publisher.write_configuration(
        name, {"Handler": "other.handler", "Timeout": 9}, revision_id=original.revision_id
    )
    changed = publisher.configuration(name)
    assert (changed.fields["Handler"], changed.fields["Timeout"]) == ("other.handler", 9)
    assert changed.fingerprint == written.outcome["fingerprint"] != original.fingerprint

    publisher.write_configuration(
        name,
        {"Handler": original.fields["Handler"], "Timeout": original.fields["Timeout"]},
        revision_id=written.outcome["revision_id"],
    )
    assert publisher.configuration(name).fingerprint == original.fingerprint
    assert primary.cloud.catalog.environment(name, version="$LATEST") == {"TOKEN": "hidden-value"}


def test_it_compares_latest_with_a_version_by_fingerprint(primary: Primary) -> None:
    name = primary.make({"TOKEN": "hidden-value"})
    version = published(primary, name, "marker-compare")

    publisher = primary.cloud.publisher
    assert (
        publisher.configuration(name).fingerprint
        == publisher.configuration(name, version=version).fingerprint
        != publisher.configuration(name, version="1").fingerprint
    )


def test_it_refuses_to_write_when_somebody_else_deployed(primary: Primary) -> None:
    name = primary.make()
    before = primary.cloud.publisher.configuration(name)
    primary.redeploy(name)
    theirs = primary.cloud.publisher.configuration(name)

    with pytest.raises(Conflict):
        primary.cloud.publisher.write_configuration(name, {"Timeout": 9}, revision_id=before.revision_id)

    assert primary.cloud.publisher.configuration(name).fingerprint == theirs.fingerprint


def test_it_refuses_to_publish_when_somebody_else_deployed(primary: Primary) -> None:
    name = primary.make()
    before = primary.cloud.publisher.configuration(name)
    primary.redeploy(name)

    with pytest.raises((Conflict, Invalid)):
        primary.cloud.publisher.publish_version(
            name, code_sha256=before.code_sha256, revision_id=before.revision_id, marker="m"
        )

    assert primary.cloud.publisher.find_version(name, marker="m") is None


@pytest.mark.parametrize("field", ["Environment", "Role"])
def test_it_never_writes_environment_or_role(primary: Primary, field: str) -> None:
    name = primary.make()
    before = primary.cloud.publisher.configuration(name)

    with pytest.raises(Invalid):
        primary.cloud.publisher.write_configuration(name, {field: "x"}, revision_id=before.revision_id)


def test_it_moves_the_revision_on_when_a_restore_changes_nothing(primary: Primary) -> None:
    name = primary.make()
    before = primary.cloud.publisher.configuration(name)

    primary.cloud.publisher.write_configuration(name, {}, revision_id=before.revision_id, always=True)

    after = primary.cloud.publisher.configuration(name)
    assert after.revision_id != before.revision_id
    assert after.fingerprint == before.fingerprint


def test_it_publishes_a_version_and_finds_it_again_by_its_marker(primary: Primary) -> None:
    name = primary.make()

    version = published(primary, name, "marker-1")

    assert version == "2"
    assert primary.cloud.publisher.find_version(name, marker="marker-1") == "2"
    assert primary.cloud.publisher.find_version(name, marker="marker-2") is None


def test_it_publishes_a_layer_once_for_a_marker(primary: Primary) -> None:
    layer, archive = ports.fresh("cutover-layer"), ports.zipped(a_txt="a")

    first = primary.cloud.publisher.publish_layer(layer, archive, marker="m1", runtimes=["python3.12"])
    again = primary.cloud.publisher.publish_layer(layer, archive, marker="m1", runtimes=["python3.12"])
    other = primary.cloud.publisher.publish_layer(layer, archive, marker="m2", runtimes=["python3.12"])

    assert first.outcome["arn"] == again.outcome["arn"] != other.outcome["arn"]


# -------------------------------------------------------------------------------------------- router


def test_it_routes_by_weight_and_reads_back_what_it_wrote(primary: Primary) -> None:
    name = primary.make()
    version = published(primary, name, "marker")
    router = primary.cloud.router
    before = router.read(name, "live")

    router.route(name, "live", version="1", weights={version: 125}, revision_id=before.revision_id)

    after = router.read(name, "live")
    assert (after.version, dict(after.weights)) == ("1", {version: 125})
    assert after.revision_id != before.revision_id


def test_it_refuses_a_forward_move_after_somebody_else_moved_the_alias(primary: Primary) -> None:
    name = primary.make()
    version = published(primary, name, "marker")
    router = primary.cloud.router
    before = router.read(name, "live")
    router.route(name, "live", version=version, weights={}, revision_id=before.revision_id)

    with pytest.raises(Conflict):
        router.route(name, "live", version="1", weights={version: 500}, revision_id=before.revision_id)

    assert router.read(name, "live").version == version


def test_it_lets_a_rollback_win_whatever_the_revision_is(primary: Primary) -> None:
    name = primary.make()
    version = published(primary, name, "marker")
    router = primary.cloud.router
    router.route(name, "live", version="1", weights={version: 5000}, revision_id=None)

    router.route(name, "live", version="1", weights={}, revision_id=None)

    after = router.read(name, "live")
    assert (after.version, dict(after.weights)) == ("1", {})


def test_it_takes_the_other_version_alone_at_full_weight_and_back(primary: Primary) -> None:
    name = primary.make()
    version = published(primary, name, "marker")
    router = primary.cloud.router
    router.route(name, "live", version="1", weights={version: 5000}, revision_id=None)

    router.route(name, "live", version=version, weights={}, revision_id=None)
    assert router.read(name, "live").version == version
    router.route(name, "live", version="1", weights={}, revision_id=None)
    assert router.read(name, "live").version == "1"


@pytest.mark.parametrize("weights", [{"2": 0}, {"2": 10_000}, {"1": 500}, {"2": 10, "3": 10}])
def test_it_refuses_weights_that_an_alias_cannot_have(primary: Primary, weights: dict[str, int]) -> None:
    name = primary.make()

    with pytest.raises(Invalid):
        primary.cloud.router.route(name, "live", version="1", weights=weights, revision_id=None)


def test_it_creates_an_alias_once_and_deletes_it(primary: Primary) -> None:
    name = primary.make()
    router = primary.cloud.router

    router.create(name, "cutover-original", version="1")
    with pytest.raises(AlreadyExists):
        router.create(name, "cutover-original", version="1")
    router.delete(name, "cutover-original")
    router.delete(name, "cutover-original")

    with pytest.raises(NotFound):
        router.read(name, "cutover-original")


# ------------------------------------------------------------------------------------------- invoker


def test_it_observes_an_answer(primary: Primary) -> None:
    name = primary.make()

    seen = primary.cloud.invoker.invoke(name, b'{"name": "Ada"}', qualifier="live", timeout_s=5)

    assert (seen.side, seen.outcome, seen.version) == (Side.PRIMARY, Outcome.OK, "1")
    assert json.loads(seen.payload) == {"echo": {"name": "Ada"}}
    assert seen.request_id
    assert seen.duration_ms is not None
    assert seen.max_memory_mb is not None
    assert [line.text for line in seen.logs or ()] == ["called"]


def test_it_observes_an_error_of_the_function(primary: Primary) -> None:
    name = primary.make()

    seen = primary.cloud.invoker.invoke(name, b'{"fail": "no such order"}', qualifier="live", timeout_s=5)

    assert seen.outcome is Outcome.ERROR
    assert (seen.error_type, seen.error_message) == ("ValueError", "no such order")


def test_it_raises_when_it_cannot_ask(primary: Primary) -> None:
    with pytest.raises(NotFound):
        primary.cloud.invoker.invoke("no-such-function", b"{}", qualifier="live", timeout_s=5)


def test_it_observes_throttling_without_trying_again(primary: Primary) -> None:
    name = primary.make()
    primary.cloud.archive.set_reserved_concurrency(name, 0)

    seen = primary.cloud.invoker.invoke(name, b"{}", qualifier="live", timeout_s=5)

    assert seen.outcome is Outcome.THROTTLED
    now = datetime.now(UTC)
    assert primary.cloud.metrics.throttles(name, since=now - timedelta(minutes=2), until=now) == 1


def test_it_splits_calls_by_weight(primary: Primary) -> None:
    name = primary.make()
    version = published(primary, name, "marker")
    primary.cloud.router.route(name, "live", version="1", weights={version: 5000}, revision_id=None)

    def call(_: int) -> str:
        return primary.cloud.invoker.invoke(name, b"{}", qualifier="live", timeout_s=5).version

    with ThreadPoolExecutor(4) as pool:
        versions = list(pool.map(call, range(60)))

    assert set(versions) == {"1", version}
    assert 10 <= versions.count(version) <= 50


# -------------------------------------------------------------------------------- logs and metrics


def test_it_reads_the_lines_of_one_request(primary: Primary) -> None:
    name = primary.make()
    primary.cloud.invoker.invoke(name, b"{}", qualifier="live", timeout_s=5)
    seen = primary.cloud.invoker.invoke(name, b"{}", qualifier="live", timeout_s=5)

    lines = _eventually(
        lambda: primary.cloud.logs.lines(
            name,
            seen.request_id,
            since=seen.at - timedelta(seconds=5),
            until=datetime.now(UTC) + timedelta(seconds=5),
        )
    )

    assert [line.text for line in lines or ()] == ["called"]


def test_it_reads_what_was_logged_in_a_window_and_holds_an_object(primary: Primary) -> None:
    code = "def handler(event, context):\n    print('event:', event)\n    print('done')\n"
    name = primary.make(package=zipped(app_py=code))
    began = datetime.now(UTC) - timedelta(seconds=5)

    def messages(until: datetime) -> tuple[str, ...]:
        return tuple(primary.cloud.logs.window(name, since=began, until=until, at_most=10))

    assert messages(began) == ()
    primary.cloud.invoker.invoke(name, b'{"order": 1}', qualifier="live", timeout_s=5)
    now = datetime.now(UTC) + timedelta(seconds=5)
    if primary.raw is None:
        assert messages(now) == (), "its functions log no event"
        return
    end = time.monotonic() + 60
    while not (found := messages(now)) and time.monotonic() < end:
        time.sleep(0.05)
    assert [one.strip() for one in found] == ["event: {'order': 1}"]


def test_it_has_no_lines_of_a_request_that_it_does_not_know(primary: Primary) -> None:
    name = primary.make()
    now = datetime.now(UTC)

    found = primary.cloud.logs.lines(
        name, "11111111-1111-4111-8111-111111111111", since=now - timedelta(minutes=1), until=now
    )

    assert found is None


def test_it_tells_calls_of_the_bare_function_from_calls_of_the_alias(primary: Primary) -> None:
    name = primary.make()
    primary.cloud.invoker.invoke(name, b"{}", qualifier="live", timeout_s=5)
    since, until = datetime.now(UTC) - timedelta(minutes=2), datetime.now(UTC) + timedelta(seconds=1)
    metrics = primary.cloud.metrics

    assert metrics.invocations(name, resource=f"{name}:live", since=since, until=until) == 1
    assert metrics.invocations(name, resource=name, since=since, until=until) == 0
    primary.cloud.invoker.invoke(name, b"{}", qualifier="$LATEST", timeout_s=5)
    assert metrics.invocations(name, resource=name, since=since, until=until) == 1
    assert metrics.invocations(name, resource=None, since=since, until=until) == 2


# --------------------------------------------------------------------------------- queue and secrets


def test_it_makes_a_queue_once_and_empties_it(primary: Primary) -> None:
    queue, name = primary.cloud.queue, ports.fresh("cutover-queue")

    first = queue.ensure(name, role_arn=primary.role_arn)
    again = queue.ensure(name, role_arn=primary.role_arn)

    assert first.outcome == again.outcome
    assert queue.receive(first.outcome["url"], wait_s=0, at_most=10) == ()
    queue.delete(first.outcome["url"], [])


def test_it_keeps_a_secret_overwrites_it_and_forgets_it(primary: Primary) -> None:
    secrets, name = primary.cloud.secrets, ports.fresh("cutover/secret")

    first = secrets.ensure(name, "one", role_arn=primary.role_arn)
    again = secrets.ensure(name, "two", role_arn=primary.role_arn)
    assert first.outcome == again.outcome
    assert secrets.read(first.outcome["arn"]) == "two"
    assert "two" not in repr(again)

    secrets.delete(first.outcome["arn"])
    with pytest.raises((NotFound, Invalid)):
        secrets.read(first.outcome["arn"])
    secrets.ensure(name, "three", role_arn=None)
    assert secrets.read(first.outcome["arn"]) == "three"


# ------------------------------------------------------------------------------------------- archive


def test_it_archives_deletes_and_brings_a_function_back(primary: Primary) -> None:
    name = primary.make({"TOKEN": "hidden-value"})
    archive, original = primary.cloud.archive, primary.cloud.publisher.configuration(name, version="1")
    kept = archive.store(name, bucket="cutover-archive", key=f"{name}/archive.json", original_version="1")
    assert "hidden-value" not in repr(kept)
    archive.verify(kept.outcome)

    archive.delete_function(name)
    archive.delete_function(name)
    assert not archive.exists(name)

    back = archive.recreate(name, kept.outcome)
    again = archive.recreate(name, kept.outcome)
    assert back.outcome == again.outcome
    assert primary.cloud.publisher.configuration(name).fingerprint == original.fingerprint
    assert primary.cloud.catalog.environment(name, version="$LATEST") == {"TOKEN": "hidden-value"}
    assert primary.cloud.invoker.invoke(name, b"{}", qualifier="$LATEST", timeout_s=5).outcome is Outcome.OK


def test_it_refuses_an_archive_that_is_not_the_one_it_wrote(primary: Primary) -> None:
    name = primary.make()
    archive = primary.cloud.archive
    kept = archive.store(name, bucket="cutover-archive", key=f"{name}/archive.json", original_version="1")

    with pytest.raises(Invalid):
        archive.verify({**kept.outcome, "sha256": "0" * 64})
    with pytest.raises(NotFound):
        archive.verify({**kept.outcome, "key": "not-there.json"})


def test_it_sets_and_removes_reserved_concurrency(primary: Primary) -> None:
    name, archive = primary.make(), primary.cloud.archive
    assert archive.reserved_concurrency(name) is None

    archive.set_reserved_concurrency(name, 0)
    assert archive.reserved_concurrency(name) == 0
    archive.set_reserved_concurrency(name, None)
    assert archive.reserved_concurrency(name) is None


def _eventually(look: Callable[[], tuple[LogLine, ...] | None]) -> tuple[LogLine, ...] | None:
    end = time.monotonic() + 60
    while (found := look()) is None and time.monotonic() < end:
        time.sleep(0.05)
    return found
