"""Names and values that requests of both clouds have."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from .model import Untranslatable


def encoded(queries: dict[str, str]) -> dict[str, str]:
    return {
        quote(name, safe="", errors="surrogatepass"): quote(value, safe="", errors="surrogatepass")
        for name, value in queries.items()
    }


def are_texts(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)


def text_map(value: Any, pointer: str) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(one, str) for one in value.values()):
        raise Untranslatable("an object of texts is needed here", pointer)
    return dict(value)
