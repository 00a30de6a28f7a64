"""Read packages for the assessment. The web process holds no cloud credential, so this is a worker's work."""

from __future__ import annotations

import base64
import hashlib
import logging

from cutover.assessment import Finding, assess_code, code_basis, read_package
from cutover.errors import CloudError, UnsupportedFeature
from cutover.ports import FunctionFacts
from migrations_app.models import FunctionMigration
from migrations_app.services import assessment
from migrations_app.services.inventory import facts_from_document
from workers import templates, wiring

logger = logging.getLogger(__name__)
AT_MOST = 4
"""Packages that one tick reads, so that operations do not wait behind a fleet."""


def run_due() -> int:
    """Read the packages that are due and assess their functions again. Gives how many."""
    done = 0
    while done < AT_MOST and (pk := assessment.take_due_code()) is not None:
        assess(pk, actor="cutover")
        done += 1
    return done


def assess(function_id: int, *, actor: str) -> tuple[Finding, ...]:
    """Assess configuration and code here and now, in four steps.

    1. Unless the findings on code are those of this code and these rules: fetch the package.
    2. Read it and run the rules; nothing is written to disk.
    3. Keep what was found, or why it could not be read.
    4. Judge the configuration and write both down.
    """
    function = FunctionMigration.objects.select_related("connection").get(pk=function_id)
    facts = facts_from_document(function.facts)
    known = assessment.code_is_known(function) and facts.code_sha256
    if not known or function.code_findings.get("error"):
        _read(function, facts)
    return assessment.assess(function_id, actor=actor, ask_for_code=False)


def _read(function: FunctionMigration, facts: FunctionFacts) -> None:
    if facts.package_type != "Zip":
        FunctionMigration.objects.filter(pk=function.pk).update(code_due_at=None)
        return
    if declared := facts.configuration.get("declared"):
        _read_from_disk(function, facts, str(declared.get("code", "")))
        return
    try:
        archive = wiring.primary(function.connection).catalog.package(function.name, version="")
    except (CloudError, UnsupportedFeature) as error:
        logger.warning("The package of %s could not be read: %s", function.name, error)
        assessment.record_code(function.pk, basis="", findings=(), error=str(error))
        return
    if _differs(archive, facts):
        sentence = "The code on AWS is not what the inventory saw. Sync, then assess again."
        assessment.record_code(function.pk, basis="", findings=(), error=sentence)
        return
    findings = assess_code(facts, read_package(archive))
    assessment.record_code(function.pk, basis=code_basis(facts), findings=findings)


def _read_from_disk(function: FunctionMigration, facts: FunctionFacts, code: str) -> None:
    """Judge the code beside a template. It has no hash to be kept under, so it is read each time."""
    source = templates.source(code)
    if source is None:
        sentence = f"There is no code at {code}." if code else "The template does not say where the code is."
        assessment.record_code(function.pk, basis="", findings=(), error=sentence)
        return
    assessment.record_code(function.pk, basis=code_basis(facts), findings=assess_code(facts, source))


def _differs(archive: bytes, facts: FunctionFacts) -> bool:
    """Tell whether the package is another one than the facts name. AWS names it by its hash in base64."""
    digest = hashlib.sha256(archive)
    return facts.code_sha256 not in (base64.b64encode(digest.digest()).decode(), digest.hexdigest())
