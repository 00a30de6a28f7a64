"""Reads what MNS requests ask for: attributes, pages, bodies, properties."""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree import ElementTree

from sandbox.alibaba import markup
from sandbox.alibaba.mns.errors import wrong_argument
from sandbox.alibaba.mns.queues import DEFAULT_PRIORITY, Draft, Property, QueueAttributes
from sandbox.alibaba.mns.topics import TopicAttributes
from sandbox.alibaba.wire import Incoming, Refused

_QUEUE_NUMBERS = {
    "DelaySeconds": "delay_s",
    "MaximumMessageSize": "maximum_message_bytes",
    "MessageRetentionPeriod": "retention_s",
    "VisibilityTimeout": "visibility_s",
    "PollingWaitSeconds": "polling_wait_s",
}
_PROPERTY_TYPES = frozenset({"STRING", "NUMBER", "BOOLEAN", "BINARY"})
_WORDS = {"true": True, "false": False}


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """What a list call asks for."""

    prefix: str
    after: str
    most: int
    with_meta: bool


def xml_body(request: Incoming, root: str) -> ElementTree.Element:
    """Parse the body. Raises Refused: 400 MalformedXML."""
    try:
        return markup.parse(request.body, root)
    except markup.NotXml as exc:
        raise Refused(400, "MalformedXML", "The XML you provided was not well-formed.") from exc


def number(text: str | None, name: str, default: int) -> int:
    """Read a whole number; the default when there is none. Raises Refused: 400 InvalidArgument."""
    if text is None or not text.strip():
        return default
    try:
        return int(text)
    except ValueError as exc:
        raise wrong_argument(f"The value of {name} must be a number.") from exc


def page(request: Incoming) -> Page:
    """Read the headers of a list call."""
    headers = request.headers
    return Page(
        prefix=headers.get("x-mns-prefix", ""),
        after=headers.get("x-mns-marker", ""),
        most=number(headers.get("x-mns-ret-number"), "x-mns-ret-number", 1000),
        with_meta=headers.get("x-mns-with-meta", "").lower() == "true",
    )


def _logging(asked: ElementTree.Element, default: bool) -> bool:
    text = (asked.findtext("LoggingEnabled") or "").strip().lower()
    if text and text not in _WORDS:
        raise wrong_argument("LoggingEnabled must be True or False.")
    return _WORDS.get(text, default)


def queue_attributes(request: Incoming, before: QueueAttributes | None = None) -> QueueAttributes:
    """Read a Queue document over what there was before; an empty body changes nothing."""
    found = before or QueueAttributes()
    if not request.body:
        return found
    asked = xml_body(request, "Queue")
    if (asked.findtext("QueueType") or "normal").lower() not in ("normal", "standard"):
        raise wrong_argument("The sandbox has no FIFO queues.")
    numbers = {
        name: number(asked.findtext(tag), tag, getattr(found, name)) for tag, name in _QUEUE_NUMBERS.items()
    }
    return QueueAttributes(**numbers, logging=_logging(asked, found.logging))


def topic_attributes(request: Incoming, before: TopicAttributes) -> TopicAttributes:
    """Read a Topic document over what there was before; an empty body changes nothing."""
    if not request.body:
        return before
    asked = xml_body(request, "Topic")
    size = number(asked.findtext("MaximumMessageSize"), "MaximumMessageSize", before.maximum_message_bytes)
    return TopicAttributes(maximum_message_bytes=size, logging=_logging(asked, before.logging))


def body_of(asked: ElementTree.Element) -> bytes:
    """Give the text of MessageBody. Raises Refused: 400 InvalidArgument for what the sandbox lacks."""
    if asked.findtext("MessageGroupId"):
        raise wrong_argument("The sandbox has no message groups: they need a FIFO queue.")
    return (asked.findtext("MessageBody") or "").encode()


def properties(asked: ElementTree.Element) -> tuple[Property, ...]:
    """Read UserProperties and SystemProperties. Raises Refused: 400 InvalidArgument."""
    found = []
    for path, system in (
        ("UserProperties/PropertyValue", False),
        ("SystemProperties/SystemPropertyValue", True),
    ):
        for node in asked.findall(path):
            name, kind = node.findtext("Name") or "", node.findtext("Type") or "STRING"
            if not name or kind not in _PROPERTY_TYPES:
                raise wrong_argument("A property must have a Name and a Type that MNS knows.")
            found.append(Property(name=name, value=node.findtext("Value") or "", type=kind, system=system))
    return tuple(found)


def draft(asked: ElementTree.Element) -> Draft:
    """Read one Message that is to be sent."""
    delay = asked.findtext("DelaySeconds")
    return Draft(
        body=body_of(asked),
        delay_s=number(delay, "DelaySeconds", 0) if delay else None,
        priority=number(asked.findtext("Priority"), "Priority", DEFAULT_PRIORITY),
        properties=properties(asked),
    )
