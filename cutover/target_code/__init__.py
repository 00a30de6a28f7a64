"""The Alibaba side of a function as code: Terraform, or `s.yaml` for Serverless Devs; and its RAM policy."""

from cutover.planning.marks import MADE, Form, Mark, adoptable, mark, read_mark
from cutover.target_code.generate import generate
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
from cutover.target_code.ram import ram_policy

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
    "generate",
    "mark",
    "ram_policy",
    "read_mark",
]
