"""Assess a function: its stored facts at once, and its code as a worker has read it.

Rules are pure and the web process runs those on the configuration itself. It holds no cloud credential, so
the package is fetched by a worker (``workers.assessment``), which hands its findings to ``record_code``.
They are kept as long as their basis stays the same, so assessing unchanged code again reads nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, fields, replace
from datetime import timedelta
from typing import Any

import orjson
from django.db import transaction
from django.utils import timezone

from cutover.assessment import (
    Finding,
    assess_configuration,
    code_basis,
    ordered,
    readiness,
    target_for,
)
from cutover.assessment.on_code.services import Use
from cutover.assessment.target import target_name
from cutover.errors import BadInput, StaleState
from cutover.phases import Trigger, legal_triggers
from cutover.planning import Adapter, Target
from cutover.ports import FunctionFacts
from migrations_app.models import Connection, FunctionMigration
from migrations_app.services import audit, bell, phases
from migrations_app.services.inventory import facts_from_document

LOG_STORE = "functions"
LEASE = timedelta(minutes=5)
"""How long reading a package may take before another worker takes it for lost."""
_FIELDS = frozenset(one.name for one in fields(Finding))


def assess(function_id: int, *, actor: str, ask_for_code: bool = True) -> tuple[Finding, ...]:
    """Judge the function and write findings, readiness and target down; a first assessment moves the phase.

    Blockers do not stop the phase; they stop the deploy. The target of a function that is deployed already
    stays as it is, so that what serves and what the rows say are the same. Code that is not read yet, or that
    changed, is asked for (``ask_for_code``): a worker reads it and assesses again.
    """
    with transaction.atomic():
        function = (
            FunctionMigration.objects.select_for_update(of=("self",))
            .select_related("connection__counterpart")
            .get(pk=function_id)
        )
        facts = facts_from_document(function.facts)
        code, read = _code(function, facts)
        findings = ordered([*assess_configuration(facts), *code, *_collisions(function, facts)])
        _write(function, facts, findings, read=read)
        changed = ["findings", "assessed_at", "readiness", "waivers", "target", "changed_at"]
        if ask_for_code and not read and _has_code(facts):
            function.code_due_at = timezone.now()
            changed.append("code_due_at")
            bell.ring("workers.read_code", str(function.pk), queue="work")
        if not function.deployment:
            target = target_for(
                facts,
                bucket=package_bucket(function.connection),
                log_project=log_project(function.connection),
                log_store=LOG_STORE,
            )
            if function.target.get("adapter") == Adapter.NONE:
                target = replace(target, adapter=Adapter.NONE.value)  # a person chose so
            if chosen := function.target.get("bundled"):
                target = replace(target, bundled=tuple(chosen))  # so did a person here
            function.target = asdict(target)
        function.save(update_fields=changed)
        grave = sum(finding.severity == "blocker" for finding in findings)
        reason = f"{len(findings)} findings, {grave} of them block." if findings else "Nothing was found."
        if Trigger.ASSESS in legal_triggers(function.stage):
            phases.move(function, Trigger.ASSESS, actor=actor, reason=reason)
        else:
            audit.record(actor=actor, verb="assessed", function=function, reason=reason)
            bell.tell(f"fn-{function.pk}", "inbox")
    return findings


def code_is_known(function: FunctionMigration) -> bool:
    """Tell whether the findings on code are those of the code and the rules of now."""
    basis = code_basis(facts_from_document(function.facts))
    return bool(function.code_findings.get("basis") == basis)


def take_due_code() -> int | None:
    """Take one function whose package shall be read, by moving its time on; None when there is none."""
    now = timezone.now()
    with transaction.atomic():
        found = (
            FunctionMigration.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(code_due_at__lte=now)
            .only("pk")
            .order_by("code_due_at")
            .first()
        )
        if found is None:
            return None
        FunctionMigration.objects.filter(pk=found.pk).update(code_due_at=now + LEASE)
        return found.pk


def record_code(
    function_id: int,
    *,
    basis: str,
    findings: Iterable[Finding],
    calls: Iterable[Use] = (),
    error: str = "",
) -> None:
    """Keep what the code gave under its basis. With ``error``, why it was not read, nothing else counts.

    ``calls``: its calls to AWS, from which the policy of its role on FC is derived.
    """
    stored = {
        "basis": basis,
        "findings": [orjson.loads(orjson.dumps(asdict(one))) for one in findings],
        "calls": [
            {name: getattr(one, name) for name in ("service", "operation", "access", "path", "line")}
            for one in calls
        ],
        "read_at": timezone.now().isoformat(),
        "error": error,
    }
    FunctionMigration.objects.filter(pk=function_id).update(code_findings=stored, code_due_at=None)


def record_scaffold(function_id: int, *, basis: str, scaffold: Mapping[str, Any]) -> None:
    """Keep the scaffold beside the findings of the same code; that of other code is dropped."""
    with transaction.atomic():
        function = FunctionMigration.objects.select_for_update().get(pk=function_id)
        if function.code_findings.get("basis") != basis:
            return
        function.code_findings = {**function.code_findings, "scaffold": dict(scaffold)}
        function.save(update_fields=["code_findings", "changed_at"])
        bell.tell(f"fn-{function.pk}")


def waive(
    function_id: int, identity: str, *, reason: str, actor: str, expected_version: int | None = None
) -> dict[str, Any]:
    """Set a finding aside with a reason. Gives the finding's document.

    A waiver of a finding in the code holds for this code only: when the code changes it lapses and the
    finding counts again. One of a finding in the configuration holds while the finding says the same.

    Raises:
        BadInput: without a reason, or when no finding has this identity.
        StaleState: the function changed since ``expected_version``.
    """
    if not reason.strip():
        raise BadInput("Say why the finding may be set aside. Nothing was changed.")
    with transaction.atomic():
        function = _seen(function_id, expected_version)
        found = next((one for one in function.findings if one.get("identity") == identity), None)
        if found is None:
            raise BadInput(f"{function.name} has no finding {identity}. `assess` lists them.")
        waiver = {"reason": reason.strip()[:400], "by": actor, "at": timezone.now().isoformat()}
        function.waivers = {
            **function.waivers,
            identity: {
                **waiver,
                "rule": found["rule"],
                "title": found["title"],
                "code_sha256": function.facts.get("code_sha256", ""),
                "lapsed": False,
            },
        }
        found["waiver"] = waiver
        _rate(function, [_finding(one) for one in function.findings])
        function.save(update_fields=["waivers", "findings", "readiness", "changed_at"])
        audit.record(
            actor=actor,
            verb="finding:waived",
            function=function,
            reason=reason,
            detail={"finding": identity, "rule": found["rule"], "title": found["title"]},
        )
        phases.touch(function)
        bell.tell("inbox")
    return dict(found)


def withdraw_waiver(
    function_id: int, identity: str, *, reason: str, actor: str, expected_version: int | None = None
) -> None:
    """Let a finding count again.

    Raises:
        BadInput: it is not waived.
        StaleState: the function changed since ``expected_version``.
    """
    with transaction.atomic():
        function = _seen(function_id, expected_version)
        if identity not in function.waivers:
            raise BadInput(f"{function.name} has no waiver of {identity}.")
        function.waivers = {key: one for key, one in function.waivers.items() if key != identity}
        for one in function.findings:
            if one.get("identity") == identity:
                one.pop("waiver", None)
        _rate(function, [_finding(one) for one in function.findings])
        function.save(update_fields=["waivers", "findings", "readiness", "changed_at"])
        audit.record(
            actor=actor,
            verb="finding:waiver withdrawn",
            function=function,
            reason=reason,
            detail={"finding": identity},
        )
        phases.touch(function)
        bell.tell("inbox")


def _seen(function_id: int, expected_version: int | None) -> FunctionMigration:
    """Lock the function, unless it is another one than was seen."""
    function = FunctionMigration.objects.select_for_update().get(pk=function_id)
    if expected_version is not None and function.version != expected_version:
        raise StaleState()
    return function


# -------------------------------------------------------------------------------------------- writing


def _collisions(function: FunctionMigration, facts: FunctionFacts) -> Iterator[Finding]:
    """Give findings on functions of others that the target's account has, as its last check listed them."""
    there = function.connection.counterpart
    listed = (there.check_report if there else {}).get("functions") or ()
    name = str(function.target.get("name") or target_name(facts.name))
    for one in listed:
        own = str(one["name"]).rpartition("$")[2]
        if own != name:
            continue
        same = one["generation"] == "3"
        if same and facts.arn and one.get("stands_for") == facts.arn:
            yield _adopted(one)
            continue
        yield Finding(
            rule="target-exists",
            severity="warn",
            title=f"FC has a function {one['name']} that Cutover did not make",
            place=f"FC {one['generation']}.0: {one['name']}"
            + (f", role {one['role']}" if one["role"] else ""),
            why="The deployment creates a function of this name and refuses to overwrite another's."
            if same
            else "Services of FC 2.0 stand apart: nothing is overwritten; triggers and roles may be shared.",
            remedy="Rename or remove it, or choose another name in the plan."
            if same
            else "Compare its triggers and its role with the plan.",
            source="Alibaba Cloud, Function Compute 3.0, ListFunctions, read 2026-11-22",
        )


def _adopted(listed: Mapping[str, Any]) -> Finding:
    return Finding(
        rule="target-exists",
        severity="ok",
        title=f"{listed['owner']} made the function {listed['name']} on FC from generated code",
        place=f"FC 3.0: {listed['name']}",
        why="It stands for this very function, so the deployment adopts it and makes no second one.",
        source="Alibaba Cloud, Function Compute 3.0, ListFunctions, read 2026-11-22",
    )


def _has_code(facts: FunctionFacts) -> bool:
    return facts.package_type == "Zip" and not facts.configuration.get("declared")


def _code(function: FunctionMigration, facts: FunctionFacts) -> tuple[list[Finding], bool]:
    """Give the findings on code that count now, and whether the code was read."""
    stored = function.code_findings
    if stored.get("basis") == code_basis(facts) and not stored.get("error"):
        return [_finding(one) for one in stored.get("findings", ())], True
    if facts.package_type != "Zip":
        return [], False
    if facts.configuration.get("declared") and not stored.get("error"):
        return [], False
    error = str(stored.get("error", ""))
    return [
        Finding(
            rule="code-unread",
            severity="warn" if error else "ok",
            title="The code could not be read" if error else "The code is being read",
            place="Package",
            why=error or "A worker fetches the package and adds what it finds there.",
            remedy="Remove the cause and assess again." if error else "",
            source="Cutover, reading of packages",
        )
    ], False


def _finding(stored: Mapping[str, Any]) -> Finding:
    return Finding(**{key: value for key, value in stored.items() if key in _FIELDS})


def _write(
    function: FunctionMigration, facts: FunctionFacts, findings: tuple[Finding, ...], *, read: bool
) -> None:
    """Set findings, waivers and readiness on the row; waivers of code that changed lapse."""
    now = {one.identity: one for one in findings}
    waivers: dict[str, Any] = {}
    for identity, waiver in function.waivers.items():
        finding = now.get(identity)
        other_code = waiver.get("code_sha256") != facts.code_sha256 and (finding is None or finding.line > 0)
        waivers[identity] = {**waiver, "lapsed": bool(waiver.get("lapsed") or other_code)}
    function.waivers = waivers
    function.findings = [_document(one, waivers.get(one.identity)) for one in findings]
    function.assessed_at = timezone.now()
    _rate(function, list(findings), read=read)


def _document(finding: Finding, waiver: Mapping[str, Any] | None) -> dict[str, Any]:
    document = {**asdict(finding), "identity": finding.identity}
    if waiver and not waiver["lapsed"]:
        document["waiver"] = {key: waiver[key] for key in ("reason", "by", "at")}
    return document


def _rate(function: FunctionMigration, findings: list[Finding], *, read: bool | None = None) -> None:
    waived = [identity for identity, one in function.waivers.items() if not one["lapsed"]]
    code_read = bool(function.readiness.get("code_read")) if read is None else read
    function.readiness = orjson.loads(
        orjson.dumps(asdict(readiness(findings, waived=waived, code_read=code_read)))
    )


def target_of(function: FunctionMigration) -> Target:
    """Give the function's target as a value. Assess it first."""
    stored: Mapping[str, Any] = function.target
    lists = {name: tuple(stored.get(name, ())) for name in ("environment_names", "bundled")}
    return Target(**{**stored, **lists})


def package_bucket(connection: Connection) -> str:
    """Give the OSS bucket that packages wait in; unique per account and region, valid as a bucket's name."""
    return f"cutover-{_place(connection)}"


def log_project(connection: Connection) -> str:
    """Give the SLS project of the functions' logs."""
    return f"cutover-{_place(connection)}"


def _place(connection: Connection) -> str:
    there = connection.counterpart or connection
    account = hashlib.sha256(f"{there.account_id}/{there.region}".encode()).hexdigest()[:12]
    return f"{account}-{there.region}"
