"""What a function needs before it can run on FC: findings, one small module per rule."""

from cutover.assessment.assess import (
    RULES_VERSION,
    assess,
    assess_code,
    assess_configuration,
    code_basis,
    ordered,
)
from cutover.assessment.finding import Finding
from cutover.assessment.source import Source, read_files, read_package
from cutover.assessment.target import target_for, target_runtime

__all__ = [
    "RULES_VERSION",
    "Finding",
    "Source",
    "assess",
    "assess_code",
    "assess_configuration",
    "code_basis",
    "ordered",
    "read_files",
    "read_package",
    "target_for",
    "target_runtime",
]
