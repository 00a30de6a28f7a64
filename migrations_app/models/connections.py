"""Connections: one account in one region of one cloud, and how to authenticate. No credential is stored."""

from __future__ import annotations

from django.db import models


class Connection(models.Model):
    """One account in one region of one cloud."""

    class Cloud(models.TextChoices):
        AWS = "aws"
        ALIBABA = "alibaba"

    class Authentication(models.TextChoices):
        ENVIRONMENT = "environment"
        PROFILE = "profile"
        ROLE = "role"

    name = models.CharField(max_length=64, unique=True)
    cloud = models.CharField(max_length=8, choices=Cloud)
    region = models.CharField(max_length=40)
    account_id = models.CharField(max_length=32)
    authentication = models.CharField(
        max_length=12, choices=Authentication, default=Authentication.ENVIRONMENT
    )
    authentication_names = models.JSONField(default=dict, blank=True)
    """Profile name, role ARN, external id: names only."""
    endpoints = models.JSONField(default=dict, blank=True)
    """Service -> address; empty: the SDK's own. AWS uses "" for all services (cloud ports say which)."""
    proxy = models.CharField(max_length=255, blank=True)
    counterpart = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT)
    """For an AWS connection: the Alibaba connection that its functions move to."""
    checked_at = models.DateTimeField(null=True, blank=True)
    check_report = models.JSONField(default=dict, blank=True)
    """{"reachable": bool, "identity": arn, "sentence": str, "gaps": [{"purpose","action","resource"}]}"""
    check_due_at = models.DateTimeField(null=True, blank=True)
    synced_at = models.DateTimeField(null=True, blank=True)
    sync_due_at = models.DateTimeField(null=True, blank=True)
    sync_report = models.JSONField(default=dict, blank=True)
    queue_url = models.CharField(max_length=400, blank=True)
    """The observation queue that `watch` polls, once a shift made it."""

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name
