"""What a case needs around it: queues, buckets with objects, a database; and what was left there.

`emulator_setup` is a list, parted by semicolons, of `sqs:QUEUE` and `s3:BUCKET/KEY=CONTENT`, where the
content `@png` stands for an image of 64 by 64 pixels.
"""

from __future__ import annotations

import random
import re
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import psycopg2
from psycopg2 import sql

from tests.cases.recorded import Case

_QUEUE = re.compile(r"^https?://127\.0\.0\.1:\d+/\d+/([\w-]+)$")


def image() -> bytes:
    """Give a PNG of 64 by 64 pixels with some noise in it, the same each time."""
    drawn = random.Random(7)
    rows = b"".join(
        b"\0" + bytes(value for x in range(64) for value in (4 * x, 4 * y, drawn.randrange(64)))
        for y in range(64)
    )

    def chunk(kind: bytes, content: bytes) -> bytes:
        checked = kind + content
        return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))

    head = struct.pack(">IIBBBBB", 64, 64, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@dataclass(kw_only=True)
class Surroundings:
    """Resources of one case on the AWS half. ``database_url``: a PostgreSQL whose role may make databases."""

    sqs: Any
    s3: Any
    database_url: str | None = None
    queues: dict[str, str] = field(default_factory=dict)
    buckets: set[str] = field(default_factory=set)

    def prepare(self, case: Case) -> None:
        """Make everything as it was before the recording; what is there already is emptied."""
        for part in filter(None, (case.emulator_setup or "").split(";")):
            kind, _, rest = part.strip().partition(":")
            if kind == "sqs":
                self._queue(rest)
            elif kind == "s3":
                place, _, content = rest.partition("=")
                bucket, _, key = place.partition("/")
                self._empty_bucket(bucket)
                if key:
                    body = image() if content == "@png" else content.encode()
                    self.s3.put_object(Bucket=bucket, Key=key, Body=body)
            else:
                raise ValueError(f"{case.id}: emulator_setup has {part!r}, which is not known here")

    def environment(self, case: Case) -> dict[str, str]:
        """Give the function's environment, with the addresses of this run in place of the recorded ones."""
        found = {name: self._address(value) for name, value in case.env.items()}
        if case.wants_database and self.database_url:
            port = str(urlsplit(self.database_url).port)
            return {name: port if name.lower() == "port" else value for name, value in found.items()}
        return found

    def left(self, case: Case) -> dict[str, Any]:
        """Give what is there now, in the form of the case's side effects."""
        found: dict[str, Any] = {}
        for place in case.side_effects:
            kind, _, name = place.partition(":")
            if kind == "sqs":
                names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed"]
                counted = self.sqs.get_queue_attributes(QueueUrl=self.queues[name], AttributeNames=names)
                found[place] = sum(int(value) for value in counted["Attributes"].values())
            elif kind == "s3":
                listed = self.s3.list_objects_v2(Bucket=name).get("Contents", [])
                found[place] = [f"{one['Key']} ({one['Size']} B)" for one in listed]
        return found

    def _address(self, value: str) -> str:
        queue = _QUEUE.match(value)
        return self.queues.get(queue[1], value) if queue else value

    def _queue(self, name: str) -> None:
        if name in self.queues:
            self.sqs.delete_queue(QueueUrl=self.queues.pop(name))
        self.queues[name] = self.sqs.create_queue(QueueName=name)["QueueUrl"]

    def _empty_bucket(self, bucket: str) -> None:
        if bucket not in self.buckets:
            self.s3.create_bucket(Bucket=bucket)
            self.buckets.add(bucket)
        for one in self.s3.list_objects_v2(Bucket=bucket).get("Contents", []):
            self.s3.delete_object(Bucket=bucket, Key=one["Key"])


def make_database(url: str, case: Case, schema: Mapping[str, bytes]) -> None:
    """Make the case's role and database anew, with the tables of the repository's own *.sql files."""
    user, name = case.env["username"], case.env["database"]
    connection = psycopg2.connect(url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))
            cursor.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(user)))
            password = sql.Literal(case.env["password"])
            cursor.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(user), password))
            cursor.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(user))
            )
    finally:
        connection.close()
    port = urlsplit(url).port
    own = psycopg2.connect(host="127.0.0.1", port=port, dbname=name, user=user, password=case.env["password"])
    try:
        with own, own.cursor() as cursor:
            for file in sorted(schema):
                if file.endswith(".sql"):
                    cursor.execute(schema[file].decode())
    finally:
        own.close()
