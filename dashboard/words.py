"""The words of the pages, and the shape and hue that go with each (ui.md sections 4 and 7).

A status is shape + word first and hue third. Rows hold the rules' words; here they become what people read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

Text = str | Promise


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """How a status looks: ``hue`` is a CSS class (ok bad warn wait err off), ``shape`` a drawing's name."""

    hue: str
    shape: str
    word: Text


def _mark(hue: str, word: Text, shape: str = "") -> Mark:
    return Mark(hue=hue, shape=shape or hue, word=word)


VERDICTS: Mapping[str, Mark] = {
    "pass": _mark("ok", pgettext_lazy("verdict", "Pass")),
    "fail": _mark("bad", pgettext_lazy("verdict", "Fail")),
    "inconclusive": _mark("wait", _("Inconclusive")),
    "error": _mark("err", pgettext_lazy("verdict", "Error")),
    "": _mark("off", _("Not yet")),
}
WATCHED = _mark("off", _("Watched"))

OUTCOMES: Mapping[str, Mark] = {
    "match": _mark("ok", _("Match")),
    "noise": _mark("off", _("Noise")),
    "ignored": _mark("off", _("Ignored"), "slash"),
    "translation-loss": _mark("warn", _("Translation loss")),
    "mismatch": _mark("bad", _("Mismatch")),
    "candidate-error": _mark("bad", _("Error on FC only")),
    "primary-error": _mark("warn", _("Error on AWS only")),
    "both-error-same": _mark("ok", _("Same error on both")),
    "both-error-different": _mark("bad", _("Different errors")),
    "not-comparable": _mark("err", _("Not comparable")),
}

STANDINGS: Mapping[str, Mark] = {
    "counts": _mark("bad", _("Counts against FC")),
    "noise": _mark("off", _("Noise")),
    "ignored": _mark("off", _("Ignored"), "slash"),
    "loss": _mark("warn", _("Translation loss")),
}

OPERATION_STATES: Mapping[str, Mark] = {
    "blocked": _mark("wait", _("Waits for approval"), "hold"),
    "pending": _mark("wait", pgettext_lazy("operation", "Queued"), "off"),
    "running": _mark("wait", _("Running")),
    "undoing": _mark("warn", _("Being undone"), "back"),
    "succeeded": _mark("ok", _("Done")),
    "undone": _mark("warn", _("Undone"), "back"),
    "failed": _mark("bad", _("Failed")),
    "superseded": _mark("off", _("Superseded"), "slash"),
}

ACTION_STATES: Mapping[str, Mark] = {
    "pending": _mark("off", pgettext_lazy("action", "Not yet")),
    "intended": _mark("wait", _("Running")),
    "done": _mark("ok", _("Done")),
    "failed": _mark("bad", _("Failed")),
    "undoing": _mark("warn", _("Being undone"), "back"),
    "undone": _mark("warn", _("Undone"), "back"),
    "skipped": _mark("off", _("Skipped"), "slash"),
}

RUN_STATES: Mapping[str, Mark] = {
    "pending": _mark("wait", pgettext_lazy("operation", "Queued"), "off"),
    "running": _mark("wait", _("Running")),
    "finished": _mark("ok", _("Finished")),
    "cancelled": _mark("off", _("Cancelled"), "slash"),
    "failed": _mark("err", _("Could not finish")),
}

SEVERITIES: Mapping[str, Mark] = {
    "ok": _mark("ok", _("Fine")),
    "warn": _mark("warn", _("Mind this")),
    "blocker": _mark("bad", _("Blocker")),
    "waived": _mark("off", _("Waived"), "slash"),
}

READINESS: Mapping[str, Mark] = {
    "ready": _mark("ok", pgettext_lazy("readiness", "Ready")),
    "work": _mark("warn", pgettext_lazy("readiness", "Needs work")),
    "blocked": _mark("bad", pgettext_lazy("readiness", "Blocked")),
    "none": _mark("off", _("Not assessed")),
}

PHASES: Mapping[str, Text] = {
    "discovered": _("Discovered"),
    "assessed": _("Assessed"),
    "deployed": _("Deployed"),
    "validated": _("Validated"),
    "shifting": _("Shifting"),
    "cut-over": _("Cut over"),
    "decommissioning": _("Decommissioning"),
    "decommissioned": _("Decommissioned"),
    "rolled-back": _("Rolled back"),
    "restoring": _("Restoring"),
}

KINDS: Mapping[str, Text] = {
    "deploy": pgettext_lazy("operation", "Deploy"),
    "shift": pgettext_lazy("operation", "Shift"),
    "rollback": pgettext_lazy("operation", "Roll back"),
    "decommission": pgettext_lazy("operation", "Decommission"),
    "restore": pgettext_lazy("operation", "Restore"),
    "drill": pgettext_lazy("operation", "Drill"),
}

CHECKS: Mapping[str, Text] = {
    "errors": _("Errors"),
    "answers": _("Answers"),
    "effects": _("Effects"),
    "latency": _("Latency"),
    "logs": _("Logs"),
    "cost": _("Cost"),
    "live-errors": _("Live errors"),
}

BLAMES: Mapping[str, Text] = {
    "logic": pgettext_lazy("blame", "Logic"),
    "platform": pgettext_lazy("blame", "Platform"),
    "translation": pgettext_lazy("blame", "Translation"),
    "noise": pgettext_lazy("blame", "Noise"),
}

EFFECTS: Mapping[str, Text] = {
    "unknown": _("Not declared"),
    "read-only": _("Read only: it changes nothing"),
    "repeatable": _("Repeatable: twice is as good as once"),
    "isolated": _("Isolated: FC writes to places of its own"),
    "unsafe": _("Unsafe: it must not run twice"),
}

RULES: Mapping[str, Text] = {
    "ignore": _("Ignore this place"),
    "pattern": _("Ignore by pattern"),
    "mask": _("Mask a pattern"),
    "shape": _("Accept a shape"),
    "tolerance": _("Allow a tolerance"),
    "unordered": _("Order does not matter"),
    "keyed": _("Match elements by a field"),
}

RULE_HELP: Mapping[str, tuple[Text, str]] = {
    "ignore": (_("What lies at the place and below it is not compared."), "—"),
    "pattern": (
        _("Places in which the pattern finds something are not compared; with the place logs, such lines."),
        "^/debug/.*_ms$",
    ),
    "mask": (
        _("What the pattern matches is blanked on both sides; the rest has to be equal. Also in logs."),
        "build-[0-9]+",
    ),
    "shape": (_("Both values may differ as long as they are of this shape."), "uuid"),
    "tolerance": (
        _("Two numbers may be so far apart: as a number, as a share of the larger one, or both."),
        "0.01 or 1%",
    ),
    "unordered": (_("The list at the place holds the same elements, in any order."), "—"),
    "keyed": (_("Elements of the list at the place are matched by this field."), "id"),
}
"""What a kind of rule does, and an example of the value that it asks for."""

RUN_KINDS: Mapping[str, Text] = {
    "suite": _("Validation"),
    "replay": _("Replay"),
    "learn": _("Noise is learned"),
}

LEFT_OUT: Mapping[str, Text] = {
    "too long to be kept": _("too long to be kept"),
    "redacted": _("redacted"),
    "not answered well on AWS": _("not answered well on AWS"),
    "answer too long to be kept": _("answer too long to be kept"),
    "answer redacted": _("answer redacted"),
}
"""Why an event that the tap reported cannot be replayed."""

PARTS: Mapping[str, Text] = {
    "answer": _("Answer"),
    "error": pgettext_lazy("part", "Error"),
    "logs": _("Logs"),
    "effects": _("Effects"),
}

DEEDS: Mapping[str, Text] = {
    "object-written": _("Object written"),
    "object-deleted": _("Object deleted"),
    "message-sent": _("Message sent"),
    "row-inserted": _("Row inserted"),
    "row-updated": _("Row updated"),
    "row-deleted": _("Row deleted"),
    "schema-version": _("Schema version"),
}

DIFFERENCES: Mapping[str, Text] = {
    "value": _("Another value"),
    "type": _("Another type"),
    "missing": _("Missing on FC"),
    "extra": _("Only on FC"),
    "order": _("Another order"),
    "length": _("Another length"),
}

READINGS: Mapping[str, Mark] = {
    "noise": _mark("off", _("Noise")),
    "worse": _mark("bad", _("Differs more often on FC")),
    "steady": _mark("off", _("Never varies on AWS"), "slash"),
    "too-few": _mark("wait", _("Not known yet")),
}

READ_AS: Mapping[str, Text] = {
    "noise": _(
        "Noise: differed in %(itself)s of %(itself_pairs)s pairs of AWS with itself and in %(candidate)s of "
        "%(candidate_pairs)s pairs with FC; by chance with p = %(p)s, not below %(level)s."
    ),
    "worse": _(
        "No noise: differed in %(itself)s of %(itself_pairs)s pairs of AWS with itself, but in "
        "%(candidate)s of %(candidate_pairs)s pairs with FC; by chance with p = %(p)s, below %(level)s."
    ),
    "steady": _("No noise: never differed in %(itself_pairs)s pairs of AWS with itself."),
    "too-few": _(
        "Not known: differed in %(itself)s of %(itself_pairs)s pairs of AWS with itself; at least %(least)s "
        "differences in %(least_pairs)s pairs are needed to call a field noise."
    ),
}
"""What the counts of a field say, with their numbers."""

INBOX: Mapping[str, Mark] = {
    "rolled-back": _mark("bad", _("Rolled back"), "back"),
    "fail": _mark("bad", pgettext_lazy("verdict", "Fail")),
    "drift": _mark("warn", pgettext_lazy("inbox", "Drift")),
    "approval": _mark("wait", pgettext_lazy("inbox", "Approval")),
    "failed": _mark("bad", _("Failed")),
    "blocked": _mark("warn", _("Blocker")),
    "held": _mark("off", pgettext_lazy("inbox", "On hold"), "hold"),
    "no-verdict": _mark("err", _("No verdict")),
}

NOT_DRAFTED: Mapping[str, Text] = {
    **LEFT_OUT,
    "no event either": _("no event either"),
    "more than a draft holds": _("more than a draft holds"),
}
"""Why something is not in a draft of a suite."""

SOURCES: Mapping[str, Text] = {
    "file": pgettext_lazy("event", "File"),
    "generated": pgettext_lazy("event", "Generated"),
    "logs": pgettext_lazy("event", "Logs"),
    "live": pgettext_lazy("event", "Live"),
}

DRAFT_STATES: Mapping[str, Mark] = {
    "pending": _mark("wait", _("Logs are being searched")),
    "ready": _mark("ok", _("Ready to import")),
    "failed": _mark("err", _("Nothing to import")),
}

CODE_FORMS: Mapping[str, Text] = {
    "terraform": _("Terraform"),
    "serverless-devs": _("Serverless Devs"),
    "scaffold": _("Scaffold"),
}

STEPS: Mapping[str, Text] = {
    "Decouple business logic from input and output": _("Decouple business logic from input and output"),
    "Reimplement input and output for the other cloud": _("Reimplement input and output for the other cloud"),
    "Configure the function and its surroundings": _("Configure the function and its surroundings"),
}

CLOUDS: Mapping[str, str] = {"aws": "AWS", "alibaba": "FC", "cutover": "—"}

ROLES: Mapping[str, Text] = {
    "viewer": pgettext_lazy("role", "Viewer"),
    "operator": pgettext_lazy("role", "Operator"),
    "approver": pgettext_lazy("role", "Approver"),
}


UNDOS: Mapping[str, Text] = {
    "fc.function.delete": _("the function is deleted from FC, if it was made by this"),
    "fc.alias.point": _("the alias points at the version before"),
    "aws.latest.restore": _("$LATEST is put back as it was"),
    "aws.alias.delete": _("the alias is removed"),
    "aws.concurrency.set": _("reserved concurrency is as before"),
}


def _look_up(table: Mapping[str, Mark]) -> Callable[[str], Mark]:
    return lambda word: table.get(word) or _mark("off", word)


MARKS: Mapping[str, Callable[[str], Mark]] = {
    "verdict": _look_up(VERDICTS),
    "outcome": _look_up(OUTCOMES),
    "standing": _look_up(STANDINGS),
    "operation": _look_up(OPERATION_STATES),
    "action": _look_up(ACTION_STATES),
    "run": _look_up(RUN_STATES),
    "severity": _look_up(SEVERITIES),
    "readiness": _look_up(READINESS),
    "inbox": _look_up(INBOX),
    "reading": _look_up(READINGS),
    "draft": _look_up(DRAFT_STATES),
}
WORDS: Mapping[str, Mapping[str, Text]] = {
    "phase": PHASES,
    "kind": KINDS,
    "check": CHECKS,
    "blame": BLAMES,
    "effects": EFFECTS,
    "difference": DIFFERENCES,
    "rule": RULES,
    "part": PARTS,
    "deed": DEEDS,
    "cloud": CLOUDS,
    "role": ROLES,
    "step": STEPS,
    "source": SOURCES,
    "not-drafted": NOT_DRAFTED,
    "run_kind": RUN_KINDS,
}
