"""Triggers in Terraform, each waiting for ``open_triggers``, and the roles by which their sources call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cutover.planning import ALIAS
from cutover.target_code.hcl import Block, Called, Expression, Template
from cutover.target_code.intent import Asked, Trigger
from cutover.target_code.model import Basis
from cutover.target_code.names import Counterpart, identifier
from cutover.target_code.terraform_parts import (
    FUNCTION,
    OWNER_TAGS,
    attachment,
    invoking_role,
    naming,
    resource,
    short,
    trust,
)


def triggers(basis: Basis, triggers: tuple[Trigger, ...]) -> Iterator[Block]:
    for service in sorted({one.service for one in triggers if one.service}):
        yield from _invoking_role(basis, service)
    for one in triggers:
        body: dict[str, Any] = {
            "count": Expression(text="var.open_triggers ? 1 : 0"),
            "function_name": Expression(text=f"{FUNCTION}.function_name"),
            "trigger_name": one.name,
            "trigger_type": one.type,
            "qualifier": Expression(text=f"alicloud_fcv3_alias.{ALIAS}.alias_name"),
            "description": f"owner=terraform; {one.why}"[:250],
            "trigger_config": Called(name="jsonencode", value=_filled(one.config)),
        }
        if one.source is not None:
            body["source_arn"] = Template(source_arn(basis, one.source, naming(one.source)))
        if one.service:
            role = f"alicloud_ram_role.invoked_by_{short(one.service)}.arn"
            body["invocation_role"] = Expression(text=role)
        yield resource("alicloud_fcv3_trigger", identifier(one.name), f"{one.why}.", body)


def source_arn(basis: Basis, source: Counterpart, name: str) -> str:
    """Give the ARN of a trigger's source. Source: devsapp/fc3, __tests__/e2e/trigger/other/s.yaml."""
    if source.resource.kind == "bucket":
        return f"acs:oss:{basis.region}:{basis.account_id}:{name}"
    return f"acs:mns:{basis.region}:{basis.account_id}:/topics/{name}"


def _invoking_role(basis: Basis, service: str) -> Iterator[Block]:
    label = f"invoked_by_{short(service)}"
    name = invoking_role(basis, service)
    yield resource(
        "alicloud_ram_role",
        label,
        f"{service} calls the function with it.",
        {
            "role_name": name,
            "description": f"Lets {service} call the function {basis.target.name}",
            "assume_role_policy_document": trust(service),
            "tags": OWNER_TAGS,
        },
    )
    place = f"acs:fc:{basis.region}:{basis.account_id}:functions/{basis.target.name}"
    statement = {"Effect": "Allow", "Action": ["fc:InvokeFunction"], "Resource": [place, f"{place}/*"]}
    yield resource(
        "alicloud_ram_policy",
        label,
        "Allows to call this one function and nothing else.",
        {
            "policy_name": name,
            "description": f"Calls the function {basis.target.name}",
            "policy_document": Called(name="jsonencode", value={"Version": "1", "Statement": [statement]}),
        },
    )
    yield attachment(
        label, f"alicloud_ram_role.{label}", f"alicloud_ram_policy.{label}", "Gives that role its policy."
    )


def _filled(value: Any) -> Any:
    """Give a trigger's configuration with references in it."""
    match value:
        case Asked():
            return Expression(text=f"var.{value.name}")
        case Counterpart():
            return Template(naming(value))
        case Mapping():
            return {name: _filled(one) for name, one in value.items()}
        case list() | tuple():
            return [_filled(one) for one in value]
        case _:
            return value


def asked_in(value: Any) -> Iterator[Asked]:
    """Give every value in a configuration that a person fills in."""
    match value:
        case Asked():
            yield value
        case Mapping():
            for one in value.values():
                yield from asked_in(one)
        case list() | tuple():
            for one in value:
                yield from asked_in(one)
