"""Asynchronous invocations: destinations, retries, age; and API Gateway's features that do not come along."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cutover.assessment.finding import Finding
from cutover.ports import FunctionFacts

ASYNC_SOURCE = "Alibaba Cloud, Function Compute 3.0, asynchronous invocation, read 2026-11-22"
HTTP_SOURCE = "Alibaba Cloud, Function Compute 3.0, HTTP triggers, read 2026-09"
AGE_MOST_S = 604_800
RETRIES_MOST = 8
FEATURES = "request validation, API keys, usage plans, authorizers, mapping templates, caching and throttling"


def check(facts: FunctionFacts) -> Iterator[Finding]:
    """Give findings on destinations, on what the platform gives beside, and on API Gateway."""
    found = facts.configuration
    yield from _destinations(found.get("event_invoke") or ())
    yield from _beside(found)
    yield from _gateway(facts)


def _destinations(given: Any) -> Iterator[Finding]:
    for one in given:
        targets = [str(one[key]) for key in ("on_success", "on_failure") if one.get(key)]
        if targets:
            yield Finding(
                rule="destinations",
                severity="warn",
                title="Asynchronous results go to destinations",
                place=f"EventInvokeConfig: {', '.join(targets)}",
                why="FC has destinations too, of its own services: MNS queue, MNS topic, EventBridge, FC.",
                remedy="Name the twin of each; while the relay serves, Lambda's stay in use.",
                source=ASYNC_SOURCE,
            )


def _beside(found: Mapping[str, Any]) -> Iterator[Finding]:
    for key, title, why, remedy in (
        (
            "file_systems",
            "An EFS file system is mounted",
            "FC mounts NAS and OSS, not EFS.",
            "Copy the files to NAS or OSS, and mount that.",
        ),
        (
            "snap_start",
            "SnapStart is on",
            "FC has snapshots of its own kind; hooks of SnapStart do not run there.",
            "Measure cold starts on FC; use provisioned instances if they matter.",
        ),
        (
            "tracing",
            "X-Ray traces the function",
            "FC traces with OpenTelemetry; traces do not continue across the clouds.",
            "Switch tracing on for FC if it is needed.",
        ),
        (
            "provisioned",
            "Concurrency is provisioned",
            "While an alias has weights it cannot be managed, so its version stays the original.",
            "Provision instances on FC, and remove it on AWS before 100 %.",
        ),
    ):
        if found.get(key):
            yield Finding(
                rule=key.replace("_", "-"),
                severity="warn",
                title=title,
                place=f"Configuration: {key}",
                why=why,
                remedy=remedy,
                source=ASYNC_SOURCE,
            )


def _gateway(facts: FunctionFacts) -> Iterator[Finding]:
    for trigger in facts.triggers:
        if not str(trigger.get("kind", "")).startswith(("api", "http")):
            continue
        named = [str(one) for one in trigger.get("features") or ()]
        yield Finding(
            rule="api-gateway",
            severity="warn",
            title=f"API Gateway does more than pass requests on: {', '.join(named)}"
            if named
            else "What API Gateway does besides passing requests on must be made anew",
            place=f"{trigger.get('kind')} {trigger.get('source', '')}".strip(),
            why=f"An HTTP trigger of FC has none of {FEATURES}; Alibaba Cloud's API Gateway has "
            f"most of them.",
            remedy="Recreate what is used in Alibaba Cloud's API Gateway, or in the function.",
            source=HTTP_SOURCE,
        )
