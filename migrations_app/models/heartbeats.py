"""Signs of life of processes, so that pages can say which one is down."""

from __future__ import annotations

from django.db import models


class ProcessHeartbeat(models.Model):
    """When a process last said that it works: ``watch``, ``work`` or ``rollback``."""

    name = models.CharField(max_length=40, primary_key=True)
    at = models.DateTimeField()
    trouble = models.CharField(max_length=400, blank=True)
    """What the process could not do at its last round, in one sentence; empty when all is well."""

    def __str__(self) -> str:
        return f"{self.name} {self.at:%H:%M:%S}"
