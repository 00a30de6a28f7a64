"""What an execution role may do: the statements of its inline and attached policies, as IAM gives them.

A reading that is not granted is none: the generated RAM policy then rests on the code alone, and says so.
What it takes is iam:ListRolePolicies, GetRolePolicy, ListAttachedRolePolicies, GetPolicy, GetPolicyVersion.

Source: botocore, API model of IAM 2010-05-08; policy documents come decoded.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

from clouds.aws.errors import calling
from clouds.aws.session import Clients
from cutover.errors import CloudError, NotFound
from cutover.ports import Document

KEPT_S = 60.0
REFUSED_S = 300.0
STATEMENTS_MOST = 200


class Roles:
    """Reads roles, each once a minute, for a fleet shares them; safe for threads.

    After a refusal none is asked for during ``REFUSED_S``: it holds for all roles of an account.
    """

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[float, list[Document] | None]] = {}
        self._refused_at = float("-inf")

    def forget(self) -> None:
        """Read roles anew at the next look, as an inventory does when it starts."""
        with self._lock:
            self._kept.clear()

    def statements(self, role_arn: str) -> list[Document] | None:
        """Give a role's statements; None when they could not be read."""
        name = role_arn.rpartition("/")[2]
        if ":role/" not in role_arn or not name:
            return None
        with self._lock:
            now = time.monotonic()
            read_at, found = self._kept.get(name, (float("-inf"), None))
            if now - read_at <= KEPT_S:
                return found
            if now - self._refused_at <= REFUSED_S:
                return None
            try:
                found = list(self._read(name))[:STATEMENTS_MOST]
            except NotFound:
                found = None
            except CloudError:
                self._refused_at, found = now, None
            self._kept[name] = (now, found)
            return found

    def _read(self, role: str) -> Iterator[Document]:
        iam = self._clients.get("iam")
        with calling("iam:ListRolePolicies"):
            pages = iam.get_paginator("list_role_policies").paginate(RoleName=role)
            inline = [name for page in pages for name in page["PolicyNames"]]
        for name in inline:
            with calling("iam:GetRolePolicy"):
                document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
            yield from statements_of(name, document)
        with calling("iam:ListAttachedRolePolicies"):
            pages = iam.get_paginator("list_attached_role_policies").paginate(RoleName=role)
            attached = [one for page in pages for one in page["AttachedPolicies"]]
        for one in attached:
            with calling("iam:GetPolicy"):
                version = iam.get_policy(PolicyArn=one["PolicyArn"])["Policy"]["DefaultVersionId"]
            with calling("iam:GetPolicyVersion"):
                answer = iam.get_policy_version(PolicyArn=one["PolicyArn"], VersionId=version)
            yield from statements_of(one["PolicyName"], answer["PolicyVersion"]["Document"])


def statements_of(policy: str, document: Mapping[str, Any]) -> Iterator[Document]:
    """Give a policy's statements: {"policy", "sid", "effect", "actions", "resources", "inverted",
    "conditional"}; one with NotAction or NotResource is ``inverted`` and names no actions or resources."""
    for one in _listed(document.get("Statement")):
        if not isinstance(one, Mapping):
            continue
        yield {
            "policy": policy,
            "sid": str(one.get("Sid", "")),
            "effect": str(one.get("Effect", "")),
            "actions": [str(action) for action in _listed(one.get("Action"))],
            "resources": [str(resource) for resource in _listed(one.get("Resource"))],
            "inverted": "NotAction" in one or "NotResource" in one,
            "conditional": bool(one.get("Condition")),
        }


def _listed(value: Any) -> list[Any]:
    """Give a value that IAM writes alone or in a list as a list."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]
