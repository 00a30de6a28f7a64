"""Steps around `$LATEST`: relay and tap are written to it for a moment, published, and taken off again.

Theory of operation: every write is sent under the revision that was just read, so whoever deploys in between
stops us, never the other way round. What is ours in `$LATEST` is told by the values that our writes put there
(their layers exist nowhere else). Putting `$LATEST` back means: those fields that still hold our values take
the original version's values again; whatever somebody else changed stays as they left it. A restore writes
even when nothing differs, so that the revision moves on and a write of ours that is late is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cutover.errors import Conflict
from cutover.ports import LambdaConfiguration, Receipt
from migrations_app.models import Action
from workers.steps.work import Change, Prepared, Resolved, Work, as_planned

WRITE, RESTORE = "aws.latest.write", "aws.latest.restore"
_ATTEMPTS = 5


# --------------------------------------------------------------------------------------------- write


def _prepare_write(work: Work) -> Prepared:
    """Assert that `$LATEST` is the original (or what this operation wrote last), and take its revision."""
    name, changes = work.request["function"], work.request["changes"]
    latest = work.primary.publisher.configuration(name)
    original = work.primary.publisher.configuration(name, version=work.request["original_version"])
    writes = work.done(WRITE)
    if not writes and latest.fingerprint != original.fingerprint:
        raise _foreign(work, before=True)
    if writes and not _as_written(latest, original, writes[-1]):
        raise _foreign(work)
    resolved = {**work.request, "changes": dict(changes), "revision_id": latest.revision_id}
    return Prepared(resolved=resolved, undo=work.action.undo)


def _observe_write(work: Work, resolved: Resolved) -> Receipt | None:
    latest = work.primary.publisher.configuration(resolved["function"])
    if not _holds(latest, resolved["changes"]):
        return None
    return Receipt(
        request_id="", outcome={"revision_id": latest.revision_id, "fingerprint": latest.fingerprint}
    )


def _write(work: Work, resolved: Resolved) -> Receipt:
    try:
        return work.primary.publisher.write_configuration(
            resolved["function"], resolved["changes"], revision_id=resolved["revision_id"]
        )
    except Conflict as exc:
        raise _foreign(work) from exc


# ------------------------------------------------------------------------------------------- publish


def _prepare_publish(work: Work) -> Prepared:
    """Assert that `$LATEST` is exactly what was written, and take its revision."""
    name = work.request["function"]
    latest = work.primary.publisher.configuration(name)
    original = work.primary.publisher.configuration(name, version=work.request["original_version"])
    if not _as_written(latest, original, work.done(WRITE)[-1]):
        raise _foreign(work)
    resolved = {
        **work.request,
        "revision_id": latest.revision_id,
        "code_sha256": latest.code_sha256,
    }
    return Prepared(resolved=resolved)


def _observe_publish(work: Work, resolved: Resolved) -> Receipt | None:
    found = work.primary.publisher.find_version(resolved["function"], marker=resolved["marker"])
    return None if found is None else Receipt(request_id="", outcome={"version": found})


def _publish(work: Work, resolved: Resolved) -> Receipt:
    try:
        return work.primary.publisher.publish_version(
            resolved["function"],
            code_sha256=resolved["code_sha256"],
            revision_id=resolved["revision_id"],
            marker=resolved["marker"],
        )
    except Conflict as exc:
        raise _foreign(work) from exc


# ------------------------------------------------------------------------------------------- restore


def _restore(work: Work, resolved: Resolved) -> Receipt:
    """Take what is ours off `$LATEST`, then compare every field and the code with the original.

    Forward, a difference that is left is somebody else's deploy and stops the operation. On the way back it
    is left as it is and said.
    """
    name = resolved["function"]
    original = work.primary.publisher.configuration(name, version=resolved["original_version"])
    written = list(_written(work))
    latest, request_id = _take_back(work, name, original, written)
    equal = latest.fingerprint == original.fingerprint
    if not equal and not work.undoing and not work.way_back:
        raise _foreign(work)
    outcome: dict[str, Any] = {
        "fingerprint": latest.fingerprint,
        "revision_id": latest.revision_id,
        "equal": equal,
    }
    if not equal:
        outcome["left"] = "Somebody else's change stays as they left it."
    return Receipt(request_id=request_id, outcome=outcome)


def _take_back(
    work: Work, name: str, original: LambdaConfiguration, written: list[Mapping[str, Any]]
) -> tuple[LambdaConfiguration, str]:
    publisher = work.primary.publisher
    for left in reversed(range(_ATTEMPTS)):
        latest = publisher.configuration(name)
        fields = _to_take_back(latest, original, written)
        if not fields:
            return latest, ""
        try:
            receipt = publisher.write_configuration(name, fields, revision_id=latest.revision_id, always=True)
        except Conflict:
            if not left:
                raise
            continue
        return publisher.configuration(name), receipt.request_id
    raise AssertionError("unreachable: the last attempt returns or raises")


def _to_take_back(
    latest: LambdaConfiguration, original: LambdaConfiguration, written: list[Mapping[str, Any]]
) -> dict[str, Any]:
    """Give the fields to send: those that hold our values, with the original's.

    With nothing of ours there: one field as it is, to move the revision on; none when somebody else's deploy
    moved it already.
    """
    for changes in written:
        if not _ours(latest, changes):
            continue
        return {
            name: original.fields[name]
            for name, value in changes.items()
            if latest.fields.get(name) == value and name in original.fields
        }
    untouched = latest.fingerprint == original.fingerprint
    return {"Timeout": latest.fields["Timeout"]} if untouched else {}


def _written(work: Work) -> Iterator[Mapping[str, Any]]:
    """Give what writes put to this function's `$LATEST`, the newest first; also of superseded operations."""
    rows = Action.objects.filter(operation__function=work.function, kind=WRITE).exclude(resolved={})
    for row in rows.order_by("-operation__created_at", "-position")[:20]:
        yield row.resolved["changes"]


def _ours(latest: LambdaConfiguration, changes: Mapping[str, Any]) -> bool:
    """Tell whether a write of ours is there, in part at least: its layers and handler are nobody else's."""
    return any(latest.fields.get(name) == changes[name] for name in ("Layers", "Handler"))


def _as_written(latest: LambdaConfiguration, original: LambdaConfiguration, write: Action) -> bool:
    """Tell whether `$LATEST` is the original with that write and nothing else.

    The fingerprint alone does not tell: it was read after the write, when somebody may have been quick.
    """
    return (
        latest.fingerprint == write.outcome["fingerprint"]
        and latest.code_sha256 == original.code_sha256
        and dict(latest.fields) == {**original.fields, **write.resolved["changes"]}
    )


def _holds(latest: LambdaConfiguration, changes: Mapping[str, Any]) -> bool:
    return all(latest.fields.get(name) == value for name, value in changes.items())


def _observe_restore(work: Work, resolved: Resolved) -> Receipt | None:
    """Never taken as done: writing it once more moves the revision on, which is what it is for."""


def _foreign(work: Work, *, before: bool = False) -> Conflict:
    name = work.function.name
    if before:
        text = (
            f"$LATEST of {name} is not what version {work.request['original_version']} is, which serves: "
            "somebody deployed without publishing. Publish and point 'live' at it, or put $LATEST back; then "
            "shift again. Nothing was changed."
        )
    else:
        text = (
            f"Somebody else deployed to {name} while relay and tap were being published. "
            "Nothing of theirs was touched. Sync, deploy and validate what they deployed, then shift again."
        )
    return Conflict(text, cloud="aws", operation=work.action.call)


LATEST_WRITE = Change(prepare=_prepare_write, observe=_observe_write, apply=_write)
LATEST_RESTORE = Change(prepare=as_planned, observe=_observe_restore, apply=_restore)
VERSION = Change(prepare=_prepare_publish, observe=_observe_publish, apply=_publish)
