"""Operations: plans being carried out. Intent and undo of each action are rows before any call is made."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone

from cutover.planning import OperationKind
from migrations_app.models.functions import FunctionMigration


class OperationState(models.TextChoices):
    """``BLOCKED`` waits for an approval. ``RUNNING`` is held by a lease. The last four are final."""

    BLOCKED = "blocked"
    PENDING = "pending"
    RUNNING = "running"
    UNDOING = "undoing"
    SUCCEEDED = "succeeded"
    UNDONE = "undone"
    FAILED = "failed"
    SUPERSEDED = "superseded"


OPEN_STATES = (OperationState.BLOCKED, OperationState.PENDING, OperationState.RUNNING, OperationState.UNDOING)
FINAL_STATES = (
    OperationState.SUCCEEDED,
    OperationState.UNDONE,
    OperationState.FAILED,
    OperationState.SUPERSEDED,
)


class ActionState(models.TextChoices):
    """``INTENDED``: written down, the call may or may not have been made."""

    PENDING = "pending"
    INTENDED = "intended"
    DONE = "done"
    FAILED = "failed"
    UNDOING = "undoing"
    UNDONE = "undone"
    SKIPPED = "skipped"


class Operation(models.Model):
    """A plan being carried out on one function.

    At most one open operation per function (a database constraint). ``fence`` is the function's fence at the
    start: every write of the operation is conditional on it, so a worker that comes back late writes nothing.
    ``due_at`` is when a worker should look again: claiming pushes it to the lease's end, so the row of a
    killed worker falls due by itself. ``wait_until``-like pauses (quiet, soak) push it further.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    function = models.ForeignKey(FunctionMigration, on_delete=models.PROTECT, related_name="operations")
    kind = models.CharField(max_length=16, choices=[(k.value, k.value) for k in OperationKind])
    state = models.CharField(max_length=12, choices=OperationState, default=OperationState.PENDING)
    queue = models.CharField(max_length=10, default="work")
    digest = models.CharField(max_length=64)
    parameters = models.JSONField(default=dict, blank=True)
    """E.g. {"to_bp": 500, "from_bp": 100, "ladder": [...], "automatic": true}."""
    notes = models.JSONField(default=list, blank=True)
    asked_by = models.CharField(max_length=150)
    reason = models.CharField(max_length=400)
    idempotency_key = models.CharField(max_length=64, blank=True)
    fence = models.PositiveBigIntegerField()
    due_at = models.DateTimeField(default=timezone.now)
    lease_owner = models.CharField(max_length=80, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=600, blank=True)
    evidence = models.JSONField(default=dict, blank=True)
    """For an automatic rollback: {"observed_at", "decided_at", "sentence", "observations": [ids]}."""
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=("function",),
                condition=models.Q(state__in=[s.value for s in OPEN_STATES]),
                name="one_open_operation_per_function",
            ),
            models.UniqueConstraint(
                fields=("function", "idempotency_key"),
                condition=~models.Q(idempotency_key=""),
                name="operation_once_per_key",
            ),
        ]
        indexes = [
            models.Index(
                fields=("queue", "due_at"),
                condition=models.Q(state__in=["pending", "running", "undoing"]),
                name="operation_due",
            ),
            models.Index(fields=("function", "-created_at")),
        ]
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"{self.kind} {self.function_id} {self.state}"

    @property
    def final(self) -> bool:
        """Whether nothing more will happen by itself."""
        return self.state in FINAL_STATES


class Action(models.Model):
    """One step of an operation. Shapes of ``request``, ``undo`` and ``outcome``: ``cutover.planning``."""

    operation = models.ForeignKey(Operation, on_delete=models.CASCADE, related_name="actions")
    position = models.PositiveSmallIntegerField()
    key = models.CharField(max_length=40)
    kind = models.CharField(max_length=32)
    cloud = models.CharField(max_length=8)
    call = models.CharField(max_length=80)
    changes = models.CharField(max_length=400)
    request = models.JSONField(default=dict)
    undo = models.JSONField(null=True, blank=True)
    reversible = models.BooleanField(default=True)
    state = models.CharField(max_length=10, choices=ActionState, default=ActionState.PENDING)
    resolved = models.JSONField(default=dict, blank=True)
    """The request with references filled in and what was read just before (revision id): the intent."""
    outcome = models.JSONField(default=dict, blank=True)
    request_id = models.CharField(max_length=100, blank=True)
    waiting_for = models.CharField(max_length=400, blank=True)
    error = models.CharField(max_length=600, blank=True)
    intended_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    duration_ms = models.FloatField(null=True, blank=True)
    calls = models.PositiveSmallIntegerField(default=0)
    """How often the call was sent; above 1 only after a read-back showed that it had no effect."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=("operation", "position"), name="action_position_once")]
        ordering = ("operation", "position")

    def __str__(self) -> str:
        return f"{self.position} {self.call}"


class Approval(models.Model):
    """A second person's yes to one plan; it names the plan's digest and dies with it."""

    operation = models.OneToOneField(Operation, on_delete=models.CASCADE, related_name="approval")
    digest = models.CharField(max_length=64)
    approved_by = models.CharField(max_length=150)
    reason = models.CharField(max_length=400)
    approved_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.approved_by}: {self.operation_id}"
