"""Events that were gathered for a suite and wait for a person to look at them."""

from __future__ import annotations

import uuid

from django.db import models

from migrations_app.models.evidence import SuiteEvent
from migrations_app.models.functions import FunctionMigration


class SuiteDraft(models.Model):
    """What an import would make of a suite: read, redacted, and not yet part of it.

    A draft of a function's logs is a request first: a worker claims the row by moving ``due_at`` on, looks on
    AWS, and writes what it found. JSON shapes:

    - entries: ``cutover.suites.entry_document`` of each event, with "recorded" where AWS answered it live.
    - bad: [{"place", "why"}] of what was no event; nothing of its content.
    - left_out: reason -> how many events that cannot be used.
    - wanted: {"hours", "limit"} of a search in logs.
    """

    class State(models.TextChoices):
        PENDING = "pending"
        READY = "ready"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    function = models.ForeignKey(FunctionMigration, on_delete=models.CASCADE, related_name="suite_drafts")
    suite_name = models.CharField(max_length=80)
    append = models.BooleanField(default=False)
    """Keep the events that are there."""
    source = models.CharField(max_length=10, choices=SuiteEvent.Source)
    state = models.CharField(max_length=8, choices=State, default=State.READY)
    due_at = models.DateTimeField(null=True, blank=True)
    wanted = models.JSONField(default=dict, blank=True)
    tags = models.JSONField(default=list, blank=True)
    """For each of the events."""
    entries = models.JSONField(default=list, blank=True)
    bad = models.JSONField(default=list, blank=True)
    left_out = models.JSONField(default=dict, blank=True)
    error = models.CharField(max_length=400, blank=True)
    asked_by = models.CharField(max_length=150)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-created_at",)
        indexes = [models.Index(fields=("due_at",), name="draft_due", condition=models.Q(state="pending"))]

    def __str__(self) -> str:
        return f"{self.suite_name} from {self.source}"
