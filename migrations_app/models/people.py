"""People's tokens for the REST API. Django's own users and groups hold the people and their roles."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone


class ApiToken(models.Model):
    """A token that acts as one person. Only its SHA-256 is kept: the token itself is shown once."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=80)
    digest = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=12, blank=True)
    """How it begins, so that its owner knows which one it is."""
    role = models.CharField(max_length=10, blank=True)
    """The most that it may do; empty: whatever its owner may."""
    created_at = models.DateTimeField(auto_now_add=True)
    used_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    """None: it works until it is revoked."""
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return self.name

    @property
    def expired(self) -> bool:
        """Whether its time is over."""
        return self.expires_at is not None and self.expires_at <= timezone.now()

    @property
    def works(self) -> bool:
        """Whether it still opens the API, as far as the row can tell."""
        return self.revoked_at is None and not self.expired
