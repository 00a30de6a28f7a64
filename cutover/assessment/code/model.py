"""What both languages have in common, as the rules see it. Lines count from 1; names are dotted.

A dotted name leaves arguments out: `s3.getObject({...}).promise` is "s3.getObject().promise". What is
computed is "?", so that no rule takes it for something else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, slots=True)
class Import:
    """A module that is loaded. ``names``: imported name -> local name; "*" is the module itself.

    ``guarded``: within a try, so that its absence may be meant. A name that is computed has module "?".
    """

    module: str
    line: int
    names: Mapping[str, str] = field(default_factory=dict)
    guarded: bool = False
    types_only: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A call. ``text``: its first argument when that is a literal string. ``owner``: index of the innermost
    function around it, -1 at the top level. ``floating``: nobody takes its result."""

    name: str
    line: int
    text: str = ""
    new: bool = False
    owner: int = -1
    floating: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Binding:
    """A name that takes the result of a call, such as `const s3 = new AWS.S3()`."""

    name: str
    call: str
    text: str
    line: int
    owner: int = -1


@dataclass(frozen=True, kw_only=True, slots=True)
class Function:
    """A function. ``parameters`` are names, or the names taken apart joined by commas in braces."""

    name: str
    line: int
    end_line: int
    parameters: tuple[str, ...]
    is_async: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Literal:
    """A literal string, with the name that it is given to, if any."""

    text: str
    line: int
    key: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """A member that is read: `context.awsRequestId`, `event["body"]`."""

    owner: str
    name: str
    line: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Mutation:
    """A name of the module's top level that a function changes."""

    name: str
    line: int


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """One file of code. ``trouble``: why it could not be parsed, with its line; empty when it could.

    ``exports``: exported name -> index into ``functions``, or -1 when it is another value. ``open_exports``:
    some exports are computed, so a name that is absent may exist. ``answered``: lines where a callback or a
    response has answered and more statements follow. ``bundled``: made by a bundler or minified.
    """

    path: str
    language: str
    lines: tuple[str, ...]
    imports: tuple[Import, ...] = ()
    calls: tuple[Call, ...] = ()
    bindings: tuple[Binding, ...] = ()
    functions: tuple[Function, ...] = ()
    literals: tuple[Literal, ...] = ()
    members: tuple[Member, ...] = ()
    mutations: tuple[Mutation, ...] = ()
    environment: tuple[Literal, ...] = ()
    exports: Mapping[str, int] = field(default_factory=dict)
    open_exports: bool = False
    answered: tuple[int, ...] = ()
    bundled: bool = False
    trouble: str = ""
    trouble_line: int = 0
