"""What a function needs before it can run on FC: findings, one small module per rule."""

from cutover.assessment.assess import assess
from cutover.assessment.finding import Finding
from cutover.assessment.target import target_for, target_runtime

__all__ = ["Finding", "assess", "target_for", "target_runtime"]
