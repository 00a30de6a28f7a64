"""Everything that Cutover remembers. Rows are truth; Redis holds none of it."""

from migrations_app.models.connections import Connection
from migrations_app.models.drafts import SuiteDraft
from migrations_app.models.evidence import (
    Pair,
    PairMinute,
    Rule,
    Run,
    Suite,
    SuiteEvent,
)
from migrations_app.models.functions import Effects, FunctionMigration
from migrations_app.models.heartbeats import ProcessHeartbeat
from migrations_app.models.judgement import NoiseField, PairNote, Reevaluation
from migrations_app.models.ledger import AuditEntry, PhaseChange
from migrations_app.models.live import LiveObservation, TrafficSlot
from migrations_app.models.operations import Action, ActionState, Approval, Operation, OperationState
from migrations_app.models.people import ApiToken
from migrations_app.models.policies import Policy
from migrations_app.models.tallies import RuleDay
from migrations_app.models.twins import EnvironmentName, Twin

__all__ = [
    "Action",
    "ActionState",
    "ApiToken",
    "Approval",
    "AuditEntry",
    "Connection",
    "Effects",
    "EnvironmentName",
    "FunctionMigration",
    "LiveObservation",
    "NoiseField",
    "Operation",
    "OperationState",
    "Pair",
    "PairMinute",
    "PairNote",
    "PhaseChange",
    "Policy",
    "ProcessHeartbeat",
    "Reevaluation",
    "Rule",
    "RuleDay",
    "Run",
    "Suite",
    "SuiteDraft",
    "SuiteEvent",
    "TrafficSlot",
    "Twin",
]
