"""What taps and relays reported, one by one and rolled up."""

from __future__ import annotations

from django.db import models

from migrations_app.models.evidence import utc_today
from migrations_app.models.functions import FunctionMigration


class LiveObservation(models.Model):
    """One event that a tap or a relay reported. Payloads were redacted and capped before they left AWS.

    A result table, partitioned by ``day`` and then by ``error`` in PostgreSQL (see ``services.days``): no
    foreign key constraint, its primary key there is (id, day, error). A message that the queue delivers twice
    is one row: it lies on the same day both times.
    """

    id = models.BigAutoField(primary_key=True)
    day = models.DateField(default=utc_today)
    """The day on which it began, in UTC; where its clock cannot be right, the day on which it came."""
    function = models.ForeignKey(
        FunctionMigration,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="live_observations",
    )
    side = models.CharField(max_length=10)
    request_id = models.CharField(max_length=64)
    candidate_request_id = models.CharField(max_length=64, blank=True)
    outcome = models.CharField(max_length=12)
    error = models.BooleanField(default=False)
    error_type = models.CharField(max_length=120, blank=True)
    duration_ms = models.FloatField(null=True)
    hop_ms = models.FloatField(null=True)
    weight_bp = models.PositiveIntegerField()
    at = models.DateTimeField()
    received_at = models.DateTimeField()
    event = models.JSONField(null=True)
    answer = models.JSONField(null=True)
    body_hashes = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ("-at", "-id")
        constraints = [
            models.UniqueConstraint(
                fields=("function", "request_id", "side", "day", "error"), name="live_observation_once"
            )
        ]
        indexes = [
            models.Index(fields=("function", "side", "-at"), name="live_newest"),
            models.Index(
                fields=("function", "side", "-at"),
                include=("id", "day"),
                condition=models.Q(error=True),
                name="live_failing",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.side} {self.request_id}"


class TrafficSlot(models.Model):
    """Roll-up of live observations: one row per function, side and ten seconds. Kept as long as pairs are."""

    function = models.ForeignKey(
        FunctionMigration, on_delete=models.DO_NOTHING, db_constraint=False, related_name="traffic"
    )
    side = models.CharField(max_length=10)
    at = models.DateTimeField()
    """Start of the ten seconds."""
    events = models.PositiveIntegerField(default=0)
    errors = models.PositiveIntegerField(default=0)
    duration_sum_ms = models.FloatField(default=0)
    duration_max_ms = models.FloatField(default=0)
    histogram = models.JSONField(default=dict, blank=True)
    """Upper bound in ms (powers of sqrt 2, as text) -> count, for percentiles."""
    weight_bp = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("function", "side", "at"), name="traffic_slot_once")]
        indexes = [models.Index(fields=("at",), name="traffic_newest")]

    def __str__(self) -> str:
        return f"{self.side} {self.at}"
