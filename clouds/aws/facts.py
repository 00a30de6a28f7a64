"""What AWS's answers say about a function's triggers, owners and limits; pure.

Source: API models of 2026-07 and the Lambda developer guide; what forbids tap and relay follows the page on
weighted aliases and on runtimes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cutover.ports import Document

# Runtimes whose functions AWS no longer lets anybody update: a runtime changed for the relay could not be
# changed back. The dates of newer ones move; there AWS's own refusal stops the operation before anything.
FROZEN_RUNTIMES = frozenset(
    {
        "nodejs", "nodejs4.3", "nodejs4.3-edge", "nodejs6.10", "nodejs8.10", "nodejs10.x", "nodejs12.x",
        "nodejs14.x", "python2.7", "python3.6", "python3.7", "ruby2.5", "ruby2.7", "java8", "go1.x",
        "dotnetcore1.0", "dotnetcore2.0", "dotnetcore2.1", "dotnetcore3.1", "dotnet5.0", "provided",
    }
)  # fmt: skip

_SERVICES = {
    "apigateway.amazonaws.com": "apigateway",
    "cognito-idp.amazonaws.com": "cognito",
    "elasticloadbalancing.amazonaws.com": "alb",
    "events.amazonaws.com": "eventbridge",
    "iot.amazonaws.com": "iot",
    "logs.amazonaws.com": "logs",
    "s3.amazonaws.com": "s3",
    "scheduler.amazonaws.com": "scheduler",
    "ses.amazonaws.com": "ses",
    "sns.amazonaws.com": "sns",
}

_MAPPED = ("sqs", "kinesis", "dynamodb", "kafka", "mq", "rds")


FULL_BP = 10_000


def weights_bp(alias: Mapping[str, Any]) -> dict[str, int]:
    """Give an alias's other versions with their weights in basis points; zero weights are left out."""
    given = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    return {version: bp for version, weight in given.items() if (bp := round(float(weight) * FULL_BP))}


def addresses(target: str, arn: str, function: str) -> bool:
    """Tell whether a mapping's target is this function, bare or qualified, by ARN or by name."""
    return target in (arn, function) or target.startswith((f"{arn}:", f"{function}:"))


def qualifier_of(target: str) -> str:
    """Give the alias or version at the end of a function ARN, empty for the bare function."""
    parts = target.split(":")
    if target.startswith("arn:"):
        return parts[7] if len(parts) > 7 else ""
    return parts[1] if len(parts) > 1 else ""


def mapping_triggers(mappings: Iterable[Mapping[str, Any]]) -> Iterator[Document]:
    """Give one trigger per event source mapping."""
    for one in mappings:
        source = str(one.get("EventSourceArn") or one.get("SelfManagedEventSource") or "")
        service = source.split(":")[2] if source.startswith("arn:") else "kafka"
        yield {
            "kind": next((kind for kind in _MAPPED if kind in service), service),
            "source": source,
            "qualifier": qualifier_of(str(one.get("FunctionArn", ""))),
            "enabled": one.get("State") not in ("Disabled", "Disabling"),
            "uuid": str(one.get("UUID", "")),
        }


def policy_triggers(document: str, qualifier: str) -> Iterator[Document]:
    """Give one trigger per statement that lets a service or an account invoke."""
    for statement in statements(document):
        principal = statement.get("Principal")
        service = principal.get("Service", "") if isinstance(principal, Mapping) else ""
        if isinstance(service, list):
            service = service[0] if service else ""
        if service:
            kind = _SERVICES.get(service, service.partition(".")[0])
        elif str(statement.get("Action", "")).endswith("InvokeFunctionUrl"):
            continue
        else:
            kind = "account"
        yield {
            "kind": kind,
            "source": source_of(statement) or _principal_text(principal),
            "qualifier": qualifier,
            "enabled": True,
            "statement": str(statement.get("Sid", "")),
        }


def url_triggers(urls: Iterable[Mapping[str, Any]]) -> Iterator[Document]:
    """Give one trigger per function URL."""
    for one in urls:
        yield {
            "kind": "url",
            "source": str(one.get("FunctionUrl", "")),
            "qualifier": qualifier_of(str(one.get("FunctionArn", ""))),
            "enabled": True,
        }


def statements(document: str) -> list[dict[str, Any]]:
    """Give the statements of a resource policy; none for an empty document."""
    if not document:
        return []
    found = json.loads(document).get("Statement") or []
    return [found] if isinstance(found, dict) else list(found)


def source_of(statement: Mapping[str, Any]) -> str:
    """Give the SourceArn that a statement is bound to, empty when it has none."""
    return condition_of(statement, "aws:sourcearn")


def condition_of(statement: Mapping[str, Any], name: str) -> str:
    """Give a condition's value by its key, in any letter case and under any operator."""
    for tests in (statement.get("Condition") or {}).values():
        for key, value in tests.items():
            if key.lower() == name:
                return str(value[0] if isinstance(value, list) else value)
    return ""


def _principal_text(principal: Any) -> str:
    if isinstance(principal, Mapping):
        value = principal.get("AWS", "")
        return str(value[0] if isinstance(value, list) and value else value)
    return str(principal or "")


def limits_of_configuration(raw: Mapping[str, Any]) -> Iterator[str]:
    """Give what in a configuration forbids tap and relay, as sentences."""
    if raw.get("PackageType", "Zip") == "Image":
        yield "It is an image function: layers cannot be added, so there is no tap and no relay."
    elif raw.get("Runtime") in FROZEN_RUNTIMES:
        yield f"Its runtime {raw.get('Runtime')} can no longer be updated, so $LATEST could not be restored."
    if raw.get("DurableConfig"):
        yield "It is a durable function: a replay must meet the same code, so its traffic cannot be split."
    if raw.get("CapacityProviderConfig"):
        yield "It runs on managed instances, for which weighted aliases are not known to work."
    if raw.get("TenancyConfig"):
        yield "It isolates tenants, and the tenant's id cannot pass through the relay."
    if len(raw.get("Layers") or ()) > 3:
        yield "It has more than three layers, and tap and settings need two of the five."


def limits_of_urls(urls: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Give what in the function URLs forbids tap and relay."""
    found = list(urls)
    if any(not qualifier_of(str(one.get("FunctionArn", ""))) for one in found):
        yield "A function URL addresses the bare function, and a URL cannot be moved to an alias."
    if any(one.get("InvokeMode") == "RESPONSE_STREAM" for one in found):
        yield "A function URL streams its responses, and the relay cannot stream."


def configuration(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Give what in a configuration concerns the assessment alone; what is not set is left out."""
    found: dict[str, Any] = {}
    if raw.get("FileSystemConfigs"):
        found["file_systems"] = [str(one.get("Arn", "")) for one in raw["FileSystemConfigs"]]
    if (raw.get("SnapStart") or {}).get("ApplyOn", "None") != "None":
        found["snap_start"] = True
    if (raw.get("TracingConfig") or {}).get("Mode") == "Active":
        found["tracing"] = True
    variables = (raw.get("Environment") or {}).get("Variables") or {}
    found["environment_bytes"] = sum(
        len(name.encode()) + len(value.encode()) for name, value in variables.items()
    )
    return found


def image(code: Mapping[str, Any]) -> dict[str, str]:
    """Give an image function's image, by digest where AWS resolved it."""
    uri = str(code.get("ResolvedImageUri") or code.get("ImageUri") or "")
    return {"image": uri} if uri else {}


def event_invoke(configs: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Give the destinations of asynchronous invocations, by qualifier."""
    found = []
    for one in configs:
        given = one.get("DestinationConfig") or {}
        targets = {
            word: str((given.get(key) or {}).get("Destination") or "")
            for word, key in (("on_success", "OnSuccess"), ("on_failure", "OnFailure"))
        }
        if any(targets.values()):
            found.append({"qualifier": qualifier_of(str(one.get("FunctionArn", ""))), **targets})
    return found


def managed_by(tags: Mapping[str, str]) -> str:
    """Give the tool that owns the function as its tags tell: "" when they do not."""
    lowered = {key.lower(): value.lower() for key, value in tags.items()}
    if lowered.get("lambda:createdby") == "sam":
        return "sam"
    if any("serverless" in key for key in lowered) or "serverless" in lowered.get("managed-by", ""):
        return "serverless"
    if "aws:cloudformation:stack-name" in lowered:
        return "cloudformation"
    if any("terraform" in key or "terraform" in value for key, value in lowered.items()):
        return "terraform"
    if any("pulumi" in key for key in lowered):
        return "pulumi"
    return ""
