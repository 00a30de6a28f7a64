"""SNS to functions: complete records, delivered apart from the publishing call.

The signature is a constant; everything else is as published.
Source: docs.aws.amazon.com/lambda/latest/dg/with-sns.html, read 2026-11-22.
"""

import copy
import json
import logging
from datetime import UTC, datetime
from typing import Any

from moto.core.exceptions import ServiceException
from moto.sns.models import Subscription, Topic

from sandbox.aws.errors import AwsError
from sandbox.aws.events.destinations import Destinations, Undeliverable
from sandbox.aws.events.permission import may_invoke
from sandbox.aws.functions.model import Account

SERVICE = "sns.amazonaws.com"
_log = logging.getLogger(__name__)


class Topics:
    """What topics tell functions."""

    def __init__(self, account: Account, destinations: Destinations) -> None:
        self._account = account
        self._destinations = destinations

    def install(self) -> None:
        """Replace moto's delivery to functions in this process."""
        moto_publish = Subscription.publish
        moto_topic_publish = Topic.publish

        def publish(
            self_: Any, message: str, message_id: str, subject: str | None = None, **more: Any
        ) -> None:
            attributes = more.get("message_attributes")
            if self_.protocol != "lambda":
                try:
                    moto_publish(_plainly(self_), message, message_id, subject=subject, **more)
                except ServiceException as exc:
                    # Whoever publishes learns nothing of an endpoint that is gone.
                    self._bury(
                        self_, _notification(self_, message, message_id, subject, attributes or {}), exc
                    )
                return
            matcher = self_._filter_policy_matcher
            if matcher is not None and not matcher.matches(attributes, message):
                return
            if more.get("message_structure") == "json":
                message = self_._parse_message_structure(message, "lambda")
            self._deliver(self_, _notification(self_, message, message_id, subject, attributes or {}))

        def publish_topic(self_: Any, *given: Any, **more: Any) -> Any:
            message_id = moto_topic_publish(self_, *given, **more)
            # moto remembers all that was ever published, for the tests of its users.
            self_.sent_notifications.clear()
            return message_id

        Subscription.publish = publish
        Topic.publish = publish_topic

    def _deliver(self, subscription: Any, notification: dict[str, Any]) -> None:
        event = {
            "Records": [
                {
                    "EventSource": "aws:sns",
                    "EventVersion": "1.0",
                    "EventSubscriptionArn": subscription.arn,
                    "Sns": notification,
                }
            ]
        }
        arn, topic = subscription.endpoint, subscription.topic.arn
        try:
            if not may_invoke(self._account, arn, service=SERVICE, source_arn=topic):
                raise Undeliverable(f"{arn} does not exist or does not let the topic in")
            self._destinations.send(arn, json.dumps(event), source=SERVICE)
        except (Undeliverable, AwsError) as exc:
            self._bury(subscription, notification, exc)

    def _bury(self, subscription: Any, notification: dict[str, Any], why: Exception) -> None:
        """Source: sns-dead-letter-queues.html: what a client-side error stops is not tried again."""
        policy = subscription.attributes.get("RedrivePolicy")
        if not policy:
            _log.warning("a notification of %s was lost: %s", subscription.topic.arn, why)
            return
        arn = json.loads(policy)["deadLetterTargetArn"]
        try:
            self._destinations.send(arn, json.dumps(notification), source=SERVICE)
        except (Undeliverable, AwsError) as exc:
            _log.warning("a notification of %s was lost: %s", subscription.topic.arn, exc)


def _plainly(subscription: Any) -> Any:
    """Give a subscription that moto reads as it is meant: for moto any text is true, "false" too."""
    raw = subscription.attributes.get("RawMessageDelivery")
    if str(raw).lower() != "false":
        return subscription
    plain = copy.copy(subscription)
    plain.attributes = {k: v for k, v in subscription.attributes.items() if k != "RawMessageDelivery"}
    return plain


def _notification(
    subscription: Any, message: str, message_id: str, subject: str | None, attributes: dict[str, Any]
) -> dict[str, Any]:
    topic = subscription.topic.arn
    site = f"https://sns.{topic.split(':')[3]}.amazonaws.com"
    return {
        "Type": "Notification",
        "MessageId": message_id,
        "TopicArn": topic,
        "Subject": subject,
        "Message": message,
        "Timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
        "SignatureVersion": "1",
        "Signature": "EXAMPLE",
        "SigningCertUrl": f"{site}/SimpleNotificationService-example.pem",
        "UnsubscribeUrl": f"{site}/?Action=Unsubscribe&SubscriptionArn={subscription.arn}",
        "MessageAttributes": {
            name: {"Type": one["Type"], "Value": _text(one["Value"])} for name, one in attributes.items()
        },
    }


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
