"""Twins, and what an invocation changed in one of them: frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

CONTENT_LIMIT_BYTES = 8 * 1024 * 1024
"""A larger object is not read; it is compared by its size."""
UNREAD = "effects-unread"
"""A fact under this name says why the effects of an invocation were not read or not compared."""
LATE = "effects-late"
"""A fact under this name says that messages of a pair before came after that had been compared."""
DECLARED = "effects-declared"
"""A fact under this name says by what declaration the effects are known without a look."""
TEXT_LIMIT = 16_384
"""Characters of content that are kept and compared piece by piece; longer content is compared by its hash."""


class EffectKind(StrEnum):
    """What happened to a resource. ``SCHEMA_VERSION`` is a state: which schema the tables were in."""

    OBJECT_WRITTEN = "object-written"
    OBJECT_DELETED = "object-deleted"
    MESSAGE_SENT = "message-sent"
    ROW_INSERTED = "row-inserted"
    ROW_UPDATED = "row-updated"
    ROW_DELETED = "row-deleted"
    SCHEMA_VERSION = "schema-version"


class TwinKind(StrEnum):
    """What kind of resource a twin stands for on both clouds."""

    BUCKET = "bucket"
    QUEUE = "queue"
    TOPIC = "topic"
    TABLE = "table"


class TwinState(StrEnum):
    """How the two resources hang together. ``SHARED``: FC uses the resource on AWS itself."""

    SHARED = "shared"
    BOTH_WAYS = "both-ways"
    ONE_WAY = "one-way"
    DISPOSABLE = "disposable"


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """One change that an invocation made in a twin.

    ``twin`` is the twin's name, ``key`` the object's key, the row's primary key, or empty for a message.
    ``size`` is in bytes, None where nothing has one. ``digest`` is the SHA-256 (hex) of the content, with the
    names of twins replaced as in ``text``; empty where the content was not read. ``text`` is the content when
    it can be printed, cut at ``TEXT_LIMIT``: it is whole where its hash is ``digest``.
    """

    kind: EffectKind
    twin: str
    key: str
    size: int | None = None
    digest: str = ""
    text: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Twin:
    """A resource on AWS and its counterpart on Alibaba Cloud.

    ``primary`` and ``candidate`` are the names there: bucket, queue (URL on AWS), topic (ARN on AWS), table
    (``schema.table``). ``by`` says who keeps them in step. ``settings`` tell the probes, names only:

    - bucket: ``prefix``;
    - queue: ``shadow`` (``yes``: nobody else reads these queues, so their messages may be taken);
    - topic, or a queue that became a topic: ``primary_queue`` and ``candidate_queue``, shadow queues that get
      what is sent there, and ``format`` (``json``, ``stream``) of the topic's messages on FC, where known;
    - table: ``primary_dsn`` and ``candidate_dsn``, variables of the workers' environment with its address.
    """

    name: str
    kind: TwinKind
    primary: str
    candidate: str
    state: TwinState = TwinState.DISPOSABLE
    by: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)

    def shadow(self, own: str, setting: str) -> str:
        """Give the shadow queue of a side: the one that ``setting`` names, or ``own`` when that is one."""
        named = self.settings.get(setting, "")
        return named or (own if self.kind is TwinKind.QUEUE and self.settings.get("shadow") else "")
