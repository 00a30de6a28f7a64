"""Connections: one account in one region of one cloud. Names only; credentials stay where the SDKs look."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from django.db import transaction
from django.utils import timezone

from cutover.errors import BadInput
from migrations_app.models import Connection
from migrations_app.services import audit, bell

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}")
_REGION = re.compile(r"[a-z]{2}(-[a-z0-9]+)+")
_NEEDED = {"environment": (), "profile": ("name",), "role": ("role_arn",)}


def save(
    *,
    name: str,
    cloud: str,
    region: str,
    account_id: str,
    authentication: str = "environment",
    authentication_names: Mapping[str, str] | None = None,
    endpoints: Mapping[str, str] | None = None,
    proxy: str = "",
    counterpart_name: str = "",
    actor: str,
) -> Connection:
    """Add a connection, or change the one of that name; its permissions are checked next.

    Args:
        authentication_names: profile: {"name"}; role: {"role_arn", "external_id"?}. Never a credential.
        counterpart_name: for an AWS connection, the Alibaba connection that its functions move to.

    Raises:
        BadInput: with a sentence on what is wrong; nothing is saved.
    """
    names = {key: value for key, value in (authentication_names or {}).items() if value}
    _require(bool(_NAME.fullmatch(name)), "A name is letters, digits, - and _, and starts with a letter.")
    _require(cloud in Connection.Cloud.values, f"The cloud is aws or alibaba, not '{cloud}'.")
    _require(bool(_REGION.fullmatch(region)), f"'{region}' is not a region's name, such as us-east-1.")
    _require(account_id.isdigit() and len(account_id) <= 32, "An account id is digits only.")
    _require(
        authentication in Connection.Authentication.values,
        f"Authentication is environment, profile or role, not '{authentication}'.",
    )
    for key in _NEEDED[authentication]:
        _require(key in names, f"Authentication by {authentication} needs '{key}'.")
    _require(
        not proxy or urlsplit(proxy).scheme in ("http", "https"), "A proxy is an http:// or https:// address."
    )
    with transaction.atomic():
        row, created = Connection.objects.update_or_create(
            name=name,
            defaults={
                "cloud": cloud,
                "region": region,
                "account_id": account_id,
                "authentication": authentication,
                "authentication_names": names,
                "endpoints": dict(endpoints or {}),
                "proxy": proxy,
                "counterpart": _counterpart(cloud, counterpart_name),
            },
        )
        audit.record(
            actor=actor,
            verb="connection:added" if created else "connection:changed",
            detail={"connection": name, "cloud": cloud, "region": region, "account_id": account_id},
        )
        request_check(row, actor=actor)
    return row


def request_check(connection: Connection, *, actor: str) -> None:
    """Ask for a check of identity and permissions; a worker does it."""
    with transaction.atomic():
        Connection.objects.filter(pk=connection.pk).update(check_due_at=timezone.now())
        audit.record(actor=actor, verb="connection:check", detail={"connection": connection.name})
        bell.ring("workers.check", str(connection.pk), queue="work")


def request_sync(connection: Connection, *, actor: str) -> None:
    """Ask for the inventory of an AWS connection; a worker does it.

    Raises:
        BadInput: for a connection without functions of its own to move.
    """
    _require(
        connection.cloud == Connection.Cloud.AWS,
        f"{connection.name} is not an AWS connection; functions are read from AWS only.",
    )
    with transaction.atomic():
        Connection.objects.filter(pk=connection.pk).update(sync_due_at=timezone.now())
        audit.record(actor=actor, verb="connection:sync", detail={"connection": connection.name})
        bell.ring("workers.sync", str(connection.pk), queue="work")


def _counterpart(cloud: str, name: str) -> Connection | None:
    if not name:
        return None
    _require(cloud == Connection.Cloud.AWS, "Only an AWS connection has a counterpart.")
    found = Connection.objects.filter(name=name).first()
    if found is None or found.cloud != Connection.Cloud.ALIBABA:
        raise BadInput(f"There is no Alibaba connection named '{name}'. Add it first.")
    return found


def _require(holds: bool, sentence: str) -> None:
    if not holds:
        raise BadInput(f"{sentence} Nothing was saved.")
