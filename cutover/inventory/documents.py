"""YAML and JSON documents, read safely: intrinsic tags become their long form, and sizes are limited."""

from __future__ import annotations

from typing import Any

import orjson
import yaml

LIMIT_BYTES = 2_000_000
LIMIT_ALIASES = 1_000
LIMIT_DEPTH = 60


class Unreadable(Exception):
    """The document cannot be read. ``line`` counts from 1, 0 when it is not known."""

    def __init__(self, sentence: str, line: int = 0) -> None:
        super().__init__(sentence)
        self.sentence, self.line = sentence, line


class _Loader(yaml.SafeLoader):
    """Safe YAML with CloudFormation's tags. Aliases are counted: a few can stand for billions of nodes."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._aliases = 0
        self._depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            self._aliases += 1
            if self._aliases > LIMIT_ALIASES:
                raise Unreadable(f"It has more than {LIMIT_ALIASES} aliases.")
        self._depth += 1
        if self._depth > LIMIT_DEPTH:
            raise Unreadable(f"It is nested deeper than {LIMIT_DEPTH} levels.")
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1


def _tagged(loader: _Loader, suffix: str, node: yaml.Node) -> Any:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]
    if suffix == "Ref":
        return {"Ref": value}
    if suffix == "Condition":
        return {"Condition": value}
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {f"Fn::{suffix}": value}


def _timestamp(loader: _Loader, node: yaml.Node) -> Any:
    """Keep dates as they are written: `Version: 2012-10-17` is a word."""
    return loader.construct_scalar(node)  # type: ignore[arg-type]


_Loader.add_multi_constructor("!", _tagged)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", _timestamp)


def load(content: bytes, *, json: bool = False) -> dict[str, Any]:
    """Give a document as a mapping. Raises Unreadable."""
    if len(content) > LIMIT_BYTES:
        raise Unreadable(
            f"It has {len(content) / 1e6:.1f} MB; templates have {LIMIT_BYTES / 1e6:.0f} at most."
        )
    text = content.decode("utf-8-sig", errors="replace")
    try:
        found = orjson.loads(text) if json else yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader
    except orjson.JSONDecodeError as error:
        raise Unreadable(f"It is not JSON: {error.msg}.", error.lineno) from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise Unreadable(f"It is not YAML: {error.problem or 'unknown'}.", line) from error
    except (yaml.YAMLError, RecursionError, ValueError, TypeError) as error:
        raise Unreadable(f"It is not YAML that can be read ({type(error).__name__}).") from error
    if not isinstance(found, dict):
        raise Unreadable("It is not a mapping.")
    return found
