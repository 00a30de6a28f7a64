"""Who is logged in, with roles, in one query."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Q


class RoleBackend(ModelBackend):
    """Django's own backend, with the group names that ``services.people.role_of`` reads."""

    def get_user(self, user_id: Any) -> User | None:
        """Give the active person, annotated with ``group_names``."""
        return (
            User.objects.filter(pk=user_id, is_active=True)
            .annotate(group_names=ArrayAgg("groups__name", filter=Q(groups__isnull=False), default=[]))
            .first()
        )
