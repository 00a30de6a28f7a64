"""Which adapter a function gets on FC, and what it is told. Names only; no value of the environment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from cutover.effects import Twin
from cutover.planning.twin_names import shapes_never_seen, twin_names
from cutover.ports import FunctionFacts
from cutover.translation import COUNTERPARTS, VERSION, Kind


class Adapter(StrEnum):
    """What calls the handler on FC. ``NONE``: FC itself, for functions that are native there."""

    NODE = "node"
    PYTHON = "python"
    NONE = "none"


HANDLERS = {Adapter.NODE: "cutover-adapter.handler", Adapter.PYTHON: "cutover_adapter.handler"}
FILES = {Adapter.NODE: 9, Adapter.PYTHON: 22}
"""How many files the adapter adds to a package, its settings among them."""
_EXECUTION = "AWS_Lambda_"
_PARTS = (
    ("s3", (Kind.S3,)),
    ("sqs", (Kind.SQS,)),
    ("sns", (Kind.SNS,)),
    ("scheduler", (Kind.SCHEDULER,)),
    ("schedule", (Kind.SCHEDULE,)),
    ("events", (Kind.SCHEDULE, Kind.EVENTS)),
    ("eventbridge", (Kind.EVENTS,)),
    ("apigatewayv2", (Kind.API_V2,)),
    ("httpapi", (Kind.API_V2,)),
    ("restapi", (Kind.API_V1,)),
    ("alb", (Kind.ALB,)),
    ("elasticloadbalancing", (Kind.ALB,)),
    ("url", (Kind.URL,)),
)
"""Part of a trigger's kind in the inventory -> shapes of its events."""
_PAYLOADS = {"1.0": Kind.API_V1, "2.0": Kind.API_V2}


def adapter_for(facts: FunctionFacts) -> Adapter:
    """Give the adapter for a function; images and other languages have none."""
    if facts.package_type != "Zip":
        return Adapter.NONE
    if facts.runtime.startswith("nodejs"):
        return Adapter.NODE
    return Adapter.PYTHON if facts.runtime.startswith("python") else Adapter.NONE


def event_kinds(trigger: Mapping[str, Any]) -> tuple[Kind, ...]:
    """Give the shapes of a trigger's events; none when the inventory does not tell; never guessed."""
    plain = str(trigger.get("kind", "")).lower().replace("-", "").replace("_", "")
    payload = _PAYLOADS.get(str(trigger.get("version", "")))
    if payload is not None and plain.startswith("api"):
        return (payload,)
    return next((kinds for part, kinds in _PARTS if part in plain), ())


def adapter_settings(
    facts: FunctionFacts, *, version: str, fc_region: str, fc_account: str, twins: Sequence[Twin] = ()
) -> dict[str, Any]:
    """Give what the adapter reads in its package: handler, names, environment of the platform, triggers.

    ``version``: the version on AWS that the package is of; the function sees it as its own.
    ``twins``: what stands for what on FC; without one a name is the same on both sides.
    """
    region, account = _place(facts.arn)
    kinds = dict.fromkeys(kind for trigger in facts.triggers for kind in event_kinds(trigger))
    shapes, unclear = _shapes(tuple(kinds), shapes_never_seen(twins))
    unknown = [str(trigger.get("kind")) for trigger in facts.triggers if not event_kinds(trigger)]
    schedules = [
        str(trigger.get("source", ""))
        for trigger in facts.triggers
        if {Kind.SCHEDULE, Kind.SCHEDULER} & set(event_kinds(trigger))
    ]
    setting: dict[str, Any] = {
        "aws_region": region,
        "aws_account": account,
        "fc_region": fc_region,
        "fc_account": fc_account,
        **twin_names(twins),
    }
    resources = [
        str(trigger.get("source", "")).rpartition(" ")[2]
        for trigger in facts.triggers
        if {Kind.API_V1, Kind.API_V2} & set(event_kinds(trigger))
    ]
    if len(resources) == 1 and resources[0].startswith("/"):
        setting["resource"] = resources[0]
    if len(schedules) == 1 and schedules[0].startswith("arn:"):
        setting["schedule_arn"] = schedules[0]
    return {
        "translator": VERSION,
        "handler": facts.handler,
        "function_name": facts.name,
        "function_version": version,
        "function_arn": facts.arn,
        "memory_mb": facts.memory_mb,
        "timeout_s": facts.timeout_s,
        "environment": _environment(facts, version=version, region=region),
        "triggers": [
            {"here": here.value, "there": [there.value for there in kinds_there]}
            for here, kinds_there in shapes.items()
        ],
        "unclear": [*unclear, *(f"events of {kind}" for kind in dict.fromkeys(unknown))],
        "setting": setting,
    }


def _shapes(kinds: tuple[Kind, ...], never: Mapping[Kind, Kind]) -> tuple[dict[Kind, list[Kind]], list[str]]:
    """Give each AWS shape with FC's shapes that stand for it, and a sentence part for what could be several.

    One FC shape stands for one AWS shape: for that whose usual counterpart it is. Where that leaves two, such
    as a timer for a rule and for a schedule, its events pass untouched rather than by a guess.
    """
    claims: dict[Kind, list[Kind]] = {}
    for here in kinds:
        for there in _counterparts(here):
            if never.get(here) is there:
                continue
            claims.setdefault(there, []).append(here)
    found: dict[Kind, list[Kind]] = {}
    unclear = []
    for there, claiming in claims.items():
        usual = [here for here in claiming if _usual(here, never) is there] or claiming
        if len(usual) == 1:
            found.setdefault(usual[0], []).append(there)
        else:
            unclear.append(f"{there.value}, which could be {' or '.join(here.value for here in usual)}")
    return found, unclear


def _usual(kind: Kind, never: Mapping[Kind, Kind]) -> Kind:
    return next(there for there in COUNTERPARTS[kind] if there is not never.get(kind))


def _counterparts(kind: Kind) -> tuple[Kind, ...]:
    """Give FC's shapes of a kind. A topic in STREAM form may stand for a queue as well."""
    found = COUNTERPARTS[kind]
    return (*found, Kind.MNS_TOPIC_STREAM) if kind is Kind.SQS else found


def _environment(facts: FunctionFacts, *, version: str, region: str) -> dict[str, str]:
    """Give what Lambda sets, as far as it is the same on FC.

    Source: AWS Lambda, "Defined runtime environment variables", read 2026-11-22.
    """
    return {
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EXECUTION_ENV": f"{_EXECUTION}{facts.runtime}",
        "AWS_LAMBDA_FUNCTION_NAME": facts.name,
        "AWS_LAMBDA_FUNCTION_VERSION": version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(facts.memory_mb),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{facts.name}",
        "_HANDLER": facts.handler,
        "TZ": ":UTC",
    }


def _place(arn: str) -> tuple[str, str]:
    """Give region and account of a function's ARN; empty when it is none."""
    parts = arn.split(":")
    return (parts[3], parts[4]) if len(parts) >= 7 and parts[0] == "arn" else ("", "")
