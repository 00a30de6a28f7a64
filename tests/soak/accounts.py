"""Accounts for every acknowledged invocation: what clients got by tap or relay was observed, exactly once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from hosting import waiting
from tests.soak.travellers import Traveller
from tests.stack import Stack

DRAIN_LIMIT_S = 600


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """Counts of requests: acknowledged to clients at all, by tap or relay, and how those were stored."""

    acknowledged: int
    ours: int
    once: int
    missing: tuple[str, ...]
    repeated: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"{self.acknowledged} acknowledged invocations, {self.ours} of them by tap or relay: "
            f"{self.once} observed exactly once, {len(self.missing)} missing, {len(self.repeated)} repeated"
        )


class Bookkeeper:
    """Keeps what each published version was, since a deleted function begins its numbers anew."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self._ours: set[tuple[str, int, str]] = set()

    def look(self, travellers: Sequence[Traveller]) -> None:
        """Note which versions are taps and relays now; call it before a function may be deleted."""
        aws = self.stack.aws("lambda")
        for one in travellers:
            try:
                pages = list(aws.get_paginator("list_versions_by_function").paginate(FunctionName=one.name))
            except aws.exceptions.ResourceNotFoundException:
                continue
            life = len(self._deletions(one.name))
            for page in pages:
                for row in page["Versions"]:
                    if "cutover" in row["Handler"] and row["Version"] != "$LATEST":
                        self._ours.add((one.name, life, row["Version"]))

    def _deletions(self, name: str) -> list[float]:
        """Give when the function was deleted, as unix seconds."""
        rows = self.stack.rows(
            "SELECT extract(epoch FROM a.finished_at) FROM migrations_app_action a"
            " JOIN migrations_app_operation o ON o.id = a.operation_id"
            " JOIN migrations_app_functionmigration f ON f.id = o.function_id"
            " WHERE f.name = %s AND a.kind = 'aws.function.delete' AND a.finished_at IS NOT NULL",
            name,
        )
        return [float(row[0]) for row in rows]

    def settle(self, travellers: Sequence[Traveller]) -> Account:
        """Wait until the queue is drained and compare the clients' ledger with what was observed."""
        self.look(travellers)
        self._wait_until_drained()
        names = {one.name for one in travellers}
        deletions = {name: self._deletions(name) for name in names}
        acknowledged, wanted = 0, {}
        for text in self.stack.ledger.read_text().splitlines():
            line = json.loads(text)
            name = line["function"]
            if name not in names:
                continue
            acknowledged += 1
            life = sum(at < line["at"] for at in deletions[name])
            if (name, life, line["executed_version"]) in self._ours:
                wanted[line["request_id"]] = text
        stored = self._stored(list(wanted))
        return Account(
            acknowledged=acknowledged,
            ours=len(wanted),
            once=sum(stored.get(key) == 1 for key in wanted),
            missing=tuple(text for key, text in wanted.items() if key not in stored),
            repeated=tuple(text for key, text in wanted.items() if stored.get(key, 0) > 1),
        )

    def _stored(self, keys: list[str]) -> dict[str, int]:
        rows = self.stack.rows(
            "SELECT request_id, count(*) FROM migrations_app_liveobservation WHERE request_id = ANY(%s)"
            " GROUP BY request_id",
            keys,
        )
        return {str(key): int(count) for key, count in rows}

    def _wait_until_drained(self) -> None:
        waiting.until(self._waiting, DRAIN_LIMIT_S)

    def _waiting(self) -> str | None:
        urls = self.stack.rows("SELECT queue_url FROM migrations_app_connection WHERE queue_url <> ''")
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        for (url,) in urls:
            found = self.stack.aws("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=list(names))
            held = {name: int(found["Attributes"][name]) for name in names}
            if any(held.values()):
                return f"the queue still holds {held}"
        return None
