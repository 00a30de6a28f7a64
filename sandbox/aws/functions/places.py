"""Where a setting of a function belongs: to the bare function or to one of its qualifiers."""

from typing import Any

from sandbox.aws.functions.model import Account, Function


def place(account: Account, given: dict[str, Any]) -> tuple[Function, str]:
    """Give the function and the qualifier ("" for none) a setting belongs to; both must exist."""
    target = account.find(given["FunctionName"], given.get("Qualifier"))
    return target.function, target.qualifier


def qualified(function: Function, qualifier: str) -> str:
    """Give the ARN of a function or of one of its qualifiers."""
    return f"{function.arn}:{qualifier}" if qualifier else function.arn
