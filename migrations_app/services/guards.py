"""What must hold before a function goes forward. Nothing here is ever asked on the way back.

Each guard that is not met is a sentence that says what, why and how to clear it, with a link to the place
where it is cleared. Guards read rows only; what only AWS can tell is asserted again by the operation itself.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F
from django.utils import timezone

from cutover.analysis import Result
from cutover.observation import Side
from cutover.phases import Phase, Trigger, legal_triggers
from cutover.planning import ALIAS, FULL_BP
from migrations_app.models import Effects, FunctionMigration, Reevaluation, SuiteEvent, Twin
from migrations_app.services.inventory import evidence_digest
from migrations_app.services.policies import policy_for

REPEATABLE = (Effects.READ_ONLY, Effects.REPEATABLE)
"""Declared effects under which a side may be called twice with one event."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Guard:
    """One reason against going forward. ``link`` is a path of the pages, ``link_name`` what it is called."""

    sentence: str
    link_name: str
    link: str


def sentences(guards: Sequence[Guard]) -> tuple[str, ...]:
    """Give the sentences alone, as plans and errors hold them."""
    return tuple(guard.sentence for guard in guards)


def deploy_reasons(function: FunctionMigration) -> tuple[Guard, ...]:
    """Give what forbids the dual deploy now."""
    return tuple(_deploy(function))


def shift_reasons(function: FunctionMigration, to_bp: int) -> tuple[Guard, ...]:
    """Give what forbids moving the weight to ``to_bp``. Lowering it needs no verdict and minds no hold."""
    return tuple(_shift(function, to_bp))


def decommission_reasons(function: FunctionMigration) -> tuple[Guard, ...]:
    """Give what forbids removing the AWS side. That nobody calls it any more is proven by the operation."""
    return tuple(_decommission(function))


def validate_reasons(
    function: FunctionMigration, suite: str | None = "default", *, addressed: Collection[Side] = ()
) -> tuple[Guard, ...]:
    """Give what forbids invoking both sides with a suite; for ``addressed`` ones an address stands.

    ``suite`` None: with any that has events.
    """
    return tuple(_validate(function, suite, addressed))


def learn_reasons(function: FunctionMigration, suite: str = "default") -> tuple[Guard, ...]:
    """Give what forbids calling AWS twice with each event of a suite, to learn what differs by itself."""
    return tuple(_learn(function, suite))


def replay_reasons(function: FunctionMigration) -> tuple[Guard, ...]:
    """Give what forbids sending to FC what the tap reported."""
    return tuple(_validate(function, "", ()))


def live_version(function: FunctionMigration) -> str:
    """Give the published version that the alias points at by the inventory; "" when it does not."""
    alias: dict[str, Any] = (function.facts.get("aliases") or {}).get(ALIAS) or {}
    version = str(alias.get("version", ""))
    return version if version.isdigit() else ""


def original_version(function: FunctionMigration) -> str:
    """Give the version that serves on AWS without Cutover: what `live` points at, unless that is ours."""
    live, routing = live_version(function), function.routing
    if live in (routing.get("tap_version"), routing.get("relay_version")):
        return str(routing.get("original_version", ""))
    return live


def blockers(function: FunctionMigration) -> list[dict[str, Any]]:
    """Give the findings that block, without those that a person waived, each or by the policy."""
    waived = set(function.policy.get("waived", ()))
    return [
        one
        for one in function.findings
        if one["severity"] == "blocker" and one["rule"] not in waived and not one.get("waiver")
    ]


def _deploy(function: FunctionMigration) -> Iterator[Guard]:
    yield from _present(function)
    if not function.assessed_at or not function.target:
        yield _on(function, "It is not assessed yet. Assess it first.", "Findings", "findings/")
    elif Trigger.DEPLOY not in legal_triggers(function.stage):
        yield _on(
            function,
            f"It is {function.phase}; deploying again would change what serves now. Roll back first.",
        )
    for finding in blockers(function):
        yield _on(
            function,
            f"{finding['title']}: {finding['why']} {finding.get('remedy', '')}".strip(),
            "Findings",
            "findings/",
        )
    yield from _counterpart(function)
    yield from _live(function)
    yield from _hold(function)


def _shift(function: FunctionMigration, to_bp: int) -> Iterator[Guard]:
    yield from _present(function)
    if function.stage not in (Phase.VALIDATED, Phase.SHIFTING):
        yield _on(function, _why_not_shifting(function), "Function")
    for limit in function.facts.get("limits") or ():
        yield _on(function, f"Its traffic cannot be split: {limit}", "Findings", "findings/")
    yield from _counterpart(function)
    if function.effects == Effects.UNKNOWN:
        yield _on(
            function,
            "Its side effects are not declared, so nobody has said that FC may do its work. Declare them.",
            "Declare side effects",
        )
    if not function.routing.get("relay_version"):
        yield from _live(function)
    if to_bp > function.desired_weight_bp:
        yield from _one_way_twins(function)
        yield from _evidence(function)
        yield from _hold(function)


def _one_way_twins(function: FunctionMigration) -> Iterator[Guard]:
    """Name the twins that get what FC writes and give nothing back, unless the function only reads."""
    if function.effects in (Effects.READ_ONLY, Effects.UNKNOWN):
        return
    for twin in function.twins.filter(state=Twin.State.ONE_WAY, acknowledged_by=""):
        yield _on(
            function,
            f"It may write to {twin.candidate}, which nothing carries back to {twin.primary}: after going "
            f"back AWS would lack what FC wrote there. Acknowledge the one-way twin '{twin.name}'.",
            "Declare side effects",
            "declare/",
        )


def _decommission(function: FunctionMigration) -> Iterator[Guard]:
    if function.stage is not Phase.CUT_OVER:
        yield _on(
            function,
            f"It is {function.phase}. The AWS side is removed only after the function is cut over.",
        )
    if function.desired_weight_bp != FULL_BP or function.observed_weight_bp != FULL_BP:
        yield _on(
            function,
            f"FC has {_percent(function.observed_weight_bp)} of the traffic by AWS's own alias, not 100%. "
            "Shift to 100% first.",
            "Shift",
            "shift/?to=10000",
        )
    yield from _hold(function)


def _validate(function: FunctionMigration, suite: str | None, addressed: Collection[Side]) -> Iterator[Guard]:
    if Side.PRIMARY not in addressed:
        yield from _present(function)
    if Side.CANDIDATE not in addressed and not function.deployment.get("version"):
        yield _on(function, "It is not deployed on FC yet. Deploy it first.")
    if Side.PRIMARY not in addressed and function.stage in (
        Phase.DECOMMISSIONING,
        Phase.DECOMMISSIONED,
        Phase.RESTORING,
    ):
        yield _on(function, f"It is {function.phase}: there is no whole AWS side to compare with.")
    if not function.invocable:
        declared = "unsafe to repeat" if function.effects == Effects.UNSAFE else "not declared"
        yield _on(
            function,
            f"Its side effects are {declared}, so it is not invoked for a comparison. "
            "Declare it read-only, repeatable or isolated if it is.",
            "Declare side effects",
        )
    events = SuiteEvent.objects.filter(suite__function=function, version=F("suite__version"))
    if suite is None and not events.exists():
        yield _on(function, "It has no suite of events. Import some first.", "Suites", "suites/")
    elif suite and not events.filter(suite__name=suite).exists():
        yield _on(function, f"The suite '{suite}' has no events. Import some first.", "Suites", "suites/")


def _learn(function: FunctionMigration, suite: str) -> Iterator[Guard]:
    yield from _validate(function, suite, {Side.CANDIDATE})
    if function.invocable and function.effects not in REPEATABLE:
        yield _on(
            function,
            f"Noise is learned by calling AWS twice with one event, and it is declared {function.effects}. "
            "Declare it read-only or repeatable if it is.",
            "Declare side effects",
        )


def _present(function: FunctionMigration) -> Iterator[Guard]:
    if function.gone_at is not None:
        yield _on(
            function,
            f"It was not on AWS at the sync of {function.gone_at:%Y-%m-%d %H:%M} UTC. Sync, or let it go.",
        )


def _counterpart(function: FunctionMigration) -> Iterator[Guard]:
    if function.connection.counterpart_id is None:
        yield Guard(
            sentence=f"Connection {function.connection.name} does not say which Alibaba connection its "
            "functions move to. Set its counterpart.",
            link_name="Connections",
            link="/settings/connections/",
        )


def _live(function: FunctionMigration) -> Iterator[Guard]:
    alias = (function.facts.get("aliases") or {}).get(ALIAS)
    if live_version(function):
        return
    if alias is None:
        why = f"It has no alias '{ALIAS}'. Publish a version, create the alias on it and let callers use it."
    else:
        why = (
            f"Alias '{ALIAS}' points at $LATEST, which cannot share traffic. Point it at a published version."
        )
    yield _on(function, f"{why} Then sync.", "Findings", "findings/")


def _hold(function: FunctionMigration) -> Iterator[Guard]:
    if function.held:
        yield _on(
            function,
            f"It is held by {function.held_by}: {function.held_reason} Resume it first.",
            "Resume",
        )


def _evidence(function: FunctionMigration) -> Iterator[Guard]:
    if function.live_result == Result.FAIL:
        yield _on(
            function, f"The live check fails: {function.live_sentence} Roll back.", "Evidence", "evidence/"
        )
    if not function.verdict_result:
        yield _on(function, "There is no verdict yet. Validate it first.", "Evidence", "evidence/")
    elif function.verdict_result != Result.PASS:
        sentence = str(function.verdict.get("sentence", ""))
        yield _on(
            function,
            f"The verdict is {function.verdict_result}, not pass. {sentence}".strip(),
            "Evidence",
            "evidence/",
        )
    elif function.evidence_digest != evidence_digest(function):
        yield _on(function, _why_stale(function), "Evidence", "evidence/")
    elif _too_old(function):
        yield _on(
            function, "The verdict is older than the policy allows. Validate again.", "Evidence", "evidence/"
        )


def _why_stale(function: FunctionMigration) -> str:
    if Reevaluation.objects.filter(pk=function.pk, due_at__isnull=False).exists():
        return "Its stored pairs are being compared anew, since its rules changed. Wait for that."
    return "The verdict is stale: code, configuration or role changed since. Validate again."


def _too_old(function: FunctionMigration) -> bool:
    most = dt.timedelta(seconds=policy_for(function).evidence_max_age_s)
    return function.verdict_at is None or timezone.now() - function.verdict_at > most


def _why_not_shifting(function: FunctionMigration) -> str:
    match function.stage:
        case Phase.CUT_OVER:
            return "All its traffic is on FC already. Rollback sends it back."
        case Phase.ROLLED_BACK:
            return "It was rolled back. Reopen it and validate again first."
        case Phase.DECOMMISSIONING | Phase.DECOMMISSIONED | Phase.RESTORING:
            return f"It is {function.phase}: its AWS side is not whole. Restore it first."
        case _:
            return f"It is {function.phase}, not validated. Validate it first."


def _on(function: FunctionMigration, sentence: str, link_name: str = "Function", path: str = "") -> Guard:
    return Guard(sentence=sentence, link_name=link_name, link=f"/functions/{function.name}/{path}")


def _percent(weight_bp: int | None) -> str:
    return "an unknown share" if weight_bp is None else f"{weight_bp / 100:g}%"
