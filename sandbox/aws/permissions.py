"""Identity policies enforced on Lambda, for every principal but the sandbox's own user.

Only Lambda is guarded, and only by identity policies: the other services take any valid signature.
"""

from moto.iam.models import iam_backends

from sandbox.aws.credentials import USER
from sandbox.aws.errors import AwsError
from sandbox.aws.policies import allows

# Source: docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html, where names differ.
_ACTIONS = {"Invoke": "InvokeFunction", "InvokeWithResponseStream": "InvokeFunction"}


def check(account_id: str, principal: str, operation: str, resource: str) -> None:
    """Refuse what the principal's policies do not allow. Raises AwsError AccessDeniedException."""
    if is_owner(account_id, principal):
        return
    action = f"lambda:{_ACTIONS.get(operation, operation)}"
    if not allows(iam_backends[account_id]["aws"], holder(account_id, principal), action, resource):
        raise AwsError(
            403,
            "AccessDeniedException",
            f"User: {principal} is not authorized to perform: {action} on resource: {resource} because no "
            f"identity-based policy allows the {action} action",
        )


def is_owner(account_id: str, principal: str) -> bool:
    """Tell whether a principal is the sandbox's own user, who may do everything."""
    return principal == f"arn:aws:iam::{account_id}:user/{USER}"


def holder(account_id: str, principal: str) -> str:
    """Give the role behind a session, or the principal itself."""
    if ":assumed-role/" in principal:
        return f"arn:aws:iam::{account_id}:role/{principal.split('/')[1]}"
    return principal
