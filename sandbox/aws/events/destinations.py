"""Sending a document to what an ARN names: a queue, a topic, a function or an event bus."""

import json
from collections.abc import Mapping
from typing import Any

from moto.core.exceptions import ServiceException
from moto.events.models import events_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends
from werkzeug.exceptions import HTTPException

from sandbox.aws.functions.invoking import Submit
from sandbox.aws.functions.model import Account


class Undeliverable(Exception):
    """The document could not be sent there: what the ARN names is absent, or refuses it."""


class Destinations:
    """Sends documents. What is sent has been written when a call returns."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self.submit: Submit

    def send(
        self,
        arn: str,
        text: str,
        *,
        source: str,
        attributes: Mapping[str, str] | None = None,
        group: str | None = None,
    ) -> None:
        """Send a text. attributes: message attributes for queues and topics. Raises Undeliverable."""
        service, region = (arn.split(":") + [""] * 4)[2:4]
        try:
            if service == "sqs":
                self._to_queue(arn, region, text, attributes or {}, group)
            elif service == "sns":
                given = {k: {"Type": "String", "Value": v} for k, v in (attributes or {}).items()}
                backend = sns_backends[self._account.account_id][region]
                backend.publish(message=text, arn=arn, message_attributes=given)
            elif service == "lambda":
                self._to_function(arn, text, source)
            else:
                raise Undeliverable(f"the sandbox sends nothing to {arn}")
        except ServiceException as exc:
            raise Undeliverable(f"{arn}: {exc}") from exc

    def put_event(self, bus_arn: str, *, kind: str, resources: list[str], detail: Mapping[str, Any]) -> None:
        """Put an event of source `lambda` on a bus. Raises Undeliverable."""
        region = bus_arn.split(":")[3]
        entry = {
            "Source": "lambda",
            "DetailType": kind,
            "Detail": json.dumps(detail),
            "Resources": resources,
            "EventBusName": bus_arn,
        }
        try:
            events_backends[self._account.account_id][region].put_events([entry])
        except (ServiceException, HTTPException) as exc:
            raise Undeliverable(f"{bus_arn}: {exc}") from exc

    def _to_queue(
        self, arn: str, region: str, text: str, attributes: Mapping[str, str], group: str | None
    ) -> None:
        name = arn.rpartition(":")[2]
        backend = sqs_backends[self._account.account_id][region]
        given = {k: {"DataType": "String", "StringValue": v} for k, v in attributes.items()}
        backend.send_message(name, text, message_attributes=given or None, group_id=group)

    def _to_function(self, arn: str, text: str, source: str) -> None:
        name, qualifier = self._account.split(arn)
        self.submit(name, qualifier, text.encode(), source=source)
