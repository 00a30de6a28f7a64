"""Event source mappings: their state."""

import time
import uuid
from typing import Any

from sandbox.aws.errors import AwsError, not_found
from sandbox.aws.functions.model import Account
from sandbox.aws.functions.places import qualified
from sandbox.aws.functions.protocol import page

_MISSING = "The resource you requested does not exist."


def list_event_source_mappings(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    found = list(account.stored.mappings.values())
    if "FunctionName" in given:
        name, qualifier = account.split(given["FunctionName"])
        arn = account.arn(name) + (f":{qualifier}" if qualifier else "")
        found = [m for m in found if m["FunctionArn"] == arn]
    if "EventSourceArn" in given:
        found = [m for m in found if m["EventSourceArn"] == given["EventSourceArn"]]
    return page(found, "EventSourceMappings", given, 100)


def get_event_source_mapping(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    if given["UUID"] not in account.stored.mappings:
        raise not_found(_MISSING)
    return account.stored.mappings[given["UUID"]]


def create_event_source_mapping(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    """Keep a mapping as state. Only a disabled one: nothing polls event sources here yet, so one that is
    enabled would look as if it worked."""
    if given.get("Enabled", True):
        raise AwsError(
            501,
            "NotImplementedException",
            "The sandbox polls no event sources yet: create it with Enabled=false.",
        )
    target = account.find(given["FunctionName"])
    mapping = {k: v for k, v in given.items() if k not in ("FunctionName", "Enabled", "Tags")}
    mapping |= {
        "UUID": str(uuid.uuid4()),
        "FunctionArn": qualified(target.function, target.qualifier),
        "State": "Disabled",
        "StateTransitionReason": "USER_INITIATED",
        "LastModified": time.time(),
    }
    account.stored.mappings[mapping["UUID"]] = mapping
    return mapping


def delete_event_source_mapping(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    mapping = get_event_source_mapping(account, given)
    del account.stored.mappings[given["UUID"]]
    return {**mapping, "State": "Deleting"}
