"""Sample events for the triggers that the inventory knows of a function."""

from __future__ import annotations

from collections.abc import Sequence

from cutover.errors import BadInput
from cutover.suites import GENERATED, Entry, generate, kind_of_trigger
from migrations_app.models import FunctionMigration


def kinds_of(function: FunctionMigration) -> dict[str, str]:
    """Give kind -> source of the first trigger of that kind, of kinds that events are generated for."""
    triggers = function.facts.get("triggers") or ()
    found = {kind_of_trigger(one): str(one.get("source", "")) for one in reversed(triggers)}
    return {kind: source for kind, source in found.items() if kind}


def samples(
    function: FunctionMigration, *, kinds: Sequence[str] = (), count: int | None = None, seed: int = 1
) -> tuple[Entry, ...]:
    """Generate events of these kinds, or of those of the function's triggers. The same seed, the same events.

    ``count``: events of each kind; None: one of each variety. Raises BadInput.
    """
    sources = kinds_of(function)
    wanted = list(dict.fromkeys(kinds or sources))
    if not wanted:
        raise BadInput(
            f"No trigger of {function.name} is known that events are generated for. Say which kind: "
            f"{', '.join(GENERATED)}."
        )
    return tuple(
        entry
        for kind in wanted
        for entry in generate(
            kind,
            seed=seed,
            count=count,
            source=sources.get(kind, ""),
            region=function.connection.region,
            account=function.connection.account_id or "123456789012",
        )
    )
