"""Which twins of a function a run looks at, and what brackets its calls."""

from __future__ import annotations

from collections.abc import Mapping

from cutover.effects import Names, Twin, TwinKind, TwinState
from cutover.observation import Side
from cutover.ports import CandidateCloud, EffectProbe, PrimaryCloud
from migrations_app.models import Run
from migrations_app.services import twins
from workers import wiring
from workers.runs import replays
from workers.runs.bracket import Bracket, Looks

_Clouds = Mapping[Side, PrimaryCloud | CandidateCloud]
_NONE: Mapping[Side, Bracket] = {}


def brackets(run: Run, primary: PrimaryCloud, candidate: CandidateCloud) -> Mapping[Side, Bracket]:
    """Give what brackets the calls of each side; none where the function has no twin to look at.

    Of a replay only FC's side, and that only where it can be compared: see ``workers.runs.replays``.

    Raises:
        UnsupportedFeature: a twin cannot be looked at, and why.
    """
    found: list[Twin] = [row.value for row in twins.probed(run.function)]
    sides: tuple[Side, ...] = tuple(Side)
    if run.kind == Run.Kind.REPLAY:
        found, sides = replays.looked_at(run, found), (Side.CANDIDATE,)
    if not found or run.kind not in (Run.Kind.SUITE, Run.Kind.REPLAY):
        return _NONE
    names = Names(row.value for row in run.function.twins.all())
    clouds: _Clouds = {Side.PRIMARY: primary, Side.CANDIDATE: candidate}
    looks = {
        side: Looks(probes=tuple(_probe(twin, side, clouds) for twin in found), names=names) for side in sides
    }
    if any(twin.state is not TwinState.DISPOSABLE for twin in found):
        # What one side writes may reach the other's twin, at once or after a while.
        return {side: Bracket({side: own}) for side, own in looks.items()}
    return dict.fromkeys(sides, Bracket(looks))


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
