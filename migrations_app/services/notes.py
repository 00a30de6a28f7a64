"""What people say of a difference: this is a bug. Kept with the pair's key; its page and its run show it."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import transaction

from cutover.errors import BadInput
from migrations_app.models import Pair, PairNote
from migrations_app.services import audit, bell
from migrations_app.services.redaction import redact_line

_TEXT_LIMIT = 1000


def add(pair: Pair, *, text: str, actor: str, part: str = "", pointer: str = "") -> PairNote:
    """Note that a difference, or the pair as a whole, is a bug. Raises BadInput without a text."""
    if not text.strip():
        raise BadInput("A note needs a sentence: what is wrong, and who looks after it.")
    with transaction.atomic():
        row = PairNote.objects.create(
            pair_id=pair.pk,
            run_id=pair.run_id,
            function=pair.function,
            part=part[:10],
            pointer=pointer[:200],
            text=redact_line(text.strip()).replace("\x00", "\ufffd")[:_TEXT_LIMIT],
            author=actor,
        )
        audit.record(
            actor=actor,
            verb="pair:bug",
            function=pair.function,
            reason=row.text[:400],
            detail={"pair": str(pair.pk), "part": row.part, "pointer": row.pointer},
        )
        bell.tell(f"fn-{pair.function_id}", *([f"run-{pair.run_id}"] if pair.run_id else []))
    return row


def withdraw(note_id: int, *, actor: str) -> uuid.UUID:
    """Take a note back; the trail keeps that it was there. Gives the pair's key. Raises BadInput."""
    with transaction.atomic():
        row = PairNote.objects.select_for_update().filter(pk=note_id).first()
        if row is None:
            raise BadInput("The note is gone already. Nothing was changed.")
        audit.record(
            actor=actor,
            verb="pair:bug-withdrawn",
            function=row.function,
            reason=row.text[:400],
            detail={"pair": str(row.pair_id), "pointer": row.pointer, "author": row.author},
        )
        row.delete()
        bell.tell(f"fn-{row.function_id}", *([f"run-{row.run_id}"] if row.run_id else []))
    return row.pair_id


def of_pair(key: uuid.UUID) -> tuple[PairNote, ...]:
    """Give what was said of a pair, oldest first."""
    return tuple(PairNote.objects.filter(pair_id=key))


def document(row: PairNote) -> dict[str, Any]:
    """Give a note as plain JSON."""
    return {
        "id": row.pk,
        "pair": str(row.pair_id),
        "part": row.part,
        "pointer": row.pointer,
        "text": row.text,
        "author": row.author,
        "at": row.at.isoformat(),
    }
