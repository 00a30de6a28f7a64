"""A function as `aws_lambda_function` declares it, or as a call of a module does by the same arguments."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any

from cutover.inventory.fields import Fields, Open, flag
from cutover.inventory.model import DeclaredFunction, Origin
from cutover.inventory.terraform.values import FOLDER

_ALSO = {
    "name": "function_name",
    "lambda_function_name": "function_name",
    "environment_variables": "environment",
    "vpc_subnet_ids": "vpc_config",
    "subnet_ids": "vpc_config",
    "role_arn": "role",
    "lambda_role": "role",
    "dead_letter_target_arn": "dead_letter_config",
    "ephemeral_storage_size": "ephemeral_storage",
}
"""What modules for functions call their inputs -> the argument that it becomes."""
_CODE = ("source_path", "source_dir", "source_file", "local_existing_package", "filename")


def function(
    file: str,
    label: str,
    body: Mapping[str, Any],
    origin: Origin,
    fields: Fields,
    triggers: tuple[dict[str, Any], ...],
    code: Any = None,
) -> DeclaredFunction:
    """Give the function. ``code``: where its code lies, if it is known better than by `filename`."""
    for repeated in ("count", "for_each"):
        if repeated in body and body[repeated] != 1:
            value = body[repeated]
            fields.note(repeated, value.expression if isinstance(value, Open) else str(value))
    for block in body.get("dynamic") or ():
        for name in block if isinstance(block, Mapping) else ():
            fields.note(str(name).strip('"'), "dynamic block")
    name = fields.text("function_name", body.get("function_name"))
    image = fields.text("package_type", body.get("package_type"), "Zip") == "Image"
    return DeclaredFunction(
        name=name or label,
        logical_id=label,
        origin=origin,
        file=file,
        runtime=fields.text("runtime", body.get("runtime")),
        handler=fields.text("handler", body.get("handler")),
        code="" if image else _code(fields, file, body.get("filename") if code is None else code),
        package_type="Image" if image else "Zip",
        image=fields.text("image_uri", body.get("image_uri")),
        memory_mb=fields.number("memory_size", body.get("memory_size"), 128),
        timeout_s=fields.number("timeout", body.get("timeout"), 3),
        ephemeral_mb=fields.number("ephemeral_storage", _block(body, "ephemeral_storage").get("size"), 512)
        or 512,
        architectures=fields.texts("architectures", body.get("architectures")) or ("x86_64",),
        layers=fields.texts("layers", body.get("layers")),
        environment=_environment(fields, body),
        role=fields.text("role", body.get("role")),
        description=fields.text("description", body.get("description")),
        vpc=flag(body.get("vpc_config")),
        dead_letter=fields.text("dead_letter_config", _block(body, "dead_letter_config").get("target_arn")),
        reserved_concurrency=_reserved(fields, body),
        triggers=triggers,
        unresolved=fields.unresolved,
    )


def by_arguments(call: Mapping[str, Any]) -> dict[str, Any] | None:
    """Give a call of a module as arguments of `aws_lambda_function`; None when it makes no function by them.

    The module itself lies elsewhere: what its inputs are called is all that tells.
    """
    given = {_ALSO.get(name, name): value for name, value in call.items()}
    none = any(given.get(name) is False for name in ("create", "create_function"))
    if none or not {"handler", "image_uri"} & set(given):
        return None
    for name, inner in (("environment", "variables"), ("dead_letter_config", "target_arn")):
        if name in given:
            given[name] = {inner: given[name]}
    if "ephemeral_storage" in given:
        given["ephemeral_storage"] = {"size": given["ephemeral_storage"]}
    code = next((given[name] for name in _CODE if name in given), None)
    first = code[0] if isinstance(code, list) and code else code
    given["filename"] = first.get("path") if isinstance(first, Mapping) else first
    return given


def _code(fields: Fields, file: str, value: Any) -> str:
    """Give where the code lies, from the folder of the file."""
    text = fields.text("filename", value)
    if text.startswith(FOLDER):
        return posixpath.relpath(text.removeprefix(FOLDER) or ".", posixpath.dirname(file) or ".")
    return text


def _environment(fields: Fields, body: Mapping[str, Any]) -> tuple[str, ...]:
    return fields.names("environment", _block(body, "environment").get("variables"))


def _reserved(fields: Fields, body: Mapping[str, Any]) -> int | None:
    """Give the reservation; Terraform writes -1 for none."""
    found = fields.optional("reserved_concurrent_executions", body.get("reserved_concurrent_executions"))
    return None if found is None or found < 0 else found


def _block(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Give a nested block, which HCL and plans both hold as a list of one."""
    value = body.get(name)
    first = value[0] if isinstance(value, list) and value else value
    return first if isinstance(first, Mapping) else {}
