"""A declared function as facts, so that assessment and pages treat it like one that was read from AWS."""

from __future__ import annotations

from dataclasses import asdict

from cutover.inventory.model import DeclaredFunction
from cutover.ports import FunctionFacts

MANAGERS = {
    "sam": "sam",
    "cloudformation": "cloudformation",
    "serverless": "serverless",
    "terraform": "terraform",
    "terraform-plan": "terraform",
    "up": "cloudformation",
}


def facts_of(declared: DeclaredFunction) -> FunctionFacts:
    """Give facts with ``configuration["declared"]``: {"origin", "file", "code", "unresolved": [...]}.

    Numbers that are open get Lambda's own defaults so that the facts are whole; they stand among the
    unresolved, and the rules that would judge them say so instead.
    """
    return FunctionFacts(
        name=declared.name,
        arn="",
        runtime=declared.runtime,
        handler=declared.handler,
        role=declared.role,
        memory_mb=declared.memory_mb or 128,
        timeout_s=declared.timeout_s or 3,
        code_sha256="",
        code_size=0,
        package_type=declared.package_type,
        architectures=declared.architectures,
        layers=declared.layers,
        environment=dict.fromkeys(declared.environment, ""),
        description=declared.description,
        tags=dict(declared.tags),
        vpc=declared.vpc,
        dead_letter=declared.dead_letter,
        reserved_concurrency=declared.reserved_concurrency,
        ephemeral_mb=declared.ephemeral_mb,
        last_modified="",
        versions=(),
        aliases={},
        triggers=declared.triggers,
        managed_by=MANAGERS[declared.origin],
        limits=declared.limits,
        configuration={
            **({"image": declared.image} if declared.image else {}),
            "declared": {
                "origin": declared.origin,
                "file": declared.file,
                "code": declared.code,
                "unresolved": [asdict(one) for one in declared.unresolved],
            },
        },
    )
