"""Which deployment groups of CodeDeploy move a function's aliases.

A group of the compute platform Lambda does not name its function: the revision it deployed last does, in its
AppSpec. Groups whose revision lies elsewhere (S3, GitHub) or that never deployed name none and are left
out. What it takes is codedeploy:ListApplications, ListDeploymentGroups, BatchGetDeploymentGroups; a
reading that is not granted is said and stops nothing.

Source: botocore, API model of CodeDeploy 2014-10-06; AWS CodeDeploy, "AppSpec resources section".
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from clouds.aws.errors import calling
from clouds.aws.session import Clients
from cutover.errors import CloudError
from cutover.ports import Document

KEPT_S = 60.0
_MOST = 100
"""Groups that BatchGetDeploymentGroups takes at once."""


class Deployments:
    """Reads the account's groups once a minute, for a fleet shares them; safe for threads."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._lock = threading.Lock()
        self._kept: tuple[float, list[Document], str] = (float("-inf"), [], "")

    def forget(self) -> None:
        """Read the groups anew at the next look, as an inventory does when it starts."""
        with self._lock:
            self._kept = (float("-inf"), [], "")

    def of(self, function: str) -> Document:
        """Give {"groups": [{"application", "group", "alias"}], "unread": sentence}, without what is empty."""
        with self._lock:
            read_at, groups, unread = self._kept
            if time.monotonic() - read_at > KEPT_S:
                groups, unread = [], ""
                try:
                    groups = list(self._read())
                except CloudError as error:
                    unread = f"CodeDeploy could not be read ({type(error).__name__})."
                self._kept = (time.monotonic(), groups, unread)
        own = [
            {name: one[name] for name in ("application", "group", "alias")}
            for one in groups
            if one["function"] == function
        ]
        return {**({"groups": own} if own else {}), **({"unread": unread} if unread else {})}

    def _read(self) -> Iterator[Document]:
        client = self._clients.get("codedeploy")
        with calling("codedeploy:ListApplications"):
            pages = client.get_paginator("list_applications").paginate()
            applications = [name for page in pages for name in page["applications"]]
        for application in applications:
            with calling("codedeploy:ListDeploymentGroups"):
                pages = client.get_paginator("list_deployment_groups").paginate(applicationName=application)
                names = [name for page in pages for name in page["deploymentGroups"]]
            for start in range(0, len(names), _MOST):
                yield from self._groups(client, application, names[start : start + _MOST])

    def _groups(self, client: Any, application: str, names: list[str]) -> Iterator[Document]:
        with calling("codedeploy:BatchGetDeploymentGroups"):
            answer = client.batch_get_deployment_groups(
                applicationName=application, deploymentGroupNames=names
            )
        for one in answer.get("deploymentGroupsInfo") or ():
            if one.get("computePlatform") == "Lambda":
                for function, alias in targets_of(one.get("targetRevision") or {}):
                    yield {
                        "application": application,
                        "group": str(one.get("deploymentGroupName", "")),
                        "function": function,
                        "alias": alias,
                    }


def targets_of(revision: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Give function and alias of each Lambda resource in a revision's AppSpec; none without one."""
    content = (revision.get("appSpecContent") or revision.get("string") or {}).get("content")
    try:
        # JSON is YAML.
        found = yaml.safe_load(content) if isinstance(content, str) else None
    except yaml.YAMLError:
        return []
    resources = found.get("Resources", found.get("resources")) if isinstance(found, dict) else None
    targets = []
    for one in resources if isinstance(resources, list) else ():
        for resource in one.values() if isinstance(one, dict) else ():
            properties = resource.get("Properties") if isinstance(resource, dict) else None
            if isinstance(properties, dict) and resource.get("Type") == "AWS::Lambda::Function":
                name = re.sub(
                    r"^arn:aws[^:]*:lambda:[^:]*:\d*:function:", "", str(properties.get("Name", ""))
                )
                targets.append((name, str(properties.get("Alias", ""))))
    return targets
