"""Tokens for the REST API are issued by a command and shown once."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from tests import factories

pytestmark = pytest.mark.django_db


def test_an_issued_token_opens_the_api() -> None:
    owner = factories.person("operator")
    printed = io.StringIO()
    call_command("issue_token", owner.username, "--name", "ci", stdout=printed)
    token = printed.getvalue().strip()
    path = "/api/v1/functions"
    assert Client().get(path).status_code == 401
    assert Client().get(path, headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_nobody_gets_no_token() -> None:
    with pytest.raises(CommandError, match="no active person 'nobody'"):
        call_command("issue_token", "nobody", "--name", "ci")
