"""Keeps what brings a function back, and removes it.

Theory of operation: two objects in the owner's bucket, the package (``<key>.zip``) and a JSON description
(``<key>``) that is written last, so a description stands for a whole archive. Environment values are in a
Secrets Manager secret; the description holds their names and the secret's ARN. ``verify`` reads all three.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from clouds.aws import facts
from clouds.aws.catalog import LambdaCatalog
from clouds.aws.configuration import fields
from clouds.aws.deployer import LATEST, settled, versions
from clouds.aws.errors import calling
from clouds.aws.secrets import SecretsManager
from clouds.aws.session import Clients
from cutover.errors import AlreadyExists, Invalid, NotFound
from cutover.ports import Document, Receipt

INLINE_LIMIT = 45 * 1024 * 1024
"""Bytes of a package that CreateFunction takes in its own request; a larger one is named in the bucket."""


class S3Archive:
    """``cutover.ports.LambdaArchive`` on boto3."""

    def __init__(self, clients: Clients, catalog: LambdaCatalog, secrets: SecretsManager) -> None:
        self._clients, self._catalog, self._secrets = clients, catalog, secrets

    # ------------------------------------------------------------------------------------- keeping

    def store(self, function: str, *, bucket: str, key: str, original_version: str) -> Receipt:
        """Write package, environment and description, in this order; safe to repeat."""
        self._ensure_bucket(bucket)
        package = self._catalog.package(function, version=original_version)
        self._put(bucket, f"{key}.zip", package, "application/zip")
        values = dict(self._catalog.environment(function, version=original_version))
        secret = self._secrets.ensure(
            f"cutover/{function}/environment", json.dumps(values, sort_keys=True), role_arn=None
        )
        description = {
            **self._describe(function, original_version),
            "package": {"key": f"{key}.zip", "size": len(package), "sha256": _sha256(package)},
            "environment_names": sorted(values),
            "secret_arn": secret.outcome["arn"],
        }
        body = json.dumps(description, sort_keys=True, indent=1, default=str).encode()
        request_id = self._put(bucket, key, body, "application/json")
        outcome = {
            "bucket": bucket,
            "key": key,
            "sha256": hashlib.sha256(body).hexdigest(),
            "secret_arn": secret.outcome["arn"],
        }
        return Receipt(request_id=request_id, outcome=outcome)

    def verify(self, archive: Document) -> Receipt:
        """Read description, package and environment back. Raises Invalid, or NotFound, when not whole."""
        description = self._load(archive)
        package = self._package(archive, description)
        try:
            values = json.loads(self._secrets.read(description["secret_arn"]))
        except ValueError:
            raise _broken("the environment's secret is not JSON") from None
        if sorted(values) != description["environment_names"]:
            raise _broken("the environment's secret does not hold the names of the description")
        return Receipt(request_id="", outcome={"size": len(package), "names": len(values)})

    def recreate(self, function: str, archive: Document) -> Receipt:
        """Create the function if it is absent, and wait until it is active."""
        description = self._load(archive)
        request_id = ""
        if not self.exists(function):
            request_id = self._create(function, archive, description)
        raw = settled(self._clients, function, LATEST)
        if raw["CodeSha256"] != description["code_sha256"]:
            raise _broken("a function of this name exists with other code")
        return Receipt(
            request_id=request_id, outcome={"arn": raw["FunctionArn"], "code_sha256": raw["CodeSha256"]}
        )

    def repeat_policy(self, function: str, archive: Document, *, alias: str) -> Receipt:
        """Give the archived permissions back: the alias's to the alias, the bare ones to the function."""
        policies = self._load(archive)["policies"]
        given = 0
        for qualifier in ("", alias):
            for statement in facts.statements(policies.get(qualifier, "")):
                given += self._permit(function, qualifier, statement)
        return Receipt(request_id="", outcome={"statements": given})

    # ------------------------------------------------------------------------------------ removing

    def reserved_concurrency(self, function: str) -> int | None:
        """Give the reservation, None for none."""
        with calling("lambda:GetFunctionConcurrency"):
            answer = self._lambda.get_function_concurrency(FunctionName=function)
        found = answer.get("ReservedConcurrentExecutions")
        return None if found is None else int(found)

    def set_reserved_concurrency(self, function: str, reserved: int | None) -> Receipt:
        """Set the reservation, or remove it with None."""
        if reserved is None:
            with calling("lambda:DeleteFunctionConcurrency"):
                answer = self._lambda.delete_function_concurrency(FunctionName=function)
        else:
            with calling("lambda:PutFunctionConcurrency"):
                answer = self._lambda.put_function_concurrency(
                    FunctionName=function, ReservedConcurrentExecutions=reserved
                )
        return Receipt(request_id=_request_id(answer), outcome={"reserved": reserved})

    def delete_function(self, function: str) -> Receipt:
        """Delete the function with all versions and aliases; absent is fine."""
        try:
            with calling("lambda:DeleteFunction"):
                answer = self._lambda.delete_function(FunctionName=function)
        except NotFound as error:
            return Receipt(request_id=error.request_id, outcome={"absent": True})
        return Receipt(request_id=_request_id(answer), outcome={"absent": False})

    def exists(self, function: str) -> bool:
        """Tell whether the function is there."""
        try:
            with calling("lambda:GetFunctionConfiguration", secret=True):
                self._lambda.get_function_configuration(FunctionName=function)
        except NotFound:
            return False
        return True

    # ------------------------------------------------------------------------------------- details

    @property
    def _lambda(self) -> Any:
        return self._clients.get("lambda")

    @property
    def _s3(self) -> Any:
        return self._clients.get("s3")

    def _ensure_bucket(self, bucket: str) -> None:
        try:
            with calling("s3:HeadBucket"):
                self._s3.head_bucket(Bucket=bucket)
        except NotFound:
            self._create_bucket(bucket)

    def _create_bucket(self, bucket: str) -> None:
        region = self._clients.region
        place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        with calling("s3:CreateBucket"):
            self._s3.create_bucket(Bucket=bucket, **place)
        with calling("s3:PutPublicAccessBlock"):
            self._s3.put_public_access_block(
                Bucket=bucket,
                PublicAccessBlockConfiguration={
                    "BlockPublicAcls": True,
                    "IgnorePublicAcls": True,
                    "BlockPublicPolicy": True,
                    "RestrictPublicBuckets": True,
                },
            )

    def _put(self, bucket: str, key: str, body: bytes, kind: str) -> str:
        with calling("s3:PutObject"):
            answer = self._s3.put_object(
                Bucket=bucket, Key=key, Body=body, ContentType=kind, ServerSideEncryption="AES256"
            )
        return _request_id(answer)

    def _get(self, bucket: str, key: str) -> bytes:
        with calling("s3:GetObject"):
            return bytes(self._s3.get_object(Bucket=bucket, Key=key)["Body"].read())

    def _describe(self, function: str, original_version: str) -> dict[str, Any]:
        raw = settled(self._clients, function, original_version)
        with calling("lambda:GetFunction", secret=True):
            whole = self._lambda.get_function(FunctionName=function)
        with calling("lambda:ListAliases"):
            pages = self._lambda.get_paginator("list_aliases").paginate(FunctionName=function)
            aliases = [
                {name: one.get(name) for name in ("Name", "FunctionVersion", "Description", "RoutingConfig")}
                for page in pages
                for one in page["Aliases"]
            ]
        return {
            "v": 1,
            "function": function,
            "region": self._clients.region,
            "account_id": self._clients.account_id,
            "original_version": original_version,
            "code_sha256": raw["CodeSha256"],
            "configuration": {
                **fields(raw),
                "Role": raw["Role"],
                "Description": whole["Configuration"].get("Description", ""),
                "Architectures": raw.get("Architectures") or ["x86_64"],
            },
            "versions": [
                {name: one.get(name) for name in ("Version", "Description", "CodeSha256", "LastModified")}
                for one in versions(self._clients, function)
            ],
            "aliases": aliases,
            "policies": self._policies(function, [alias["Name"] for alias in aliases]),
            "event_invoke": self._event_invoke(function),
            "tags": whole.get("Tags") or {},
            "reserved_concurrency": (whole.get("Concurrency") or {}).get("ReservedConcurrentExecutions"),
        }

    def _policies(self, function: str, aliases: list[str]) -> dict[str, str]:
        found = {}
        for qualifier in ("", *aliases):
            try:
                with calling("lambda:GetPolicy"):
                    answer = self._lambda.get_policy(
                        FunctionName=function, **({"Qualifier": qualifier} if qualifier else {})
                    )
            except NotFound:
                continue
            found[qualifier] = str(answer["Policy"])
        return found

    def _event_invoke(self, function: str) -> list[Any]:
        try:
            with calling("lambda:ListFunctionEventInvokeConfigs"):
                answer = self._lambda.list_function_event_invoke_configs(FunctionName=function)
        except NotFound:
            return []
        return list(answer.get("FunctionEventInvokeConfigs") or ())

    def _load(self, archive: Document) -> dict[str, Any]:
        body = self._get(archive["bucket"], archive["key"])
        if hashlib.sha256(body).hexdigest() != archive["sha256"]:
            raise _broken("the description is not the one that was written")
        found: dict[str, Any] = json.loads(body)
        return found

    def _package(self, archive: Document, description: Mapping[str, Any]) -> bytes:
        package = self._get(archive["bucket"], description["package"]["key"])
        if _sha256(package) != description["code_sha256"]:
            raise _broken("the package is not the function's code")
        return package

    def _create(self, function: str, archive: Document, description: Mapping[str, Any]) -> str:
        package = self._package(archive, description)
        values = json.loads(self._secrets.read(description["secret_arn"]))
        code: dict[str, Any] = {"ZipFile": package}
        if len(package) > INLINE_LIMIT:
            code = {"S3Bucket": archive["bucket"], "S3Key": description["package"]["key"]}
        present = {
            name: value for name, value in description["configuration"].items() if value not in ("", [], None)
        }
        if not present.get("VpcConfig", {}).get("SubnetIds"):
            present.pop("VpcConfig", None)
        if not present.get("DeadLetterConfig", {}).get("TargetArn"):
            present.pop("DeadLetterConfig", None)
        try:
            with calling("lambda:CreateFunction", secret=True):
                answer = self._lambda.create_function(
                    FunctionName=function,
                    Code=code,
                    Environment={"Variables": values},
                    Tags={k: v for k, v in description["tags"].items() if not k.startswith("aws:")},
                    **present,
                )
        except AlreadyExists as error:
            return error.request_id
        return _request_id(answer)

    def _permit(self, function: str, qualifier: str, statement: Mapping[str, Any]) -> int:
        try:
            with calling("lambda:AddPermission"):
                self._lambda.add_permission(
                    FunctionName=function,
                    **({"Qualifier": qualifier} if qualifier else {}),
                    **permission_of(statement),
                )
        except AlreadyExists:
            return 0
        return 1


def permission_of(statement: Mapping[str, Any]) -> dict[str, str]:
    """Give AddPermission's parameters that write this statement again."""
    principal = statement["Principal"]
    if isinstance(principal, Mapping):
        principal = principal.get("Service") or principal.get("AWS")
    given = {
        "StatementId": str(statement["Sid"]),
        "Action": str(statement["Action"]),
        "Principal": str(principal[0] if isinstance(principal, list) else principal),
        "SourceArn": facts.source_of(statement),
        "SourceAccount": facts.condition_of(statement, "aws:sourceaccount"),
        "PrincipalOrgID": facts.condition_of(statement, "aws:principalorgid"),
        "EventSourceToken": facts.condition_of(statement, "lambda:eventsourcetoken"),
        "FunctionUrlAuthType": facts.condition_of(statement, "lambda:functionurlauthtype"),
    }
    return {name: value for name, value in given.items() if value}


def _sha256(body: bytes) -> str:
    return base64.b64encode(hashlib.sha256(body).digest()).decode()


def _broken(what: str) -> Invalid:
    return Invalid(f"The archive is not whole: {what}.", cloud="aws", operation="s3:GetObject")


def _request_id(answer: Mapping[str, Any]) -> str:
    return str(answer.get("ResponseMetadata", {}).get("RequestId", ""))
