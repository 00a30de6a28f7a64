"""S3's notifications: complete records, sent when a write happened and delivered apart from it.

Sources: docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html and
notification-how-to-filtering.html, read 2026-11-22.
"""

import itertools
import json
import logging
import re
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus

from moto.s3 import notifications
from moto.s3.exceptions import S3ClientError
from moto.s3.models import FakeBucket, S3Backend
from moto.s3.responses import S3Response
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from sandbox.aws.errors import AwsError
from sandbox.aws.events.destinations import Destinations, Undeliverable
from sandbox.aws.events.permission import may_invoke
from sandbox.aws.functions.model import Account

SERVICE = "s3.amazonaws.com"
_KINDS = ("cloud_function", "queue", "topic")
_log = logging.getLogger(__name__)


class Objects:
    """What buckets tell, and whom."""

    def __init__(self, account: Account, destinations: Destinations) -> None:
        self._account = account
        self._destinations = destinations

    def install(self) -> None:
        """Replace moto's notifications in this process."""
        moto_set = FakeBucket.set_notification_configuration
        moto_marker = S3Backend._set_delete_marker
        moto_read = S3Response._notification_config_from_body
        moto_bus = notifications._send_event_bridge_message

        def send_event(account_id: str, event_name: Any, bucket: Any, key: Any) -> None:
            self._tell(str(getattr(event_name, "value", event_name)), bucket, key)
            if (
                bucket.notification_configuration
                and bucket.notification_configuration.event_bridge is not None
            ):
                moto_bus(account_id, bucket, event_name, key)

        def set_notification_configuration(self_: Any, given: dict[str, Any] | None) -> None:
            before = self_.notification_configuration
            moto_set(self_, given)
            try:
                self._check(self_)
            except S3ClientError:
                self_.notification_configuration = before
                raise

        def set_delete_marker(self_: Any, bucket_name: str, key_name: str) -> Any:
            marker = moto_marker(self_, bucket_name, key_name)
            self._tell("s3:ObjectRemoved:DeleteMarkerCreated", self_.get_bucket(bucket_name), marker)
            return marker

        def notification_config_from_body(self_: Any) -> Any:
            # AWS takes these names in any case, and its own documents write them with a capital.
            self_.body = re.sub(
                rb"(?i)(<Name>)(prefix|suffix)(</Name>)",
                lambda found: found[1] + found[2].lower() + found[3],
                self_.body if isinstance(self_.body, bytes) else self_.body.encode(),
            )
            return moto_read(self_)

        notifications.send_event = send_event
        S3Response._notification_config_from_body = notification_config_from_body
        FakeBucket.set_notification_configuration = set_notification_configuration
        S3Backend._set_delete_marker = set_delete_marker

    def _tell(self, event: str, bucket: Any, key: Any) -> None:
        configuration = bucket.notification_configuration
        if configuration is None or key is None:
            return
        for kind in _KINDS:
            for one in getattr(configuration, kind):
                if one._event_matches(event) and _key_fits(one, key.name):
                    document = {"Records": [_record(event, bucket, key, one.id, self._account.account_id)]}
                    try:
                        self._destinations.send(one.arn, json.dumps(document), source=SERVICE)
                    except (Undeliverable, AwsError) as exc:
                        _log.warning("a notification of the bucket %s was lost: %s", bucket.name, exc)

    def _check(self, bucket: Any) -> None:
        """Refuse a configuration as AWS does: destinations must be there and let S3 in, rules must not
        overlap."""
        if bucket.notification_configuration is None:
            return
        listed = [one for kind in _KINDS for one in getattr(bucket.notification_configuration, kind)]
        if not all(self._lets_in(one.arn, bucket.arn) for one in listed):
            raise S3ClientError(
                "InvalidArgument", "Unable to validate the following destination configurations"
            )
        for first, second in itertools.combinations(listed, 2):
            if _overlap(first, second):
                raise S3ClientError(
                    "InvalidArgument",
                    "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules "
                    "if the prefixes are overlapping for the same event type.",
                )

    def _lets_in(self, arn: str, bucket_arn: str) -> bool:
        service, region = arn.split(":")[2:4]
        if service == "lambda":
            return may_invoke(self._account, arn, service=SERVICE, source_arn=bucket_arn)
        if service == "sqs":
            return arn.rpartition(":")[2] in sqs_backends[self._account.account_id][region].queues
        return arn in sns_backends[self._account.account_id][region].topics


def _filters(one: Any) -> tuple[str, str]:
    """Give the prefix and the suffix of a rule, empty where it has none; names come in any case."""
    rules = {
        rule["Name"].lower(): rule["Value"] or ""
        for rule in one.filters.get("S3Key", {}).get("FilterRule", [])
    }
    return rules.get("prefix", ""), rules.get("suffix", "")


def _key_fits(one: Any, key: str) -> bool:
    prefix, suffix = _filters(one)
    return key.startswith(prefix) and key.endswith(suffix)


def _overlap(first: Any, second: Any) -> bool:
    if not any(_same_event(a, b) for a in first.events for b in second.events):
        return False
    (one_prefix, one_suffix), (two_prefix, two_suffix) = _filters(first), _filters(second)
    prefixes = one_prefix.startswith(two_prefix) or two_prefix.startswith(one_prefix)
    return prefixes and (one_suffix.endswith(two_suffix) or two_suffix.endswith(one_suffix))


def _same_event(first: str, second: str) -> bool:
    if first.endswith("*") or second.endswith("*"):
        return first.rpartition(":")[0] == second.rpartition(":")[0]
    return first == second


def _record(event: str, bucket: Any, key: Any, rule: str, account_id: str) -> dict[str, Any]:
    """Give one record. The account's root stands for whoever wrote: S3 is not told who asked."""
    stored: dict[str, Any] = {
        "key": quote_plus(key.name, safe="/"),
        "sequencer": f"{time.time_ns():018X}",
    }
    if ":ObjectRemoved:" not in event:
        stored |= {"size": key.size, "eTag": key.etag.strip('"')}
    if bucket.is_versioned and key.version_id != "null":
        stored["versionId"] = key.version_id
    principal: Mapping[str, str] = {"principalId": f"AWS:{account_id}"}
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": bucket.region_name,
        "eventTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
        "eventName": event.removeprefix("s3:"),
        "userIdentity": principal,
        "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": {
            "x-amz-request-id": uuid.uuid4().hex[:16].upper(),
            "x-amz-id-2": uuid.uuid4().hex + uuid.uuid4().hex,
        },
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": rule,
            "bucket": {
                "name": bucket.name,
                "ownerIdentity": {"principalId": account_id},
                "arn": bucket.arn,
            },
            "object": stored,
        },
    }
