"""Roles: statements in one shape, and what is not granted is not asked for again and again."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from clouds.aws.roles import Roles, statements_of

ROLE = "arn:aws:iam::123456789012:role/service/{}"


class Iam:
    """IAM that refuses every call, and counts them."""

    def __init__(self, code: str) -> None:
        self._code, self.asked = code, 0

    def get(self, _service: str) -> Iam:
        return self

    def get_paginator(self, _operation: str) -> Any:
        self.asked += 1
        raise ClientError({"Error": {"Code": self._code, "Message": "no"}}, "ListRolePolicies")


def roles(iam: Any) -> Roles:
    return Roles(iam)


def test_it_gives_actions_and_resources_as_lists_however_they_are_written() -> None:
    document = {
        "Statement": [
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": ["a", "b"]},
            {"Effect": "Deny", "NotAction": ["s3:*"], "Resource": "*", "Condition": {"Bool": {}}, "Sid": "N"},
            "nonsense",
        ]
    }

    found = list(statements_of("p", document))

    assert [(one["actions"], one["resources"]) for one in found] == [
        (["s3:GetObject"], ["a", "b"]),
        ([], ["*"]),
    ]
    assert [(one["inverted"], one["conditional"], one["sid"]) for one in found] == [
        (False, False, ""),
        (True, True, "N"),
    ]


def test_a_refusal_holds_for_all_roles_of_the_account() -> None:
    iam = Iam("AccessDenied")
    read = roles(iam)

    assert [read.statements(ROLE.format(name)) for name in ("one", "two", "one")] == [None, None, None]
    assert iam.asked == 1


def test_a_role_that_is_gone_stops_no_other() -> None:
    iam = Iam("NoSuchEntity")
    read = roles(iam)

    assert [read.statements(ROLE.format(name)) for name in ("one", "two")] == [None, None]
    assert iam.asked == 2


def test_what_is_no_role_is_not_asked_for() -> None:
    iam = Iam("AccessDenied")

    assert roles(iam).statements("") is None
    assert roles(iam).statements("arn:aws:iam::1:user/x") is None
    assert iam.asked == 0
