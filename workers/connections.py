"""Check a connection's identity and permissions, and read its inventory."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator
from typing import Any

from django.db.models import Q
from django.utils import timezone

from cutover.errors import CloudError, CutoverError, NotFound
from cutover.ports import CandidateCloud, FunctionFacts, PrimaryCloud
from migrations_app.models import Connection
from migrations_app.services import bell, inventory
from workers import wiring

FOREIGN_MOST = 500
"""Functions of others on FC that are kept by name; more would only make the row large."""
logger = logging.getLogger(__name__)
LEASE = dt.timedelta(minutes=5)
"""How long a sync or a check may take before another worker takes it for lost."""


def run_due() -> int:
    """Do the checks and syncs that are due. Gives how many."""
    now = timezone.now()
    due = Connection.objects.filter(Q(check_due_at__lte=now) | Q(sync_due_at__lte=now))
    return sum(check(pk, only_due=True) + sync(pk, only_due=True) for pk in due.values_list("pk", flat=True))


def check(connection_id: int, *, only_due: bool = False) -> bool:
    """Find out who the credentials are and what they lack. Gives whether it was done here."""
    if not _take(connection_id, "check_due_at") and only_due:
        return False
    row = Connection.objects.get(pk=connection_id)
    Connection.objects.filter(pk=row.pk).update(
        check_report=_report(row), checked_at=timezone.now(), check_due_at=None
    )
    bell.tell("inbox")
    return True


def sync(connection_id: int, *, only_due: bool = False) -> bool:
    """Read every function of an AWS connection. Trouble is written into the report, and nothing is lost."""
    if not _take(connection_id, "sync_due_at") and only_due:
        return False
    row = Connection.objects.get(pk=connection_id)
    try:
        facts = list(_facts(wiring.primary(row)))
    except CutoverError as error:
        logger.warning("The sync of %s failed: %s", row.name, error)
        Connection.objects.filter(pk=row.pk).update(
            sync_due_at=None, sync_report={**row.sync_report, "error": str(error)}
        )
        return True
    inventory.record_sync(row, facts, actor="cutover")
    return True


def _facts(primary: PrimaryCloud) -> Iterator[FunctionFacts]:
    for name in primary.catalog.names():
        try:
            yield primary.catalog.describe(name, hash_key=wiring.hash_key())
        except NotFound:
            # Deleted between the list and the look; it will be found gone.
            continue


def _report(row: Connection) -> dict[str, Any]:
    report: dict[str, Any] = {
        "reachable": False,
        "identity": "",
        "sentence": "",
        "gaps": [],
        "policies": wiring.paste_ready(row),
    }
    try:
        session = _cloud(row).session
        identity = session.identity()
        report |= {"reachable": True, "identity": identity.arn}
        if identity.account_id != row.account_id:
            sentence = f"The credentials belong to account {identity.account_id}, not {row.account_id}."
            return {**report, "reachable": False, "sentence": sentence}
        gaps = session.permission_gaps()
        if row.cloud == Connection.Cloud.ALIBABA:
            report["functions"] = _there(wiring.candidate(row))
    except CloudError as error:
        return {**report, "sentence": str(error)}
    report["gaps"] = [
        {"purpose": gap.purpose, "action": gap.action, "resource": gap.resource} for gap in gaps
    ]
    report["sentence"] = (
        f"{len(gaps)} permissions are missing; the policies below grant them."
        if gaps
        else "It is reachable and nothing is missing."
    )
    return report


def _there(candidate: CandidateCloud) -> list[dict[str, Any]]:
    """Give what is on FC already and is not ours, so that names and roles do not collide."""
    try:
        found = candidate.deployer.functions()
    except CloudError as error:
        logger.warning("The functions on FC could not be listed: %s", error)
        return []
    foreign = sorted((one for one in found if not one["ours"]), key=lambda one: not one["owner"])
    return [dict(one) for one in foreign][:FOREIGN_MOST]


def _cloud(row: Connection) -> PrimaryCloud | CandidateCloud:
    return wiring.primary(row) if row.cloud == Connection.Cloud.AWS else wiring.candidate(row)


def _take(connection_id: int, name: str) -> bool:
    """Take due work by moving its time on, so that one worker does it and a killed one's falls due again."""
    now = timezone.now()
    taken = Connection.objects.filter(pk=connection_id, **{f"{name}__lte": now}).update(**{name: now + LEASE})
    return bool(taken)
