"""Looks at a function's twins around each invocation.

What is found between two looks is laid to the invocation between them. That holds only while nothing else
writes there, so positions of a run with twins go one at a time, and its two sides are looked at apart.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from cutover.effects import Names, Twin, TwinKind, TwinState
from cutover.errors import CloudError, TransientCloudError
from cutover.observation import Observation, Outcome, Side
from cutover.ports import CandidateCloud, EffectProbe, PrimaryCloud
from migrations_app.models import FunctionMigration, Run
from migrations_app.services import twins
from workers import wiring

UNREAD = "effects-unread"
"""A fact under this name says why the effects of an invocation were not read."""
_Clouds = dict[Side, PrimaryCloud | CandidateCloud]
_MAY_STILL_RUN = frozenset({Outcome.NO_ANSWER, Outcome.THROTTLED})


@dataclass(frozen=True, kw_only=True, slots=True)
class Looks:
    """The probes of one side and the names of twins that are replaced in what they find."""

    probes: tuple[EffectProbe, ...]
    names: Names


def looks(
    function: FunctionMigration, primary: PrimaryCloud, candidate: CandidateCloud
) -> dict[Side, Looks | None]:
    """Give what looks at each side; None where the function has no twin to look at.

    Raises:
        UnsupportedFeature: a twin cannot be looked at, and why.
    """
    found = [row.value for row in twins.probed(function)]
    if not found:
        return dict.fromkeys(Side)
    names = Names(row.value for row in function.twins.all())
    clouds: _Clouds = {Side.PRIMARY: primary, Side.CANDIDATE: candidate}
    return {
        side: Looks(probes=tuple(_probe(twin, side, clouds) for twin in found), names=names) for side in Side
    }


def _probe(twin: Twin, side: Side, clouds: _Clouds) -> EffectProbe:
    """Give the probe of a side. A shared resource is AWS's, also when FC writes to it."""
    where = Side.PRIMARY if twin.state is TwinState.SHARED else side
    if twin.kind is TwinKind.TABLE:
        return wiring.table_probes(where).of(twin)
    return clouds[where].probes.of(twin)


def one_at_a_time(run: Run) -> Run:
    """Let the run have one position in flight, also when another worker goes on with it."""
    if run.concurrency != 1:
        Run.objects.filter(pk=run.pk).update(concurrency=1)
        run.concurrency = 1
    return run


def around(looks_at: Looks | None, call: Callable[[], Observation]) -> Observation:
    """Call once, and give what it did with what changed meanwhile.

    A look that fails for the moment costs this invocation its effects; its answer is evidence still.
    Raises CloudError when looking before can never succeed; nothing was called then.
    """
    if looks_at is None:
        return call()
    try:
        marks = [probe.before() for probe in looks_at.probes]
    except TransientCloudError as exc:
        return _unread(call(), exc)
    seen = call()
    if seen.outcome in _MAY_STILL_RUN:
        return seen
    try:
        found = [
            effect for probe, mark in zip(looks_at.probes, marks, strict=True) for effect in probe.after(mark)
        ]
    except CloudError as exc:
        return _unread(seen, exc)
    return replace(seen, effects=tuple(looks_at.names.effect(effect) for effect in found))


def _unread(seen: Observation, why: CloudError) -> Observation:
    return replace(seen, facts=(*seen.facts, (UNREAD, str(why)[:300])))
