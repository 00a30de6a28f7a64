"""The parsed view of a function's code that all rules on code share."""

from cutover.assessment.code.model import (
    Binding,
    Call,
    Function,
    Import,
    Literal,
    Member,
    Mutation,
    View,
)
from cutover.assessment.code.reading import language_of, view_of

__all__ = [
    "Binding",
    "Call",
    "Function",
    "Import",
    "Literal",
    "Member",
    "Mutation",
    "View",
    "language_of",
    "view_of",
]
