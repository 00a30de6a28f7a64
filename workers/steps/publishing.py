"""Steps for what tap and relay need: queue, secret, layers, and the probe of what came out."""

from __future__ import annotations

import hashlib
import json
import uuid

from adapters import build
from cutover.observation import Outcome
from cutover.ports import Receipt
from workers import wiring
from workers.steps.work import Change, Look, Resolved, StepFailed, Work, as_planned, never_seen

PROBE_LIMIT_S = 30.0
PROBE = "cutover-probe"


def _ensure_queue(work: Work, resolved: Resolved) -> Receipt:
    return work.primary.queue.ensure(resolved["name"], role_arn=resolved["role_arn"])


def _ensure_secret(work: Work, resolved: Resolved) -> Receipt:
    """Store the invoke-only key; its value comes from the worker's environment and goes nowhere else."""
    return work.primary.secrets.ensure(
        resolved["name"], json.dumps(wiring.relay_key()), role_arn=resolved["role_arn"]
    )


def _publish_layer(work: Work, resolved: Resolved) -> Receipt:
    """Publish, or find the layer of the same content: its digest is the marker."""
    archive = _content(work, resolved)
    marker = f"cutover-{hashlib.sha256(archive).hexdigest()[:32]}"
    return work.primary.publisher.publish_layer(
        resolved["name"], archive, marker=marker, runtimes=resolved["runtimes"]
    )


def _content(work: Work, resolved: Resolved) -> bytes:
    match resolved["content"]:
        case "relay":
            return build.relay_layer()
        case "tap":
            return build.tap_layer()
        case _:
            # The connection's own client knows best where FC is reached.
            return build.settings_layer({**resolved["settings"], "fc_url": work.candidate.fc_url})


def _probe(work: Work) -> Receipt:
    """Ask the version what it is; it answers itself, without FC and without the function."""
    token = uuid.uuid4().hex
    version, wanted = work.request["version"], work.request["answers"]
    answer = work.primary.invoker.invoke(
        work.request["function"],
        json.dumps({PROBE: token}).encode(),
        qualifier=version,
        timeout_s=PROBE_LIMIT_S,
    )
    said = _answer(answer.payload) if answer.outcome is Outcome.OK else {}
    if said.get(PROBE) != token or said.get("is") != wanted:
        what = answer.error_type or answer.outcome.value
        raise StepFailed(
            f"The {wanted} was published as version {version} but does not answer a probe ({what}, "
            f"request {answer.request_id}). No traffic was moved."
        )
    return Receipt(request_id=answer.request_id, outcome={"is": wanted, "duration_ms": answer.duration_ms})


def _answer(payload: bytes) -> dict[str, object]:
    try:
        said = json.loads(payload)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


QUEUE = Change(prepare=as_planned, observe=never_seen, apply=_ensure_queue)
SECRET = Change(prepare=as_planned, observe=never_seen, apply=_ensure_secret)
LAYER = Change(prepare=as_planned, observe=never_seen, apply=_publish_layer)
PROBED = Look(look=_probe)
