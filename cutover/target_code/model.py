"""What is generated, and what it is generated from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from cutover.planning import Target
from cutover.planning.marks import Form
from cutover.ports import FunctionFacts

TwinKind = Literal["bucket", "queue", "topic", "table"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Gap:
    """Something that the generated code does not say: what, on which subject, why, and what to do.

    ``subject`` names the resource as AWS knows it ("schedule nightly", "GREETING").
    """

    kind: str
    subject: str
    why: str
    remedy: str


@dataclass(frozen=True, kw_only=True, slots=True)
class TwinName:
    """A declared twin: the AWS resource (name, URL or ARN) and the name of what stands for it, which exists.

    ``shared``: the function on FC uses the AWS resource itself, so nothing stands for it.
    """

    kind: TwinKind
    aws: str
    alibaba: str
    shared: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A call to AWS in the function's code. ``access``: "read", "write" or "unresolved"."""

    service: str
    operation: str
    access: str
    path: str
    line: int


@dataclass(frozen=True, kw_only=True, slots=True)
class RoleStatement:
    """An allowing or denying statement of the execution role's IAM policies, as IAM gives it.

    ``inverted``: it is written with NotAction or NotResource; ``conditional``: it has conditions.
    """

    policy: str
    effect: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    sid: str = ""
    inverted: bool = False
    conditional: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyLine:
    """One allowing statement of the RAM policy, and why it is there: a place in code, an IAM statement."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class LeftOut:
    """What the role may do on AWS, or the code calls, that the RAM policy does not allow, and why."""

    what: str
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RamPolicy:
    """A least-privilege RAM policy for one function, line by line. ``document`` gives it as RAM reads it."""

    lines: tuple[PolicyLine, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def document(self) -> dict[str, object]:
        """Give the policy document; without a line it has no statement and must not be made."""
        return {
            "Version": "1",
            "Statement": [
                {"Effect": "Allow", "Action": list(one.actions), "Resource": list(one.resources)}
                for one in self.lines
            ],
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Basis:
    """What the target's code is generated from. Nothing secret is in it.

    ``region``, ``account_id``: of the Alibaba connection. ``calls`` None: the code was not read;
    ``statements`` None: the role was not read. ``names``: environment name -> value that is known not to be
    secret (a name mapped to a twin).
    """

    facts: FunctionFacts
    target: Target
    region: str
    account_id: str
    calls: tuple[Call, ...] | None = None
    statements: tuple[RoleStatement, ...] | None = None
    twins: tuple[TwinName, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Generated:
    """The target in code. ``files``: path -> text; ``gaps``: what is not in them; the role's policy apart."""

    form: Form
    files: Mapping[str, str]
    gaps: tuple[Gap, ...]
    policy: RamPolicy
