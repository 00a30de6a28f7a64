"""From mixed code to drivers, a business part and a handler per cloud, for review."""

from cutover.scaffold.generate import generate
from cutover.scaffold.model import CannotScaffold, Note, Package, Scaffold

__all__ = ["CannotScaffold", "Note", "Package", "Scaffold", "generate"]
