"""Taking events out of suites, and suites away. A run keeps the version that it began with."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from cutover.errors import BadInput
from migrations_app.models import FunctionMigration, Run, Suite
from migrations_app.services import audit, bell, suites


def remove_events(
    function_id: int,
    name: str,
    positions: Sequence[int],
    *,
    actor: str,
    expected_version: int | None = None,
) -> Suite:
    """Make a new version of a suite without the events at ``positions`` (from 0).

    Raises:
        BadInput: no such event, or none would stay.
        StaleState: the suite is at another version than ``expected_version``.
    """
    gone = set(positions)
    with transaction.atomic():
        function = FunctionMigration.objects.select_for_update().get(pk=function_id)
        suite = suites.named(function, name)
        suites.seen_by(suite, expected_version)
        present = suites.present_of(suite)
        if not gone:
            raise BadInput("Say which events to remove.")
        if unknown := gone - set(range(len(present))):
            raise BadInput(f"The suite has no event {min(unknown) + 1}; it has {len(present)}.")
        stays = [one for position, one in enumerate(present) if position not in gone]
        if not stays:
            raise BadInput(f"No event of '{name}' would stay. Remove the suite if none is wanted any more.")
        return suites.write_version(
            function, suite, stays, before=present, actor=actor, verb="suite:events-removed"
        )


def remove(function_id: int, name: str, *, actor: str, expected_version: int | None = None) -> None:
    """Take a suite away. What runs used of it stays, so that their pairs can be read.

    Raises:
        BadInput: there is no such suite.
        StaleState: it is at another version than ``expected_version``.
    """
    with transaction.atomic():
        function = FunctionMigration.objects.select_for_update().get(pk=function_id)
        suite = suites.named(function, name)
        suites.seen_by(suite, expected_version)
        version, present = suite.version, suite.events.filter(version=suite.version).count()
        used = Run.objects.filter(suite=suite)
        if used.exists():
            suite.events.exclude(version__in=used.values("suite_version")).delete()
            suite.version, suite.digest = version + 1, ""
            suite.save(update_fields=["version", "digest"])
        else:
            suite.delete()
        audit.record(
            actor=actor,
            verb="suite:removed",
            function=function,
            detail={"suite": name, "version": version, "events": present},
        )
        bell.tell(f"fn-{function.pk}")
