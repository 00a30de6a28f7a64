"""SAM and CloudFormation, YAML or JSON: functions and whatever in the template triggers them.

Source: AWS SAM specification 2016-10-31 and the CloudFormation resource reference, read 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cutover.inventory.cloudformation_triggers import others, shown
from cutover.inventory.fields import Fields, Open, flag
from cutover.inventory.intrinsics import Intrinsics, as_written
from cutover.inventory.model import DeclaredFunction, Origin

SAM, PLAIN = "AWS::Serverless::Function", "AWS::Lambda::Function"
SAM_EVENTS = {
    "Api": ("apigateway", ("Method", "Path")),
    "HttpApi": ("apigateway", ("Method", "Path")),
    "S3": ("s3", ("Bucket",)),
    "SNS": ("sns", ("Topic",)),
    "SQS": ("sqs", ("Queue",)),
    "Kinesis": ("kinesis", ("Stream",)),
    "DynamoDB": ("dynamodb", ("Stream",)),
    "MSK": ("kafka", ("Stream",)),
    "SelfManagedKafka": ("kafka", ("Topics",)),
    "MQ": ("mq", ("Broker",)),
    "DocumentDB": ("documentdb", ("Cluster",)),
    "Schedule": ("schedule", ("Schedule",)),
    "ScheduleV2": ("scheduler", ("ScheduleExpression",)),
    "EventBridgeRule": ("eventbridge", ("Pattern",)),
    "CloudWatchEvent": ("eventbridge", ("Pattern",)),
    "CloudWatchLogs": ("logs", ("LogGroupName",)),
    "Cognito": ("cognito", ("UserPool",)),
    "IoTRule": ("iot", ("Sql",)),
    "AlexaSkill": ("alexa", ("SkillId",)),
}


def is_template(document: Mapping[str, Any]) -> bool:
    """Tell whether a document is a template of CloudFormation or SAM."""
    resources = document.get("Resources")
    if not resources and {"AWSTemplateFormatVersion", "Transform"} & set(document):
        return True
    return isinstance(resources, Mapping) and any(
        isinstance(one, Mapping) and str(one.get("Type", "")).startswith("AWS::")
        for one in resources.values()
    )


def functions(file: str, template: Mapping[str, Any]) -> Iterator[DeclaredFunction]:
    """Give each function of a template."""
    intrinsics = Intrinsics(template)
    given = _mapping(template.get("Resources"))
    resources = {str(name): one for name, one in given.items() if isinstance(one, Mapping)}
    shared = _mapping(_mapping(template.get("Globals")).get("Function"))
    for logical_id, resource in resources.items():
        if resource.get("Type") in (SAM, PLAIN):
            own = _mapping(resource.get("Properties"))
            raw = _merged(shared, own) if resource["Type"] == SAM else own
            yield _function(file, logical_id, resource, raw, resources, intrinsics)


def _function(
    file: str,
    logical_id: str,
    resource: Mapping[str, Any],
    raw: Mapping[str, Any],
    resources: Mapping[str, Mapping[str, Any]],
    intrinsics: Intrinsics,
) -> DeclaredFunction:
    origin: Origin = "sam" if resource["Type"] == SAM else "cloudformation"
    fields = Fields()
    given = intrinsics.resolve(dict(raw))
    name = fields.text("FunctionName", given.get("FunctionName"))
    if not name and given.get("FunctionName") is None:
        fields.note("FunctionName", "not set: CloudFormation makes one up")
    image = fields.text("PackageType", given.get("PackageType"), "Zip") == "Image" or "ImageUri" in given
    return DeclaredFunction(
        name=name or logical_id,
        logical_id=logical_id,
        origin=origin,
        file=file,
        runtime=fields.text("Runtime", given.get("Runtime")),
        handler=fields.text("Handler", given.get("Handler")),
        code=_code(fields, given, resource),
        inline=_inline(given, raw),
        package_type="Image" if image else "Zip",
        image=fields.text("ImageUri", given.get("ImageUri")) if "ImageUri" in given else "",
        memory_mb=fields.number("MemorySize", given.get("MemorySize"), 128),
        timeout_s=fields.number("Timeout", given.get("Timeout"), 3),
        ephemeral_mb=fields.number(
            "EphemeralStorage",
            fields.mapping("EphemeralStorage", given.get("EphemeralStorage")).get("Size"),
            512,
        )
        or 512,
        architectures=fields.texts("Architectures", given.get("Architectures")) or ("x86_64",),
        layers=fields.texts("Layers", given.get("Layers")),
        environment=fields.names(
            "Environment", fields.mapping("Environment", given.get("Environment")).get("Variables")
        ),
        role=fields.text("Role", given.get("Role")),
        description=fields.text("Description", given.get("Description")),
        vpc=flag(given.get("VpcConfig")),
        dead_letter=_dead_letter(fields, given),
        reserved_concurrency=fields.optional(
            "ReservedConcurrentExecutions", given.get("ReservedConcurrentExecutions")
        ),
        limits=tuple(_limits(given)),
        tags=_tags(fields, given.get("Tags")),
        triggers=(
            *_sam_events(fields, given.get("Events"), raw.get("Events")),
            *_url(given),
            *others(fields, logical_id, resources, intrinsics),
        ),
        unresolved=fields.unresolved,
    )


_LIMITS = {
    "DurableConfig": "It is a durable function: a replay must meet the same code, so its traffic cannot be "
    "split.",
    "CapacityProviderConfig": "It runs on managed instances, for which weighted aliases are not known to "
    "work.",
    "TenancyConfig": "It isolates tenants, and the tenant's id cannot pass through the relay.",
}


def _limits(given: Mapping[str, Any]) -> Iterator[str]:
    """Give what forbids tap and relay; code signing and the rest are seen on AWS alone."""
    yield from (sentence for name, sentence in _LIMITS.items() if flag(given.get(name)))
    url = _mapping(given.get("FunctionUrlConfig"))
    if url.get("InvokeMode") == "RESPONSE_STREAM":
        yield "A function URL streams its responses, and the relay cannot stream."


def _inline(given: Mapping[str, Any], raw: Mapping[str, Any]) -> str:
    """Give the code that stands in the template; what an intrinsic puts into it stays as it is written."""
    found = given.get("InlineCode", _mapping(given.get("Code")).get("ZipFile"))
    if isinstance(found, Open):
        found = as_written(raw.get("InlineCode", _mapping(raw.get("Code")).get("ZipFile")))
    return found if isinstance(found, str) else ""


def _code(fields: Fields, given: Mapping[str, Any], resource: Mapping[str, Any]) -> str:
    code = given.get("CodeUri", given.get("Code"))
    if code is None and resource["Type"] == SAM and not {"InlineCode", "ImageUri"} & set(given):
        return "."  # SAM builds what lies beside the template
    if isinstance(code, str) and not code.startswith("s3://"):
        return code
    local = _mapping(resource.get("Metadata")).get("aws:asset:path")
    if isinstance(local, str):
        return local
    if isinstance(code, Open):
        fields.note("CodeUri", code.expression)
    return ""


def _dead_letter(fields: Fields, given: Mapping[str, Any]) -> str:
    for key in ("DeadLetterQueue", "DeadLetterConfig"):
        value = given.get(key)
        if isinstance(value, Mapping):
            return fields.text(key, value.get("TargetArn")) or "unresolved"
    return ""


def _tags(fields: Fields, given: Any) -> dict[str, str]:
    if isinstance(given, Mapping):
        pairs = list(given.items())
    else:
        pairs = (
            [(one.get("Key"), one.get("Value")) for one in given or () if isinstance(one, Mapping)]
            if isinstance(given, list)
            else []
        )
    return {str(key): fields.text("Tags", value) for key, value in pairs}


def _trigger(kind: str, source: str, *, enabled: bool = True) -> dict[str, Any]:
    return {"kind": kind, "source": source, "qualifier": "", "enabled": enabled}


def _sam_events(fields: Fields, events: Any, raw: Any) -> Iterator[dict[str, Any]]:
    for name, event in events.items() if isinstance(events, Mapping) else ():
        if not isinstance(event, Mapping):
            fields.note(f"Events.{name}", event.expression if isinstance(event, Open) else str(event))
            continue
        kind, keys = SAM_EVENTS.get(str(event.get("Type")), (str(event.get("Type", "")).lower(), ()))
        given = _mapping(event.get("Properties"))
        said = [shown(fields, f"Events.{name}.{key}", given.get(key)) for key in keys if key in given]
        enabled = given.get("Enabled", True) is not False and given.get("State") != "DISABLED"
        made = _trigger(kind, " ".join(said) or str(name), enabled=enabled)
        if event.get("Type") == "HttpApi":
            made["version"] = str(given.get("PayloadFormatVersion", "2.0"))
        yield made


def _url(given: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    if flag(given.get("FunctionUrlConfig")):
        yield _trigger("url", "function URL")


def _merged(shared: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Merge SAM's Globals: mappings add up, lists are joined, other values of the function's own win."""
    found = dict(shared)
    for key, value in own.items():
        before = found.get(key)
        if isinstance(before, Mapping) and isinstance(value, Mapping) and not _is_intrinsic(value):
            found[key] = _merged(before, value)
        elif isinstance(before, list) and isinstance(value, list) and key in ("Layers",):
            found[key] = [*before, *value]
        else:
            found[key] = value
    return found


def _is_intrinsic(value: Mapping[str, Any]) -> bool:
    return any(key == "Ref" or str(key).startswith("Fn::") for key in value)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
