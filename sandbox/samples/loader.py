"""Deploys samples: role, function, published version, alias ``live``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from sandbox.samples.catalog import Sample

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

ROLE = "cutover-samples"
ALIAS = "live"
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
_WRITE_LOGS = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": "*",
        }
    ],
}
_WAIT = {"Delay": 1, "MaxAttempts": 30}


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


class Loader:
    """Puts samples on AWS. Every step looks first and changes only what is missing."""

    def __init__(self, *, functions: LambdaClient, roles: Any) -> None:
        self._functions = functions
        self._roles = roles

    def load(self, samples: Sequence[Sample]) -> Iterator[str]:
        """Deploy the samples, telling each step as a line.

        Raises:
            ClientError: AWS refused; what was done before stays and the next run goes on from there.
        """
        role, created = self._ensure_role()
        yield f"role {ROLE}: {'created' if created else 'already there'}"
        for sample in samples:
            yield f"{sample.name}: {self._ensure(sample, role)}"

    def _ensure_role(self) -> tuple[str, bool]:
        try:
            return str(self._roles.get_role(RoleName=ROLE)["Role"]["Arn"]), False
        except ClientError as exc:
            if _code(exc) != "NoSuchEntity":
                raise
        made = self._roles.create_role(RoleName=ROLE, AssumeRolePolicyDocument=json.dumps(_TRUST))
        self._roles.put_role_policy(
            RoleName=ROLE, PolicyName="write-logs", PolicyDocument=json.dumps(_WRITE_LOGS)
        )
        return str(made["Role"]["Arn"]), True

    def _ensure(self, sample: Sample, role: str) -> str:
        if (present := self._alias(sample)) is not None:
            return f"already there, {ALIAS} on version {present}"
        created = self._ensure_function(sample, role)
        version = self._ensure_version(sample)
        self._functions.create_alias(FunctionName=sample.name, Name=ALIAS, FunctionVersion=version)
        return f"{'created' if created else 'completed'}, {ALIAS} on version {version}"

    def _alias(self, sample: Sample) -> str | None:
        try:
            return self._functions.get_alias(FunctionName=sample.name, Name=ALIAS)["FunctionVersion"]
        except ClientError as exc:
            if _code(exc) != "ResourceNotFoundException":
                raise
            return None

    def _ensure_function(self, sample: Sample, role: str) -> bool:
        try:
            self._functions.get_function_configuration(FunctionName=sample.name)
        except ClientError as exc:
            if _code(exc) != "ResourceNotFoundException":
                raise
        else:
            return False
        self._functions.create_function(
            FunctionName=sample.name,
            Runtime=cast(Any, sample.runtime),
            Role=role,
            Handler=sample.handler,
            Code={"ZipFile": sample.package()},
            Description=sample.description,
            Timeout=sample.timeout,
            MemorySize=sample.memory,
            Environment={"Variables": dict(sample.environment)},
            Tags={"sample": "true", "effects": sample.effects},
        )
        self._functions.get_waiter("function_active_v2").wait(
            FunctionName=sample.name, WaiterConfig=cast(Any, _WAIT)
        )
        return True

    def _ensure_version(self, sample: Sample) -> str:
        """Give a published version: the newest there is, or a new one. Never $LATEST."""
        known = self._functions.list_versions_by_function(FunctionName=sample.name)["Versions"]
        numbers = [int(version["Version"]) for version in known if version["Version"].isdigit()]
        if numbers:
            return str(max(numbers))
        return self._functions.publish_version(FunctionName=sample.name)["Version"]
