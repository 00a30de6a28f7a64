"""People with roles, logged in."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.cache import cache
from django.test import Client

from tests import factories


@pytest.fixture(autouse=True)
def _fresh_counts() -> None:
    cache.clear()


@pytest.fixture
def as_role(db: None) -> Callable[[str], Client]:
    def log_in(role: str) -> Client:
        client = Client()
        client.force_login(factories.person(role, role), backend="dashboard.backends.RoleBackend")
        return client

    return log_in


@pytest.fixture
def operator(as_role: Callable[[str], Client]) -> Client:
    return as_role("operator")


@pytest.fixture
def viewer(as_role: Callable[[str], Client]) -> Client:
    return as_role("viewer")


@pytest.fixture
def approver(as_role: Callable[[str], Client]) -> Client:
    return as_role("approver")
