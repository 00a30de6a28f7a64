"""The JSON of a plan or of a state: `terraform show -json`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from cutover.inventory.fields import Fields, Open
from cutover.inventory.model import DeclaredFunction
from cutover.inventory.terraform.functions import function
from cutover.inventory.terraform.triggers import triggers


def is_plan(document: Mapping[str, Any]) -> bool:
    """Tell whether a document is the JSON of a plan or of a state."""
    return "terraform_version" in document and ("planned_values" in document or "values" in document)


def from_plan(file: str, document: Mapping[str, Any]) -> Iterator[DeclaredFunction]:
    """Give the functions of a plan; what is known only after apply stays open."""
    values = document.get("planned_values") or document.get("values") or {}
    unknown = {
        str(one.get("address")): (one.get("change") or {}).get("after_unknown") or {}
        for one in document.get("resource_changes") or ()
        if isinstance(one, Mapping)
    }
    resources = [
        (file, str(one.get("type")), str(one.get("address")), _known(one, unknown))
        for one in _modules(values.get("root_module") or {})
    ]
    for _, kind, address, body in resources:
        if kind == "aws_lambda_function":
            fields = Fields()
            name = str(body.get("function_name") or "")
            found = triggers(fields, resources, partial(_names, name=name))
            yield function(file, address, body, "terraform-plan", fields, tuple(found))


def _modules(module: Any, depth: int = 0) -> Iterator[Mapping[str, Any]]:
    if not isinstance(module, Mapping) or depth > 20:
        return
    yield from (one for one in module.get("resources") or () if isinstance(one, Mapping))
    for child in module.get("child_modules") or ():
        yield from _modules(child, depth + 1)


def _known(resource: Mapping[str, Any], unknown: Mapping[str, Any]) -> dict[str, Any]:
    values = dict(resource.get("values") or {})
    for name, open_ in (unknown.get(str(resource.get("address"))) or {}).items():
        if open_ is True:
            values[name] = Open("known after apply")
    return values


def _names(value: Any, name: str) -> bool:
    if not name:
        return False
    if isinstance(value, str):
        return value == name or f":function:{name}" in value
    if isinstance(value, Mapping):
        return any(_names(one, name) for one in value.values())
    return isinstance(value, list) and any(_names(one, name) for one in value)
