"""`serverless.yml` of the Serverless Framework, with the queues of its lift plugin.

Variables that point into the same file (`${self:...}`) are followed; all others stay open.
Source: Serverless Framework, reference of serverless.yml and variables, version 3, read 2026-11-22.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from cutover.inventory.documents import Unreadable, load
from cutover.inventory.fields import Fields, Open, flag
from cutover.inventory.model import DeclaredFunction

_VARIABLE = re.compile(r"\$\{([^${}]+)\}")
_FILE = re.compile(r"file\(([^()]+)\)(?::([\w.-]+))?")
_NESTED_MOST = 10
_EVENTS = {
    "http": "apigateway",
    "httpApi": "apigateway",
    "s3": "s3",
    "sns": "sns",
    "sqs": "sqs",
    "stream": "",
    "schedule": "schedule",
    "eventBridge": "eventbridge",
    "cloudwatchEvent": "eventbridge",
    "cloudwatchLog": "logs",
    "alb": "alb",
    "iot": "iot",
    "cognitoUserPool": "cognito",
    "websocket": "websocket",
    "msk": "kafka",
    "kafka": "kafka",
    "activemq": "mq",
    "rabbitmq": "mq",
    "alexaSkill": "alexa",
    "cloudFront": "cloudfront",
}


def is_template(document: Mapping[str, Any]) -> bool:
    """Tell whether a document is a `serverless.yml` for AWS; one may have resources alone."""
    return provider_of(document) == "aws"


def provider_of(document: Mapping[str, Any]) -> str:
    """Give the cloud that a `serverless.yml` is for; empty when the document is none."""
    provider = document.get("provider")
    named = provider.get("name") if isinstance(provider, Mapping) else provider
    own = {"service", "functions", "constructs", "resources", "plugins", "custom"} & set(document)
    return str(named) if named and own else ""


def functions(
    file: str, document: Mapping[str, Any], beside: Callable[[str], bytes | None] = lambda path: None
) -> Iterator[DeclaredFunction]:
    """Give each function, and each worker of a queue construct. ``beside``: files by path, for variables."""
    reading = _Reading(document, posixpath.dirname(file), beside)
    provider = reading.resolve(document.get("provider") or {})
    provider = provider if isinstance(provider, Mapping) else {}
    declared = reading.resolve(document.get("functions") or {})
    blocks = declared if isinstance(declared, list) else [declared]
    for block in blocks:
        if isinstance(block, Open):
            raise Unreadable(f"Its functions are in {block.expression}, which could not be read.")
        for key, given in block.items() if isinstance(block, Mapping) else ():
            if isinstance(given, Mapping):
                yield _function(file, str(key), given, provider, reading)
    constructs = reading.resolve(document.get("constructs") or {})
    for key, construct in constructs.items() if isinstance(constructs, Mapping) else ():
        worker = construct.get("worker") if isinstance(construct, Mapping) else None
        if isinstance(worker, Mapping) and construct.get("type") == "queue":
            given = {**worker, "events": [{"sqs": f"queue construct {key}"}]}
            yield _function(file, f"{key}Worker", given, provider, reading)


class _Reading:
    """Follows `${self:...}` and `${file(...)}`.

    A default behind a comma counts only when the file itself lacks the path.
    """

    def __init__(
        self, document: Mapping[str, Any], folder: str, beside: Callable[[str], bytes | None]
    ) -> None:
        self._document = document
        self._folder, self._beside = folder, beside
        self._loaded: dict[str, Any] = {}

    def resolve(self, value: Any, depth: int = 0) -> Any:
        if depth > _NESTED_MOST * 4:
            return Open("nested too deeply")
        if isinstance(value, list):
            return [self.resolve(one, depth + 1) for one in value]
        if isinstance(value, Mapping):
            return {str(key): self.resolve(one, depth + 1) for key, one in value.items()}
        return self._text(value, depth) if isinstance(value, str) else value

    def _text(self, text: str, depth: int) -> Any:
        shown = text
        for _ in range(_NESTED_MOST):
            found = _VARIABLE.search(text)
            if found is None:
                return Open(shown) if "${" in text else text
            answer = self._variable(found.group(1), depth)
            if isinstance(answer, Open):
                return Open(shown)
            if found.group(0) == text:
                return answer if not isinstance(answer, str) else self._text(answer, depth + 1)
            if not isinstance(answer, str | int | float):
                return Open(shown)
            text = text[: found.start()] + str(answer) + text[found.end() :]
        return Open(shown)

    def _variable(self, words: str, depth: int) -> Any:
        first, _, rest = words.partition(",")
        named = _FILE.fullmatch(first.strip())
        if named is not None:
            held = self._file(named.group(1).strip(), named.group(2) or "")
            return Open(words) if held is None else self.resolve(held, depth + 4)
        if not first.strip().startswith("self:"):
            return Open(words)
        found: Any = self._document
        for key in first.strip().removeprefix("self:").split("."):
            found = found.get(key) if isinstance(found, Mapping) else None
        if found is not None:
            return self.resolve(found, depth + 4)
        default = rest.strip()
        literal = re.fullmatch(r"'([^']*)'|\"([^\"]*)\"|(\d+)", default)
        return next(one for one in literal.groups() if one is not None) if literal else Open(words)

    def _file(self, name: str, path: str) -> Any:
        """Give what a YAML or JSON file beside holds at a dotted path; None when there is no such thing."""
        place = posixpath.normpath(posixpath.join(self._folder, name))
        if place.startswith(("..", "/")) or not place.endswith((".yml", ".yaml", ".json")):
            return None
        if place not in self._loaded:
            content = self._beside(place)
            try:
                self._loaded[place] = content and load(content, json=place.endswith(".json"))
            except Unreadable:
                self._loaded[place] = None
        found = self._loaded[place]
        for key in path.split(".") if path else ():
            found = found.get(key) if isinstance(found, Mapping) else None
        return found


def _function(
    file: str, key: str, given: Mapping[str, Any], provider: Mapping[str, Any], reading: _Reading
) -> DeclaredFunction:
    fields = Fields()

    def either(name: str) -> Any:
        return given.get(name, provider.get(name))

    name = fields.text("name", given.get("name"))
    if given.get("name") is None:
        fields.note("name", "not set: service-stage-function, and the stage is chosen at deployment")
    image = given.get("image")
    if image is None and either("runtime") is None:
        fields.note("runtime", "not set: the release of the framework chooses it")
    shared = fields.names("environment", provider.get("environment"))
    own = fields.names("environment", given.get("environment"))
    return DeclaredFunction(
        name=name or key,
        logical_id=key,
        origin="serverless",
        file=file,
        runtime=fields.text("runtime", either("runtime")),
        handler=fields.text("handler", given.get("handler")),
        code="." if image is None else "",
        package_type="Zip" if image is None else "Image",
        image=fields.text("image", image) if isinstance(image, str | Open) else "",
        memory_mb=fields.number("memorySize", either("memorySize"), 1024),
        timeout_s=fields.number("timeout", either("timeout"), 6),
        ephemeral_mb=fields.number("ephemeralStorageSize", given.get("ephemeralStorageSize"), 512) or 512,
        architectures=fields.texts("architecture", either("architecture")) or ("x86_64",),
        layers=fields.texts("layers", either("layers")),
        environment=tuple(sorted({*shared, *own})),
        role=fields.text("role", given.get("role")) if not isinstance(given.get("role"), Mapping) else "",
        description=fields.text("description", given.get("description")),
        vpc=flag(either("vpc")),
        dead_letter=fields.text("onError", given.get("onError")),
        reserved_concurrency=fields.optional("reservedConcurrency", given.get("reservedConcurrency")),
        triggers=tuple(_triggers(fields, given)),
        unresolved=fields.unresolved,
    )


def _triggers(fields: Fields, given: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    events = given.get("events")
    for place, event in enumerate(events if isinstance(events, list) else []):
        if isinstance(event, str):
            event = {event: None}
        if not isinstance(event, Mapping):
            fields.note(f"events[{place}]", event.expression if isinstance(event, Open) else str(event))
            continue
        for name, details in event.items():
            source = _source(fields, f"events[{place}].{name}", details)
            kind = _EVENTS.get(name, str(name).lower())
            enabled = not (isinstance(details, Mapping) and details.get("enabled") is False)
            version = {"version": "2.0"} if name == "httpApi" else {}
            yield version | {
                "kind": kind or ("kinesis" if "kinesis" in source else "dynamodb"),
                "source": source,
                "qualifier": "",
                "enabled": enabled,
            }
    if flag(given.get("url")):
        yield {"kind": "url", "source": "function URL", "qualifier": "", "enabled": True}


def _source(fields: Fields, field: str, details: Any) -> str:
    if isinstance(details, Open):
        fields.note(field, details.expression)
        return details.expression
    if isinstance(details, Mapping):
        keys = (
            "method",
            "path",
            "bucket",
            "event",
            "arn",
            "topicName",
            "rate",
            "pattern",
            "logGroup",
            "pool",
        )
        said = [
            _source(fields, f"{field}.{key}", details[key]) for key in keys if details.get(key) is not None
        ]
        return " ".join(said)
    if isinstance(details, list):
        return ", ".join(_source(fields, field, one) for one in details)
    return "" if details is None else str(details)
