"""Tap and relay as they really run: layers, versions and a weighted alias in the sandbox's Lambda and FC."""

import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from adapters import build
from cutover.observation import Observation, Outcome
from cutover.planning import tap_handler
from tests.contract import ports
from tests.contract.ports import Candidate, Primary

pytestmark = pytest.mark.enable_socket

NODE_CALLBACK = """
exports.handler = (event, context, callback) => {
  if (event.fail) { const e = new Error(event.fail); e.name = 'ValueError'; callback(e); return; }
  callback(null, {echo: event});
};
"""
NODE_ASYNC = """
exports.handler = async (event) => {
  if (event.fail) { const e = new Error(event.fail); e.name = 'ValueError'; throw e; }
  return {echo: event};
};
"""
NODE_MODULE = NODE_ASYNC.replace("exports.handler =", "export const handler =")

NODE_CONTEXT = """
exports.handler = (event, context) => {
  if (event.fail) { const e = new Error(event.fail); e.name = 'ValueError'; context.fail(e); return; }
  context.succeed({echo: event});
};
"""
NODE_THROWS = """
exports.handler = (event, context, callback) => {
  if (event.fail) { const e = new Error(event.fail); e.name = 'ValueError'; throw e; }
  setTimeout(() => callback(null, {echo: event}), 5);
};
"""

KINDS = {
    "python": ("python3.11", "app.handler", {"app_py": ports.ECHO}),
    "node callback": ("nodejs20.x", "index.handler", {"index_js": NODE_CALLBACK}),
    "node async": ("nodejs20.x", "index.handler", {"index_js": NODE_ASYNC}),
    "node context": ("nodejs20.x", "index.handler", {"index_js": NODE_CONTEXT}),
    "node throws": ("nodejs20.x", "index.handler", {"index_js": NODE_THROWS}),
    "node module": ("nodejs20.x", "index.handler", {"index_mjs": NODE_MODULE}),
}


@dataclass(frozen=True, kw_only=True)
class Shifting:
    """A function whose ``live`` splits between tap and relay."""

    name: str
    tap: str
    relay: str
    queue_url: str
    secret_arn: str


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Primary, Candidate]]:
    with ports.pair(tmp_path_factory.mktemp("state")) as halves:
        yield halves


Shared = Callable[[str], Shifting]


@pytest.fixture(scope="module")
def half(both: tuple[Primary, Candidate]) -> Shared:
    """Give a function of a kind at half weight; tests that leave nothing behind share it."""
    made: dict[str, Shifting] = {}

    def give(kind: str) -> Shifting:
        if kind not in made:
            made[kind] = shifting(*both, kind, 5000)
        return made[kind]

    return give


def shifting(primary: Primary, candidate: Candidate, kind: str, weight_bp: int, **more: Any) -> Shifting:
    """Deploy on FC, publish tap and relay in the order of a shift, restore `$LATEST`, move the weight."""
    runtime, handler, files = KINDS[kind]
    name = primary.make(runtime=runtime, handler=handler, package=ports.zipped(**files))
    aws, fc = primary.cloud, candidate.cloud
    fc.deployer.create(candidate.specify(name))
    version = fc.deployer.publish_version(name, marker="m").outcome["version"]
    fc.deployer.point_alias(name, "live", version=version)
    assert candidate.raw is not None
    key = candidate.raw.keys.relay
    secret_arn = aws.secrets.ensure(
        f"cutover/{name}/fc",
        json.dumps({"access_key_id": key.access_key_id, "access_key_secret": key.access_key_secret}),
        role_arn=primary.role_arn,
    ).outcome["arn"]
    queue_url = aws.queue.ensure(f"cutover-{name}", role_arn=primary.role_arn).outcome["url"]
    settings = {
        "function": name,
        "target": name,
        "alias": "live",
        "fc_url": fc.fc_url,
        "secret_arn": secret_arn,
        "queue_url": queue_url,
        "handler": handler,
        **more,
    }
    layers = {
        content: aws.publisher.publish_layer(
            f"cutover-{content}-{name}", archive, marker="m", runtimes=["python3.12", runtime]
        ).outcome["arn"]
        for content, archive in (
            ("relay", build.relay_layer()),
            ("tap", build.tap_layer()),
            ("settings", build.settings_layer(settings)),
        )
    }
    original = aws.publisher.configuration(name)
    relay = _published(
        primary,
        name,
        "relay",
        {
            "Runtime": "python3.12",
            "Handler": "cutover_relay.handler",
            "Layers": [layers["relay"], layers["settings"]],
            "Timeout": 10,
        },
    )
    tap = _published(
        primary,
        name,
        "tap",
        {
            "Runtime": runtime,
            "Handler": tap_handler(runtime),
            "Layers": [layers["tap"], layers["settings"]],
            "Timeout": 5,
        },
    )
    now = aws.publisher.configuration(name)
    fields = {field: original.fields[field] for field in ("Runtime", "Handler", "Layers", "Timeout")}
    restored = aws.publisher.write_configuration(name, fields, revision_id=now.revision_id)
    assert restored.outcome["fingerprint"] == original.fingerprint
    weights = {relay: weight_bp} if 0 < weight_bp < 10_000 else {}
    aws.router.route(
        name, "live", version=relay if weight_bp == 10_000 else tap, weights=weights, revision_id=None
    )
    return Shifting(name=name, tap=tap, relay=relay, queue_url=queue_url, secret_arn=secret_arn)


def _published(primary: Primary, name: str, marker: str, changes: dict[str, Any]) -> str:
    publisher = primary.cloud.publisher
    publisher.write_configuration(name, changes, revision_id=publisher.configuration(name).revision_id)
    now = publisher.configuration(name)
    receipt = publisher.publish_version(
        name, code_sha256=now.code_sha256, revision_id=now.revision_id, marker=marker
    )
    return str(receipt.outcome["version"])


def _messages(primary: Primary, url: str, expected: int) -> list[dict[str, Any]]:
    """Take messages off the queue until there are as many as expected, or ten seconds are over."""
    found: list[dict[str, Any]] = []
    end = time.monotonic() + 10
    while len(found) < expected and time.monotonic() < end:
        received = primary.cloud.queue.receive(url, wait_s=1, at_most=10)
        primary.cloud.queue.delete(url, [one.receipt for one in received])
        found += [json.loads(one.body) for one in received]
    return found


def _call(primary: Primary, name: str, event: object, qualifier: str = "live") -> Observation:
    return primary.cloud.invoker.invoke(name, json.dumps(event).encode(), qualifier=qualifier, timeout_s=10)


@pytest.mark.parametrize("kind", list(KINDS))
def test_it_answers_every_call_and_reports_each_once(
    both: tuple[Primary, Candidate], half: Shared, kind: str
) -> None:
    primary, given = both[0], half(kind)

    with ThreadPoolExecutor(4) as pool:
        seen = list(pool.map(lambda n: _call(primary, given.name, {"n": n}), range(60)))

    assert [one.outcome for one in seen] == [Outcome.OK] * 60
    assert [json.loads(one.payload) for one in seen] == [{"echo": {"n": n}} for n in range(60)]
    messages = _messages(primary, given.queue_url, 60)
    assert sorted(m["request_id"] for m in messages) == sorted(one.request_id for one in seen)
    sides = {m["request_id"]: m["side"] for m in messages}
    assert sides == {one.request_id: "candidate" if one.version == given.relay else "primary" for one in seen}
    assert {"candidate", "primary"} == set(sides.values())
    for message in messages:
        assert message["outcome"] == "ok"
        assert message["answer"] == {"echo": message["event"]}
        assert message["duration_ms"] is not None
        assert bool(message.get("fc_request_id")) == (message["side"] == "candidate")


@pytest.mark.parametrize("kind", list(KINDS))
def test_it_fails_as_the_function_fails_on_either_side(
    both: tuple[Primary, Candidate], half: Shared, kind: str
) -> None:
    primary, given = both[0], half(kind)

    for version, side in ((given.tap, "primary"), (given.relay, "candidate")):
        seen = _call(primary, given.name, {"fail": "no such order"}, version)

        assert seen.outcome is Outcome.ERROR
        assert (seen.error_type, seen.error_message) == ("ValueError", "no such order")
        (message,) = _messages(primary, given.queue_url, 1)
        assert (message["side"], message["outcome"], message["error_type"]) == (side, "error", "ValueError")


@pytest.mark.parametrize("kind", list(KINDS))
def test_it_answers_a_probe_without_calling_anything(
    both: tuple[Primary, Candidate], half: Shared, kind: str
) -> None:
    primary, given = both[0], half(kind)

    for version, what in ((given.tap, "tap"), (given.relay, "relay")):
        seen = _call(primary, given.name, {"cutover-probe": "nonce"}, version)
        assert json.loads(seen.payload) == {"cutover-probe": "nonce", "is": what, "settings": True}

    assert _messages_now(primary, given) == 0


def _let_the_role_invoke(primary: Primary) -> None:
    assert primary.raw is not None
    document = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "*"}],
    }
    primary.raw.client("iam").put_role_policy(
        RoleName=primary.role_arn.rpartition("/")[2],
        PolicyName="invoke",
        PolicyDocument=json.dumps(document),
    )


def _messages_now(primary: Primary, given: Shifting) -> int:
    return len(primary.cloud.queue.receive(given.queue_url, wait_s=0, at_most=10))


@pytest.mark.parametrize("kind", ["python", "node async"])
def test_it_masks_secrets_before_anything_leaves_the_function(
    both: tuple[Primary, Candidate], kind: str
) -> None:
    primary, candidate = both
    given = shifting(primary, candidate, kind, 5000, redact=["/deep/*/pin", "mothersName"])
    event = {
        "password": "hidden-value",
        "headers": {"Authorization": "hidden-value", "accept": "text/plain"},
        "body": json.dumps({"api_key": "hidden-value", "n": 1}),
        "deep": [{"pin": "hidden-value"}],
        "mothers_name": "hidden-value",
    }

    for version in (given.tap, given.relay):
        seen = _call(primary, given.name, event, version)
        assert json.loads(seen.payload) == {"echo": event}
        (message,) = _messages(primary, given.queue_url, 1)
        # The answer echoes under /echo, where the pointer does not reach.
        assert "hidden-value" not in json.dumps(message["event"])
        assert message["event"]["headers"]["accept"] == "text/plain"


@pytest.mark.parametrize("kind", ["python", "node async"])
def test_it_reports_a_large_event_by_hash_and_size(
    both: tuple[Primary, Candidate], half: Shared, kind: str
) -> None:
    primary, given = both[0], half(kind)

    for version in (given.tap, given.relay):
        _call(primary, given.name, {"text": "x" * 40_000}, version)
        (message,) = _messages(primary, given.queue_url, 1)
        assert message["event"] is None
        assert message["event_bytes"] > 40_000
        assert len(message["event_sha256"]) == 64


def test_it_never_answers_with_a_success_when_the_candidate_is_gone(
    both: tuple[Primary, Candidate],
) -> None:
    primary, candidate = both
    given = shifting(primary, candidate, "python", 10_000)
    candidate.cloud.deployer.delete(given.name)

    seen = _call(primary, given.name, {"n": 1})

    assert seen.outcome is Outcome.ERROR
    assert seen.error_type == "RefusedError"
    (message,) = _messages(primary, given.queue_url, 1)
    assert (message["outcome"], message["error_type"]) == ("error", "RefusedError")


def test_it_falls_back_to_the_original_where_that_was_declared_safe(
    both: tuple[Primary, Candidate],
) -> None:
    primary, candidate = both
    given = shifting(
        primary, candidate, "python", 10_000, repeatable=True, fall_back=True, original_version="1"
    )
    candidate.cloud.deployer.delete(given.name)
    _let_the_role_invoke(primary)

    seen = _call(primary, given.name, {"n": 1})

    assert seen.outcome is Outcome.OK, seen.payload
    assert json.loads(seen.payload) == {"echo": {"n": 1}}
    (message,) = _messages(primary, given.queue_url, 1)
    assert (message["side"], message["outcome"]) == ("candidate", "error")


@pytest.mark.parametrize("kind", ["python", "node async", "node callback"])
def test_it_answers_as_ever_when_the_queue_is_gone(both: tuple[Primary, Candidate], kind: str) -> None:
    primary, candidate = both
    given = shifting(primary, candidate, kind, 5000)
    assert primary.raw is not None
    primary.raw.client("sqs").delete_queue(QueueUrl=given.queue_url)

    for version in (given.tap, given.relay):
        seen = _call(primary, given.name, {"n": 1}, version)
        assert json.loads(seen.payload) == {"echo": {"n": 1}}
        complaints = [line for line in seen.logs or () if "could not be sent" in line.text]
        assert len(complaints) == 1


@pytest.mark.parametrize(
    ("fault", "error_type", "outcome"),
    [
        ({"kind": "status", "status": 429}, "ThrottledError", "throttled"),
        ({"kind": "status", "status": 500}, "RefusedError", "error"),
        ({"kind": "drop-answer"}, "NoAnswerError", "no-answer"),
    ],
)
def test_it_raises_and_reports_what_fc_did_instead_of_answering(
    both: tuple[Primary, Candidate], fault: dict[str, Any], error_type: str, outcome: str
) -> None:
    primary, candidate = both
    given = shifting(primary, candidate, "python", 10_000)
    _strike_once(candidate, {"operation": "InvokeFunction", **fault})

    seen = _call(primary, given.name, {"n": 1})

    assert (seen.outcome, seen.error_type) == (Outcome.ERROR, error_type)
    (message,) = _messages(primary, given.queue_url, 1)
    assert (message["outcome"], message["answer"]) == (outcome, None)
    assert _call(primary, given.name, {"n": 2}).outcome is Outcome.OK


def _strike_once(candidate: Candidate, fault: dict[str, Any]) -> None:
    assert candidate.raw is not None
    request = urllib.request.Request(
        f"{candidate.raw.url}/_sandbox/faults",
        data=json.dumps({"cloud": "alibaba", "times": 1, **fault}).encode(),
        headers={
            "X-Sandbox-Token": candidate.raw.keys.admin_token,
            "content-type": "application/json",
        },
    )
    urllib.request.urlopen(request, timeout=5).close()


def test_it_reads_the_key_again_after_it_was_rotated(both: tuple[Primary, Candidate]) -> None:
    primary, candidate = both
    given = shifting(primary, candidate, "python", 10_000)
    wrong = {"access_key_id": "nobody", "access_key_secret": "nothing"}
    primary.cloud.secrets.ensure(f"cutover/{given.name}/fc", json.dumps(wrong), role_arn=None)
    assert _call(primary, given.name, {"n": 1}).outcome is Outcome.ERROR
    assert candidate.raw is not None
    key = candidate.raw.keys.relay
    right = {"access_key_id": key.access_key_id, "access_key_secret": key.access_key_secret}
    primary.cloud.secrets.ensure(f"cutover/{given.name}/fc", json.dumps(right), role_arn=None)

    assert _call(primary, given.name, {"n": 2}).outcome is Outcome.OK
