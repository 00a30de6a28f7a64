"""The function's role in Terraform: its policy with each line's reason, and what was left out of it."""

from __future__ import annotations

from collections.abc import Iterator

from cutover.target_code.hcl import Block, Called, Explained
from cutover.target_code.model import Basis, RamPolicy
from cutover.target_code.terraform_parts import (
    OWNER_TAGS,
    attachment,
    resource,
    role_name,
    templates,
    trust,
)


def role_blocks(basis: Basis, policy: RamPolicy) -> Iterator[Block]:
    name = role_name(basis)
    yield resource(
        "alicloud_ram_role",
        "this",
        f"The function runs with it, as it does with {basis.facts.role or 'its role'} on AWS.",
        {
            "role_name": name,
            "description": f"Runs the function {basis.target.name} on FC",
            "assume_role_policy_document": trust("fc.aliyuncs.com"),
            "tags": OWNER_TAGS,
        },
    )
    statements = [
        Explained(
            value={"Effect": "Allow", "Action": list(one.actions), "Resource": templates(one.resources)},
            comments=one.reasons,
        )
        for one in policy.lines
    ]
    yield resource(
        "alicloud_ram_policy",
        "this",
        "The least that the function needs, each line with its reason.",
        {
            "policy_name": name,
            "description": f"The least that the function {basis.target.name} needs",
            "policy_document": Called(name="jsonencode", value={"Version": "1", "Statement": statements}),
        },
    )
    yield attachment(
        "this", "alicloud_ram_role.this", "alicloud_ram_policy.this", "Gives the role its policy."
    )


def left_out(policy: RamPolicy) -> list[str]:
    if not policy.left_out:
        return []
    return ["Left out of the policy:", *(f"- {one.what}: {one.why}." for one in policy.left_out)]
