"""What must hold before a function moves on; defaults for all, overridden per function."""

from __future__ import annotations

from django.db import models


class Policy(models.Model):
    """The one row of defaults. Windows are seconds, shares are fractions."""

    step_min_seconds = models.PositiveIntegerField(default=60)
    step_min_candidate_events = models.PositiveIntegerField(default=30)
    ladder = models.JSONField(default=list)
    mismatch_tolerance = models.FloatField(default=0.01)
    error_margin = models.FloatField(default=0.01)
    live_error_margin = models.FloatField(default=0.005)
    latency_margin = models.FloatField(default=1.10)
    latency_floor_ms = models.FloatField(default=20.0)
    alpha = models.FloatField(default=0.05)
    validation_pairs = models.PositiveIntegerField(default=320)
    learn_events = models.PositiveIntegerField(default=0)
    """Events for which a validation calls AWS twice first, where the declared effects allow that."""
    callers_window_s = models.PositiveIntegerField(default=86_400)
    quiet_window_s = models.PositiveIntegerField(default=86_400)
    soak_window_s = models.PositiveIntegerField(default=1_209_600)
    evidence_max_age_s = models.PositiveIntegerField(default=604_800)

    class Meta:
        verbose_name_plural = "policies"

    def __str__(self) -> str:
        return "Default policy"
