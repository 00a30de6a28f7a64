"""What a function needs before it can run on FC: findings, one small module per rule."""

from cutover.assessment.assess import (
    RULES_VERSION,
    assess,
    assess_code,
    assess_configuration,
    calls,
    code_basis,
    ordered,
)
from cutover.assessment.finding import Finding
from cutover.assessment.readiness import STEP_WORDS, Readiness, Step, readiness
from cutover.assessment.source import Source, read_files, read_package
from cutover.assessment.target import target_for, target_runtime

__all__ = [
    "RULES_VERSION",
    "STEP_WORDS",
    "Finding",
    "Readiness",
    "Source",
    "Step",
    "assess",
    "assess_code",
    "assess_configuration",
    "calls",
    "code_basis",
    "ordered",
    "read_files",
    "read_package",
    "readiness",
    "target_for",
    "target_runtime",
]
