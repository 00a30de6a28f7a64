"""Twins and environment names of a function: what stands for what on FC. Values are never stored."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

import orjson
from django.db import transaction

from cutover.effects import Twin as EffectTwin
from cutover.effects import TwinKind, TwinState
from cutover.errors import BadInput, OperationRunning, UnsafePlan
from migrations_app.models import EnvironmentName, FunctionMigration, Run, Twin
from migrations_app.services import audit, bell, phases

_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}")
_TABLE = re.compile(r"(?:[A-Za-z_][A-Za-z0-9_$]{0,62}\.)?[A-Za-z_][A-Za-z0-9_$]{0,62}")
_KNOWN: Mapping[str, frozenset[str]] = {
    Twin.Kind.BUCKET: frozenset({"prefix"}),
    Twin.Kind.QUEUE: frozenset({"shadow", "primary_queue", "candidate_queue", "format"}),
    Twin.Kind.TOPIC: frozenset({"primary_queue", "candidate_queue", "format"}),
    Twin.Kind.TABLE: frozenset({"primary_dsn", "candidate_dsn"}),
}
_NEEDED: Mapping[str, tuple[tuple[frozenset[str], ...], str]] = {
    Twin.Kind.QUEUE: (
        (frozenset({"shadow"}), frozenset({"primary_queue"})),
        "SQS cannot show a message without taking it from whoever reads the queue. Point the function at "
        "shadow queues that nobody else reads and say --shadow, name others (--primary-queue, "
        "--candidate-queue), or say --no-probe.",
    ),
    Twin.Kind.TOPIC: (
        (frozenset({"primary_queue", "candidate_queue"}),),
        "A topic keeps no messages: subscribe a shadow queue on either side and name both (--primary-queue, "
        "--candidate-queue), or say --no-probe.",
    ),
    Twin.Kind.TABLE: (
        (frozenset({"primary_dsn", "candidate_dsn"}),),
        "Name the workers' environment variables that hold the two databases' addresses (--primary-dsn, "
        "--candidate-dsn), or say --no-probe.",
    ),
}
"""Kind -> the sets of settings of which one is needed to look at it, and what to do."""
_WORKER_NAMES = ("CUTOVER_", "AWS_", "ALIBABA_CLOUD_", "DATABASE_URL", "REDIS_URL")
"""Variables of the workers that are Cutover's own or their credentials; nothing else uses them."""


# --------------------------------------------------------------------------------------------- twins


def add(
    function_id: int,
    *,
    name: str,
    kind: str,
    primary: str,
    candidate: str,
    state: str,
    actor: str,
    by: str = "",
    probed: bool = True,
    settings: Mapping[str, str] | None = None,
) -> Twin:
    """Add a twin, or change the one of that name. Evidence that was gathered without it becomes stale.

    Raises:
        BadInput: with a sentence on what is wrong; nothing is saved.
        OperationRunning: a validation is open, which looks at the twins as they were.
    """
    given = {key: value.strip() for key, value in (settings or {}).items() if value and value.strip()}
    _check(name=name, kind=kind, primary=primary, candidate=candidate, state=state, by=by)
    _check_settings(kind, given, probed=probed)
    with transaction.atomic():
        function = _locked(function_id)
        row, created = Twin.objects.update_or_create(
            function=function,
            name=name,
            defaults={
                "kind": kind,
                "primary": primary,
                "candidate": candidate,
                "state": state,
                "by": by,
                "probed": probed,
                "settings": given,
                "added_by": actor,
                "acknowledged_by": "",
                "acknowledged_reason": "",
            },
        )
        detail = document(row)
        _changed(function, verb="twin:added" if created else "twin:changed", actor=actor, detail=detail)
    return row


def remove(function_id: int, name: str, *, actor: str) -> None:
    """Take a twin away. Raises BadInput when there is none, or an environment name still points at it."""
    with transaction.atomic():
        function = _locked(function_id)
        users = EnvironmentName.objects.filter(
            function=function, source=EnvironmentName.Source.TWIN, argument=name
        )
        if first := users.first():
            raise BadInput(f"{first.name} on FC is the twin '{name}'. Map it to something else first.")
        if not Twin.objects.filter(function=function, name=name).delete()[0]:
            raise BadInput(_no_twin(function, name))
        _changed(function, verb="twin:removed", actor=actor, detail={"twin": name})


def acknowledge(function_id: int, name: str, *, reason: str, actor: str) -> Twin:
    """Accept that what FC writes to a one-way twin is not carried back. Raises BadInput if it is."""
    if not reason.strip():
        raise BadInput("Say why it may stay on Alibaba when the function goes back: a reason is needed.")
    with transaction.atomic():
        function = FunctionMigration.objects.select_for_update().get(pk=function_id)
        row = Twin.objects.filter(function=function, name=name).first()
        if row is None:
            raise BadInput(_no_twin(function, name))
        if row.state != Twin.State.ONE_WAY:
            raise BadInput(f"The twin '{name}' is {row.state}: there is nothing to acknowledge.")
        row.acknowledged_by, row.acknowledged_reason = actor, reason.strip()[:400]
        row.save(update_fields=["acknowledged_by", "acknowledged_reason"])
        audit.record(
            actor=actor,
            verb="twin:acknowledged",
            function=function,
            reason=row.acknowledged_reason,
            detail={"twin": name},
        )
        bell.tell(f"fn-{function.pk}", "inbox")
    return row


def probed(function: FunctionMigration) -> list[Twin]:
    """Give the twins that validations look at."""
    return list(function.twins.filter(probed=True))


def told(function: FunctionMigration) -> list[EffectTwin]:
    """Give all twins as the rules know them."""
    return [
        EffectTwin(
            name=row.name,
            kind=TwinKind(row.kind),
            primary=row.primary,
            candidate=row.candidate,
            state=TwinState(row.state),
            by=row.by,
            settings=row.settings,
        )
        for row in function.twins.all()
    ]


def document(row: Twin) -> dict[str, Any]:
    """Give a twin as plain JSON."""
    return {
        "name": row.name,
        "kind": row.kind,
        "primary": row.primary,
        "candidate": row.candidate,
        "state": row.state,
        "by": row.by,
        "probed": row.probed,
        "settings": row.settings,
        "acknowledged_by": row.acknowledged_by,
    }


# --------------------------------------------------------------------------------------- environment


def map_name(function_id: int, name: str, *, to: str, actor: str) -> EnvironmentName | None:
    """Say what becomes of an environment variable on FC, from the next deploy on.

    Args:
        name: a name on AWS, or a new one that FC alone gets.
        to: another name; ``twin:NAME`` for that twin's Alibaba name (AWS's where it is shared);
            ``worker:NAME`` for the value of the workers' own variable; ``none`` to leave it out; the name
            itself to undo the mapping (gives None).

    Raises:
        BadInput: it cannot be done so; nothing is saved.
    """
    source, argument = _target(name, to)
    with transaction.atomic():
        function = _locked(function_id)
        known = function.facts.get("environment", {})
        if source == EnvironmentName.Source.TWIN and not function.twins.filter(name=argument).exists():
            raise BadInput(_no_twin(function, argument))
        if source in (EnvironmentName.Source.RENAMED, EnvironmentName.Source.LEFT_OUT) and name not in known:
            raise BadInput(f"{function.name} has no environment variable {name} on AWS.")
        taken = argument in known or function.environment_names.filter(
            argument=argument, source=source
        ).exclude(name=name)
        if source == EnvironmentName.Source.RENAMED and argument != name and taken:
            raise BadInput(f"{argument} is there already; two variables cannot have one name.")
        if source == EnvironmentName.Source.RENAMED and argument == name:
            function.environment_names.filter(name=name).delete()
            row = None
        else:
            row, _ = EnvironmentName.objects.update_or_create(
                function=function, name=name, defaults={"source": source, "argument": argument}
            )
        _changed(function, verb="environment", actor=actor, detail={"name": name, "to": to})
    return row


def mapped_environment(
    function: FunctionMigration, values: Mapping[str, str], *, own: Mapping[str, str]
) -> dict[str, str]:
    """Give the environment for FC from AWS's values; secret, to be passed on at once.

    Args:
        own: the environment of this process, for what is taken from there.

    Raises:
        UnsafePlan: a variable of the workers is not set.
    """
    made = dict(values)
    twins = {
        row.name: row.primary if row.state == Twin.State.SHARED else row.candidate
        for row in function.twins.all()
    }
    rows = list(function.environment_names.all())
    for row in rows:
        made.pop(row.name, None)
    for row in rows:
        match row.source:
            case EnvironmentName.Source.RENAMED if row.name in values:
                made[row.argument] = values[row.name]
            case EnvironmentName.Source.TWIN:
                made[row.name] = twins[row.argument]
            case EnvironmentName.Source.WORKER:
                if row.argument not in own:
                    raise UnsafePlan(
                        f"{row.name} on FC takes the workers' variable {row.argument}, which is not set. "
                        "Set it for the workers, then deploy again."
                    )
                made[row.name] = own[row.argument]
    return made


def environment_sentences(function: FunctionMigration) -> tuple[str, ...]:
    """Say for a plan what becomes of environment names on FC."""
    words = {
        EnvironmentName.Source.RENAMED: "{name} is called {argument} on FC.",
        EnvironmentName.Source.TWIN: "{name} on FC is the name of the twin {argument}.",
        EnvironmentName.Source.WORKER: "{name} on FC is the value of the workers' variable {argument}.",
        EnvironmentName.Source.LEFT_OUT: "{name} is left out on FC.",
    }
    return tuple(
        words[EnvironmentName.Source(row.source)].format(name=row.name, argument=row.argument)
        for row in function.environment_names.all()
    )


def environment_documents(function: FunctionMigration) -> list[dict[str, str]]:
    """Give the mapped names as plain JSON."""
    return [
        {"name": row.name, "source": row.source, "argument": row.argument}
        for row in function.environment_names.all()
    ]


def _target(name: str, to: str) -> tuple[EnvironmentName.Source, str]:
    if not _VARIABLE.fullmatch(name):
        raise BadInput(f"'{name}' is no name of an environment variable.")
    kind, colon, argument = to.partition(":")
    if to == "none":
        return EnvironmentName.Source.LEFT_OUT, ""
    if colon and kind == "twin" and _NAME.fullmatch(argument):
        return EnvironmentName.Source.TWIN, argument
    if colon and kind == "worker" and _VARIABLE.fullmatch(argument):
        if argument.upper().startswith(_WORKER_NAMES):
            raise BadInput(f"{argument} is Cutover's own or a credential of it; no function is given that.")
        return EnvironmentName.Source.WORKER, argument
    if not colon and _VARIABLE.fullmatch(to):
        return EnvironmentName.Source.RENAMED, to
    raise BadInput(
        "Map it to another NAME, to twin:NAME, to worker:VARIABLE, or to none. Values are not stored."
    )


# ------------------------------------------------------------------------------------------- shared


def _check(*, name: str, kind: str, primary: str, candidate: str, state: str, by: str) -> None:
    if not _NAME.fullmatch(name):
        raise BadInput("A twin's name is lower-case letters, digits and -, and starts with a letter.")
    if kind not in Twin.Kind.values:
        raise BadInput(f"A twin is one of {', '.join(Twin.Kind.values)}, not '{kind}'.")
    if state not in Twin.State.values:
        raise BadInput(f"The state of a twin is one of {', '.join(Twin.State.values)}, not '{state}'.")
    for side, given in (("AWS", primary), ("Alibaba", candidate)):
        if not given or len(given) > 400 or any(letter.isspace() for letter in given):
            raise BadInput(f"Name the {kind} on {side}: up to 400 characters without spaces.")
        if kind == Twin.Kind.TABLE and not _TABLE.fullmatch(given):
            raise BadInput(f"'{given}' is no table: write name or schema.name.")
    if state in (Twin.State.BOTH_WAYS, Twin.State.ONE_WAY) and not by.strip():
        raise BadInput("Say who or what keeps the two in step (--by).")


def _check_settings(kind: str, given: Mapping[str, str], *, probed: bool) -> None:
    for name, value in given.items():
        if name not in _KNOWN[kind]:
            raise BadInput(f"A {kind} has no setting '{name}'.")
        if name == "format" and value not in ("json", "stream"):
            raise BadInput(
                f"The messages of a topic on Alibaba have the format json or stream, not '{value}'."
            )
        if name.endswith("_dsn") and not _VARIABLE.fullmatch(value):
            raise BadInput(f"{name} is the name of an environment variable of the workers, never an address.")
        if name.endswith("_dsn") and value.upper().startswith(_WORKER_NAMES):
            raise BadInput(f"{value} is Cutover's own. Give the address of the twin a variable of its own.")
    ways, remedy = _NEEDED.get(kind, ((), ""))
    if probed and ways and not any(way <= given.keys() for way in ways):
        raise BadInput(remedy)


def _locked(function_id: int) -> FunctionMigration:
    function = FunctionMigration.objects.select_for_update().get(pk=function_id)
    if function.runs.filter(state__in=(Run.State.PENDING, Run.State.RUNNING)).exists():
        raise OperationRunning("A validation of this function is running. Wait for it, or cancel it.")
    return function


def _changed(function: FunctionMigration, *, verb: str, actor: str, detail: Mapping[str, Any]) -> None:
    """Write down on what ground evidence stands from now on, and who changed it."""
    basis = {
        # Who accepts what changes nothing of what was looked at.
        "twins": [document(row) | {"acknowledged_by": ""} for row in function.twins.all()],
        "environment": environment_documents(function),
    }
    empty = not any(basis.values())
    digest = "" if empty else hashlib.sha256(orjson.dumps(basis, option=orjson.OPT_SORT_KEYS)).hexdigest()
    FunctionMigration.objects.filter(pk=function.pk).update(twins_digest=digest)
    audit.record(actor=actor, verb=verb, function=function, detail=detail)
    phases.touch(function)


def _no_twin(function: FunctionMigration, name: str) -> str:
    known = ", ".join(function.twins.values_list("name", flat=True)) or "none yet"
    return f"{function.name} has no twin '{name}'. There is: {known}."
