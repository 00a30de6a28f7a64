"""Evidence as rows: observations and comparisons made fit for storing, and what evidence belongs to.

Payloads are redacted, then capped at ``PAYLOAD_LIMIT_BYTES``; the hash and the length are those of the whole
body as it came, so that two bodies can still be told apart.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson
from django.utils import timezone

from cutover import comparison as comparing
from cutover.analysis import PairEvidence, gb_seconds
from cutover.comparison import COUNTS_AGAINST, Comparison, PairOutcome, Standing
from cutover.effects import Effect, EffectKind
from cutover.observation import LogLine, Observation, Outcome, Side
from migrations_app.models import FunctionMigration, Pair, Run
from migrations_app.models.evidence import utc_today
from migrations_app.services.inventory import evidence_digest
from migrations_app.services.policies import policy_for
from migrations_app.services.redaction import REDACTED, looks_secret, redact, redact_line

PAYLOAD_LIMIT_BYTES = 65_536
EFFECTS_LIMIT_BYTES = 262_144
"""So much of what all effects of one invocation wrote is kept; of the rest only hashes."""
_MESSAGE_LIMIT = 500


def is_stale(function: FunctionMigration, *, now: dt.datetime, max_age_s: int) -> bool:
    """Tell whether the paired verdict belongs to something else than what is there now, or is too old."""
    if not function.verdict_at or function.evidence_digest != evidence_digest(function):
        return True
    return (now - function.verdict_at).total_seconds() > max_age_s


def observation_document(observation: Observation) -> dict[str, Any]:
    """Give an observation as ``Pair.primary`` and ``Pair.candidate`` hold it."""
    return {
        "outcome": observation.outcome.value,
        "request_id": observation.request_id,
        "version": observation.version,
        "at": observation.at.isoformat(),
        "duration_ms": observation.duration_ms,
        "billed_ms": observation.billed_ms,
        "max_memory_mb": observation.max_memory_mb,
        "round_trip_ms": observation.round_trip_ms,
        "cold": observation.cold,
        "error_type": observation.error_type,
        "error_message": redact_line(observation.error_message)[:_MESSAGE_LIMIT],
        "logs": log_documents(observation.logs),
        "facts": dict(observation.facts),
        **_effects_document(observation.effects),
        **payload_document(observation.payload),
    }


def _effects_document(effects: Sequence[Effect] | None) -> dict[str, Any]:
    if effects is None:
        return {}
    room = EFFECTS_LIMIT_BYTES
    found = []
    for one in effects:
        text = _redacted(one.text.encode()).decode()
        room -= len(text)
        found.append(
            {
                "kind": one.kind.value,
                "twin": one.twin,
                "key": one.key,
                "size": one.size,
                "digest": one.digest,
                "text": text if room >= 0 else "",
            }
        )
    return {"effects": found}


def _effects(stored: Sequence[Mapping[str, Any]] | None) -> tuple[Effect, ...] | None:
    if stored is None:
        return None
    return tuple(Effect(**{**one, "kind": EffectKind(one["kind"])}) for one in stored)


def payload_document(payload: bytes) -> dict[str, Any]:
    """Give a body as text (base64 when it is none), redacted and capped, with hash and length of it all."""
    kept = _redacted(payload)
    cut = kept[:PAYLOAD_LIMIT_BYTES]
    stored: dict[str, Any] = {
        "payload_bytes": len(payload),
        "payload_sha256": hashlib.sha256(payload).hexdigest(),
        "truncated": len(kept) > len(cut),
    }
    try:
        # A cut may fall inside a character; what is not text at all has errors elsewhere, too.
        text = cut.decode("utf-8", "strict" if len(cut) == len(kept) else "ignore")
    except UnicodeDecodeError:
        return stored | {"payload_text": "", "payload_base64": base64.b64encode(cut).decode()}
    # PostgreSQL's jsonb holds no NUL.
    return stored | {"payload_text": text.replace("\x00", "\ufffd")}


def payload_of(stored: Mapping[str, Any]) -> bytes:
    """Give a body as it was stored."""
    if encoded := stored.get("payload_base64"):
        return base64.b64decode(encoded)
    return str(stored.get("payload_text", "")).encode()


def why_kept(row: Pair) -> str:
    """Say why a pair cannot be compared anew: ``cut`` or ``redacted``; empty when it can."""
    for stored in (row.primary, row.candidate):
        if stored.get("truncated"):
            return "cut"
        digest = stored.get("payload_sha256")
        if digest and hashlib.sha256(payload_of(stored)).hexdigest() != digest:
            return "redacted"
        if REDACTED in str(stored.get("error_message", "")):
            return "redacted"
    return ""


def observation_from_document(side: Side, stored: Mapping[str, Any]) -> Observation:
    """Give the observation that was stored, as far as redaction and the cap left it."""
    logs = stored.get("logs")
    return Observation(
        side=side,
        outcome=Outcome(stored["outcome"]),
        payload=payload_of(stored),
        request_id=str(stored.get("request_id", "")),
        at=dt.datetime.fromisoformat(stored["at"]),
        duration_ms=stored.get("duration_ms"),
        billed_ms=stored.get("billed_ms"),
        max_memory_mb=stored.get("max_memory_mb"),
        round_trip_ms=stored.get("round_trip_ms"),
        cold=stored.get("cold"),
        version=str(stored.get("version", "")),
        error_type=str(stored.get("error_type", "")),
        error_message=str(stored.get("error_message", "")),
        logs=None
        if logs is None
        else tuple(LogLine(text=line["text"], level=line["level"]) for line in logs),
        effects=_effects(stored.get("effects")),
        facts=tuple((stored.get("facts") or {}).items()),
    )


def pair(
    run: Run,
    *,
    position: int,
    title: str,
    event: Any,
    first_side: Side,
    primary: Observation,
    candidate: Observation,
    compared: Comparison,
) -> Pair:
    """Give the row (not yet saved) of one pair; nothing secret-looking is in it."""
    return Pair(
        day=run.day if run.created_at else utc_today(),
        function_id=run.function_id,
        run=run,
        position=position,
        title=title[:120],
        event=redact(event),
        first_side=first_side.value,
        primary=observation_document(primary),
        candidate=observation_document(candidate),
        **columns_of(compared),
        logs_pending=compared.log_rows is None and _answered(primary) and _answered(candidate),
        primary_ms=primary.duration_ms,
        candidate_ms=candidate.duration_ms,
        at=max(primary.at, candidate.at),
    )


def columns_of(compared: Comparison) -> dict[str, Any]:
    """Give what a comparison says of its pair: the columns that lists are made of, and the document."""
    gravest = _gravest(compared)
    return {
        "outcome": compared.outcome.value,
        "counts": compared.outcome in COUNTS_AGAINST,
        "first_pointer": (gravest.pointer if gravest else "")[:200],
        "blame": gravest.blame.value if gravest else "",
        "sentence": _sentence(compared)[:500],
        "comparison": comparison_document(compared),
    }


def _answered(observation: Observation) -> bool:
    return bool(observation.request_id) and observation.outcome in (
        Outcome.OK,
        Outcome.ERROR,
        Outcome.TIMEOUT,
    )


def unknown_observation(side: Side) -> Observation:
    """Give what is known of a call whose worker ended before its answer was stored."""
    return Observation(
        side=side,
        outcome=Outcome.NO_ANSWER,
        payload=b"",
        request_id="",
        at=timezone.now(),
        error_type="Interrupted",
        error_message="The worker ended before the answer was stored. The call is not made a second time.",
    )


def comparison_document(compared: Comparison) -> dict[str, Any]:
    """Give a comparison for a row: redacted, with ``logs_differ`` beside what the rules wrote."""
    document = comparing.document(compared)
    for difference in document["differences"]:
        if _secret_pointer(difference["pointer"]):
            difference["primary"] = difference["candidate"] = REDACTED
    for row in document["log_rows"] or ():
        for side in ("primary", "candidate"):
            row[side] = None if row[side] is None else redact_line(row[side]).replace("\x00", "\ufffd")
    for row in (*document["differences"], *(document["effect_rows"] or ())):
        for side in ("primary", "candidate"):
            row[side] = None if row[side] is None else redact_line(redact(row[side]))
    return (
        document
        | {"sentence": _sentence(compared), "logs_differ": logs_differ(compared)}
        | {"effects_differ": effects_differ(compared)}
    )


def logs_differ(compared: Comparison) -> bool | None:
    """Tell whether the logs differ beyond noise; None while they are pending."""
    if compared.log_rows is None:
        return None
    return any(row.standing is Standing.COUNTS for row in compared.log_rows)


def effects_differ(compared: Comparison) -> bool | None:
    """Tell whether what the sides left behind differs beyond noise; None where nobody looked."""
    if compared.effect_rows is None:
        return None
    return any(row.standing is Standing.COUNTS for row in compared.effect_rows)


def beside(run: Run) -> Run | None:
    """Give the run whose pairs count with this one's: suite runs and replays are evidence together.

    It is the latest of the other kind that was gathered on the same basis and is not too old by the policy.
    """
    if run.by_address:
        return None
    oldest = timezone.now() - dt.timedelta(seconds=policy_for(run.function).evidence_max_age_s)
    rows = Run.objects.filter(
        function_id=run.function_id,
        state=Run.State.FINISHED,
        basis_digest=run.basis_digest,
        primary_url="",
        candidate_url="",
        finished_at__gte=oldest,
    )
    other = Run.Kind.SUITE if run.kind == Run.Kind.REPLAY else Run.Kind.REPLAY
    return rows.filter(kind=other).order_by("-created_at").first()


_Row = tuple[Any, ...]


def _evidence_rows(run: Run) -> list[_Row]:
    return list(
        Pair.objects.filter(run=run, day=run.day)
        .order_by("position")
        .values_list(
            "pk",
            "position",
            "outcome",
            "primary_ms",
            "candidate_ms",
            "primary__cold",
            "candidate__cold",
            "comparison__logs_differ",
            "comparison__effects_differ",
            "comparison__expected_effects__candidate",
            "primary__billed_ms",
            "candidate__billed_ms",
        )
    )


class Known(NamedTuple):
    """Which pair something is known of."""

    pk: uuid.UUID
    position: int


def paired_evidence(run: Run) -> tuple[list[PairEvidence], list[Known]]:
    """Give what every pair contributes, and which pair it is.

    Those of the run ``beside`` it come first, then its own in order.
    """
    other = beside(run)
    rows = [*(_evidence_rows(other) if other else ()), *_evidence_rows(run)]
    primary_mb, candidate_mb = (
        described.get("memory_mb") for described in (run.function.facts, run.function.target)
    )
    evidence = [
        PairEvidence(
            outcome=PairOutcome(outcome),
            primary_ms=primary_ms,
            candidate_ms=candidate_ms,
            cold=bool(primary_cold) or bool(candidate_cold),
            logs_differ=logs_differ,
            # An effect that the suite expects and FC lacks counts, also where AWS lacks it, too.
            effects_differ=True if lacking else effects_differ,
            primary_gb_s=gb_seconds(primary_billed, primary_mb),
            candidate_gb_s=gb_seconds(candidate_billed, candidate_mb),
        )
        for (
            _,
            _,
            outcome,
            primary_ms,
            candidate_ms,
            primary_cold,
            candidate_cold,
            logs_differ,
            effects_differ,
            lacking,
            primary_billed,
            candidate_billed,
        ) in rows
    ]
    return evidence, [Known(row[0], row[1]) for row in rows]


def _gravest(compared: Comparison) -> comparing.Difference | None:
    order = {Standing.COUNTS: 0, Standing.LOSS: 1, Standing.IGNORED: 2, Standing.NOISE: 3}
    answers_first = sorted(compared.differences, key=lambda one: (one.part == "logs", order[one.standing]))
    return answers_first[0] if answers_first else None


def _sentence(compared: Comparison) -> str:
    gravest = _gravest(compared)
    if gravest is not None and any(_secret_pointer(one.pointer) for one in compared.differences):
        return f"{gravest.pointer} differs."
    return redact_line(compared.sentence).replace("\x00", "\ufffd")


def _secret_pointer(pointer: str) -> bool:
    return any(looks_secret(segment) for segment in pointer.split("/"))


def log_documents(lines: Sequence[LogLine] | None) -> list[dict[str, str]] | None:
    """Give lines as they are stored: redacted, and capped in length and number. None: they are pending."""
    if lines is None:
        return None
    return [
        {"text": redact_line(line.text).replace("\x00", "\ufffd")[:4000], "level": line.level}
        for line in lines[:1000]
    ]


def _redacted(payload: bytes) -> bytes:
    try:
        document = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return _redacted_text(payload)
    clean = redact(document)
    # An answer without secrets is kept byte for byte: its spelling is part of what it said.
    return payload if clean == document else orjson.dumps(clean)


def _redacted_text(payload: bytes) -> bytes:
    try:
        return redact_line(payload.decode()).encode()
    except UnicodeDecodeError:
        return payload
