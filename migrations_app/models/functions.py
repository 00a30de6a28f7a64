"""The aggregate: one Lambda function on its way."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils import timezone

from cutover.phases import Phase
from cutover.translation import VERSION
from migrations_app.models.connections import Connection


class Effects(models.TextChoices):
    """The side-effect contract that a person declares. Denied by default."""

    UNKNOWN = "unknown"
    READ_ONLY = "read-only"
    REPEATABLE = "repeatable"
    ISOLATED = "isolated"
    UNSAFE = "unsafe"


INVOCABLE_EFFECTS = frozenset({Effects.READ_ONLY, Effects.REPEATABLE, Effects.ISOLATED})


class FunctionMigration(models.Model):
    """One Lambda function's cutover.

    ``phase`` and ``version`` are written by ``services.phases`` alone (compare-and-set). ``fence`` grows
    with every operation that starts; a worker that holds an older one can write nothing. JSON shapes:

    - facts: ``cutover.ports.FunctionFacts`` as a document.
    - findings: ``cutover.assessment.Finding`` documents, each with "identity" and, when a person waived it,
      "waiver": {"reason", "by", "at"}.
    - code_findings: {"basis", "findings", "read_at", "error"}: what the code alone gave, kept while the basis
      (package, rules, what of the configuration they read) stays the same.
    - readiness: ``cutover.assessment.Readiness`` as a document.
    - waivers: finding identity -> {"rule", "title", "reason", "by", "at", "code_sha256", "lapsed"}.
    - target: ``cutover.planning.Target`` as a document, empty before assessment.
    - deployment: {"version", "arn", "code_sha256", "facts_digest", "adapter"} of the candidate, empty before
      deploy; ``adapter`` is the digest of the adapter's files, empty without one.
    - routing: {"original_version", "tap_version", "relay_version", "settings_digest"}.
    - archive: outcome of the archive action, empty before.
    - verdict: ``cutover.analysis.Verdict`` document of the latest paired evidence; verdict_result its word.
    - live_state: ``cutover.analysis.LiveState`` document; live_result/live_sentence: the live check's word.
    """

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="functions")
    name = models.CharField(max_length=140)
    arn = models.CharField(max_length=255)
    facts = models.JSONField(default=dict)
    inventoried_at = models.DateTimeField(null=True, blank=True)
    gone_at = models.DateTimeField(null=True, blank=True)

    phase = models.CharField(
        max_length=20, choices=[(p.value, p.value) for p in Phase], default=Phase.DISCOVERED
    )
    phase_since = models.DateTimeField(default=timezone.now)
    version = models.PositiveIntegerField(default=1)
    fence = models.PositiveBigIntegerField(default=0)

    findings = models.JSONField(default=list, blank=True)
    assessed_at = models.DateTimeField(null=True, blank=True)
    code_findings = models.JSONField(default=dict, blank=True)
    code_due_at = models.DateTimeField(null=True, blank=True)
    """When a worker shall read the package for the assessment; empty when there is nothing to read."""
    readiness = models.JSONField(default=dict, blank=True)
    waivers = models.JSONField(default=dict, blank=True)
    target = models.JSONField(default=dict, blank=True)
    effects = models.CharField(max_length=12, choices=Effects, default=Effects.UNKNOWN)
    effects_reason = models.CharField(max_length=400, blank=True)
    effects_by = models.CharField(max_length=150, blank=True)

    twins_digest = models.CharField(max_length=64, blank=True)
    """Digest of the twins and of what becomes of environment names on FC; empty while there are none."""

    deployment = models.JSONField(default=dict, blank=True)
    routing = models.JSONField(default=dict, blank=True)
    archive = models.JSONField(default=dict, blank=True)
    reserved_concurrency = models.IntegerField(null=True, blank=True)

    held_at = models.DateTimeField(null=True, blank=True)
    held_by = models.CharField(max_length=150, blank=True)
    held_reason = models.CharField(max_length=400, blank=True)
    held_until = models.DateTimeField(null=True, blank=True)

    desired_weight_bp = models.PositiveIntegerField(default=0)
    observed_weight_bp = models.PositiveIntegerField(null=True, blank=True)
    weight_read_at = models.DateTimeField(null=True, blank=True)
    ladder = models.JSONField(default=list, blank=True)
    """Basis points still to climb by themselves, strictly growing; empty: moves by hand only."""
    step_started_at = models.DateTimeField(null=True, blank=True)
    step_candidate_events = models.PositiveIntegerField(default=0)
    step_primary_events = models.PositiveIntegerField(default=0)

    verdict = models.JSONField(default=dict, blank=True)
    verdict_result = models.CharField(max_length=12, blank=True)
    verdict_at = models.DateTimeField(null=True, blank=True)
    evidence_digest = models.CharField(max_length=64, blank=True)
    """Digest of code, configuration, role, rules and translator that the verdict was gathered on."""
    rules_digest = models.CharField(max_length=64, blank=True)
    """Of the rules that hold for it, kept by whoever changes them; empty without any."""
    live_state = models.JSONField(default=dict, blank=True)
    live_result = models.CharField(max_length=12, blank=True)
    live_sentence = models.CharField(max_length=400, blank=True)
    advice = models.CharField(max_length=400, blank=True)
    """What `watch` would do next and what is missing, in one sentence."""
    rollback_report = models.JSONField(default=dict, blank=True)
    """Of the last rollback: {"automatic", "sentence", "at", "seconds", "pairs": [live observation ids]}."""

    policy = models.JSONField(default=dict, blank=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=("connection", "name"), name="function_once_per_connection"),
            models.CheckConstraint(
                condition=models.Q(desired_weight_bp__lte=10_000), name="weight_at_most_full"
            ),
        ]
        indexes = [models.Index(fields=("phase", "name")), models.Index(fields=("name",))]
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    @property
    def stage(self) -> Phase:
        """The phase as the rules' word."""
        return Phase(self.phase)

    @property
    def held(self) -> bool:
        """Whether going forward is stopped by a person."""
        return self.held_at is not None

    @property
    def invocable(self) -> bool:
        """Whether the side-effect contract allows shadow, smoke and validation runs."""
        return self.effects in INVOCABLE_EFFECTS

    @property
    def evidence_basis(self) -> dict[str, Any]:
        """What evidence belongs to: when any of it changes, the evidence is stale."""
        facts = self.facts
        return {
            "code": facts.get("code_sha256", ""),
            "runtime": facts.get("runtime", ""),
            "handler": facts.get("handler", ""),
            "role": facts.get("role", ""),
            "environment": facts.get("environment", {}),
            "candidate": self.deployment.get("version", ""),
            "adapter": self.deployment.get("adapter", ""),
            "translator": VERSION,
            **({"rules": self.rules_digest} if self.rules_digest else {}),
            **({"twins": self.twins_digest} if self.twins_digest else {}),
        }
