"""Who did what and why. Rows are only ever added."""

from __future__ import annotations

from django.db import models

from migrations_app.models.functions import FunctionMigration
from migrations_app.models.operations import Operation


class PhaseChange(models.Model):
    """One move of one function, written in the same transaction as the move."""

    function = models.ForeignKey(FunctionMigration, on_delete=models.PROTECT, related_name="phase_changes")
    operation = models.ForeignKey(Operation, null=True, blank=True, on_delete=models.PROTECT)
    before = models.CharField(max_length=20)
    trigger = models.CharField(max_length=20)
    after = models.CharField(max_length=20)
    version = models.PositiveIntegerField()
    actor = models.CharField(max_length=150)
    reason = models.CharField(max_length=400)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.before} -> {self.after}"


class AuditEntry(models.Model):
    """One deed of one person or process. ``digest`` chains to the entry before, so that a gap shows."""

    at = models.DateTimeField()
    actor = models.CharField(max_length=150)
    verb = models.CharField(max_length=40)
    function = models.ForeignKey(
        FunctionMigration, null=True, blank=True, on_delete=models.PROTECT, related_name="audit_entries"
    )
    operation = models.ForeignKey(Operation, null=True, blank=True, on_delete=models.PROTECT)
    reason = models.CharField(max_length=400, blank=True)
    detail = models.JSONField(default=dict, blank=True)
    previous_digest = models.CharField(max_length=64)
    digest = models.CharField(max_length=64, unique=True)

    class Meta:
        ordering = ("-id",)
        indexes = [models.Index(fields=("function", "-id"))]

    def __str__(self) -> str:
        return f"{self.actor} {self.verb}"
