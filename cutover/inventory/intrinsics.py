"""CloudFormation's intrinsic functions, as far as a template alone answers them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson

from cutover.inventory.fields import Open

_VARIABLE = re.compile(r"\$\{(?!!)([^}]+)\}")
DEEPEST = 60


class Intrinsics:
    """Resolves values of one template. Parameters stay open: a default is not what was deployed."""

    def __init__(self, template: Mapping[str, Any]) -> None:
        self._mappings = template.get("Mappings") or {}
        self._parameters = template.get("Parameters") or {}

    def resolve(self, value: Any, depth: int = 0) -> Any:
        """Give a plain value, with ``Open`` wherever the template does not hold the answer."""
        if depth > DEEPEST:
            return Open("nested too deeply")
        if isinstance(value, list):
            return [self.resolve(one, depth + 1) for one in value]
        if not isinstance(value, Mapping):
            return value
        if len(value) == 1:
            (name, argument), *_ = value.items()
            if name == "Ref" or str(name).startswith("Fn::"):
                return self._call(str(name), argument, depth)
        return {str(key): self.resolve(one, depth + 1) for key, one in value.items()}

    def _call(self, name: str, argument: Any, depth: int) -> Any:
        if name == "Ref":
            return Open(self._reference(str(argument)))
        if name == "Fn::GetAtt":
            parts = argument if isinstance(argument, list) else [argument]
            return Open(f"!GetAtt {'.'.join(str(one) for one in parts)}")
        resolved = self.resolve(argument, depth + 1)
        if name == "Fn::Sub":
            return self._substitute(resolved)
        if name == "Fn::Join" and isinstance(resolved, list) and len(resolved) == 2:
            mark, parts = resolved
            if isinstance(mark, str) and isinstance(parts, list) and all(isinstance(p, str) for p in parts):
                return mark.join(parts)
        if name == "Fn::FindInMap" and isinstance(resolved, list) and len(resolved) == 3:
            found: Any = self._mappings
            for key in resolved:
                found = found.get(key) if isinstance(found, Mapping) and isinstance(key, str) else None
            if found is not None:
                return found
        return Open(f"!{name.removeprefix('Fn::')} {_shown(argument)}")

    def _reference(self, name: str) -> str:
        parameter = self._parameters.get(name)
        if isinstance(parameter, Mapping) and isinstance(parameter.get("Default"), str | int | float):
            if str(parameter.get("NoEcho", "")).lower() == "true":
                return f"!Ref {name}"
            return f"!Ref {name} (default {parameter['Default']})"
        return f"!Ref {name}"

    def _substitute(self, argument: Any) -> Any:
        text, given = argument, {}
        if isinstance(argument, list) and len(argument) == 2 and isinstance(argument[1], Mapping):
            text, given = argument[0], dict(argument[1])
        if not isinstance(text, str):
            return Open(f"!Sub {_shown(argument)}")
        for name, value in given.items():
            if isinstance(value, str):
                text = text.replace(f"${{{name}}}", value)
        return Open(f"!Sub {text}") if _VARIABLE.search(text) else text.replace("${!", "${")


def as_written(value: Any) -> str:
    """Give the text of `Fn::Sub` or `Fn::Join` with its variables as they stand; empty for anything else."""
    if not isinstance(value, Mapping):
        return ""
    text = value.get("Fn::Sub")
    if text is not None:
        text = text[0] if isinstance(text, list) and text else text
        return text if isinstance(text, str) else ""
    joined = value.get("Fn::Join")
    if not isinstance(joined, list) or len(joined) != 2 or not isinstance(joined[1], list):
        return ""
    parts = [one if isinstance(one, str) else "${" + _shown(one).strip("{}") + "}" for one in joined[1]]
    return str(joined[0]).join(parts)


def mentions(value: Any, names: set[str], depth: int = 0) -> str:
    """Give which of these logical names an unresolved value refers to; empty for none."""
    if depth > DEEPEST:
        return ""
    if isinstance(value, str):
        words = set(re.findall(r"[A-Za-z0-9_]+", value)) if "${" in value else set()
        return next(iter(sorted(words & names)), "")
    if isinstance(value, Mapping):
        if "Ref" in value:
            return str(value["Ref"]) if value["Ref"] in names else ""
        if "Fn::GetAtt" in value:
            first = value["Fn::GetAtt"]
            head = str(first[0] if isinstance(first, list) and first else first).partition(".")[0]
            return head if head in names else ""
        return next((found for one in value.values() if (found := mentions(one, names, depth + 1))), "")
    if isinstance(value, list):
        return next((found for one in value if (found := mentions(one, names, depth + 1))), "")
    return ""


def _shown(argument: Any) -> str:
    if isinstance(argument, str):
        return argument
    try:
        return orjson.dumps(argument, default=str).decode()
    except (TypeError, RecursionError):
        return "..."
