"""What a rule's target gets of an event: all of it, a part, a constant, or a template filled in.

Source: docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html, read 2026-11-22.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from jsonpath_ng.ext.parser import parse

_PLACE = re.compile(r"<([A-Za-z0-9_.-]+)>")


def text_for(target: Mapping[str, Any], event: Mapping[str, Any], rule_arn: str, rule_name: str) -> str:
    """Give the text that a target gets. target: as PutTargets took it."""
    if "Input" in target:
        return str(target["Input"])
    if "InputPath" in target:
        return json.dumps(_at(event, target["InputPath"]))
    if transformer := target.get("InputTransformer"):
        values = {name: _at(event, path) for name, path in transformer.get("InputPathsMap", {}).items()}
        values |= {
            "aws.events.rule-arn": rule_arn,
            "aws.events.rule-name": rule_name,
            "aws.events.event.ingestion-time": event["time"],
            "aws.events.event.json": event,
            "aws.events.event": {name: value for name, value in event.items() if name != "detail"},
        }
        return filled(transformer["InputTemplate"], values)
    return json.dumps(event)


def _at(event: Mapping[str, Any], path: str) -> Any:
    found = parse(path).find(event)
    return found[0].value if found else None


def filled(template: str, values: Mapping[str, Any]) -> str:
    """Fill a template. Inside a JSON string a value is put as its text, elsewhere as JSON."""

    def put(place: re.Match[str]) -> str:
        if place[1] not in values:
            return place[0]
        value = values[place[1]]
        before = template[: place.start()]
        inside = len(re.findall(r'(?<!\\)"', before)) % 2 == 1
        if not inside:
            return json.dumps(value)
        text = "" if value is None else value if isinstance(value, str) else json.dumps(value)
        return json.dumps(text)[1:-1]

    return _PLACE.sub(put, template)
