"""Variables of the Terraform: secrets, and what Cutover does not know."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cutover.target_code import destinations
from cutover.target_code.hcl import Block, Expression
from cutover.target_code.intent import Intent
from cutover.target_code.model import Basis
from cutover.target_code.terraform_triggers import asked_in


def variables(basis: Basis, intent: Intent) -> Iterator[Block]:
    names = ", ".join(sorted(set(basis.target.environment_names) - set(basis.names)))
    yield _variable(
        "make_logs",
        "bool",
        "False where other code makes the log project and store already",
        "The log project is one for all functions: true in one directory only.",
        default=True,
    )
    yield _variable(
        "log_retention_days",
        "number",
        "Days that log lines are kept",
        "AWS keeps them as the log group says, which Cutover does not read.",
        default=30,
    )
    yield _variable(
        "environment",
        "map(string)",
        f"Environment values: {names}" if names else "Environment values",
        "Secret: values are never in this code. Left empty, Cutover's deploy writes those of AWS.",
        default={},
        sensitive=True,
    )
    if intent.triggers:
        yield _variable(
            "open_triggers",
            "bool",
            "True once the triggers are relocated to FC",
            "While it is false AWS keeps every trigger, and no event is worked off twice.",
            default=False,
        )
    for one in intent.counterparts:
        if one.made and not one.name and one.resource.kind == "bucket":
            yield _variable(
                f"bucket_{one.slug}",
                "string",
                f"Name of the OSS bucket that stands for {one.resource.name}",
                "Names of buckets are unique in the world, so nobody but you can choose it.",
            )
    for asked in dict.fromkeys(each for one in intent.triggers for each in asked_in(one.config)):
        default = "function" if asked.name == "http_auth_type" else None
        yield _variable(asked.name, asked.kind, asked.description, "Not known to Cutover.", default=default)
    for layer in destinations.layers(basis):
        yield _variable(
            f"layer_{layer.slug}",
            "string",
            f"Key in the bucket {basis.target.bucket} of a zip with the files of the layer {layer.name}",
            f"The files of {layer.aws} are not in this code; without them there is no layer.",
            default="",
        )
    if basis.facts.vpc:
        for name, kind in (
            ("vpc_id", "string"),
            ("vswitch_ids", "list(string)"),
            ("security_group_id", "string"),
        ):
            yield _variable(
                name, kind, "Where the function's network interfaces lie", "Not known to Cutover."
            )
    if basis.facts.package_type != "Zip":
        yield _variable(
            "image",
            "string",
            "The image in a registry of Alibaba Cloud, by digest",
            "Images of AWS's registry are not read by FC.",
        )


def _variable(
    name: str, kind: str, description: str, why: str, *, default: Any = None, sensitive: bool = False
) -> Block:
    body: dict[str, Any] = {"type": Expression(text=kind), "description": description}
    if default is not None:
        body["default"] = default
    if sensitive:
        body["sensitive"] = True
    return Block(kind="variable", labels=(name,), comments=(why,), body=body)
