"""The handler that FC calls in place of the function's own; see cutover_adapter_parts/run.py."""

from cutover_adapter_parts.run import load

handler = load()
