"""The functions and everything that belongs to them, one JSON document per function, written through.

A document is never changed in place where a running invocation may look: configuration and code are replaced
as wholes, so what was resolved under the lock stays what it was.
"""

from __future__ import annotations

import base64
import binascii
import copy
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sandbox.alibaba import files
from sandbox.alibaba.fc.model import invalid
from sandbox.alibaba.wire import Refused

Document = dict[str, Any]


def function_not_found(name: str) -> Refused:
    """Give the refusal of a function that does not exist."""
    return Refused(404, "FunctionNotFound", f"function '{name}' does not exist")


class Registry:
    """All functions of the account; ``lock`` guards reading together with writing."""

    def __init__(self, folder: Path) -> None:
        self.lock = threading.RLock()
        self._folder = folder
        self._rehearsing = False
        self._functions: dict[str, Document] = {
            document["name"]: document for _, document in files.documents(folder)
        }

    def find(self, name: str) -> Document:
        """Give the function's document.

        Raises:
            Refused: 404 FunctionNotFound.
        """
        try:
            return self._functions[name]
        except KeyError as exc:
            raise function_not_found(name) from exc

    def __contains__(self, name: str) -> bool:
        return name in self._functions

    def all(self) -> list[Document]:
        """Give every function, by name."""
        with self.lock:
            return [self._functions[name] for name in sorted(self._functions)]

    def save(self, document: Document) -> None:
        """Write the function through to disk."""
        self._functions[document["name"]] = document
        if self._rehearsing:
            return
        files.write_json(self._folder / f"{document['name']}.json", document)

    def remove(self, name: str) -> None:
        """Forget the function, on disk first."""
        if not self._rehearsing:
            (self._folder / f"{name}.json").unlink(missing_ok=True)
        del self._functions[name]

    @property
    def rehearsing(self) -> bool:
        """Tell whether a change is only played: then nothing else may change for it either."""
        return self._rehearsing

    @contextmanager
    def rehearsal(self) -> Iterator[None]:
        """Undo at the end whatever is saved or removed meanwhile; for faults that only say that they did."""
        with self.lock:
            before = copy.deepcopy(self._functions)
            self._rehearsing = True
            try:
                yield
            finally:
                self._functions = before
                self._rehearsing = False

    def digests(self) -> set[str]:
        """Give the digests of all code packages in use."""
        with self.lock:
            return {
                holder["code"]["digest"]
                for document in self._functions.values()
                for holder in (document, *document["versions"])
                if holder["code"]
            }


def page_of(
    items: Sequence[Document], query: dict[str, str], key: Callable[[Document], str]
) -> tuple[list[Document], str | None]:
    """Cut one page out of an ordered list: ``limit`` (1 to 100, default 20) items after ``nextToken``.

    Returns:
        The page and the token of the next one, None at the end.
    """
    try:
        limit = int(query.get("limit") or 20)
    except ValueError as exc:
        raise invalid("limit must be a number") from exc
    if not 1 <= limit <= 100:
        raise invalid("limit must be between 1 and 100")
    start = 0
    if token := query.get("nextToken"):
        try:
            last = base64.urlsafe_b64decode(token.encode()).decode()
            start = next(index for index, item in enumerate(items) if key(item) == last) + 1
        except (binascii.Error, UnicodeDecodeError, StopIteration) as exc:
            raise invalid("nextToken is not one that this list gave, or its item is gone") from exc
    page = list(items[start : start + limit])
    if start + limit >= len(items):
        return page, None
    return page, base64.urlsafe_b64encode(key(page[-1]).encode()).decode()


def listing(name: str, page: list[Document], token: str | None) -> Document:
    """Give the answer of a list call: the items under their name, and the token when there is more."""
    return {name: page, **({"nextToken": token} if token else {})}
