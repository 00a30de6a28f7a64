"""Evidence: suites, validation runs and pairs."""

from __future__ import annotations

import datetime as dt
import uuid

from django.db import models
from django.utils import timezone

from migrations_app.models.functions import FunctionMigration


class Suite(models.Model):
    """Events to validate a function with. An import makes a new version; runs keep theirs."""

    function = models.ForeignKey(FunctionMigration, on_delete=models.CASCADE, related_name="suites")
    name = models.CharField(max_length=80, default="default")
    version = models.PositiveIntegerField(default=1)
    digest = models.CharField(max_length=64, blank=True)
    """Of the events of the present version, with titles, tags and expected effects."""
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("function", "name"), name="suite_once_per_function")]

    def __str__(self) -> str:
        return self.name


class SuiteEvent(models.Model):
    """One AWS-shaped event of one version of a suite, redacted before it is stored."""

    class Source(models.TextChoices):
        FILE = "file"
        GENERATED = "generated"
        LOGS = "logs"
        LIVE = "live"

    suite = models.ForeignKey(Suite, on_delete=models.CASCADE, related_name="events")
    version = models.PositiveIntegerField(default=1)
    position = models.PositiveIntegerField()
    title = models.CharField(max_length=120)
    event = models.JSONField()
    tags = models.JSONField(default=list, blank=True)
    """Words, sorted."""
    expected_effects = models.JSONField(null=True, blank=True)
    """Effects that each side must have: [{"kind", "twin"?, "key"?}]; None: nobody said."""
    source = models.CharField(max_length=10, choices=Source, default=Source.FILE)
    recorded = models.JSONField(null=True, blank=True)
    """What AWS answered when the event was live: {"request_id", "at", "answer", "duration_ms"}."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=("suite", "version", "position"), name="event_position_once")
        ]
        ordering = ("version", "position")

    def __str__(self) -> str:
        return self.title


class Run(models.Model):
    """One validation: both sides invoked for each event, until the wanted number of pairs is in."""

    class State(models.TextChoices):
        PENDING = "pending"
        RUNNING = "running"
        FINISHED = "finished"
        CANCELLED = "cancelled"
        FAILED = "failed"

    class Kind(models.TextChoices):
        SUITE = "suite"
        """Both sides are called with each event."""
        REPLAY = "replay"
        """FC is called with what the tap reported; AWS gave its answer then."""
        LEARN = "learn"
        """AWS is called twice with each event, to learn what differs by itself; FC is not called."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    function = models.ForeignKey(FunctionMigration, on_delete=models.CASCADE, related_name="runs")
    suite = models.ForeignKey(Suite, on_delete=models.PROTECT)
    suite_version = models.PositiveIntegerField(default=1)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.SUITE)
    tags = models.JSONField(default=list, blank=True)
    """Only events with one of these; empty: all."""
    learn = models.PositiveIntegerField(default=0)
    """Events for which AWS is first called twice, to learn what differs by itself."""
    learned = models.PositiveIntegerField(default=0)
    """How many of those were begun."""
    primary_url = models.CharField(max_length=300, blank=True)
    candidate_url = models.CharField(max_length=300, blank=True)
    """Runtime interface emulators that stand for a side."""
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    wanted_pairs = models.PositiveIntegerField()
    done_pairs = models.PositiveIntegerField(default=0)
    asked_by = models.CharField(max_length=150)
    reason = models.CharField(max_length=400, blank=True)
    basis_digest = models.CharField(max_length=64)
    """Of what its pairs count for, rules included: those that they were last compared under."""
    gathered_digest = models.CharField(max_length=64, blank=True)
    """Of what its pairs were gathered on, without rules; empty for runs of before this was kept."""
    due_at = models.DateTimeField(default=timezone.now)
    lease_owner = models.CharField(max_length=80, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    fence = models.PositiveBigIntegerField(default=0)
    outcomes = models.JSONField(default=dict, blank=True)
    """Outcome -> count, of this run."""
    concurrency = models.PositiveSmallIntegerField(default=6)
    in_flight = models.JSONField(default=list, blank=True)
    """Positions that were begun and are not stored yet."""
    usage = models.JSONField(default=dict, blank=True)
    """Side -> {"requests", "gb_seconds"}."""
    budget_gb_s = models.FloatField(null=True, blank=True)
    logs_due_at = models.DateTimeField(null=True, blank=True)
    """When to ask again for logs that had not arrived; None: nothing lacks, or patience has ended."""
    verdict = models.JSONField(default=dict, blank=True)
    verdict_result = models.CharField(max_length=12, blank=True)
    error = models.CharField(max_length=600, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at",)
        constraints = [
            models.UniqueConstraint(
                fields=("function",),
                condition=models.Q(state__in=["pending", "running"]),
                name="one_open_run_per_function",
            )
        ]

    def __str__(self) -> str:
        return f"run {self.id}"

    @property
    def by_address(self) -> bool:
        """Whether an address stands for a side: what such a run finds is its own and no evidence."""
        return bool(self.primary_url or self.candidate_url)

    @property
    def day(self) -> dt.date:
        """The day, in UTC, whose partition holds all its pairs: the one on which it was asked for."""
        return self.created_at.astimezone(dt.UTC).date()


def utc_today() -> dt.date:
    """Give the day that it is in UTC, the partition of a pair that belongs to no run."""
    return timezone.now().date()


class Pair(models.Model):
    """Two observations of one logical event, and their comparison.

    A result table, partitioned by ``day`` in PostgreSQL (see ``services.results``): no foreign key constraint
    to functions or runs, so that a day is dropped as a whole. Its primary key there is (id, day).
    ``primary`` and ``candidate`` are documents {"outcome","request_id","version","at","duration_ms",
    "billed_ms","max_memory_mb","round_trip_ms","cold","error_type","error_message","payload_text",
    "payload_base64"?, "payload_bytes","payload_sha256","truncated"}; ``logs`` hold aligned rows.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    day = models.DateField(default=utc_today)
    """The day its run was asked for, so that a run lies in one partition."""
    function = models.ForeignKey(
        FunctionMigration,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="pairs",
    )
    run = models.ForeignKey(
        Run,
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="pairs",
    )
    position = models.PositiveIntegerField(default=0)
    """Which event of the run; with ``run`` it makes a repeated batch write once."""
    title = models.CharField(max_length=120)
    event = models.JSONField(null=True)
    first_side = models.CharField(max_length=10, default="primary")
    outcome = models.CharField(max_length=22)
    counts = models.BooleanField(default=False)
    first_pointer = models.CharField(max_length=200, blank=True)
    blame = models.CharField(max_length=12, blank=True)
    sentence = models.CharField(max_length=500, blank=True)
    primary = models.JSONField()
    candidate = models.JSONField()
    comparison = models.JSONField()
    logs_pending = models.BooleanField(default=False)
    primary_ms = models.FloatField(null=True)
    candidate_ms = models.FloatField(null=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ("-at",)
        constraints = [
            models.UniqueConstraint(fields=("run", "position", "day"), name="pair_once_per_run_position")
        ]
        indexes = [
            models.Index(fields=("function", "-at"), name="pair_newest"),
            models.Index(fields=("function", "-at"), condition=models.Q(counts=True), name="pair_counts"),
            models.Index(
                fields=("function", "-at"),
                include=("outcome", "blame", "first_pointer"),
                condition=~models.Q(outcome="match"),
                name="pair_differs",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.outcome} {self.title}"


class PairMinute(models.Model):
    """Roll-up of pairs: one row per function, minute and outcome. It stays when the pairs' day is dropped."""

    function = models.ForeignKey(
        FunctionMigration,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="pair_minutes",
    )
    at = models.DateTimeField()
    """Start of the minute."""
    outcome = models.CharField(max_length=22)
    pairs = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("at", "function", "outcome"), name="pair_minute_once")]
        indexes = [
            models.Index(fields=("function", "at"), include=("outcome", "pairs"), name="pair_minute_counts")
        ]

    def __str__(self) -> str:
        return f"{self.outcome} {self.at}: {self.pairs}"


class Rule(models.Model):
    """A difference that a person accepted, with a name and a reason."""

    function = models.ForeignKey(
        FunctionMigration, null=True, blank=True, on_delete=models.CASCADE, related_name="rules"
    )
    """None: everywhere."""
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=10)
    pointer = models.CharField(max_length=200)
    value = models.CharField(max_length=200, blank=True)
    reason = models.CharField(max_length=400)
    author = models.CharField(max_length=150)
    created_at = models.DateTimeField(auto_now_add=True)
    retired_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name
