"""Resources of CloudFormation that call a function, beside it in the template.

Source: the CloudFormation resource reference, read 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cutover.inventory.fields import Fields, Open
from cutover.inventory.intrinsics import Intrinsics, mentions

Resources = Mapping[str, Mapping[str, Any]]
_MAPPED = (
    ("sqs", "sqs"),
    ("kinesis", "kinesis"),
    ("dynamodb", "dynamodb"),
    ("kafka", "kafka"),
    ("msk", "kafka"),
    ("mq", "mq"),
    ("amazonmq", "mq"),
    ("docdb", "documentdb"),
)
_POINTING: dict[str, tuple[tuple[str, ...], str, str]] = {
    "AWS::Scheduler::Schedule": (("Target",), "scheduler", "ScheduleExpression"),
    "AWS::SNS::Subscription": (("Endpoint",), "sns", "TopicArn"),
    "AWS::SNS::Topic": (("Subscription",), "sns", ""),
    "AWS::Lambda::Url": (("TargetFunctionArn",), "url", ""),
    "AWS::ApiGateway::Method": (("Integration",), "apigateway", "HttpMethod"),
    "AWS::ApiGateway::RestApi": (("Body", "BodyS3Location"), "apigateway", ""),
    "AWS::ApiGateway::Authorizer": (("AuthorizerUri",), "apigateway", "Type"),
    "AWS::ApiGatewayV2::Authorizer": (("AuthorizerUri",), "apigateway", "AuthorizerType"),
    "AWS::ApiGatewayV2::Api": (("Target", "Body"), "apigateway", ""),
    "AWS::Serverless::Api": (("DefinitionBody", "Auth"), "apigateway", ""),
    "AWS::Serverless::HttpApi": (("DefinitionBody", "Auth"), "apigateway", ""),
    "AWS::Serverless::StateMachine": (("Definition", "DefinitionSubstitutions"), "stepfunctions", ""),
    "AWS::StepFunctions::StateMachine": (
        ("Definition", "DefinitionString", "DefinitionSubstitutions"),
        "stepfunctions",
        "",
    ),
    "AWS::Logs::SubscriptionFilter": (("DestinationArn",), "logs", "LogGroupName"),
    "AWS::IoT::TopicRule": (("TopicRulePayload",), "iot", ""),
    "AWS::ElasticLoadBalancingV2::TargetGroup": (("Targets",), "alb", ""),
    "AWS::Cognito::UserPool": (("LambdaConfig",), "cognito", ""),
    "AWS::CloudFormation::Macro": (("FunctionName",), "cloudformation", "Name"),
    "AWS::CloudFormation::CustomResource": (("ServiceToken",), "cloudformation", ""),
    "AWS::Config::ConfigRule": (("Source",), "config", "ConfigRuleName"),
    "AWS::SecretsManager::RotationSchedule": (("RotationLambdaARN",), "secretsmanager", ""),
    "AWS::SES::ReceiptRule": (("Rule",), "ses", ""),
    "AWS::AppSync::DataSource": (("LambdaConfig",), "appsync", "Name"),
    "AWS::AppSync::GraphQLApi": (("LambdaAuthorizerConfig",), "appsync", "Name"),
    "AWS::CloudFront::Distribution": (("DistributionConfig",), "cloudfront", ""),
    "AWS::CodePipeline::Pipeline": (("Stages",), "codepipeline", ""),
    "AWS::Pipes::Pipe": (("Target", "Enrichment"), "pipes", "Source"),
    "AWS::Bedrock::Agent": (("ActionGroups",), "bedrock", "AgentName"),
    "AWS::Lex::Bot": (("BotAliasLocaleSettings",), "lex", "Name"),
}
"""Resource -> properties that name the function, the kind of trigger, and the property that is its source."""


def others(
    fields: Fields, logical_id: str, resources: Resources, intrinsics: Intrinsics
) -> Iterator[dict[str, Any]]:
    """Give triggers that stand as resources of their own and refer to the function."""
    mine = {logical_id} | _names_of(logical_id, resources)
    for name, resource in resources.items():
        raw = _mapping(resource.get("Properties"))
        kind = str(resource.get("Type", ""))
        target, word, value = _wiring(kind, raw, resources)
        if word and mentions(target, mine):
            source = shown(fields, name, intrinsics.resolve(value)) if value is not None else name
            off = raw.get("State") == "DISABLED" or raw.get("Enabled") is False
            found = {"kind": word, "source": source, "qualifier": "", "enabled": not off}
            if kind == "AWS::ApiGatewayV2::Integration" and word == "apigateway":
                found["version"] = str(raw.get("PayloadFormatVersion", "1.0"))
            yield found


def _names_of(logical_id: str, resources: Resources) -> set[str]:
    """Give aliases and versions of the function, by which it is named too."""
    return {
        name
        for name, one in resources.items()
        if one.get("Type") in ("AWS::Lambda::Alias", "AWS::Lambda::Version")
        and mentions(_mapping(one.get("Properties")).get("FunctionName"), {logical_id})
    }


def _wiring(kind: str, raw: Mapping[str, Any], resources: Resources) -> tuple[Any, str, Any]:
    """Give what a resource points at, and the kind and source of the trigger that it is."""
    match kind:
        case "AWS::Lambda::EventSourceMapping":
            return raw.get("FunctionName"), _mapped(raw, resources), raw.get("EventSourceArn")
        case "AWS::Events::Rule":
            schedule = raw.get("ScheduleExpression")
            if schedule is not None:
                return raw.get("Targets"), "schedule", schedule
            return raw.get("Targets"), "eventbridge", raw.get("EventPattern")
        case "AWS::S3::Bucket":
            return _mapping(raw.get("NotificationConfiguration")).get("LambdaConfigurations"), "s3", None
        case "AWS::ApiGatewayV2::Integration":
            return raw.get("IntegrationUri"), _api_kind(raw, resources), None
    if kind.startswith("Custom::"):
        return raw.get("ServiceToken"), "cloudformation", None
    if kind not in _POINTING:
        return None, "", None
    properties, word, source = _POINTING[kind]
    return [raw.get(one) for one in properties], word, raw.get(source) if source else None


def _api_kind(raw: Mapping[str, Any], resources: Resources) -> str:
    api = _mapping(resources.get(mentions(raw.get("ApiId"), set(resources))))
    protocol = _mapping(api.get("Properties")).get("ProtocolType")
    return "websocket" if protocol == "WEBSOCKET" else "apigateway"


def _mapped(raw: Mapping[str, Any], resources: Resources) -> str:
    """Give what a mapping reads from: by ARN, by the resource that it names, or by what only one kind has."""
    source = raw.get("EventSourceArn")
    text = str(source).lower()
    named = _mapping(resources.get(mentions(source, set(resources))))
    text += str(named.get("Type", "")).lower().replace("::", ":") + ":"
    if "SelfManagedEventSource" in raw or "Topics" in raw:
        return "kafka"
    return next((word for part, word in _MAPPED if f":{part}:" in text), "mapping")


def shown(fields: Fields, field: str, value: Any) -> str:
    """Give a trigger's source as text; an expression is shown as it stands and noted."""
    if isinstance(value, Open):
        fields.note(field, value.expression)
        return value.expression
    return value if isinstance(value, str) else str(_plain(value))


def _plain(value: Any) -> Any:
    if isinstance(value, Open):
        return value.expression
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    return value


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
