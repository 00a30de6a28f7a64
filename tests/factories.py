"""Rows for tests and for looking at pages, with defaults that make sense together."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import math
import random
from dataclasses import asdict
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from cutover.analysis import PairEvidence, Policy, judge
from cutover.analysis.model import verdict_document
from cutover.assessment import Finding, readiness
from cutover.comparison import PairOutcome, compare
from cutover.observation import LogLine, Observation, Outcome, Side
from cutover.phases import Phase
from cutover.planning import Routing, plan_rollback
from migrations_app.models import (
    Connection,
    FunctionMigration,
    Operation,
    Pair,
    PhaseChange,
    Run,
    Suite,
    SuiteEvent,
    TrafficSlot,
)
from migrations_app.services import evidence, inventory, operations, people, tokens

_numbers = itertools.count(1)
FACTS: dict[str, Any] = {
    "runtime": "nodejs20.x",
    "handler": "index.handler",
    "name": "checkout-webhook",
    "arn": "arn:aws:lambda:us-east-1:123456789012:function:checkout-webhook",
    "package_type": "Zip",
    "architectures": ["x86_64"],
    "layers": [],
    "description": "",
    "tags": {},
    "vpc": False,
    "dead_letter": "",
    "ephemeral_mb": 512,
    "last_modified": "2026-11-01T00:00:00Z",
    "managed_by": "",
    "role": "arn:aws:iam::123456789012:role/checkout",
    "memory_mb": 256,
    "timeout_s": 10,
    "code_sha256": "8f21c0d4e5",
    "code_size": 12_000,
    "aliases": {"live": {"version": "12", "weights": {}}},
    "versions": ["11", "12"],
    "triggers": [{"kind": "API Gateway", "source": "orders", "qualifier": "live", "enabled": True}],
    "environment": {},
    "limits": [],
    "reserved_concurrency": None,
}
TARGET: dict[str, Any] = {
    "name": "checkout-webhook",
    "runtime": "nodejs20",
    "handler": "index.handler",
    "memory_mb": 256,
    "cpu": 0.25,
    "disk_mb": 512,
    "timeout_s": 10,
    "bucket": "cutover-packages",
    "log_project": "cutover",
    "log_store": "functions",
    "environment_names": [],
}


def person(role: str = "operator", username: str = "") -> User:
    """Make a person with a role; the password is ``correct horse``."""
    return people.ensure(username or f"{role}-{next(_numbers)}", role, password="correct horse")


def token(role: str) -> str:
    """Make a person with a role and give a token of theirs for the REST API."""
    return tokens.issue(person(role), name="test", actor="test").text


def connection(name: str = "aws-orders", **changes: Any) -> Connection:
    """Make an AWS connection with its counterpart."""
    there, _ = Connection.objects.get_or_create(
        name="fc-orders",
        defaults={"cloud": "alibaba", "region": "cn-hangzhou", "account_id": "1432000000000000"},
    )
    values = {"cloud": "aws", "region": "us-east-1", "account_id": "123456789012", "counterpart": there}
    made, _ = Connection.objects.get_or_create(name=name, defaults={**values, **changes})
    return made


def function(
    name: str = "checkout-webhook", *, phase: Phase = Phase.DISCOVERED, **changes: Any
) -> FunctionMigration:
    """Make a function in a phase, with what belongs to having got there."""
    order = list(Phase)
    values: dict[str, Any] = {"facts": FACTS, "arn": f"arn:aws:lambda:us-east-1:123456789012:function:{name}"}
    if phase != Phase.DISCOVERED:
        values |= {"target": TARGET | {"name": name}, "assessed_at": timezone.now(), "effects": "repeatable"}
        values |= {"effects_reason": "It only reads", "effects_by": "operator"}
    if order.index(phase) >= order.index(Phase.DEPLOYED):
        values["deployment"] = {"version": "3", "arn": f"acs:fc:cn-hangzhou:1432:functions/{name}"}
    if order.index(phase) >= order.index(Phase.SHIFTING):
        values["routing"] = {"original_version": "12", "tap_version": "13", "relay_version": "14"}
        values |= {"observed_weight_bp": 0, "weight_read_at": timezone.now()}
    values |= changes
    return FunctionMigration.objects.create(
        connection=changes.pop("connection", None) or connection(),
        name=name,
        phase=phase,
        **{key: value for key, value in values.items() if key != "connection"},
    )


def shifting(name: str = "checkout-webhook", *, weight_bp: int = 2500, **changes: Any) -> FunctionMigration:
    """Make a function that shifts, with a passing verdict that is fresh."""
    made = function(
        name,
        phase=Phase.SHIFTING,
        desired_weight_bp=weight_bp,
        **{
            "observed_weight_bp": weight_bp,
            "advice": "The next step, 50%, starts by itself when 30 events are in.",
            "live_result": "pass",
            "live_sentence": "No error among 55 events on FC; none of 165 on AWS.",
            "step_candidate_events": 55,
            "step_primary_events": 165,
            **changes,
        },
    )
    passing(made)
    return made


def assessed() -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Give findings of every severity, one of them waived, as a row has them, and their readiness."""
    found = [
        Finding(rule="runtime", severity="blocker", title="FC has no runtime", place="Runtime", why="So."),
        Finding(
            rule="sdk-write",
            severity="warn",
            title="s3: writes (putObject)",
            place="src/a-rather-long-folder/name/of/index.js:7",
            why="On FC there is no execution role of AWS.",
            remedy="Name a twin.",
            source="AWS SDK",
            line=7,
            excerpt="await s3.putObject({Bucket: bucket, Key: key, Body: body}).promise()",
            around=((6, "const key = '***'"), (7, "await s3.putObject({Bucket: bucket})" * 4), (8, "}")),
        ),
        Finding(rule="vpc", severity="warn", title="It sits in a VPC", place="VpcConfig", why="Another net."),
        Finding(rule="memory", severity="ok", title="128 MB", place="MemorySize: 128", why="It fits."),
    ]
    documents = [{**asdict(one), "identity": one.identity} for one in found]
    documents[2]["waiver"] = {"reason": "Peered", "by": "ada", "at": timezone.now().isoformat()}
    rated = readiness(found, waived=[found[2].identity])
    return json.loads(json.dumps(documents)), json.loads(json.dumps(asdict(rated)))


def passing(made: FunctionMigration, *, pairs: int = 320, mismatches: int = 0) -> None:
    """Give the function a verdict drawn from that many pairs."""
    rows = [
        PairEvidence(
            outcome=PairOutcome.MISMATCH if i < mismatches else PairOutcome.MATCH,
            primary_ms=40.0 + i % 7,
            candidate_ms=38.0 + i % 5,
            cold=False,
        )
        for i in range(pairs)
    ]
    verdict = judge(rows, Policy())
    made.verdict = verdict_document(verdict)
    made.verdict_result, made.verdict_at = verdict.result.value, timezone.now()
    made.evidence_digest = inventory.evidence_digest(made)
    made.save()


def journey(made: FunctionMigration, *phases: tuple[str, str, str], days: float = 20) -> None:
    """Write phase changes (before, trigger, after) over the last days."""
    now = timezone.now()
    for place, (before, trigger, after) in enumerate(phases):
        row = PhaseChange.objects.create(
            function=made,
            before=before,
            trigger=trigger,
            after=after,
            version=place + 2,
            actor="operator",
            reason="Test",
        )
        at = now - dt.timedelta(days=days * (1 - place / max(1, len(phases))))
        PhaseChange.objects.filter(pk=row.pk).update(at=at)


def moved(made: FunctionMigration, to_bp: int, *, minutes_ago: float, kind: str = "shift") -> Operation:
    """Write an operation that moved the weight some time ago."""
    at = timezone.now() - dt.timedelta(minutes=minutes_ago)
    row = Operation.objects.create(
        function=made,
        kind=kind,
        state="succeeded",
        digest="0" * 64,
        parameters={"to_bp": to_bp},
        asked_by="operator",
        reason="Test",
        fence=0,
        started_at=at,
        finished_at=at + dt.timedelta(seconds=0.41),
    )
    Operation.objects.filter(pk=row.pk).update(created_at=at)
    return row


def rolling_back(made: FunctionMigration) -> Operation:
    """Ask for a rollback, as the page does."""
    plan = plan_rollback(function=made.name, routing=Routing(original_version="12"), restore_latest=False)
    return operations.submit_rollback(made.pk, lambda *_: plan, actor="operator", reason="Test")


def traffic(made: FunctionMigration, *, minutes: int = 18, rate: float = 20.0, weight: float = 0.25) -> None:
    """Write slots of both sides; FC begins after a third of the time."""
    dice = random.Random(7)
    now = timezone.now().replace(microsecond=0)
    slots = []
    for place in range(minutes * 6):
        at = now - dt.timedelta(seconds=10 * (minutes * 6 - place))
        at = at.replace(second=at.second // 10 * 10)
        share = weight if place > minutes * 2 else 0.0
        for side, part, typical in (("primary", 1 - share, 41.0), ("candidate", share, 37.0)):
            events = round(rate * 10 * part * dice.uniform(0.85, 1.15))
            if events:
                bound = math.sqrt(2) ** math.ceil(math.log(typical, math.sqrt(2)))
                histogram = {
                    f"{bound:.4f}": round(events * 0.8),
                    f"{bound * 2:.4f}": events - round(events * 0.8),
                }
                slots.append(
                    TrafficSlot(
                        function=made,
                        side=side,
                        at=at,
                        events=events,
                        errors=dice.randint(0, 1),
                        histogram=histogram,
                        weight_bp=int(share * 10_000),
                    )
                )
    TrafficSlot.objects.bulk_create(slots)


def observation(
    side: Side, answer: Any, *, ms: float = 40.0, logs: tuple[str, ...] = (), **changes: Any
) -> Observation:
    """Make an observation of an answer."""
    values: dict[str, Any] = {
        "side": side,
        "outcome": Outcome.OK,
        "payload": json.dumps(answer).encode(),
        "request_id": "c6f1a0de-77b2-4a2e-9d40-1f0e0a9e9a0e"
        if side is Side.PRIMARY
        else "1-673f0b2a-42b7aa00c1",
        "at": timezone.now(),
        "duration_ms": ms,
        "billed_ms": ms + 2,
        "max_memory_mb": 88,
        "round_trip_ms": ms + 9,
        "cold": False,
        "version": "12" if side is Side.PRIMARY else "3",
        "logs": tuple(LogLine(text=line, level="INFO") for line in logs),
    }
    return Observation(**{**values, **changes})


ORDER: dict[str, Any] = {
    "id": "0f9d1c2e-6a2b-4a35-9d8c-3d1f7a5b6c7d",
    "at": "2026-11-22T05:40:58.114Z",
    "status": "created",
    "currency": "EUR",
    "customer": {
        "name": "Ada",
        "country": "DE",
        "since": 2019,
        "tier": "gold",
        "newsletter": True,
        "orders": 12,
    },
    "items": [{"sku": "A-1", "title": "Notebook", "price": 19.9, "qty": 2}],
    "total": 39.8,
}


def pair(
    made: FunctionMigration,
    *,
    answer: Any = None,
    run: Run | None = None,
    position: int = 0,
    ago_s: float = 0,
    **changes: Any,
) -> Pair:
    """Write a pair of two observations; ``answer`` is FC's, AWS's is ``ORDER``."""
    left = observation(Side.PRIMARY, ORDER, logs=("order received items=1", "stored order 88213"))
    right_logs: tuple[str, ...] = ("order received items=1", "stored order 88213")
    right = observation(Side.CANDIDATE, ORDER if answer is None else answer, ms=38.0, logs=right_logs)
    compared = compare(left, right)
    owner = run or Run(function=made)
    row = evidence.pair(
        owner,
        position=position,
        title="POST /orders",
        event={"httpMethod": "POST", "path": "/orders", "body": "{}"},
        first_side=Side.PRIMARY,
        primary=left,
        candidate=right,
        compared=compared,
    )
    row.run = run
    row.at = timezone.now() - dt.timedelta(seconds=ago_s)
    for name, value in changes.items():
        setattr(row, name, value)
    row.save(force_insert=True)
    return row


def suite(made: FunctionMigration, events: int = 2) -> Suite:
    """Give the function a suite."""
    row, _ = Suite.objects.get_or_create(function=made, name="default")
    SuiteEvent.objects.bulk_create(
        SuiteEvent(suite=row, position=i, title=f"Event {i}", event={"name": "Ada"}) for i in range(events)
    )
    return row


def run(made: FunctionMigration, *, state: str = "finished", done: int = 4) -> Run:
    """Write a validation."""
    return Run.objects.create(
        function=made,
        suite=suite(made),
        state=state,
        wanted_pairs=320,
        done_pairs=done,
        asked_by="operator",
        basis_digest="0" * 64,
        outcomes={"match": max(0, done - 1), "mismatch": 1},
    )
