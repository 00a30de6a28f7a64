"""Routes of comparison: where pairs differ, one pair, and notes on it."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import Http404, HttpRequest
from ninja import Router, Schema
from pydantic import Field

from dashboard.api.roles import needs
from dashboard.api.shapes import Problem
from dashboard.views.common import find
from dashboard.views.pair_lists import filter_of
from migrations_app.models import Pair, Run
from migrations_app.selectors import pair_lists
from migrations_app.services import notes
from migrations_app.services.people import Role

router = Router()
PROBLEMS = {403: Problem, 404: Problem, 409: Problem, 422: Problem}


class FieldOut(Schema):
    """Pairs that differ first in one field, with the newest as an example."""

    pointer: str
    outcome: str
    blame: str
    pairs: int
    example: uuid.UUID
    sentence: str


class NoteIn(Schema):
    """A bug; ``part`` and ``pointer`` name the difference, both empty for the whole pair."""

    text: str = Field(min_length=1, max_length=1000)
    part: str = Field(default="", max_length=10)
    pointer: str = Field(default="", max_length=200)


@router.get(
    "/functions/{address}/differences", response={200: list[FieldOut], **PROBLEMS}, summary="Differing fields"
)
def differing_fields(request: HttpRequest, address: str) -> Any:
    """What pairs differ in first, by field, the most frequent first; ``run``: of one validation."""
    needs(request, Role.VIEWER)
    function = find(address)
    asked = filter_of(request)
    run = Run.objects.filter(pk=asked.run, function=function).first() if asked.run else None
    if asked.run and run is None:
        raise Http404("There is no such validation of this function.")
    return pair_lists.fields(function.pk, run=run, most=100)


@router.get("/pairs/{key}", response={200: dict[str, Any], **PROBLEMS}, summary="One pair")
def one_pair(request: HttpRequest, key: uuid.UUID) -> dict[str, Any]:
    """A pair with both observations, the comparison and what people noted."""
    needs(request, Role.VIEWER)
    row = _pair(key)
    return {
        "id": str(row.pk),
        "function": row.function.name,
        "run": str(row.run_id) if row.run_id else None,
        "title": row.title,
        "at": row.at.isoformat(),
        "outcome": row.outcome,
        "counts": row.counts,
        "sentence": row.sentence,
        "event": row.event,
        "primary": row.primary,
        "candidate": row.candidate,
        "comparison": row.comparison,
        "logs_pending": row.logs_pending,
        "notes": [notes.document(note) for note in notes.of_pair(row.pk)],
    }


@router.post("/pairs/{key}/notes", response={200: dict[str, Any], **PROBLEMS}, summary="Note a bug")
def note_bug(request: HttpRequest, key: uuid.UUID, body: NoteIn) -> dict[str, Any]:
    """Say of a difference, or of the pair, that it is a bug."""
    needs(request, Role.OPERATOR)
    row = notes.add(_pair(key), text=body.text, part=body.part, pointer=body.pointer, actor=_actor(request))
    return notes.document(row)


def _pair(key: uuid.UUID) -> Pair:
    found = Pair.objects.select_related("function").filter(pk=key).first()
    if found is None:
        raise Http404("There is no such pair. It may be older than what is kept.")
    return found


def _actor(request: HttpRequest) -> str:
    return request.user.get_username()
