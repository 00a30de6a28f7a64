"""Resources of Terraform that call a function."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from cutover.inventory.fields import Fields, Open

Resource = tuple[str, str, str, dict[str, Any]]
"""File, kind, label (in a plan: address), and arguments."""
Pointing = Callable[[Any], bool]
"""Tells whether an argument names the function."""
POINTING = {
    "aws_lambda_event_source_mapping": (("function_name",), "mapping", "event_source_arn"),
    "aws_cloudwatch_event_target": (("arn",), "eventbridge", "rule"),
    "aws_scheduler_schedule": (("target",), "scheduler", "schedule_expression"),
    "aws_sns_topic_subscription": (("endpoint",), "sns", "topic_arn"),
    "aws_s3_bucket_notification": (("lambda_function",), "s3", "bucket"),
    "aws_lambda_function_url": (("function_name",), "url", "authorization_type"),
    "aws_api_gateway_integration": (("uri",), "apigateway", "rest_api_id"),
    "aws_apigatewayv2_integration": (("integration_uri",), "apigateway", "api_id"),
    "aws_apigatewayv2_api": (("target",), "apigateway", "name"),
    "aws_api_gateway_rest_api": (("body",), "apigateway", "name"),
    "aws_cloudwatch_log_subscription_filter": (("destination_arn",), "logs", "log_group_name"),
    "aws_iot_topic_rule": (("lambda",), "iot", "name"),
    "aws_lb_target_group_attachment": (("target_id",), "alb", "target_group_arn"),
    "aws_cognito_user_pool": (("lambda_config",), "cognito", "name"),
    "aws_ses_receipt_rule": (("lambda_action",), "ses", "name"),
    "aws_cloudfront_distribution": (
        ("default_cache_behavior", "ordered_cache_behavior"),
        "cloudfront",
        "aliases",
    ),
    "aws_sfn_state_machine": (("definition",), "stepfunctions", "name"),
    "aws_appsync_datasource": (("lambda_config",), "appsync", "name"),
    "aws_config_config_rule": (("source",), "config", "name"),
    "aws_secretsmanager_secret_rotation": (("rotation_lambda_arn",), "secretsmanager", "secret_id"),
    "aws_lambda_permission": (("function_name",), "", "source_arn"),
}
"""Resource -> arguments that name the function, the kind of trigger, and the argument that is its source."""
_TELLS_MORE = frozenset({"events", "sns", "s3"})
"""Services whose permission says less than the resource beside it, which names the function too."""
_PRINCIPALS = {
    "apigateway": "apigateway",
    "iot": "iot",
    "elasticloadbalancing": "alb",
    "cognito-idp": "cognito",
    "logs": "logs",
    "ses": "ses",
    "alexa-appkit": "alexa",
    "alexa-connectedhome": "alexa",
    "config": "config",
    "secretsmanager": "secretsmanager",
    "lex": "lex",
    "lexv2": "lex",
    "rds": "rds",
}
_MAPPED = ("sqs", "kinesis", "dynamodb", "kafka", "mq")


def triggers(fields: Fields, resources: list[Resource], points: Pointing) -> Iterator[dict[str, Any]]:
    """Give the triggers of the function that ``points`` knows; a permission counts if nothing else tells."""
    rules = {
        f"aws_cloudwatch_event_rule.{label}": body
        for _, kind, label, body in resources
        if kind == "aws_cloudwatch_event_rule"
    }
    told: set[str] = set()
    permitted: list[dict[str, Any]] = []
    for _, kind, label, body in resources:
        if kind not in POINTING:
            continue
        arguments, word, source = POINTING[kind]
        if not any(points(body.get(one)) for one in arguments):
            continue
        if kind == "aws_lambda_permission":
            permitted += _permitted(body)
            continue
        rule = next((one for name, one in rules.items() if mentions(body.get(source), name)), {})
        if kind == "aws_cloudwatch_event_target" and rule:
            made = _of_rule(fields, f"{kind}.{label}", rule)
        else:
            made = _pointing(fields, f"{kind}.{label}", word, source, body)
        told.add(made["kind"])
        for repeated in ("count", "for_each"):
            if isinstance(body.get(repeated), Open):
                fields.note(f"{kind}.{label}.{repeated}", body[repeated].expression)
        yield made
    for one in permitted:
        if one["kind"] not in told:
            told.add(one["kind"])
            if isinstance(one["source"], Open):
                fields.note("aws_lambda_permission.source_arn", one["source"].expression)
                one["source"] = one["source"].expression
            yield one


def _of_rule(fields: Fields, place: str, rule: Mapping[str, Any]) -> dict[str, Any]:
    scheduled = rule.get("schedule_expression") is not None
    word, source = ("schedule", "schedule_expression") if scheduled else ("eventbridge", "event_pattern")
    off = rule.get("is_enabled") is False or rule.get("state") == "DISABLED"
    return _pointing(fields, place, word, source, rule) | ({"enabled": False} if off else {})


def _pointing(fields: Fields, place: str, word: str, source: str, body: Mapping[str, Any]) -> dict[str, Any]:
    value = body.get(source)
    if isinstance(value, list):
        value = ", ".join(one.expression if isinstance(one, Open) else str(one) for one in value)
    shown = value.expression if isinstance(value, Open) else str(value or "")
    if isinstance(value, Open):
        fields.note(place, value.expression)
    if word == "mapping":
        word = next((one for one in _MAPPED if one in shown.lower()), _other_source(body) or word)
    on = body.get("enabled") is not False and body.get("state") != "DISABLED"
    return {"kind": word, "source": shown, "qualifier": "", "enabled": on}


def _other_source(body: Mapping[str, Any]) -> str:
    """Give the kind of a mapping whose source has no ARN."""
    known = {name for name, value in body.items() if value and not isinstance(value, Open)}
    if known & {"self_managed_event_source", "topics"}:
        return "kafka"
    return "mq" if "queues" in known else ""


def _permitted(body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    service = str(body.get("principal", "")).partition(".")[0]
    if service in _PRINCIPALS and service not in _TELLS_MORE:
        source = body.get("source_arn") or ""
        yield {"kind": _PRINCIPALS[service], "source": source, "qualifier": "", "enabled": True}


def mentions(value: Any, address: str) -> bool:
    """Tell whether an expression names an address."""
    if isinstance(value, Open):
        return re.search(rf"(?<![\w.-]){re.escape(address)}(?![\w-])", value.expression) is not None
    if isinstance(value, Mapping):
        return any(mentions(one, address) for one in value.values())
    return isinstance(value, list) and any(mentions(one, address) for one in value)
