"""Secret values in the owner's Secrets Manager. No value and no vendor text about one leaves this module."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from clouds.aws.errors import calling
from clouds.aws.session import Clients
from cutover.errors import AlreadyExists, Invalid, NotFound
from cutover.ports import Receipt

RECOVERY_DAYS = 7


class SecretsManager:
    """``cutover.ports.SecretStore`` on boto3."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def ensure(self, name: str, value: str, *, role_arn: str | None) -> Receipt:
        """Create or overwrite, back from scheduled deletion if need be; safe to repeat."""
        request_id, arn = self._write(name, value)
        if role_arn is not None:
            with calling("secretsmanager:PutResourcePolicy"):
                answer = self._client.put_resource_policy(
                    SecretId=arn, ResourcePolicy=reader_policy(role_arn), BlockPublicPolicy=True
                )
            request_id = _request_id(answer)
        return Receipt(request_id=request_id, outcome={"arn": arn})

    def read(self, arn: str) -> str:
        """Give the value. Raises NotFound."""
        with calling("secretsmanager:GetSecretValue", secret=True):
            return str(self._client.get_secret_value(SecretId=arn)["SecretString"])

    def delete(self, arn: str) -> Receipt:
        """Schedule the deletion in seven days; absent is fine."""
        try:
            with calling("secretsmanager:DeleteSecret"):
                answer = self._client.delete_secret(SecretId=arn, RecoveryWindowInDays=RECOVERY_DAYS)
        except NotFound as error:
            return Receipt(request_id=error.request_id, outcome={"absent": True})
        return Receipt(request_id=_request_id(answer), outcome={"absent": False})

    @property
    def _client(self) -> Any:
        return self._clients.get("secretsmanager")

    def _write(self, name: str, value: str) -> tuple[str, str]:
        try:
            with calling("secretsmanager:CreateSecret", secret=True):
                answer = self._client.create_secret(Name=name, SecretString=value)
        except (AlreadyExists, Invalid):
            # Invalid is what AWS answers for a name that waits for its deletion.
            answer = self._overwrite(name, value)
        return _request_id(answer), str(answer["ARN"])

    def _overwrite(self, name: str, value: str) -> Any:
        with calling("secretsmanager:DescribeSecret"):
            found = self._client.describe_secret(SecretId=name)
        if found.get("DeletedDate"):
            with calling("secretsmanager:RestoreSecret"):
                self._client.restore_secret(SecretId=name)
        with calling("secretsmanager:PutSecretValue", secret=True):
            return self._client.put_secret_value(SecretId=name, SecretString=value)


def reader_policy(role_arn: str) -> str:
    """Give the resource policy that lets one role read the secret."""
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "CutoverRelayReads",
                    "Effect": "Allow",
                    "Principal": {"AWS": role_arn},
                    "Action": "secretsmanager:GetSecretValue",
                    "Resource": "*",
                }
            ],
        }
    )


def _request_id(answer: Mapping[str, Any]) -> str:
    return str(answer.get("ResponseMetadata", {}).get("RequestId", ""))
