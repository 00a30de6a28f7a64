"""CodeDeploy: which groups move a function's aliases, and what is not granted is said once."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from clouds.aws.deployments import Deployments, targets_of

SPEC: dict[str, Any] = {
    "version": 0.0,
    "Resources": [
        {
            "one": {
                "Type": "AWS::Lambda::Function",
                "Properties": {
                    "Name": "greet",
                    "Alias": "live",
                    "CurrentVersion": "1",
                    "TargetVersion": "2",
                },
            }
        }
    ],
}


class CodeDeploy:
    """CodeDeploy with 101 groups in one application, or one that refuses every call."""

    def __init__(self, refusal: str = "") -> None:
        self._refusal, self.asked = refusal, 0
        self.batches: list[int] = []

    def get(self, _service: str) -> CodeDeploy:
        return self

    def get_paginator(self, operation: str) -> CodeDeploy:
        self.asked += 1
        if self._refusal:
            raise ClientError({"Error": {"Code": self._refusal, "Message": "no"}}, "ListApplications")
        self._operation = operation
        return self

    def paginate(self, **_arguments: str) -> list[dict[str, list[str]]]:
        if self._operation == "list_applications":
            return [{"applications": ["app"]}]
        return [{"deploymentGroups": [f"g{n}" for n in range(101)]}]

    def batch_get_deployment_groups(self, **given: Any) -> dict[str, Any]:
        names = given["deploymentGroupNames"]
        self.batches.append(len(names))
        revision = {"revisionType": "String", "string": {"content": json.dumps(SPEC)}}
        return {
            "deploymentGroupsInfo": [
                {
                    "deploymentGroupName": name,
                    "computePlatform": "Lambda" if name in ("g0", "g100") else "Server",
                    "targetRevision": revision
                    if name != "g100"
                    else {"revisionType": "S3", "s3Location": {}},
                }
                for name in names
            ]
        }


def test_it_finds_the_group_whose_last_revision_names_the_function() -> None:
    cloud: Any = CodeDeploy()
    read = Deployments(cloud)
    assert read.of("greet") == {"groups": [{"application": "app", "group": "g0", "alias": "live"}]}
    assert read.of("other") == {}
    assert (cloud.asked, cloud.batches) == (2, [100, 1])
    read.forget()
    read.of("other")
    assert cloud.asked == 4


def test_a_refusal_is_said_and_not_asked_for_again() -> None:
    cloud: Any = CodeDeploy("AccessDeniedException")
    read = Deployments(cloud)
    assert read.of("greet") == {"unread": "CodeDeploy could not be read (Denied)."}
    assert read.of("other") == read.of("greet")
    assert cloud.asked == 1


@pytest.mark.parametrize(
    ("content", "targets"),
    [
        (json.dumps(SPEC).replace("greet", "arn:aws:lambda:x-1:1:function:greet"), [("greet", "live")]),
        (
            "Resources:\n- f:\n    Type: AWS::Lambda::Function\n    Properties: {Name: a, Alias: b}\n",
            [("a", "b")],
        ),
        ("Resources: [f: {Type: AWS::ECS::Service, Properties: {Name: a}}]", []),
        ("Resources: text", []),
        ("[", []),
        ("", []),
    ],
)
def test_it_reads_what_an_appspec_names_and_survives_what_is_none(
    content: str, targets: list[tuple[str, str]]
) -> None:
    assert targets_of({"appSpecContent": {"content": content}}) == targets
