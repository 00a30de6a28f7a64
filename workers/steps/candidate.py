"""Steps on Function Compute. FC knows no revisions: names, markers and read-backs make each change once."""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any

from django.db.models import F

from adapters import build, bundles
from cutover.errors import AlreadyExists
from cutover.observation import Outcome
from cutover.planning import MADE, adoptable, read_mark
from cutover.ports import CandidateSpecification, Receipt
from migrations_app.models import ActionState, SuiteEvent
from migrations_app.services import twins
from migrations_app.services.operations import LeaseLost
from workers.steps.work import Change, Look, Prepared, Resolved, StepFailed, Work, as_planned, never_seen

SMOKE_LIMIT_S = 60.0


def _ensure_bucket(work: Work, resolved: Resolved) -> Receipt:
    return work.candidate.packages.ensure_bucket(resolved["bucket"])


def _upload(work: Work, resolved: Resolved) -> Receipt:
    """Store the package, with adapter and bundled dependencies beside its own files as the plan says."""
    adapter, wanted = resolved.get("adapter"), resolved.get("bundled") or ()
    package = work.primary.catalog.package(resolved["function"], version=resolved["version"])
    if not adapter and not wanted:
        return work.candidate.packages.put(resolved["bucket"], resolved["object"], package)
    try:
        brought: dict[str, bytes] = {}
        for one in wanted:
            brought |= bundles.bundled_files(os.environ.get("CUTOVER_BUNDLED_PACKAGES", ""), **one)
        adapted = (
            build.adapted_package(package, adapter, resolved["adapter_settings"], bundled=brought)
            if adapter
            else build.bundled_package(package, brought)
        )
    except bundles.BundleError as error:
        raise StepFailed(f"{error} AWS is untouched.") from error
    except build.PackageError as error:
        raise StepFailed(
            f"Nothing can be added to the package of {resolved['function']}: {error} AWS is untouched."
        ) from error
    receipt = work.candidate.packages.put(resolved["bucket"], resolved["object"], adapted)
    return Receipt(
        request_id=receipt.request_id,
        outcome={
            **receipt.outcome,
            "adapter": _added_digest(adapter, [one["sha256"] for one in wanted]),
            "sha256": hashlib.sha256(adapted).hexdigest(),
        },
    )


def _added_digest(adapter: str | None, bundled: list[str]) -> str:
    """Give what evidence belongs to of all that was added: the adapter's digest, with the bundles' if any."""
    own = build.adapter_digest(adapter) if adapter else ""
    return hashlib.sha256("/".join([own, *bundled]).encode()).hexdigest() if bundled else own


def _ensure_logs(work: Work, resolved: Resolved) -> Receipt:
    return work.candidate.deployer.ensure_logs(resolved["project"], resolved["store"])


# ------------------------------------------------------------------------------------------ function


def _prepare_function(work: Work) -> Prepared:
    """Tell whether the function is there already, and whether it is ours to change, or to adopt.

    What generated code made for this very AWS function is adopted: it is never created, never deleted, and
    keeps its description and configuration. Anything else that is not ours is refused.
    """
    name = work.request["function"]
    found = work.candidate.deployer.find(name)
    description = str(found.get("description", "")) if found is not None else ""
    if adoptable(description, str(work.function.facts.get("arn", ""))):
        owner = read_mark(description).owner
        return Prepared(
            resolved={**work.request, "created": False, "adopt": owner, "description": description}
        )
    if expected := work.request.get("adopt"):
        raise StepFailed(
            f"The plan adopts {name}, which {expected} made on FC, and it is not there as such any more. "
            "Apply the generated code again, or check the connection and plan again. AWS is untouched."
        )
    if found is not None and not description.startswith(MADE):
        raise AlreadyExists(
            f"FC has a function {name} that Cutover did not make. Rename it or remove it, then deploy again.",
            cloud="alibaba",
            operation="fc:CreateFunction",
        )
    created = found is None
    if work.sent_before:
        created = bool(work.action.resolved.get("created"))
    undo = {
        "kind": "fc.function.delete",
        "request": {"function": name, "if_created": created},
    }
    resolved = {**work.request, "created": created, "description": _description(work)}
    return Prepared(resolved=resolved, undo=undo)


def _description(work: Work) -> str:
    """Mark the function with the operation that wrote it last, so that a put is found again."""
    return f"{MADE}{work.function.name} ({work.operation.pk})"


def _observe_function(work: Work, resolved: Resolved) -> Receipt | None:
    """Observe by the mark of this operation. An adopted function keeps its own, and is written once more:
    the same package and environment again are no other change."""
    found = work.candidate.deployer.find(resolved["function"])
    if resolved.get("adopt") or found is None or found.get("description") != resolved["description"]:
        return None
    return Receipt(request_id="", outcome=_placed(found, created=resolved["created"]))


def _put_function(work: Work, resolved: Resolved) -> Receipt:
    """Create or update, with the environment read from AWS at this moment and passed on at once."""
    values = work.primary.catalog.environment(
        resolved["original_function"], version=resolved["original_version"]
    )
    wanted = resolved.get("environment_names") or list(values)
    specification = CandidateSpecification(
        name=resolved["function"],
        runtime=resolved["runtime"],
        handler=resolved["handler"],
        memory_mb=resolved["memory_mb"],
        cpu=resolved["cpu"],
        disk_mb=resolved["disk_mb"],
        timeout_s=resolved["timeout_s"],
        description=resolved["description"],
        bucket=resolved["bucket"],
        object_name=resolved["object"],
        log_project=resolved["project"],
        log_store=resolved["store"],
        environment=twins.mapped_environment(
            work.function,
            {name: value for name, value in values.items() if name in wanted},
            own=os.environ,
        ),
    )
    deployer = work.candidate.deployer
    if owner := resolved.get("adopt"):
        receipt = deployer.adopt(specification)
        return Receipt(
            request_id=receipt.request_id, outcome={**receipt.outcome, "created": False, "owner": owner}
        )
    if deployer.find(resolved["function"]) is None:
        receipt = deployer.create(specification)
    else:
        receipt = deployer.update(specification)
    return Receipt(
        request_id=receipt.request_id,
        outcome={**receipt.outcome, "created": resolved["created"]},
    )


def _placed(found: Any, *, created: bool) -> dict[str, Any]:
    return {
        "arn": str(found.get("functionArn", "")),
        "code_checksum": str(found.get("codeChecksum", "")),
        "created": created,
    }


def _delete_function(work: Work, resolved: Resolved) -> Receipt:
    """Delete what this operation created, and nothing that somebody else put there."""
    found = work.candidate.deployer.find(resolved["function"])
    mine = found is not None and found.get("description") == _description(work)
    if not resolved["if_created"] or not mine:
        return Receipt(request_id="", outcome={"kept": found is not None})
    return work.candidate.deployer.delete(resolved["function"])


# --------------------------------------------------------------------------------- version and alias


def _observe_version(work: Work, resolved: Resolved) -> Receipt | None:
    found = work.candidate.deployer.find_version(resolved["function"], marker=resolved["marker"])
    return None if found is None else Receipt(request_id="", outcome={"version": found})


def _publish_version(work: Work, resolved: Resolved) -> Receipt:
    """Publish. A worker so slow that another published meanwhile takes its own version away again."""
    deployer, name = work.candidate.deployer, resolved["function"]
    receipt = deployer.publish_version(name, marker=resolved["marker"])
    try:
        work.still_ours()
    except LeaseLost:
        work.action.refresh_from_db(fields=["state", "outcome"])
        kept = work.action.outcome.get("version")
        if work.action.state == ActionState.DONE and kept != receipt.outcome["version"]:
            deployer.delete_version(name, receipt.outcome["version"])
        raise
    return receipt


def _prepare_alias(work: Work) -> Prepared:
    """Read where the alias points, so that an undo points it there again."""
    name, alias = work.request["function"], work.request["alias"]
    if work.sent_before:
        return Prepared(resolved=dict(work.request), undo=work.action.undo)
    previous = work.candidate.deployer.alias(name, alias)
    undo = None
    if previous is not None:
        undo = {
            "kind": "fc.alias.point",
            "request": {"function": name, "alias": alias, "version": previous},
        }
    return Prepared(resolved=dict(work.request), undo=undo)


def _observe_alias(work: Work, resolved: Resolved) -> Receipt | None:
    if work.candidate.deployer.alias(resolved["function"], resolved["alias"]) != resolved["version"]:
        return None
    return Receipt(request_id="", outcome={"version": resolved["version"]})


def _point_alias(work: Work, resolved: Resolved) -> Receipt:
    receipt = work.candidate.deployer.point_alias(
        resolved["function"], resolved["alias"], version=resolved["version"]
    )
    return Receipt(request_id=receipt.request_id, outcome={**receipt.outcome, "version": resolved["version"]})


# --------------------------------------------------------------------------------------------- smoke


def _smoke(work: Work) -> Receipt:
    """Invoke the alias once with the suite's first event. An error of the function fails the deploy."""
    work.function.refresh_from_db(fields=["effects"])
    if not work.function.invocable:
        return Receipt(request_id="", outcome={"skipped": "its side effects are not declared repeatable"})
    rows = SuiteEvent.objects.filter(suite__function=work.function, version=F("suite__version"))
    event = rows.order_by("suite_id", "position").first()
    payload = json.dumps(event.event if event else {}).encode()
    answer = work.candidate.invoker.invoke(
        work.request["function"], payload, qualifier=work.request["alias"], timeout_s=SMOKE_LIMIT_S
    )
    if answer.outcome is not Outcome.OK:
        what = " ".join(filter(None, (answer.error_type, answer.outcome.value)))
        raise StepFailed(
            f"The smoke test failed: {work.request['function']} answered with {what} on FC "
            f"(request {answer.request_id}). AWS is untouched."
        )
    return Receipt(
        request_id=answer.request_id,
        outcome={
            "outcome": answer.outcome.value,
            "event": event.title if event else "an empty event",
            "duration_ms": answer.duration_ms,
            "bytes": len(answer.payload),
        },
    )


BUCKET = Change(prepare=as_planned, observe=never_seen, apply=_ensure_bucket)
PACKAGE = Change(prepare=as_planned, observe=never_seen, apply=_upload)
LOGS = Change(prepare=as_planned, observe=never_seen, apply=_ensure_logs)
CANDIDATE = Change(prepare=_prepare_function, observe=_observe_function, apply=_put_function)
CANDIDATE_VERSION = Change(prepare=as_planned, observe=_observe_version, apply=_publish_version)
CANDIDATE_ALIAS = Change(prepare=_prepare_alias, observe=_observe_alias, apply=_point_alias)
CANDIDATE_DELETE = Change(prepare=as_planned, observe=never_seen, apply=_delete_function)
SMOKE = Look(look=_smoke)
