"""Steps of the last stage and of its way back: archive, tripwire, delete; create again, publish, permit."""

from __future__ import annotations

from cutover.ports import Receipt
from workers.steps.work import Change, Look, Prepared, Resolved, StepFailed, Work, as_planned, never_seen

ARCHIVE_VERIFY_KIND = "aws.archive.verify"


def _archive(work: Work, resolved: Resolved) -> Receipt:
    return work.primary.archive.store(
        resolved["function"],
        bucket=resolved["bucket"],
        key=resolved["key"],
        original_version=resolved["original_version"],
    )


def _verify(work: Work) -> Receipt:
    return work.primary.archive.verify(work.request["archive"])


# --------------------------------------------------------------------------------------- concurrency


def _prepare_concurrency(work: Work) -> Prepared:
    """Read the reservation that is replaced, for the undo and for the restore."""
    undo = work.action.undo
    if undo is not None and not work.undoing and not work.sent_before:
        name = work.request["function"]
        previous = work.primary.archive.reserved_concurrency(name)
        undo = {"kind": undo["kind"], "request": {"function": name, "reserved": previous}}
    return Prepared(resolved=dict(work.request), undo=undo)


def _observe_concurrency(work: Work, resolved: Resolved) -> Receipt | None:
    found = work.primary.archive.reserved_concurrency(resolved["function"])
    return Receipt(request_id="", outcome={"reserved": found}) if found == resolved["reserved"] else None


def _set_concurrency(work: Work, resolved: Resolved) -> Receipt:
    work.still_ours()
    receipt = work.primary.archive.set_reserved_concurrency(resolved["function"], resolved["reserved"])
    return Receipt(
        request_id=receipt.request_id, outcome={**receipt.outcome, "reserved": resolved["reserved"]}
    )


# ------------------------------------------------------------------------------------------ deletion


def _observe_deletion(work: Work, resolved: Resolved) -> Receipt | None:
    if work.primary.archive.exists(resolved["function"]):
        return None
    return Receipt(request_id="", outcome={"absent": True})


def _delete(work: Work, resolved: Resolved) -> Receipt:
    """Delete, only with an archive that this operation read back, and only while it is still ours to do.

    DeleteFunction knows no condition, so the lease is asked for once more right before the call.
    """
    if not work.done(ARCHIVE_VERIFY_KIND):
        raise StepFailed("The archive was not read back, so the function is not deleted.")
    work.still_ours()
    return work.primary.archive.delete_function(resolved["function"])


# ---------------------------------------------------------------------------------------- recreation


def _recreate(work: Work, resolved: Resolved) -> Receipt:
    return work.primary.archive.recreate(resolved["function"], resolved["archive"])


def _prepare_version(work: Work) -> Prepared:
    latest = work.primary.publisher.configuration(work.request["function"])
    return Prepared(
        resolved={
            **work.request,
            "revision_id": latest.revision_id,
            "code_sha256": latest.code_sha256,
        }
    )


def _observe_version(work: Work, resolved: Resolved) -> Receipt | None:
    found = work.primary.publisher.find_version(resolved["function"], marker=resolved["marker"])
    return None if found is None else Receipt(request_id="", outcome={"version": found})


def _publish_version(work: Work, resolved: Resolved) -> Receipt:
    return work.primary.publisher.publish_version(
        resolved["function"],
        code_sha256=resolved["code_sha256"],
        revision_id=resolved["revision_id"],
        marker=resolved["marker"],
    )


def _repeat_policy(work: Work, resolved: Resolved) -> Receipt:
    return work.primary.archive.repeat_policy(
        resolved["function"], resolved["archive"], alias=resolved["alias"]
    )


ARCHIVE = Change(prepare=as_planned, observe=never_seen, apply=_archive)
ARCHIVE_VERIFY = Look(look=_verify)
CONCURRENCY = Change(prepare=_prepare_concurrency, observe=_observe_concurrency, apply=_set_concurrency)
DELETE_FUNCTION = Change(prepare=as_planned, observe=_observe_deletion, apply=_delete)
RECREATE = Change(prepare=as_planned, observe=never_seen, apply=_recreate)
RECREATE_VERSION = Change(prepare=_prepare_version, observe=_observe_version, apply=_publish_version)
REPEAT_POLICY = Change(prepare=as_planned, observe=never_seen, apply=_repeat_policy)
