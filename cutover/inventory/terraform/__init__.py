"""Terraform: HCL files of folders together with the modules that they call, and the JSON of a plan.

Locals, what a call gives to a module and a module's own defaults stand in the files and are followed.
Variables of a root folder, functions and other resources' attributes belong to a run and stay open.
Source: Terraform AWS provider, aws_lambda_function and its neighbours; `terraform show -json`; 2026-11-22.
"""

from cutover.inventory.terraform.modules import from_hcl
from cutover.inventory.terraform.plan import from_plan, is_plan
from cutover.inventory.terraform.values import load_hcl

__all__ = ["from_hcl", "from_plan", "is_plan", "load_hcl"]
