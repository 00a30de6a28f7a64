"""Twins: which resource on Alibaba Cloud stands for which on AWS, and how an environment names it."""

from __future__ import annotations

from django.db import models

from cutover import effects
from migrations_app.models.functions import FunctionMigration


class Twin(models.Model):
    """A resource that a function uses on AWS and its counterpart; see ``cutover.effects.Twin``."""

    class Kind(models.TextChoices):
        BUCKET = "bucket"
        QUEUE = "queue"
        TOPIC = "topic"
        TABLE = "table"

    class State(models.TextChoices):
        SHARED = "shared"
        BOTH_WAYS = "both-ways"
        ONE_WAY = "one-way"
        DISPOSABLE = "disposable"

    function = models.ForeignKey(FunctionMigration, on_delete=models.CASCADE, related_name="twins")
    name = models.CharField(max_length=40)
    kind = models.CharField(max_length=8, choices=Kind)
    primary = models.CharField(max_length=400)
    candidate = models.CharField(max_length=400)
    state = models.CharField(max_length=12, choices=State)
    by = models.CharField(max_length=200, blank=True)
    """Who or what keeps the two in step."""
    probed = models.BooleanField(default=True)
    """Whether validations look at it before and after each invocation."""
    settings = models.JSONField(default=dict, blank=True)
    """What the probes need, names only: see ``cutover.effects.Twin``."""
    added_by = models.CharField(max_length=150)
    added_at = models.DateTimeField(auto_now_add=True)
    acknowledged_by = models.CharField(max_length=150, blank=True)
    """Who accepts that what FC writes to a one-way twin stays there; "" while nobody does."""
    acknowledged_reason = models.CharField(max_length=400, blank=True)

    class Meta:
        ordering = ("name",)
        constraints = [models.UniqueConstraint(fields=("function", "name"), name="twin_once_per_function")]

    def __str__(self) -> str:
        return self.name

    @property
    def value(self) -> effects.Twin:
        """The twin as the rules know it."""
        return effects.Twin(
            name=self.name,
            kind=effects.TwinKind(self.kind),
            primary=self.primary,
            candidate=self.candidate,
            state=effects.TwinState(self.state),
            by=self.by,
            settings=dict(self.settings),
        )


class EnvironmentName(models.Model):
    """What becomes of one environment variable on FC. No value is ever stored, only where it comes from."""

    class Source(models.TextChoices):
        RENAMED = "renamed"
        """The value of AWS, under the name ``argument``."""
        TWIN = "twin"
        """The Alibaba name of the twin ``argument``."""
        WORKER = "worker"
        """The value of the worker's own environment variable ``argument``."""
        LEFT_OUT = "left-out"

    function = models.ForeignKey(
        FunctionMigration, on_delete=models.CASCADE, related_name="environment_names"
    )
    name = models.CharField(max_length=255)
    source = models.CharField(max_length=8, choices=Source)
    argument = models.CharField(max_length=255, blank=True)

    class Meta:
        ordering = ("name",)
        constraints = [
            models.UniqueConstraint(fields=("function", "name"), name="environment_name_once_per_function")
        ]

    def __str__(self) -> str:
        return self.name
