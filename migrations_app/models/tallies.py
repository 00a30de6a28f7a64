"""Counts that stand beside the pairs, so that no page has to count pairs."""

from __future__ import annotations

from django.db import models

from migrations_app.models.functions import FunctionMigration


class RuleDay(models.Model):
    """In how many pairs of a day a rule of that name hides a difference. It goes when the pairs' day goes.

    By name, since that is what a comparison knows: a function's own rule and one for everywhere may bear the
    same, and then the function's own is meant.
    """

    name = models.CharField(max_length=80)
    function = models.ForeignKey(
        FunctionMigration,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="rule_days",
    )
    day = models.DateField()
    """The day of the pairs' partition."""
    pairs = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("name", "function", "day"), name="rule_day_once")]
        indexes = [models.Index(fields=("day",), name="rule_day_of_day")]

    def __str__(self) -> str:
        return f"{self.name} {self.day}: {self.pairs}"
