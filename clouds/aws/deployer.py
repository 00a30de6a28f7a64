"""`$LATEST`, versions and layers, each change under the revision just read.

Theory of operation: Lambda changes a function's revision id by itself once more when an update completes, so
the id that an update returns must not be used for the next call; every wait is followed by a fresh reading.
Source: github aws/aws-sdk issue 377, read 2026-11. A wrong id gives 412, which is ``Conflict``: somebody else
deployed, and nothing was done. Nothing here is sent twice: after ``NoAnswer`` the caller reads back, through
``configuration`` (fingerprint) or ``find_version`` (marker in the description).
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from clouds.aws import configuration as shape
from clouds.aws.errors import calling
from clouds.aws.session import Clients
from cutover.errors import Conflict, Invalid, NotFound, Unavailable
from cutover.ports import Document, LambdaConfiguration, Receipt

LATEST = "$LATEST"
SETTLE_S = 300.0
FIRST_POLL_S, LONGEST_POLL_S = 0.1, 2.0


class LambdaDeployer:
    """``cutover.ports.LambdaPublisher`` on boto3. ``key`` keys the environment inside fingerprints."""

    def __init__(self, clients: Clients, *, key: bytes) -> None:
        self._clients, self._key = clients, key

    def configuration(self, function: str, *, version: str = LATEST) -> LambdaConfiguration:
        """Read after waiting until no update is in progress."""
        return shape.configuration(function, settled(self._clients, function, version), key=self._key)

    def write_configuration(
        self, function: str, changes: Document, *, revision_id: str, always: bool = False
    ) -> Receipt:
        """Send those fields of ``changes`` that differ, in one call.

        With none, nothing is called, unless ``always``: then one field is sent as it is, for its revision.
        """
        forbidden = shape.NEVER_WRITTEN.intersection(changes)
        if forbidden:
            raise self._invalid(f"{', '.join(sorted(forbidden))} of a function is never written.")
        before = self.configuration(function)
        if before.revision_id != revision_id:
            raise self._conflict(function)
        sent = shape.differing(changes, before.fields)
        if always and not sent:
            sent = {"Timeout": before.fields["Timeout"]}
        request_id = ""
        if sent:
            with calling("lambda:UpdateFunctionConfiguration"):
                answer = self._lambda.update_function_configuration(
                    FunctionName=function, RevisionId=revision_id, **sent
                )
            request_id = _request_id(answer)
        after = self.configuration(function)
        wrong = shape.differing(changes, after.fields)
        if wrong:
            # The update went through and yet it is not there: another one came right behind it.
            raise self._conflict(function)
        outcome = {"revision_id": after.revision_id, "fingerprint": after.fingerprint, "sent": sorted(sent)}
        return Receipt(request_id=request_id, outcome=outcome)

    def publish_version(self, function: str, *, code_sha256: str, revision_id: str, marker: str) -> Receipt:
        """Publish under hash and revision, wait until the version is active.

        With nothing changed since the last version AWS gives that one back; ``existing`` says so.
        """
        with calling("lambda:PublishVersion"):
            answer = self._lambda.publish_version(
                FunctionName=function, CodeSha256=code_sha256, RevisionId=revision_id, Description=marker
            )
        version = str(answer["Version"])
        settled(self._clients, function, version)
        outcome = {"version": version, "existing": answer.get("Description", "") != marker}
        return Receipt(request_id=_request_id(answer), outcome=outcome)

    def find_version(self, function: str, *, marker: str) -> str | None:
        """Give the newest version whose description is the marker."""
        found = [
            str(one["Version"])
            for one in versions(self._clients, function)
            if one.get("Description") == marker and one["Version"] != LATEST
        ]
        return max(found, key=int, default=None)

    def publish_layer(self, name: str, archive: bytes, *, marker: str, runtimes: Sequence[str]) -> Receipt:
        """Publish, or find the one that carries the marker; nothing is published twice."""
        found = self._find_layer(name, marker)
        if found:
            return Receipt(request_id="", outcome={"arn": found, "existing": True})
        with calling("lambda:PublishLayerVersion"):
            answer = self._lambda.publish_layer_version(
                LayerName=name,
                Description=marker,
                Content={"ZipFile": archive},
                CompatibleRuntimes=sorted(set(runtimes)),
            )
        return Receipt(
            request_id=_request_id(answer), outcome={"arn": answer["LayerVersionArn"], "existing": False}
        )

    def _find_layer(self, name: str, marker: str) -> str | None:
        try:
            with calling("lambda:ListLayerVersions"):
                for page in self._lambda.get_paginator("list_layer_versions").paginate(LayerName=name):
                    for layer in page["LayerVersions"]:
                        if layer.get("Description") == marker:
                            return str(layer["LayerVersionArn"])
        except NotFound:
            return None
        return None

    @property
    def _lambda(self) -> Any:
        return self._clients.get("lambda")

    def _conflict(self, function: str) -> Conflict:
        return Conflict(
            f"Somebody else changed {function} meanwhile; its revision is not the one read.",
            cloud="aws",
            operation="lambda:UpdateFunctionConfiguration",
            code="PreconditionFailedException",
        )

    def _invalid(self, message: str) -> Invalid:
        return Invalid(message, cloud="aws", operation="lambda:UpdateFunctionConfiguration")


def versions(clients: Clients, function: str) -> list[dict[str, Any]]:
    """Give every version's configuration, `$LATEST` included."""
    with calling("lambda:ListVersionsByFunction", secret=True):
        pages = clients.get("lambda").get_paginator("list_versions_by_function")
        return [one for page in pages.paginate(FunctionName=function) for one in page["Versions"]]


def settled(clients: Clients, function: str, version: str) -> dict[str, Any]:
    """Poll GetFunctionConfiguration until no update is in progress, and give the last reading.

    Raises:
        Unavailable: when it has not settled within five minutes.
        Invalid: when the last update failed.
    """
    deadline, pause = time.monotonic() + SETTLE_S, FIRST_POLL_S
    qualifier = {} if version == LATEST else {"Qualifier": version}
    while True:
        with calling("lambda:GetFunctionConfiguration", secret=True):
            raw: dict[str, Any] = clients.get("lambda").get_function_configuration(
                FunctionName=function, **qualifier
            )
        if raw.get("State", "Active") != "Pending" and raw.get("LastUpdateStatus") != "InProgress":
            _refuse_failed(raw)
            return raw
        if time.monotonic() > deadline:
            raise Unavailable(
                f"{function}:{version} has not settled within {SETTLE_S:g} s.",
                cloud="aws",
                operation="lambda:GetFunctionConfiguration",
            )
        time.sleep(pause)
        pause = min(LONGEST_POLL_S, pause * 1.6)


def _refuse_failed(raw: Mapping[str, Any]) -> None:
    if raw.get("LastUpdateStatus") == "Failed" or raw.get("State") == "Failed":
        code = raw.get("LastUpdateStatusReasonCode") or raw.get("StateReasonCode") or ""
        raise Invalid(
            f"AWS says that the last change of this function failed ({code}).",
            cloud="aws",
            operation="lambda:GetFunctionConfiguration",
            code=str(code),
        )


def _request_id(answer: Mapping[str, Any]) -> str:
    return str(answer.get("ResponseMetadata", {}).get("RequestId", ""))
