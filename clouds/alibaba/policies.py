"""Least-privilege RAM policies to paste, one per purpose; pure.

``invoke`` is for the RAM user whose key the relay uses: it may call one function and nothing else.
"""

from __future__ import annotations

from typing import Any

PURPOSES = ("read", "deploy", "switch", "delete", "invoke")


def policy(
    purpose: str,
    *,
    region: str,
    account_id: str,
    function: str = "*",
    bucket: str = "cutover-*",
    log_project: str = "cutover-*",
) -> dict[str, Any]:
    """Give the RAM policy document of a purpose for one function, or for all of them.

    Raises:
        KeyError: when there is no such purpose.
    """
    functions = [
        f"acs:fc:{region}:{account_id}:functions/{function}",
        f"acs:fc:{region}:{account_id}:functions/{function}/*",
    ]
    logs = [f"acs:log:{region}:{account_id}:project/{log_project}*"]
    packages = [f"acs:oss:*:{account_id}:{bucket}", f"acs:oss:*:{account_id}:{bucket}/*"]
    statements = {
        "read": [
            _allow(
                [f"acs:fc:{region}:{account_id}:*"],
                "fc:GetAlias",
                "fc:GetFunction",
                "fc:ListAliases",
                "fc:ListFunctionVersions",
                "fc:ListFunctions",
            ),
            _allow(logs, "log:GetIndex", "log:GetLogStore", "log:GetLogStoreLogs", "log:GetProject"),
            _allow(packages, "oss:GetBucketInfo"),
        ],
        "deploy": [
            _allow(
                functions,
                "fc:CreateAlias",
                "fc:CreateFunction",
                "fc:InvokeFunction",
                "fc:PublishFunctionVersion",
                "fc:UpdateAlias",
                "fc:UpdateFunction",
            ),
            _allow(logs, "log:CreateIndex", "log:CreateLogStore", "log:CreateProject"),
            _allow(packages, "oss:GetObject", "oss:PutBucket", "oss:PutObject"),
        ],
        "switch": [_allow(functions, "fc:GetAlias", "fc:InvokeFunction", "fc:UpdateAlias")],
        "delete": [
            _allow(functions, "fc:DeleteAlias", "fc:DeleteFunction", "fc:DeleteFunctionVersion"),
            _allow(packages, "oss:DeleteObject"),
        ],
        "invoke": [_allow(functions, "fc:InvokeFunction")],
    }
    return {"Version": "1", "Statement": statements[purpose]}


def _allow(resources: list[str], *actions: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": sorted(actions), "Resource": resources}
