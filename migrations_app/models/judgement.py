"""What is thought of differences: fields that vary by themselves, notes of people, comparisons made anew."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from migrations_app.models.functions import FunctionMigration


class NoiseField(models.Model):
    """How often one field of a function differed: on AWS against itself, and on FC against AWS.

    ``name``: part and pointer template, ``answer /items/*/at``; the row with an empty name counts the pairs
    themselves. Plain sums, added to in place, so that the counters of many workers merge in any order.
    """

    function = models.ForeignKey(FunctionMigration, on_delete=models.CASCADE, related_name="noise_fields")
    name = models.CharField(max_length=240, blank=True)
    itself = models.PositiveIntegerField(default=0)
    recorded = models.PositiveIntegerField(default=0)
    """How many of ``itself`` are pairs of answers that AWS had given before, without a call for this."""
    candidate = models.PositiveIntegerField(default=0)
    example = models.JSONField(null=True, blank=True)
    """Two answers of AWS to one event, here, as short redacted forms: {"first", "second"}."""
    first_at = models.DateTimeField(default=timezone.now)
    last_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("function", "name"), name="noise_field_once")]

    def __str__(self) -> str:
        return f"{self.name or 'pairs'}: {self.itself}, {self.candidate}"


class PairNote(models.Model):
    """A person's word on a difference: this is a bug. It outlives the pair's day.

    ``pointer`` and ``part`` name the difference, both empty for the pair as a whole.
    """

    pair_id = models.UUIDField(db_index=True)
    run_id = models.UUIDField(null=True, db_index=True)
    function = models.ForeignKey(FunctionMigration, on_delete=models.CASCADE, related_name="pair_notes")
    part = models.CharField(max_length=10, blank=True)
    pointer = models.CharField(max_length=200, blank=True)
    text = models.CharField(max_length=1000)
    author = models.CharField(max_length=150)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("at",)

    def __str__(self) -> str:
        return f"{self.pointer}: {self.text[:40]}"


class Reevaluation(models.Model):
    """A function's stored pairs, being compared anew since its rules or its noise changed. One a function.

    ``before_at`` and ``before_id`` say how far back it has come, newest first; ``asked`` grows with every
    request, so that what changes meanwhile begins it again.
    """

    function = models.OneToOneField(
        FunctionMigration, on_delete=models.CASCADE, related_name="reevaluation", primary_key=True
    )
    asked = models.PositiveIntegerField(default=1)
    asked_by = models.CharField(max_length=150)
    asked_at = models.DateTimeField(default=timezone.now)
    why = models.CharField(max_length=200, blank=True)
    due_at = models.DateTimeField(null=True, default=timezone.now, db_index=True)
    """None: it is done."""
    before_at = models.DateTimeField(null=True, blank=True)
    before_id = models.UUIDField(null=True, blank=True)
    seen = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    kept = models.PositiveIntegerField(default=0)
    """Pairs whose bodies were cut or redacted before they were stored, and that stay as they are."""
    finished_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.seen} pairs seen, {self.changed} changed"
