"""The Alibaba side of a function as code: Terraform, or `s.yaml` for Serverless Devs; and its RAM policy."""

from cutover.target_code.marks import MADE, Form, Mark, adoptable, mark, read_mark
from cutover.target_code.model import (
    Basis,
    Call,
    Gap,
    Generated,
    LeftOut,
    PolicyLine,
    RamPolicy,
    RoleStatement,
    TwinName,
)

__all__ = [
    "MADE",
    "Basis",
    "Call",
    "Form",
    "Gap",
    "Generated",
    "LeftOut",
    "Mark",
    "PolicyLine",
    "RamPolicy",
    "RoleStatement",
    "TwinName",
    "adoptable",
    "mark",
    "read_mark",
]
