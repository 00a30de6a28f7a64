"""Functions as templates declare them: SAM, CloudFormation, Serverless Framework, Terraform, apex up.

Pure parsers. What a template leaves to its deployment (parameters, variables, intrinsics on other resources)
is kept as an unresolved expression beside what is known; nothing is guessed.
"""

from cutover.inventory.facts import facts_of
from cutover.inventory.model import Declaration, DeclaredFunction, TemplateTrouble, Unresolved
from cutover.inventory.reading import TEMPLATE_NAMES, is_template, read_templates

__all__ = [
    "TEMPLATE_NAMES",
    "Declaration",
    "DeclaredFunction",
    "TemplateTrouble",
    "Unresolved",
    "facts_of",
    "is_template",
    "read_templates",
]
