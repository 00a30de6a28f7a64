"""Least-privilege policies to paste, one per purpose; pure. Source: API models of 2026-07, IAM reference.

``read`` looks, ``deploy`` publishes tap and relay with their queue and secret, ``switch`` moves the alias and
nothing else, ``delete`` archives and removes. Each is meant for a role of its own.
"""

from __future__ import annotations

from typing import Any

PURPOSES = ("read", "deploy", "switch", "delete")


def policy(purpose: str, *, region: str, account_id: str, function: str = "*") -> dict[str, Any]:
    """Give the IAM policy document of a purpose for one function, or for all of them.

    Raises:
        KeyError: when there is no such purpose.
    """
    makers = {"read": _read, "deploy": _deploy, "switch": _switch, "delete": _delete}
    scope = _Scope(region, account_id, function)
    return {"Version": "2012-10-17", "Statement": makers[purpose](scope)}


class _Scope:
    def __init__(self, region: str, account_id: str, function: str) -> None:
        at = f"{region}:{account_id}"
        self.functions = [f"arn:aws:lambda:{at}:function:{function}"]
        self.qualified = [*self.functions, f"arn:aws:lambda:{at}:function:{function}:*"]
        self.layers = [f"arn:aws:lambda:{at}:layer:cutover-*", f"arn:aws:lambda:{at}:layer:cutover-*:*"]
        self.queues = [f"arn:aws:sqs:{at}:cutover-*"]
        self.secrets = [f"arn:aws:secretsmanager:{at}:secret:cutover*"]
        self.log_groups = [f"arn:aws:logs:{at}:log-group:*"]
        self.buckets = ["arn:aws:s3:::cutover-*"]
        self.apis = [f"arn:aws:apigateway:{region}::/{one}" for one in ("restapis/*", "apis/*", "usageplans")]
        self.objects = ["arn:aws:s3:::cutover-*/*"]


def _statement(sid: str, resources: list[str], *actions: str) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": sorted(actions), "Resource": resources}


def _read(scope: _Scope) -> list[dict[str, Any]]:
    return [
        _statement(
            "ReadAccount",
            ["*"],
            "lambda:ListFunctions",
            "lambda:ListEventSourceMappings",
            "lambda:GetCodeSigningConfig",
            "codedeploy:BatchGetDeploymentGroups",
            "codedeploy:ListApplications",
            "codedeploy:ListDeploymentGroups",
            "cloudwatch:GetMetricData",
            "cloudwatch:ListMetrics",
            "events:ListEventBuses",
            "events:ListRules",
            "events:ListTargetsByRule",
            "s3:GetBucketNotification",
            "scheduler:ListSchedules",
            "sns:ListSubscriptions",
            "sqs:ListQueues",
        ),
        _statement(
            "ReadApis",
            scope.apis,
            "apigateway:GET",
        ),
        _statement(
            "ReadFunctions",
            scope.qualified,
            "lambda:GetAlias",
            "lambda:GetFunction",
            "lambda:GetFunctionCodeSigningConfig",
            "lambda:GetFunctionConcurrency",
            "lambda:GetFunctionConfiguration",
            "lambda:GetPolicy",
            "lambda:GetRuntimeManagementConfig",
            "lambda:ListAliases",
            "lambda:ListFunctionEventInvokeConfigs",
            "lambda:ListFunctionUrlConfigs",
            "lambda:ListProvisionedConcurrencyConfigs",
            "lambda:ListTags",
            "lambda:ListVersionsByFunction",
        ),
        _statement("ReadLogs", scope.log_groups, "logs:FilterLogEvents", "logs:GetLogEvents"),
    ]


def _deploy(scope: _Scope) -> list[dict[str, Any]]:
    return [
        _statement(
            "PublishTapAndRelay",
            scope.functions,
            "lambda:PublishVersion",
            "lambda:UpdateFunctionConfiguration",
        ),
        _statement("ProbeAndValidate", scope.qualified, "lambda:InvokeFunction"),
        _statement(
            "Layers",
            scope.layers,
            "lambda:GetLayerVersion",
            "lambda:ListLayerVersions",
            "lambda:PublishLayerVersion",
        ),
        _statement(
            "ObservationQueue",
            scope.queues,
            "sqs:CreateQueue",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:GetQueueUrl",
            "sqs:ReceiveMessage",
            "sqs:SetQueueAttributes",
        ),
        _statement(
            "RelaySecret",
            scope.secrets,
            "secretsmanager:CreateSecret",
            "secretsmanager:DescribeSecret",
            "secretsmanager:PutResourcePolicy",
            "secretsmanager:PutSecretValue",
            "secretsmanager:RestoreSecret",
        ),
    ]


def _switch(scope: _Scope) -> list[dict[str, Any]]:
    return [
        _statement(
            "MoveAlias", scope.functions, "lambda:CreateAlias", "lambda:GetAlias", "lambda:UpdateAlias"
        )
    ]


def _delete(scope: _Scope) -> list[dict[str, Any]]:
    return [
        _statement(
            "RemoveAndRestore",
            scope.functions,
            "lambda:AddPermission",
            "lambda:CreateFunction",
            "lambda:DeleteAlias",
            "lambda:DeleteFunction",
            "lambda:DeleteFunctionConcurrency",
            "lambda:PutFunctionConcurrency",
            "lambda:TagResource",
        ),
        _statement(
            "ArchiveBucket",
            scope.buckets,
            "s3:CreateBucket",
            "s3:ListBucket",
            "s3:PutBucketPublicAccessBlock",
        ),
        _statement("ArchiveObjects", scope.objects, "s3:GetObject", "s3:PutObject"),
        _statement(
            "ArchiveSecret",
            scope.secrets,
            "secretsmanager:CreateSecret",
            "secretsmanager:DeleteSecret",
            "secretsmanager:DescribeSecret",
            "secretsmanager:GetSecretValue",
            "secretsmanager:PutSecretValue",
            "secretsmanager:RestoreSecret",
        ),
        {
            "Sid": "GiveRoleBack",
            "Effect": "Allow",
            "Action": ["iam:PassRole"],
            "Resource": ["*"],
            "Condition": {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}},
        },
    ]
