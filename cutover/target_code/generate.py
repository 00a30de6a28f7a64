"""From the basis to files: what is wanted is worked out once, then written in the form that is asked for."""

from __future__ import annotations

import json

from cutover.planning.marks import Form
from cutover.target_code import serverless_devs, terraform
from cutover.target_code.intent import intent_of
from cutover.target_code.model import Basis, Gap, Generated, RamPolicy
from cutover.target_code.ram import ram_policy


def generate(form: Form, basis: Basis) -> Generated:
    """Give the target in code. Deterministic and pure; no value of the environment is in it."""
    intent = intent_of(basis)
    policy = ram_policy(basis)
    gaps = (*intent.gaps, *_gaps_of_policy(policy))
    if form is Form.SERVERLESS_DEVS:
        gaps = (*gaps, *serverless_devs.gaps_of_form(basis, intent))
        files = serverless_devs.files(basis, intent, gaps)
    else:
        files = terraform.files(basis, intent, gaps)
    return Generated(form=form, files=files, gaps=gaps, policy=policy)


def _gaps_of_policy(policy: RamPolicy) -> tuple[Gap, ...]:
    """Give a gap when RAM would not take the policy. Source: alicloud_ram_policy, policy_document."""
    size = len(json.dumps(policy.document).encode())
    if size <= terraform.POLICY_LIMIT_BYTES:
        return ()
    return (
        Gap(
            kind="policy-size",
            subject=f"{size} bytes",
            why=f"RAM takes policies of up to {terraform.POLICY_LIMIT_BYTES} bytes",
            remedy="Split it in two, and attach both to the role.",
        ),
    )
