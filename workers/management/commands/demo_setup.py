"""`manage.py demo_setup`: people, two connections, short windows, first sync and assessment.

Idempotent. Everything comes from the environment (CUTOVER_DEMO_*); prints one JSON document on stdout:
{"login_urls": {role: path}, "policies": [sentences]}.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError

from cutover.errors import CutoverError
from migrations_app.models import Connection, FunctionMigration, Policy, SuiteEvent
from migrations_app.services import assessment, connections, people, suites
from workers import connections as acting
from workers.cli.suites import read_events

ACTOR = "demo"
WINDOWS = {
    "callers_window_s": 20,
    "quiet_window_s": 30,
    "soak_window_s": 10,
    "step_min_seconds": 10,
    "step_min_candidate_events": 5,
}
SENTENCES = (
    "bare callers are looked for in the last 20 s, not the last day",
    "quiet is proven over 30 s, not a day",
    "AWS stands by (soak) for 10 s, not two weeks",
    "a step lasts at least 10 s and 5 events on FC, not a minute and 30",
)


class Command(BaseCommand):
    """Furnish a demo."""

    help = "Set people, connections and short windows of the demo up; safe to repeat."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Carry it out."""
        links = self._people()
        self._windows()
        try:
            aws = self._connections()
            self._inventory(aws)
        except CutoverError as exc:
            raise CommandError(str(exc)) from exc
        self._suites()
        self.stdout.write(orjson.dumps({"login_urls": links, "policies": list(SENTENCES)}).decode())

    def _say(self, sentence: str) -> None:
        self.stderr.write(f"demo_setup: {sentence}")

    def _people(self) -> dict[str, str]:
        for role in people.Role:
            people.ensure(role.value, role)
        return {role.value: people.demo_login_path(role.value) for role in people.Role}

    def _windows(self) -> None:
        if Policy.objects.exists():
            return
        Policy.objects.create(**WINDOWS)
        for sentence in SENTENCES:
            self._say(f"shortened for the demo: {sentence}")

    def _connections(self) -> Connection:
        """Write the two connections down, or anew when an address changed."""
        there = {
            "fc": _required("CUTOVER_DEMO_FC_ENDPOINT"),
            "oss": _required("CUTOVER_DEMO_OSS_ENDPOINT"),
            "mns": os.environ.get("CUTOVER_DEMO_MNS_ENDPOINT", ""),
            "sls": _required("CUTOVER_DEMO_SLS_ENDPOINT"),
            "sts": os.environ.get("CUTOVER_DEMO_STS_ENDPOINT", ""),
            "sls_proxy": _required("CUTOVER_DEMO_SLS_PROXY"),
            "scheme": "http",
        }
        self._connection(
            "alibaba-demo",
            cloud="alibaba",
            region=_required("CUTOVER_DEMO_ALIBABA_REGION"),
            account_id=_required("CUTOVER_DEMO_ALIBABA_ACCOUNT"),
            endpoints={name: value for name, value in there.items() if value},
        )
        return self._connection(
            "aws-demo",
            counterpart_name="alibaba-demo",
            cloud="aws",
            region=_required("CUTOVER_DEMO_AWS_REGION"),
            account_id=_required("CUTOVER_DEMO_AWS_ACCOUNT"),
            endpoints={"": _required("CUTOVER_DEMO_AWS_ENDPOINT")},
        )

    def _connection(self, name: str, *, counterpart_name: str = "", **values: Any) -> Connection:
        """Save and check the connection; one that is there already, just so, is left as it is."""
        same = Connection.objects.filter(name=name, check_report__reachable=True, **values).first()
        if same is not None:
            return same
        row = connections.save(name=name, counterpart_name=counterpart_name, actor=ACTOR, **values)
        acting.check(row.pk)
        row.refresh_from_db()
        self._say(f"{name}: {row.check_report['sentence']}")
        return row

    def _inventory(self, aws: Connection) -> None:
        """Read and assess everything; on a later start the workers read it again by themselves."""
        if aws.synced_at is not None:
            connections.request_sync(aws, actor=ACTOR)
            return
        acting.sync(aws.pk)
        aws.refresh_from_db()
        if error := aws.sync_report.get("error"):
            raise CommandError(f"The inventory could not be read: {error}")
        self._say(f"the inventory has {FunctionMigration.objects.filter(connection=aws).count()} functions")
        for function in FunctionMigration.objects.filter(connection=aws, gone_at=None):
            assessment.assess(function.pk, actor=ACTOR)
        self._say("every function is assessed")

    def _suites(self) -> None:
        """Import each function's events from the directory that CUTOVER_DEMO_EVENTS names, once."""
        place = os.environ.get("CUTOVER_DEMO_EVENTS", "")
        if not place:
            return
        for function in FunctionMigration.objects.filter(connection__name="aws-demo"):
            if SuiteEvent.objects.filter(suite__function=function).exists():
                continue
            for file in (
                Path(place) / f"{function.name}.jsonl",
                Path(place) / function.name / "events.jsonl",
            ):
                if file.is_file():
                    entries = read_events(str(file)).entries
                    suites.import_entries(function.pk, entries, actor=ACTOR)
                    self._say(f"suite of {function.name}: {file.name}")
                    break


def _required(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise CommandError(f"{name} is not set; `make demo` sets it.")
    return value
