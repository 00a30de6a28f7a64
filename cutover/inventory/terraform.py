"""Terraform: HCL files of a folder together, and the JSON of a plan.

python-hcl2 gives a literal string in quotes and everything else as `${...}`, so what is an expression can be
told from what is text. Locals and variables stay open, as modules do: their values belong to a run.
Source: Terraform AWS provider, aws_lambda_function and its neighbours; `terraform show -json`; 2026-11-22.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import hcl2
from lark.exceptions import LarkError

from cutover.inventory.documents import LIMIT_BYTES, Unreadable
from cutover.inventory.fields import Fields, Open, flag
from cutover.inventory.model import DeclaredFunction, Origin

_ESCAPED = re.compile(r"\\(.)")
_POINTING = {
    "aws_lambda_event_source_mapping": (("function_name",), "mapping", "event_source_arn"),
    "aws_cloudwatch_event_target": (("arn",), "eventbridge", "rule"),
    "aws_scheduler_schedule": (("target",), "scheduler", "schedule_expression"),
    "aws_sns_topic_subscription": (("endpoint",), "sns", "topic_arn"),
    "aws_s3_bucket_notification": (("lambda_function",), "s3", "bucket"),
    "aws_lambda_function_url": (("function_name",), "url", "authorization_type"),
    "aws_api_gateway_integration": (("uri",), "apigateway", "rest_api_id"),
    "aws_apigatewayv2_integration": (("integration_uri",), "apigateway", "api_id"),
    "aws_cloudwatch_log_subscription_filter": (("destination_arn",), "logs", "log_group_name"),
    "aws_iot_topic_rule": (("lambda",), "iot", "name"),
    "aws_lb_target_group_attachment": (("target_id",), "alb", "target_group_arn"),
    "aws_cognito_user_pool": (("lambda_config",), "cognito", "name"),
    "aws_lambda_permission": (("function_name",), "", "source_arn"),
}
"""Resource -> arguments that name the function, the kind of trigger, and the argument that is its source."""
_PRINCIPALS = {"apigateway": "apigateway", "events": "eventbridge", "s3": "s3", "sns": "sns", "iot": "iot"}


def load_hcl(content: bytes) -> dict[str, Any]:
    """Parse one file. Raises Unreadable with the line."""
    if len(content) > LIMIT_BYTES:
        raise Unreadable(
            f"It has {len(content) / 1e6:.1f} MB; templates have {LIMIT_BYTES / 1e6:.0f} at most."
        )
    try:
        return dict(hcl2.loads(content.decode("utf-8-sig", errors="replace") + "\n"))
    except LarkError as error:
        raise Unreadable("It is not HCL that can be parsed.", int(getattr(error, "line", 0) or 0)) from error
    except (RecursionError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise Unreadable(f"It is not HCL that can be read ({type(error).__name__}).") from error


def from_hcl(files: Mapping[str, Mapping[str, Any]]) -> Iterator[DeclaredFunction]:
    """Give the functions of a folder; ``files`` are parsed documents by name."""
    resources = [one for file, document in files.items() for one in _resources(file, document)]
    for file, kind, label, body in resources:
        if kind == "aws_lambda_function":
            fields = Fields()
            triggers = tuple(_triggers(fields, f"aws_lambda_function.{label}", resources))
            yield _function(file, label, body, "terraform", fields, triggers)


def is_plan(document: Mapping[str, Any]) -> bool:
    """Tell whether a document is the JSON of a plan or of a state."""
    return "terraform_version" in document and ("planned_values" in document or "values" in document)


def from_plan(file: str, document: Mapping[str, Any]) -> Iterator[DeclaredFunction]:
    """Give the functions of a plan; what is known only after apply stays open."""
    values = document.get("planned_values") or document.get("values") or {}
    unknown = {
        str(one.get("address")): (one.get("change") or {}).get("after_unknown") or {}
        for one in document.get("resource_changes") or ()
        if isinstance(one, Mapping)
    }
    resources = [
        (file, str(one.get("type")), str(one.get("address")), _known(one, unknown))
        for one in _modules(values.get("root_module") or {})
    ]
    for _, kind, address, body in resources:
        if kind == "aws_lambda_function":
            fields = Fields()
            name = body.get("function_name")
            triggers = tuple(_planned_triggers(fields, str(name or ""), resources))
            yield _function(file, address, body, "terraform-plan", fields, triggers)


# ----------------------------------------------------------------------------------------------- hcl

_Resource = tuple[str, str, str, dict[str, Any]]


def _resources(file: str, document: Mapping[str, Any]) -> Iterator[_Resource]:
    for block in document.get("resource") or ():
        for kind, labelled in block.items() if isinstance(block, Mapping) else ():
            for label, body in labelled.items() if isinstance(labelled, Mapping) else ():
                if isinstance(body, Mapping):
                    yield file, kind.strip('"'), label.strip('"'), _plain(body)


def _plain(value: Any) -> Any:
    """Give literals without their quotes and expressions as ``Open``."""
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, Mapping):
        kept = {str(key): one for key, one in value.items() if not str(key).startswith("__")}
        return {key.strip('"'): _plain(one) for key, one in kept.items()}
    if not isinstance(value, str):
        return value
    if value.startswith('"') and value.endswith('"') and len(value) > 1:
        inner = value[1:-1]
        if "${" in inner.replace("$${", ""):
            return Open(inner)
        return _ESCAPED.sub(r"\1", inner)
    return Open(value)


def _triggers(fields: Fields, address: str, resources: list[_Resource]) -> Iterator[dict[str, Any]]:
    rules = {
        f"aws_cloudwatch_event_rule.{label}": body
        for _, kind, label, body in resources
        if kind == "aws_cloudwatch_event_rule"
    }
    for _, kind, label, body in resources:
        if kind not in _POINTING:
            continue
        arguments, word, source = _POINTING[kind]
        if any(_mentions(body.get(one), address) for one in arguments):
            rule = next((one for name, one in rules.items() if _mentions(body.get(source), name)), {})
            if kind == "aws_cloudwatch_event_target" and rule.get("schedule_expression") is not None:
                yield from _pointing(fields, f"{kind}.{label}", "schedule", "schedule_expression", rule)
            else:
                yield from _pointing(fields, f"{kind}.{label}", word, source, body)


def _pointing(
    fields: Fields, place: str, word: str, source: str, body: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    value = body.get(source)
    shown = value.expression if isinstance(value, Open) else str(value or "")
    if not word:
        service = str(body.get("principal", "")).partition(".")[0]
        word = _PRINCIPALS.get(service, "")
        if not word or service in ("events", "sns", "s3"):
            return  # the resource that it permits tells more
    if isinstance(value, Open):
        fields.note(place, value.expression)
    if word == "mapping":
        known = ("sqs", "kinesis", "dynamodb", "kafka", "mq")
        word = next((one for one in known if one in shown), word)
    yield {"kind": word, "source": shown, "qualifier": "", "enabled": body.get("enabled") is not False}


def _mentions(value: Any, address: str) -> bool:
    if isinstance(value, Open):
        return re.search(rf"\b{re.escape(address)}(?![\w-])", value.expression) is not None
    if isinstance(value, Mapping):
        return any(_mentions(one, address) for one in value.values())
    return isinstance(value, list) and any(_mentions(one, address) for one in value)


# ---------------------------------------------------------------------------------------------- plan


def _modules(module: Any, depth: int = 0) -> Iterator[Mapping[str, Any]]:
    if not isinstance(module, Mapping) or depth > 20:
        return
    yield from (one for one in module.get("resources") or () if isinstance(one, Mapping))
    for child in module.get("child_modules") or ():
        yield from _modules(child, depth + 1)


def _known(resource: Mapping[str, Any], unknown: Mapping[str, Any]) -> dict[str, Any]:
    values = dict(resource.get("values") or {})
    for name, open_ in (unknown.get(str(resource.get("address"))) or {}).items():
        if open_ is True:
            values[name] = Open("known after apply")
    return values


def _planned_triggers(fields: Fields, name: str, resources: list[_Resource]) -> Iterator[dict[str, Any]]:
    for _, kind, address, body in resources:
        if kind in _POINTING and name:
            arguments, word, source = _POINTING[kind]
            if any(_names(body.get(one), name) for one in arguments):
                yield from _pointing(fields, address, word, source, body)


def _names(value: Any, name: str) -> bool:
    if isinstance(value, str):
        return value == name or f":function:{name}" in value
    if isinstance(value, Mapping):
        return any(_names(one, name) for one in value.values())
    return isinstance(value, list) and any(_names(one, name) for one in value)


# ------------------------------------------------------------------------------------------ functions


def _function(
    file: str,
    label: str,
    body: Mapping[str, Any],
    origin: Origin,
    fields: Fields,
    triggers: tuple[dict[str, Any], ...],
) -> DeclaredFunction:
    for repeated in ("count", "for_each"):
        if repeated in body:
            value = body[repeated]
            fields.note(repeated, value.expression if isinstance(value, Open) else str(value))
    name = fields.text("function_name", body.get("function_name"))
    image = fields.text("package_type", body.get("package_type"), "Zip") == "Image"
    code = body.get("filename")
    return DeclaredFunction(
        name=name or label,
        logical_id=label,
        origin=origin,
        file=file,
        runtime=fields.text("runtime", body.get("runtime")),
        handler=fields.text("handler", body.get("handler")),
        code=fields.text("filename", code),
        package_type="Image" if image else "Zip",
        image=fields.text("image_uri", body.get("image_uri")),
        memory_mb=fields.number("memory_size", body.get("memory_size"), 128),
        timeout_s=fields.number("timeout", body.get("timeout"), 3),
        ephemeral_mb=fields.number(
            "ephemeral_storage", _block(body.get("ephemeral_storage")).get("size"), 512
        )
        or 512,
        architectures=fields.texts("architectures", body.get("architectures")) or ("x86_64",),
        layers=fields.texts("layers", body.get("layers")),
        environment=fields.names("environment", _block(body.get("environment")).get("variables")),
        role=fields.text("role", body.get("role")),
        description=fields.text("description", body.get("description")),
        vpc=flag(body.get("vpc_config")),
        dead_letter=fields.text(
            "dead_letter_config", _block(body.get("dead_letter_config")).get("target_arn")
        ),
        reserved_concurrency=_reserved(fields, body),
        triggers=triggers,
        unresolved=fields.unresolved,
    )


def _reserved(fields: Fields, body: Mapping[str, Any]) -> int | None:
    """Give the reservation; Terraform writes -1 for none."""
    found = fields.optional("reserved_concurrent_executions", body.get("reserved_concurrent_executions"))
    return None if found is None or found < 0 else found


def _block(value: Any) -> Mapping[str, Any]:
    """Give a nested block, which HCL and plans both hold as a list of one."""
    first = value[0] if isinstance(value, list) and value else value
    return first if isinstance(first, Mapping) else {}
