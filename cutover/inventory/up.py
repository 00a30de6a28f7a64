"""apex up's `up.json`: one HTTP server behind a proxy in a Lambda function.

Source: apex/up, documentation of configuration, read 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cutover.inventory.fields import Fields
from cutover.inventory.model import DeclaredFunction

HANDLER = "_proxy.handle"
"""The Node function that up puts before the server."""


def function(file: str, document: Mapping[str, Any]) -> DeclaredFunction:
    """Give the function that `up.json` deploys."""
    fields = Fields()
    given = fields.mapping("lambda", document.get("lambda"))
    runtime = fields.text("lambda.runtime", given.get("runtime"))
    if not runtime:
        fields.note("lambda.runtime", "not set: the release of up that deploys chooses it")
    name = fields.text("name", document.get("name"))
    if not name:
        fields.note("name", "not set")
    proxy = fields.mapping("proxy", document.get("proxy"))
    return DeclaredFunction(
        name=name or "up",
        logical_id=name or "up",
        origin="up",
        file=file,
        runtime=runtime,
        handler=HANDLER if document.get("type", "server") == "server" else "",
        code=".",
        description=f"Proxied to {proxy['command']}" if isinstance(proxy.get("command"), str) else "",
        memory_mb=fields.number("lambda.memory", given.get("memory"), 512),
        timeout_s=fields.number("proxy.timeout", proxy.get("timeout"), 15),
        environment=fields.names("environment", document.get("environment")),
        role=fields.text("lambda.role", given.get("role")),
        vpc=bool(given.get("vpc")),
        triggers=({"kind": "apigateway", "source": "ANY /{proxy+}", "qualifier": "", "enabled": True},),
        unresolved=fields.unresolved,
    )
