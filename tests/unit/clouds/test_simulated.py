"""The simulated clouds: faults strike where they are told to, and what happens twice is noticed."""

import json

import pytest

from adapters import build
from clouds import simulated
from cutover.errors import Conflict, Denied, NoAnswer, Throttled
from cutover.observation import Outcome, Side
from cutover.ports import CandidateCloud, CandidateSpecification


def test_it_raises_before_the_effect_or_after_it() -> None:
    primary, _, world = simulated.connect()
    world.add_function("f")
    before = primary.router.read("f", "live").revision_id

    world.fail("lambda:UpdateAlias", Throttled)
    with pytest.raises(Throttled):
        primary.router.route("f", "live", version="1", weights={}, revision_id=None)
    assert primary.router.read("f", "live").revision_id == before

    world.fail("lambda:UpdateAlias", after=True)
    with pytest.raises(NoAnswer):
        primary.router.route("f", "live", version="1", weights={}, revision_id=None)
    assert primary.router.read("f", "live").revision_id != before


def test_it_strikes_as_often_as_it_is_told() -> None:
    primary, _, world = simulated.connect()
    world.add_function("f")
    world.fail("*", Denied, times=2)

    for _ in range(2):
        with pytest.raises(Denied):
            primary.router.read("f", "live")
    assert primary.router.read("f", "live").version == "1"


def test_it_plays_a_killed_process_at_either_point() -> None:
    class Killed(Exception):
        pass

    primary, _, world = simulated.connect()
    world.add_function("f")

    def kill(operation: str, point: str) -> None:
        if (operation, point) == ("lambda:CreateAlias", "after"):
            raise Killed

    world.on_kill = kill
    with pytest.raises(Killed):
        primary.router.create("f", "cutover-original", version="1")
    world.on_kill = None

    assert primary.router.read("f", "cutover-original").version == "1"


def test_it_notices_that_a_version_was_published_twice() -> None:
    primary, candidate, world = simulated.connect()
    world.add_function("f")
    publisher = primary.publisher
    for timeout in (7, 8):
        now = publisher.configuration("f")
        publisher.write_configuration("f", {"Timeout": timeout}, revision_id=now.revision_id)
        now = publisher.configuration("f")
        publisher.publish_version(
            "f", code_sha256=now.code_sha256, revision_id=now.revision_id, marker="same"
        )

    assert [effect.operation for effect in world.repeated()] == ["lambda:PublishVersion"]
    assert candidate.deployer.find("f") is None


def test_it_allows_again_what_was_undone_between() -> None:
    primary, _, world = simulated.connect()
    world.add_function("f")
    for _ in range(2):
        primary.router.create("f", "cutover-original", version="1")
        primary.router.delete("f", "cutover-original")

    assert world.repeated() == []


def test_it_notices_a_deploy_behind_our_back() -> None:
    primary, _, world = simulated.connect()
    world.add_function("f")
    before = primary.publisher.configuration("f")
    world.deploy_behind_our_back("f")

    with pytest.raises(Conflict):
        primary.publisher.write_configuration("f", {"Timeout": 9}, revision_id=before.revision_id)


def test_it_runs_tap_and_relay_and_their_reports() -> None:
    primary, candidate, world = simulated.connect()
    world.add_function("f", behaviour=lambda side, _: json.dumps(side.value).encode())
    url = primary.queue.ensure("q", role_arn="r").outcome["url"]
    layer = primary.publisher.publish_layer(
        "settings",
        build.settings_layer({"function": "f", "target": "f", "alias": "live", "queue_url": url}),
        marker="m",
        runtimes=[],
    ).outcome["arn"]
    _deploy_candidate(candidate)
    versions = {}
    for handler in ("cutover_relay.handler", "cutover_tap.handler"):
        now = primary.publisher.configuration("f")
        changes = {"Handler": handler, "Layers": [layer]}
        primary.publisher.write_configuration("f", changes, revision_id=now.revision_id)
        now = primary.publisher.configuration("f")
        versions[handler] = primary.publisher.publish_version(
            "f", code_sha256=now.code_sha256, revision_id=now.revision_id, marker=handler
        ).outcome["version"]
    relay, tap = versions["cutover_relay.handler"], versions["cutover_tap.handler"]
    primary.router.route("f", "live", version=tap, weights={relay: 2500}, revision_id=None)

    seen = [primary.invoker.invoke("f", b"{}", qualifier="live", timeout_s=1) for _ in range(40)]

    answers = [json.loads(one.payload) for one in seen]
    assert answers.count(Side.CANDIDATE.value) == 10
    assert {one.outcome for one in seen} == {Outcome.OK}
    assert len(world.queues[url]) == 40
    probe = primary.invoker.invoke("f", b'{"cutover-probe": "n"}', qualifier=relay, timeout_s=1)
    assert json.loads(probe.payload) == {"cutover-probe": "n", "is": "relay", "settings": True}


def _deploy_candidate(candidate: CandidateCloud) -> None:
    candidate.packages.ensure_bucket("b")
    candidate.packages.put("b", "f.zip", b"code")
    candidate.deployer.create(
        CandidateSpecification(
            name="f",
            runtime="python3.10",
            handler="app.handler",
            memory_mb=128,
            cpu=0.1,
            disk_mb=512,
            timeout_s=3,
            description="",
            bucket="b",
            object_name="f.zip",
            log_project="p",
            log_store="s",
            environment={},
        )
    )
    version = candidate.deployer.publish_version("f", marker="m").outcome["version"]
    candidate.deployer.point_alias("f", "live", version=version)
