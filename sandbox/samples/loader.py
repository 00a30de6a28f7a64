"""Deploys samples to the AWS half: role, resources, function, published version, alias ``live``, trigger."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, cast

from botocore.exceptions import ClientError

from sandbox.samples.catalog import Sample

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_lambda.type_defs import AliasConfigurationResponseTypeDef

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
    "Effect": "Allow",
    "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
    "Resource": "*",
}
_CALLED = "Its trigger calls this alias."
_WAIT = {"Delay": 0.05, "MaxAttempts": 600}


class Surroundings(Protocol):
    """What a sample needs besides its function."""

    def statements(self, sample: Sample) -> list[dict[str, Any]]:
        """Give what the sample's role must allow for its resources and trigger; empty for none."""

    def ensure_resources(self, sample: Sample) -> Mapping[str, str]:
        """Create what is missing; give the variables by which the function finds it."""

    def ensure_trigger(self, sample: Sample, alias_arn: str) -> None:
        """Let the sample's trigger call the alias, unless it does already."""


class Loader:
    """Puts samples on AWS. Every step looks first and changes only what is missing.

    surroundings: None for functions alone.
    """

    def __init__(
        self, *, functions: LambdaClient, roles: Any, surroundings: Surroundings | None = None
    ) -> None:
        self._functions = functions
        self._roles = roles
        self._surroundings = surroundings

    def load(self, samples: Sequence[Sample]) -> Iterator[str]:
        """Deploy the samples, telling each step as a line.

        Raises:
            ClientError: AWS refused; what was done before stays and the next run goes on from there.
        """
        role, created = self._ensure_role(ROLE, [])
        yield f"role {ROLE}: {'created' if created else 'already there'}"
        # All are created before the first is waited for: each stays pending for a moment.
        present = {sample.name: self._present(sample) for sample in samples}
        made = {sample.name for sample in samples if self._begin(sample, role, present[sample.name])}
        for sample in samples:
            alias = present[sample.name]
            if alias is None:
                alias = self._finish(sample)
                said = "created" if sample.name in made else "completed"
            else:
                said = "already there"
            said += f", {ALIAS} on version {alias['FunctionVersion']}"
            yield f"{sample.name}: {said}{self._ensure_trigger(sample, alias)}"

    def _ensure_role(self, name: str, statements: Sequence[Mapping[str, Any]]) -> tuple[str, bool]:
        try:
            return str(self._roles.get_role(RoleName=name)["Role"]["Arn"]), False
        except ClientError as exc:
            if code_of(exc) != "NoSuchEntity":
                raise
        made = self._roles.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(_TRUST))
        policy = {"Version": "2012-10-17", "Statement": [_WRITE_LOGS, *statements]}
        self._roles.put_role_policy(RoleName=name, PolicyName="write-logs", PolicyDocument=json.dumps(policy))
        return str(made["Role"]["Arn"]), True

    def _present(self, sample: Sample) -> AliasConfigurationResponseTypeDef | None:
        try:
            return self._functions.get_alias(FunctionName=sample.name, Name=ALIAS)
        except ClientError as exc:
            if code_of(exc) != "ResourceNotFoundException":
                raise
            return None

    def _begin(self, sample: Sample, role: str, alias: object) -> bool:
        """Create what the function stands on and the function, unless its alias is there already."""
        if alias is not None:
            return False
        variables: Mapping[str, str] = {}
        if self._surroundings is not None:
            variables = self._surroundings.ensure_resources(sample)
            if statements := self._surroundings.statements(sample):
                role, _ = self._ensure_role(f"sample-{sample.name}", statements)
        return self._ensure_function(sample, role, variables)

    def _finish(self, sample: Sample) -> AliasConfigurationResponseTypeDef:
        self._functions.get_waiter("function_active_v2").wait(
            FunctionName=sample.name, WaiterConfig=cast(Any, _WAIT)
        )
        version = self._ensure_version(sample)
        return self._functions.create_alias(FunctionName=sample.name, Name=ALIAS, FunctionVersion=version)

    def _ensure_trigger(self, sample: Sample, alias: AliasConfigurationResponseTypeDef) -> str:
        """Let the trigger call the alias, once: the alias's description tells that it was made."""
        if self._surroundings is None or sample.trigger is None or alias["Description"] == _CALLED:
            return ""
        self._surroundings.ensure_trigger(sample, alias["AliasArn"])
        self._functions.update_alias(FunctionName=sample.name, Name=ALIAS, Description=_CALLED)
        return f", called by {sample.trigger['kind']}"

    def _ensure_function(self, sample: Sample, role: str, variables: Mapping[str, str]) -> bool:
        try:
            self._functions.get_function_configuration(FunctionName=sample.name)
        except ClientError as exc:
            if code_of(exc) != "ResourceNotFoundException":
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
            Environment={"Variables": {**sample.environment, **variables}},
            Tags={"sample": "true", "effects": sample.effects},
        )
        return True

    def _ensure_version(self, sample: Sample) -> str:
        """Give a published version: the newest there is, or a new one. Never $LATEST."""
        known = self._functions.list_versions_by_function(FunctionName=sample.name)["Versions"]
        numbers = [int(version["Version"]) for version in known if version["Version"].isdigit()]
        if numbers:
            return str(max(numbers))
        return self._functions.publish_version(FunctionName=sample.name)["Version"]


def code_of(error: ClientError) -> str:
    """Give AWS's name of the error."""
    return str(error.response.get("Error", {}).get("Code", ""))
