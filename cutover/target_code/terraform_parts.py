"""Parts that all of the Terraform shares: names, references, roles and how a resource is put down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cutover.target_code import hcl
from cutover.target_code.hcl import Block, Called, Expression, Template
from cutover.target_code.model import Basis
from cutover.target_code.names import Counterpart, fitting, identifier

OWNER_TAGS = {"owner": "terraform", "generated-by": "cutover"}
FUNCTION = "alicloud_fcv3_function.this"
RESOURCES = {
    "bucket": ("alicloud_oss_bucket", "bucket"),
    "queue": ("alicloud_message_service_queue", "queue_name"),
    "topic": ("alicloud_message_service_topic", "topic_name"),
}


def naming(one: Counterpart) -> str:
    """Give the name of a counterpart as a part of a template: a reference where the code makes it."""
    if not one.made:
        return hcl.literal(one.name)
    return f"${{{RESOURCES[one.resource.kind][0]}.{one.slug}.{RESOURCES[one.resource.kind][1]}}}"


def role_name(basis: Basis) -> str:
    """Give the name of the function's RAM role and policy: at most 64 letters, digits and hyphens."""
    return fitting(f"fc-{identifier(basis.target.name).replace('_', '-')}", 50)


def invoking_role(basis: Basis, service: str) -> str:
    """Give the name of the role by which a service calls the function."""
    return f"{role_name(basis)}-by-{short(service)}"


def templates(resources: tuple[str, ...]) -> list[Template]:
    return [Template(one) for one in resources]


def trust(service: str) -> Called:
    """Give the policy by which a service may take a role."""
    statement = {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"Service": [service]}}
    return Called(name="jsonencode", value={"Version": "1", "Statement": [statement]})


def attachment(label: str, role: str, policy: str, why: str) -> Block:
    return resource(
        "alicloud_ram_role_policy_attachment",
        label,
        why,
        {
            "role_name": Expression(text=f"{role}.role_name"),
            "policy_name": Expression(text=f"{policy}.policy_name"),
            "policy_type": "Custom",
        },
    )


def resource(kind: str, label: str, why: str, body: Mapping[str, Any]) -> Block:
    return Block(kind="resource", labels=(kind, label), comments=(why,), body=body)


def short(service: str) -> str:
    return service.partition(".")[0]
