"""`connect`, `check`, `sync`."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cutover.errors import BadInput
from migrations_app.models import Connection
from migrations_app.services import connections, inventory
from workers import connections as acting
from workers import templates
from workers.cli.frame import Answer, Code, Context, moment, table
from workers.cli.lookup import connection_named


def register(verbs: Any, common: argparse.ArgumentParser) -> None:
    """Add the verbs of this group."""
    verb = verbs.add_parser("connect", parents=[common], help="add or change a connection; no credential")
    verb.add_argument("name", metavar="NAME")
    verb.add_argument("--cloud", required=True, choices=Connection.Cloud.values)
    verb.add_argument("--region", required=True)
    verb.add_argument("--account", required=True)
    verb.add_argument("--profile", help="a profile of the cloud's own configuration")
    verb.add_argument("--role-arn", help="a role to take")
    verb.add_argument("--external-id", help="that the role asks for")
    verb.add_argument("--endpoint", action="append", default=[], metavar="SERVICE=ADDRESS")
    verb.add_argument("--proxy", default="")
    verb.add_argument("--counterpart", default="", metavar="NAME", help="of AWS: the Alibaba connection")
    verb.set_defaults(run=connect)
    verb = verbs.add_parser("check", parents=[common], help="reachable, identity, missing permissions")
    verb.add_argument("connection", metavar="CONNECTION", nargs="?")
    verb.set_defaults(run=check)
    verb = verbs.add_parser("sync", parents=[common], help="inventory from AWS: new, changed, gone")
    verb.add_argument("connection", metavar="CONNECTION", nargs="?")
    verb.add_argument(
        "--from",
        dest="templates",
        metavar="FILE_OR_FOLDER",
        help="read templates instead of AWS: SAM, CloudFormation, serverless.yml, Terraform, up.json",
    )
    verb.set_defaults(run=sync)


def connect(context: Context) -> Answer:
    """Add or change a connection."""
    options = context.options
    if options.profile and options.role_arn:
        raise BadInput("A connection uses a profile or a role, not both.")
    authentication, names = "environment", {}
    if options.profile:
        authentication, names = "profile", {"name": options.profile}
    elif options.role_arn:
        authentication = "role"
        names = {"role_arn": options.role_arn, "external_id": options.external_id or ""}
    row = connections.save(
        name=options.name,
        cloud=options.cloud,
        region=options.region,
        account_id=options.account,
        authentication=authentication,
        authentication_names=names,
        endpoints=_endpoints(options.endpoint),
        proxy=options.proxy,
        counterpart_name=options.counterpart,
        actor=context.actor,
    )
    return Answer(
        document={
            "connection": row.name,
            "cloud": row.cloud,
            "region": row.region,
            "account": row.account_id,
        },
        text=f"Connection {row.name} is saved. `cutover check {row.name}` says what it may do.",
    )


def _endpoints(words: list[str]) -> dict[str, str]:
    found = {}
    for word in words:
        service, equals, address = word.partition("=")
        if not equals or not address:
            raise BadInput(f"'{word}' is not SERVICE=ADDRESS (for all services of AWS: =ADDRESS).")
        found[service] = address
    return found


def check(context: Context) -> Answer:
    """Check one connection, or all: 3 when one cannot be reached, 1 when a permission is missing."""
    name = context.options.connection
    rows = [connection_named(name)] if name else list(Connection.objects.order_by("name"))
    if not rows:
        raise BadInput("There is no connection yet: `cutover connect` adds one.")
    found = []
    for row in rows:
        context.say(f"Checking {row.name}.")
        acting.check(row.pk)
        row.refresh_from_db()
        found.append({"connection": row.name, "checked_at": moment(row.checked_at), **row.check_report})
    code = Code.GOOD
    if any(one.get("gaps") for one in found):
        code = Code.BAD
    if not all(one.get("reachable") for one in found):
        code = Code.UNKNOWN
    lines = []
    for one in found:
        lines.append(f"{one['connection']}: {one.get('sentence', '')}")
        lines += [f"  missing for {gap['purpose']}: {gap['action']}" for gap in one.get("gaps", ())]
        missing = {gap["purpose"] for gap in one.get("gaps", ())}
        for purpose, policy in one.get("policies", {}).items():
            if purpose in missing:
                lines += [f"  policy to paste for {purpose}:", json.dumps(policy, indent=2)]
    return Answer(document=found, text="\n".join(lines), code=code)


def sync(context: Context) -> Answer:
    """Read the inventory of AWS."""
    row = connection_named(context.options.connection, cloud=Connection.Cloud.AWS)
    if context.options.templates:
        return _declared(row, Path(context.options.templates), context)
    context.say(f"Reading the functions of {row.name}.")
    acting.sync(row.pk)
    row.refresh_from_db()
    report = row.sync_report
    found = {"connection": row.name, "synced_at": moment(row.synced_at), **report}
    if error := report.get("error"):
        return Answer(document=found, text=f"The inventory could not be read: {error}", code=Code.UNKNOWN)
    rows = [(what, ", ".join(names) or "-") for what, names in report.items() if isinstance(names, list)]
    return Answer(document=found, text=table(("", "FUNCTIONS"), rows))


def _declared(row: Connection, path: Path, context: Context) -> Answer:
    """Read templates, keep what they declare, and show what they leave open; 1 when one cannot be read."""
    found = templates.declared(path)
    report = inventory.record_declared(row, found.functions, actor=context.actor)
    document = {
        "connection": row.name,
        **report,
        "functions": [asdict(one) for one in found.functions],
        "troubles": [asdict(one) for one in found.troubles],
    }
    lines = []
    for one in found.functions:
        lines.append(f"{one.name}  {one.runtime or '?'}  {one.handler or '?'}  ({one.origin}, {one.file})")
        lines += [f"  trigger {trigger['kind']} {trigger['source']}" for trigger in one.triggers]
        lines += [f"  unresolved {open_.field}: {open_.expression}" for open_ in one.unresolved]
    lines += [f"{one.file}{f':{one.line}' if one.line else ''}: {one.sentence}" for one in found.troubles]
    return Answer(
        document=document,
        text="\n".join(lines) or "No function is declared there.",
        code=Code.BAD if found.troubles else Code.GOOD,
    )
