"""Buckets, queues and tables of both simulated clouds, and probes that look at them.

A behaviour of a function writes into ``world.store(side)``; nothing else does.
"""

from __future__ import annotations

from collections.abc import Collection

from clouds.simulated.world import World
from cutover.effects import Effect, EffectKind, Held, Mark, Twin, TwinKind, changes, content_of
from cutover.observation import Side
from cutover.ports import EffectProbe

SCHEMA = ":schema"
"""Ends the name under which a store holds, as ``schema``, the version of a table's schema."""
_KINDS = {
    TwinKind.BUCKET: (EffectKind.OBJECT_WRITTEN, EffectKind.OBJECT_WRITTEN, EffectKind.OBJECT_DELETED),
    TwinKind.TABLE: (EffectKind.ROW_INSERTED, EffectKind.ROW_UPDATED, EffectKind.ROW_DELETED),
}


class Probes:
    """``cutover.ports.Probes`` of one side."""

    def __init__(self, world: World, side: Side) -> None:
        self._world, self._side = world, side

    def of(self, twin: Twin) -> EffectProbe:
        name = twin.primary if self._side is Side.PRIMARY else twin.candidate
        return Probe(self._world, self._side, twin, name)


class Probe:
    """Looks at one resource of one side."""

    def __init__(self, world: World, side: Side, twin: Twin, name: str) -> None:
        self._world, self._side, self._twin, self._name = world, side, twin, name

    def before(self, touched: Collection[str] | None = None) -> Mark:
        self._world.read(self._side.value, "probe:before", lambda: None)
        store = self._world.store(self._side)
        return Mark(held=self._held(), messages=frozenset({str(len(store.messages(self._name)))}))

    def after(self, mark: Mark) -> tuple[Effect, ...]:
        self._world.read(self._side.value, "probe:after", lambda: None)
        if self._twin.kind in (TwinKind.QUEUE, TwinKind.TOPIC):
            (earlier,) = mark.messages
            fresh = self._world.store(self._side).messages(self._name)[int(earlier) :]
            return tuple(
                content_of(EffectKind.MESSAGE_SENT, self._twin.name, "", body) for body in sorted(fresh)
            )
        found = changes(self._twin.name, mark.held, self._held(), _KINDS[self._twin.kind])
        schema = self._world.store(self._side).things(f"{self._name}{SCHEMA}").get("schema")
        if schema is None:
            return found
        return (*found, content_of(EffectKind.SCHEMA_VERSION, self._twin.name, "schema", schema[1]))

    def _held(self) -> dict[str, Held]:
        things = self._world.store(self._side).things(self._name)
        return {
            key: Held(stamp=str(number), size=len(content), content=content)
            for key, (number, content) in things.items()
        }
