"""The simulated AWS where things are kept: queues, secrets and archives."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from typing import Any

from clouds.simulated.world import (
    ACCOUNT,
    REGION,
    PrimaryFunction,
    Snapshot,
    World,
    function_arn,
    invalid,
    missing,
)
from cutover.ports import Document, QueueMessage, Receipt


class Queue:
    """Messages that taps and relays sent. One that was received hides until ``World.received`` forgets it,
    which stands for the end of its visibility timeout."""

    def __init__(self, world: World) -> None:
        self._world = world

    def ensure(self, name: str, *, role_arn: str) -> Receipt:
        url = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}"
        if url not in self._world.queues:
            self._world.change(
                "aws",
                "sqs:CreateQueue",
                name,
                lambda: self._world.queues.setdefault(url, {}),
                token="queue",  # noqa: S106 - names an effect, no secret
            )
        return Receipt(
            request_id=self._world.request_id(),
            outcome={"url": url, "arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"},
        )

    def receive(self, url: str, *, wait_s: int, at_most: int) -> Sequence[QueueMessage]:
        deadline = time.monotonic() + wait_s
        while True:
            found = self._world.read("aws", "sqs:ReceiveMessage", lambda: self._take(url, at_most))
            if found or time.monotonic() >= deadline:
                return found
            time.sleep(0.01)

    def delete(self, url: str, receipts: Sequence[str]) -> None:
        def effect() -> None:
            for receipt in receipts:
                self._world.queues[url].pop(receipt, None)

        self._world.change("aws", "sqs:DeleteMessageBatch", url, effect)

    def _take(self, url: str, at_most: int) -> tuple[QueueMessage, ...]:
        if url not in self._world.queues:
            raise missing("sqs:ReceiveMessage", url)
        visible = [row for row in self._world.queues[url].items() if row[0] not in self._world.received]
        taken = visible[: min(10, at_most)]
        self._world.received.update(receipt for receipt, _ in taken)
        return tuple(QueueMessage(body=body, receipt=receipt) for receipt, body in taken)


class Secrets:
    """Values by ARN."""

    def __init__(self, world: World) -> None:
        self._world = world

    def ensure(self, name: str, value: str, *, role_arn: str | None) -> Receipt:
        arn = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}"

        def effect() -> None:
            self._world.secrets[arn] = value

        self._world.change("aws", "secretsmanager:PutSecretValue", name, effect)
        return Receipt(request_id=self._world.request_id(), outcome={"arn": arn})

    def read(self, arn: str) -> str:
        def look() -> str:
            if arn not in self._world.secrets:
                raise missing("secretsmanager:GetSecretValue", arn)
            return self._world.secrets[arn]

        return self._world.read("aws", "secretsmanager:GetSecretValue", look)

    def delete(self, arn: str) -> Receipt:
        absent = self._world.change(
            "aws", "secretsmanager:DeleteSecret", arn, lambda: self._world.secrets.pop(arn, None) is None
        )
        return Receipt(request_id=self._world.request_id(), outcome={"absent": absent})


class Archive:
    """Objects that bring a function back."""

    def __init__(self, world: World, secrets: Secrets) -> None:
        self._world, self._secrets = world, secrets

    def store(self, function: str, *, bucket: str, key: str, original_version: str) -> Receipt:
        found = self._world.function(function)
        snapshot = found.snapshot(original_version)
        secret = self._secrets.ensure(
            f"cutover/{function}/environment", json.dumps(dict(snapshot.environment)), role_arn=None
        )
        description = json.dumps(
            {
                "fields": dict(snapshot.fields),
                "role": found.role,
                "package": snapshot.package.hex(),
                "environment_names": sorted(snapshot.environment),
                "secret_arn": secret.outcome["arn"],
            }
        ).encode()

        def effect() -> None:
            self._world.objects[bucket, key] = description

        self._world.change("aws", "s3:PutObject", f"{bucket}/{key}", effect)
        outcome = {
            "bucket": bucket,
            "key": key,
            "sha256": hashlib.sha256(description).hexdigest(),
            "secret_arn": secret.outcome["arn"],
        }
        return Receipt(request_id=self._world.request_id(), outcome=outcome)

    def verify(self, archive: Document) -> Receipt:
        description = self._load(archive)
        values = json.loads(self._secrets.read(description["secret_arn"]))
        if sorted(values) != description["environment_names"]:
            raise invalid("s3:GetObject", "The archive is not whole.")
        return Receipt(request_id="", outcome={"names": len(values)})

    def reserved_concurrency(self, function: str) -> int | None:
        return self._world.read(
            "aws", "lambda:GetFunctionConcurrency", lambda: self._world.function(function).reserved
        )

    def set_reserved_concurrency(self, function: str, reserved: int | None) -> Receipt:
        def effect() -> None:
            self._world.function(function).reserved = reserved

        operation = (
            "lambda:DeleteFunctionConcurrency" if reserved is None else "lambda:PutFunctionConcurrency"
        )
        self._world.change("aws", operation, function, effect)
        return Receipt(request_id=self._world.request_id(), outcome={"reserved": reserved})

    def delete_function(self, function: str) -> Receipt:
        absent = self._world.change(
            "aws",
            "lambda:DeleteFunction",
            function,
            lambda: self._world.functions.pop(function, None) is None,
            undoes="function",
        )
        return Receipt(request_id=self._world.request_id(), outcome={"absent": absent})

    def exists(self, function: str) -> bool:
        return self._world.read(
            "aws", "lambda:GetFunctionConfiguration", lambda: function in self._world.functions
        )

    def recreate(self, function: str, archive: Document) -> Receipt:
        description = self._load(archive)
        snapshot = Snapshot(
            fields=description["fields"],
            package=bytes.fromhex(description["package"]),
            environment=json.loads(self._secrets.read(description["secret_arn"])),
        )

        def effect() -> None:
            self._world.functions[function] = PrimaryFunction(
                name=function, role=description["role"], latest=snapshot, revision=self._world.revision()
            )

        if not self.exists(function):
            self._world.change("aws", "lambda:CreateFunction", function, effect, token="function")  # noqa: S106
        found = self._world.function(function)
        if found.latest.code_sha256 != snapshot.code_sha256:
            raise invalid("lambda:CreateFunction", "A function of this name exists with other code.")
        outcome = {"arn": function_arn(function), "code_sha256": snapshot.code_sha256}
        return Receipt(request_id=self._world.request_id(), outcome=outcome)

    def repeat_policy(self, function: str, archive: Document, *, alias: str) -> Receipt:
        self._load(archive)
        self._world.change("aws", "lambda:AddPermission", f"{function}:{alias}", lambda: None)
        return Receipt(request_id="", outcome={"statements": 0})

    def _load(self, archive: Document) -> dict[str, Any]:
        def look() -> bytes:
            place = (archive["bucket"], archive["key"])
            if place not in self._world.objects:
                raise missing("s3:GetObject", "/".join(place))
            return self._world.objects[place]

        body = self._world.read("aws", "s3:GetObject", look)
        if hashlib.sha256(body).hexdigest() != archive["sha256"]:
            raise invalid("s3:GetObject", "The archive is not the one that was written.")
        found: dict[str, Any] = json.loads(body)
        return found
