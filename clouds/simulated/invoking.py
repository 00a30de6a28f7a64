"""What happens in the simulated clouds when a function is called, tap and relay included.

A version whose handler is the relay's asks the candidate; one whose handler is the tap's answers as the
original. Both leave an observation on the queue that their settings layer names, as the real layers do.
"""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from clouds.simulated.world import PrimaryFunction, Snapshot, World, missing, now
from cutover.observation import LogLine, Observation, Outcome, Side

RELAY_HANDLER = "cutover_relay.handler"
TAP_HANDLERS = ("cutover_tap.handler", "/opt/nodejs/node_modules/cutover-tap/index.handler")


def invoke_primary(world: World, function: str, payload: bytes, *, qualifier: str) -> Observation:
    """Give what a Lambda version does; the alias draws it by weight, evenly and the same each time."""

    def look() -> tuple[str, Snapshot, bool]:
        found = world.function(function)
        found.calls[function if qualifier in ("", "$LATEST") else f"{function}:{qualifier}"] += 1
        if found.reserved == 0:
            found.refused += 1
            return "", found.latest, True
        version = _drawn(found, qualifier)
        return version, found.snapshot(version), False

    version, snapshot, refused = world.read("aws", "lambda:Invoke", look)
    if refused:
        return _observation(
            world, Side.PRIMARY, Outcome.THROTTLED, b"", error_type="TooManyRequestsException"
        )
    kind = _kind(snapshot)
    if kind and _is_probe(payload):
        answer = {**json.loads(payload), "is": kind, "settings": bool(_settings(world, snapshot))}
        return _observation(world, Side.PRIMARY, Outcome.OK, json.dumps(answer).encode(), version=version)
    if kind == "relay":
        settings = _settings(world, snapshot)
        seen = invoke_candidate(world, settings["target"], payload, qualifier=settings.get("alias", "live"))
        outcome = Outcome.OK if seen.outcome is Outcome.OK else Outcome.ERROR
        found = _observation(
            world,
            Side.PRIMARY,
            outcome,
            seen.payload,
            version=version,
            error_type=seen.error_type,
            error_message=seen.error_message,
        )
        _report(world, settings, "candidate", found, seen, payload)
        return found
    found = _behave(world, Side.PRIMARY, function, payload, version)
    if kind == "tap":
        _report(world, _settings(world, snapshot), "primary", found, found, payload)
    return found


def invoke_candidate(world: World, function: str, payload: bytes, *, qualifier: str) -> Observation:
    """Give what an FC version does."""

    def look() -> str:
        found = world.candidate(function)
        if qualifier in found.aliases:
            return found.aliases[qualifier]
        if qualifier in ("", "LATEST") or qualifier in found.versions:
            return qualifier or "LATEST"
        raise missing("fc:InvokeFunction", f"{function}:{qualifier}", cloud="alibaba")

    version = world.read("alibaba", "fc:InvokeFunction", look)
    return _behave(world, Side.CANDIDATE, function, payload, version)


def _drawn(found: PrimaryFunction, qualifier: str) -> str:
    alias = found.aliases.get(qualifier)
    if alias is None:
        return qualifier or "$LATEST"
    total = sum(found.drawn.values()) + 1
    chosen = alias.version
    for version, weight_bp in alias.weights.items():
        if found.drawn[version] < total * weight_bp / 10_000 - 0.5:
            chosen = version
    found.drawn[chosen] += 1
    return chosen


def _behave(world: World, side: Side, function: str, payload: bytes, version: str) -> Observation:
    start = time.perf_counter()
    behaviour = world.behaviours.get(function, world.default_behaviour)
    world.take_said()
    try:
        body, outcome, error_type, error_message = behaviour(side, payload), Outcome.OK, "", ""
    except Exception as error:  # noqa: BLE001 - whatever a function raises is its outcome
        error_type, error_message = type(error).__name__, str(error)
        body = json.dumps({"errorType": error_type, "errorMessage": error_message}).encode()
        outcome = Outcome.ERROR
    found = _observation(
        world,
        side,
        outcome,
        body,
        version=version,
        error_type=error_type,
        error_message=error_message,
        duration_ms=(time.perf_counter() - start) * 1000,
    )
    found = replace(found, logs=(*(found.logs or ()), *world.take_said()))
    with world.lock:
        world.logs[function, found.request_id] = found.logs or ()
        late = function in world.late_logs
    return replace(found, logs=None) if late else found


def _observation(
    world: World,
    side: Side,
    outcome: Outcome,
    body: bytes,
    *,
    version: str = "",
    error_type: str = "",
    error_message: str = "",
    duration_ms: float = 1.0,
) -> Observation:
    return Observation(
        side=side,
        outcome=outcome,
        payload=body,
        request_id=world.request_id(),
        at=now(),
        duration_ms=duration_ms,
        billed_ms=max(1.0, round(duration_ms)),
        max_memory_mb=64,
        round_trip_ms=duration_ms,
        cold=False,
        version=version,
        error_type=error_type,
        error_message=error_message,
        logs=(LogLine(text="called", level="INFO"),),
    )


def _kind(snapshot: Snapshot) -> str:
    handler = snapshot.fields.get("Handler")
    if handler == RELAY_HANDLER:
        return "relay"
    return "tap" if handler in TAP_HANDLERS else ""


def _is_probe(payload: bytes) -> bool:
    try:
        event = json.loads(payload)
    except ValueError:
        return False
    return isinstance(event, dict) and set(event) == {"cutover-probe"}


def _settings(world: World, snapshot: Snapshot) -> dict[str, Any]:
    """Give what the settings layer of a version holds."""
    with world.lock:
        archives = {arn: archive for layers in world.layers.values() for arn, archive, _ in layers}
    for arn in snapshot.fields.get("Layers", ()):
        with zipfile.ZipFile(io.BytesIO(archives[arn])) as archive:
            if "cutover/settings.json" in archive.namelist():
                found: dict[str, Any] = json.loads(archive.read("cutover/settings.json"))
                return found
    return {}


def _report(
    world: World,
    settings: Mapping[str, Any],
    side: str,
    given: Observation,
    seen: Observation,
    payload: bytes,
) -> None:
    message = {
        "v": 1,
        "side": side,
        "function": settings.get("function", ""),
        "version": given.version,
        "request_id": given.request_id,
        "fc_request_id": seen.request_id if side == "candidate" else "",
        "at": given.at.isoformat(),
        "outcome": given.outcome.value,
        "error_type": given.error_type,
        "duration_ms": seen.duration_ms,
        "hop_ms": 1.0 if side == "candidate" else 0.0,
        "event": _json(payload),
        "answer": _json(given.payload),
    }
    with world.lock:
        queue = world.queues.get(settings.get("queue_url", ""))
        if queue is not None:
            queue[f"receipt-{world.number()}"] = json.dumps(message).encode()


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace")
