"""Read packages for the assessment. The web process holds no cloud credential, so this is a worker's work."""

from __future__ import annotations

import base64
import hashlib
import logging
from dataclasses import asdict
from typing import Any

from cutover import scaffold
from cutover.assessment import Finding, Source, assess_code, calls, code_basis, read_package
from cutover.assessment.masking import mask_lines
from cutover.errors import CloudError, UnsupportedFeature
from cutover.ports import FunctionFacts
from migrations_app.models import FunctionMigration
from migrations_app.services import assessment
from migrations_app.services.inventory import facts_from_document
from workers import templates, wiring

logger = logging.getLogger(__name__)
_MASKED = (
    "What looks like a secret is masked here, so this diff does not apply there. "
    "`./manage.py cutover scaffold FUNCTION --out DIR` writes it whole."
)
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
    """Assess configuration and code here and now, in five steps.

    1. Unless the findings on code are those of this code and these rules: fetch the package.
    2. Read it and run the rules; nothing is written to disk.
    3. Keep what was found, or why it could not be read.
    4. Judge the configuration and write both down.
    5. Generate the scaffold of code that was read. It comes last: findings do not wait for it.
    """
    function = FunctionMigration.objects.select_related("connection").get(pk=function_id)
    facts = facts_from_document(function.facts)
    known = assessment.code_is_known(function) and facts.code_sha256
    source = None
    if not known or function.code_findings.get("error"):
        source = _read(function, facts)
    findings = assessment.assess(function_id, actor=actor, ask_for_code=False)
    if source is not None:
        made = _scaffold(source, facts)
        assessment.record_scaffold(function_id, basis=code_basis(facts), scaffold=made)
    return findings


def _read(function: FunctionMigration, facts: FunctionFacts) -> Source | None:
    """Read the package and keep what the rules find in it; None when it could not be read."""
    if facts.package_type != "Zip":
        FunctionMigration.objects.filter(pk=function.pk).update(code_due_at=None)
        return None
    if declared := facts.configuration.get("declared"):
        return _read_from_disk(function, facts, str(declared.get("code", "")))
    try:
        archive = wiring.primary(function.connection).catalog.package(function.name, version="")
    except (CloudError, UnsupportedFeature) as error:
        logger.warning("The package of %s could not be read: %s", function.name, error)
        assessment.record_code(function.pk, basis="", findings=(), error=str(error))
        return None
    if differs(archive, facts):
        sentence = "The code on AWS is not what the inventory saw. Sync, then assess again."
        assessment.record_code(function.pk, basis="", findings=(), error=sentence)
        return None
    return _record(function, facts, read_package(archive))


def _read_from_disk(function: FunctionMigration, facts: FunctionFacts, code: str) -> Source | None:
    """Judge the code beside a template. It has no hash to be kept under, so it is read each time."""
    source = templates.source(code)
    if source is None:
        sentence = f"There is no code at {code}." if code else "The template does not say where the code is."
        assessment.record_code(function.pk, basis="", findings=(), error=sentence)
        return None
    return _record(function, facts, source)


def _record(function: FunctionMigration, facts: FunctionFacts, source: Source) -> Source:
    assessment.record_code(
        function.pk,
        basis=code_basis(facts),
        findings=assess_code(facts, source),
        calls=calls(facts, source),
    )
    return source


def _scaffold(source: Source, facts: FunctionFacts) -> dict[str, Any]:
    """Give the scaffold as a document, or why the code gives none."""
    try:
        made = scaffold.generate(source, facts)
    except scaffold.CannotScaffold as error:
        return {"refused": str(error)}
    diff = mask_lines(made.diff)
    notes = [asdict(one) for one in made.notes]
    if diff != made.diff:
        notes.insert(0, {"place": "scaffold.diff", "sentence": _MASKED})
    return {
        "diff": diff,
        "files": {path: mask_lines(text) for path, text in made.files.items()},
        "notes": notes,
        "dependencies": [asdict(one) for one in made.dependencies],
    }


def differs(archive: bytes, facts: FunctionFacts) -> bool:
    """Tell whether the package is another one than the facts name. AWS names it by its hash in base64."""
    digest = hashlib.sha256(archive)
    return facts.code_sha256 not in (base64.b64encode(digest.digest()).decode(), digest.hexdigest())
