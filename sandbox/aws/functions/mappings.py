"""Event source mappings: their state. What polls for them is sandbox.aws.events.polling.

Only queues of SQS are polled. A mapping of another source is kept while it is disabled; to enable it is
refused, since it would look as if it worked. Source:
docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html, read 2026-11-22.
"""

import json
import time
import uuid
from typing import Any

from moto.events.exceptions import InvalidEventPatternException
from moto.events.models import EventPattern
from moto.sqs.models import sqs_backends

from sandbox.aws.errors import AwsError, conflict, invalid, not_found
from sandbox.aws.functions.model import Account, Target
from sandbox.aws.functions.places import qualified
from sandbox.aws.functions.protocol import page

_SETTABLE = (
    *("BatchSize", "MaximumBatchingWindowInSeconds", "FilterCriteria", "ScalingConfig", "MetricsConfig"),
    *("FunctionResponseTypes", "KMSKeyArn", "LoggingConfig", "ProvisionedPollerConfig"),
)
_OF_STREAMS = (
    *("StartingPosition", "StartingPositionTimestamp", "ParallelizationFactor", "DestinationConfig"),
    *("MaximumRecordAgeInSeconds", "BisectBatchOnFunctionError", "MaximumRetryAttempts", "Topics"),
    *("TumblingWindowInSeconds", "Queues", "SourceAccessConfigurations"),
)
_MOST_STANDARD, _MOST_FIFO, _MOST_WITHOUT_WINDOW, _MOST_WINDOW_S = 10_000, 10, 10, 300


def list_event_source_mappings(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    found = [_shown(account, identifier) for identifier in list(account.stored.mappings)]
    there = [mapping for mapping in found if mapping is not None]
    if "FunctionName" in given:
        name, qualifier = account.split(given["FunctionName"])
        arn = account.arn(name) + (f":{qualifier}" if qualifier else "")
        there = [m for m in there if m["FunctionArn"] == arn]
    if "EventSourceArn" in given:
        there = [m for m in there if m["EventSourceArn"] == given["EventSourceArn"]]
    return page(there, "EventSourceMappings", given, 100)


def get_event_source_mapping(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    shown = _shown(account, given["UUID"])
    if shown is None:
        raise not_found("The resource you requested does not exist.")
    return shown


def create_event_source_mapping(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    arn = given.get("EventSourceArn", "")
    if given.get("Enabled", True):
        _check_polled(arn)
    target = account.find(given["FunctionName"])
    if _is_queue(arn):
        _check_queue(account, arn, target)
    function_arn = qualified(target.function, target.qualifier)
    for identifier in list(account.stored.mappings):
        other = _shown(account, identifier)
        if arn and other and (other["EventSourceArn"], other["FunctionArn"]) == (arn, function_arn):
            raise conflict(
                f'An event source mapping with {arn.split(":")[2].upper()} arn (" {arn} ") and function '
                f'(" {target.function.name} ") '
                f"already exists. Please update or delete the existing mapping with UUID {identifier}"
            )
    identifier = str(uuid.uuid4())
    mapping: dict[str, Any] = {
        "UUID": identifier,
        "EventSourceMappingArn": f"arn:aws:lambda:{account.region}:{account.account_id}"
        f":event-source-mapping:{identifier}",
        "BatchSize": 10 if _is_queue(arn) else 100,
        "MaximumBatchingWindowInSeconds": 0,
        "EventSourceArn": arn,
        "FunctionArn": function_arn,
        "FunctionResponseTypes": [],
        "StateTransitionReason": "USER_INITIATED",
        "LastProcessingResult": "No records processed",
    }
    _set(mapping, given)
    _move(account, mapping, "Creating", "Enabled" if given.get("Enabled", True) else "Disabled")
    account.stored.mappings[identifier] = mapping
    return _bare(mapping)


def update_event_source_mapping(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    before = _changeable(account, given["UUID"])
    if given.get("Enabled"):
        _check_polled(before["EventSourceArn"])
    mapping = dict(account.stored.mappings[given["UUID"]])
    if "FunctionName" in given:
        target = account.find(given["FunctionName"])
        if _is_queue(mapping["EventSourceArn"]):
            _check_queue(account, mapping["EventSourceArn"], target)
        mapping["FunctionArn"] = qualified(target.function, target.qualifier)
    _set(mapping, given)
    wanted = before["State"]
    if "Enabled" in given:
        wanted = "Enabled" if given["Enabled"] else "Disabled"
    passing = "Updating"
    if wanted != before["State"]:
        passing = "Enabling" if wanted == "Enabled" else "Disabling"
    _move(account, mapping, passing, wanted)
    account.stored.mappings[given["UUID"]] = mapping
    return _bare(mapping)


def delete_event_source_mapping(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    _changeable(account, given["UUID"])
    mapping = dict(account.stored.mappings[given["UUID"]])
    _move(account, mapping, "Deleting", "Deleted")
    account.stored.mappings[given["UUID"]] = mapping
    return _bare(mapping)


def _bare(mapping: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is the sandbox's own."""
    return {name: value for name, value in mapping.items() if not name.startswith("_")}


def _move(account: Account, mapping: dict[str, Any], passing: str, then: str) -> None:
    """Begin a change of state that completes by itself, as a function's update does."""
    mapping |= {
        "State": passing,
        "LastModified": time.time(),
        "_then": then,
        "_ready_at": time.time() + account.update_s,
    }


def _shown(account: Account, identifier: str) -> dict[str, Any] | None:
    """Give a mapping with pending changes of state completed; None when it is absent or gone by now."""
    mapping = account.stored.mappings.get(identifier)
    if mapping is None:
        return None
    if "_then" in mapping and time.time() >= mapping["_ready_at"]:
        if mapping["_then"] == "Deleted":
            del account.stored.mappings[identifier]
            return None
        mapping["State"] = mapping.pop("_then")
    return _bare(mapping)


def _changeable(account: Account, identifier: str) -> dict[str, Any]:
    shown = get_event_source_mapping(account, {"UUID": identifier})
    if shown["State"] not in ("Enabled", "Disabled"):
        raise AwsError(
            400,
            "ResourceInUseException",
            "Cannot update the event source mapping because it is in use.",
            {"Type": "User"},
        )
    return shown


def _set(mapping: dict[str, Any], given: dict[str, Any]) -> None:
    """Take over what a caller sets. Raises AwsError for what queues do not have or AWS refuses."""
    streams = {name: given[name] for name in _OF_STREAMS if name in given}
    mapping |= {name: given[name] for name in _SETTABLE if name in given}
    _check_filters(mapping)
    if not _is_queue(mapping["EventSourceArn"]):
        mapping |= streams
        return
    for name in streams:
        raise invalid(f"Unsupported {name} parameter for given event source mapping type.")
    size, window = mapping["BatchSize"], mapping["MaximumBatchingWindowInSeconds"]
    fifo = mapping["EventSourceArn"].endswith(".fifo")
    most = _MOST_FIFO if fifo else _MOST_STANDARD
    if not 1 <= size <= most:
        raise invalid(f"Batch size must be between 1 and {most} for this event source.")
    if not 0 <= window <= _MOST_WINDOW_S:
        raise invalid(f"Maximum batch window in seconds must be between 0 and {_MOST_WINDOW_S}.")
    if fifo and window:
        raise invalid("Batching window is not supported for FIFO queues")
    if size > _MOST_WITHOUT_WINDOW and not window:
        raise invalid(
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than "
            f"{_MOST_WITHOUT_WINDOW}"
        )
    concurrency = mapping.get("ScalingConfig", {}).get("MaximumConcurrency", 2)
    if not 2 <= concurrency <= 1000:
        raise invalid("MaximumConcurrency must be between 2 and 1000.")


def _check_filters(mapping: dict[str, Any]) -> None:
    for one in mapping.get("FilterCriteria", {}).get("Filters", []):
        try:
            EventPattern.load(one["Pattern"])
        except (InvalidEventPatternException, AttributeError, json.JSONDecodeError) as exc:
            raise invalid("Invalid filter pattern definition.") from exc


def _is_queue(arn: str) -> bool:
    return arn.startswith("arn:aws:sqs:")


def _check_polled(arn: str) -> None:
    if not _is_queue(arn):
        raise AwsError(
            501,
            "NotImplementedException",
            "The sandbox polls queues of SQS only: streams, Kafka, MQ and DocumentDB are not built.",
        )


def _check_queue(account: Account, arn: str, target: Target) -> None:
    region, owner, name = arn.split(":")[3:6]
    queue = sqs_backends[account.account_id][region].queues.get(name) if owner == account.account_id else None
    if queue is None:
        raise invalid(
            "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. "
            "SQS Error Message: The specified queue does not exist."
        )
    timeout = target.version.config["Timeout"]
    if int(queue.visibility_timeout) < timeout:
        raise invalid(
            f"Queue visibility timeout: {queue.visibility_timeout} seconds is less than Function timeout: "
            f"{timeout} seconds"
        )
