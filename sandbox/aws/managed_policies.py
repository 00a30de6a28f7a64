"""AWS's own managed policies, such as AWSLambdaBasicExecutionRole: there when a call names one.

moto ships their texts and loads either all or none; all of them would make every write of IAM's state slow.
Simplified: ListPolicies shows only those that a call has named. moto is pinned, since these are its private
names.
"""

import functools
import json
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, IAMBackend

_PREFIX = "arn:aws:iam::aws:policy/"
_CALLS = (
    *("attach_role_policy", "attach_user_policy", "attach_group_policy", "get_policy"),
    *("get_policy_version", "list_policy_versions"),
)


def install() -> None:
    """Patch moto in this process; called once, before the first request."""
    for name in _CALLS:
        setattr(IAMBackend, name, _loading(getattr(IAMBackend, name)))


def _loading(call: Any) -> Any:
    @functools.wraps(call)
    def loaded(self: Any, *given: Any, **named: Any) -> Any:
        for value in (*given, *named.values()):
            if isinstance(value, str) and value.startswith(_PREFIX) and value not in self.managed_policies:
                _load(self, value)
        return call(self, *given, **named)

    return loaded


def _load(backend: Any, arn: str) -> None:
    name = arn.rpartition("/")[2]
    found = _texts().get(name)
    if found is None:
        return
    policy = AWSManagedPolicy.from_data(name, backend.account_id, backend.region_name, found)
    if policy.arn == arn:
        backend.managed_policies[arn] = policy
        backend.aws_managed_policies.append(policy)


@functools.cache
def _texts() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(aws_managed_policies_data)
    return found
