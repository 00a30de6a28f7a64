"""Lambda's REST protocol, read from the model that botocore ships.

The model gives each operation's method, path and parameters, so a request is understood exactly as the
official SDKs write it, and an operation that is not built is refused by its name.
"""

import json
import re
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote

import botocore.session
from botocore.model import OperationModel, Shape

from sandbox.aws.errors import AwsError
from sandbox.aws.functions import constraints


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """One request. given: its parameters by the model's names; a payload member holds bytes."""

    operation: str
    given: dict[str, Any]
    status: int


@dataclass(frozen=True, kw_only=True, slots=True)
class _Route:
    method: str
    path: re.Pattern[str]
    query: dict[str, str]
    model: OperationModel


@cache
def _routes() -> tuple[_Route, ...]:
    service = botocore.session.Session().get_service_model("lambda")
    routes = []
    for name in service.operation_names:
        model = service.operation_model(name)
        path, _, query = model.http["requestUri"].partition("?")
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path))
        routes.append(
            _Route(
                method=model.http["method"],
                path=re.compile(pattern + "/?"),
                query=dict(parse_qsl(query)),
                model=model,
            )
        )
    # Routes that also fix a query parameter come first, since their paths are another's too.
    return tuple(sorted(routes, key=lambda route: -len(route.query)))


def warm_up() -> None:
    """Load the model before the first request needs it."""
    _routes()


def read(method: str, path: str, query: str, headers: dict[str, str], body: bytes) -> Ask:
    """Understand a request. headers: lower-case names. Raises AwsError for what Lambda would refuse."""
    pairs = parse_qsl(query, keep_blank_values=True)
    asked = dict(pairs)
    for route in _routes():
        if route.method != method or any(asked.get(k) != v for k, v in route.query.items()):
            continue
        if found := route.path.fullmatch(path):
            given = _parameters(route.model, found.groupdict(), pairs, headers, body)
            return Ask(operation=route.model.name, given=given, status=route.model.http["responseCode"])
    raise AwsError(404, "UnknownOperationException", f"No operation of Lambda is {method} {path[:200]}")


def _parameters(
    model: OperationModel,
    places: dict[str, str],
    pairs: list[tuple[str, str]],
    headers: dict[str, str],
    body: bytes,
) -> dict[str, Any]:
    asked = dict(pairs)
    shape = model.input_shape
    if shape is None:
        return {}
    given: dict[str, Any] = {}
    payload = shape.serialization.get("payload")
    for name, member in shape.members.items():
        where, wire = member.serialization.get("location"), member.serialization.get("name", name)
        if where == "uri":
            given[name] = _typed(member, unquote(places[wire]))
        elif where == "querystring" and wire in asked:
            many = member.type_name == "list"
            given[name] = [v for k, v in pairs if k == wire] if many else _typed(member, asked[wire])
        elif where == "header" and wire.lower() in headers:
            given[name] = _typed(member, headers[wire.lower()])
    if "Resource" in given or "ResourceArn" in given:
        given = {name: unquote(value) if isinstance(value, str) else value for name, value in given.items()}
    if payload:
        given[payload] = body
    elif body:
        given |= _document(body)
    constraints.check(shape, given)
    return given


def _document(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as exc:
        raise AwsError(400, "SerializationException", "The request body is not JSON.") from exc
    if not isinstance(found, dict):
        raise AwsError(400, "SerializationException", "The request body is not a JSON object.")
    return {name: value for name, value in found.items() if value is not None}


def _typed(shape: Shape, text: str) -> Any:
    if shape.type_name in ("integer", "long"):
        if not re.fullmatch(r"-?\d+", text):
            raise AwsError(400, "SerializationException", f"{text[:40]!r} is not a number.")
        return int(text)
    if shape.type_name == "boolean":
        return text.lower() == "true"
    return text


def page(items: list[dict[str, Any]], key: str, given: dict[str, Any], most: int = 50) -> dict[str, Any]:
    """Give one page of a listing with NextMarker where there are more. Markers are offsets."""
    marker = given.get("Marker") or "0"
    if not re.fullmatch("[0-9]{1,9}", marker):
        raise AwsError(400, "InvalidParameterValueException", "Invalid Marker")
    start, size = int(marker), min(given.get("MaxItems", most), most)
    answer: dict[str, Any] = {key: items[start : start + size]}
    if start + size < len(items):
        answer["NextMarker"] = str(start + size)
    return answer
