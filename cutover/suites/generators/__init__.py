"""Generated sample events: several varied ones per kind of trigger, the same again for the same seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from cutover.errors import BadInput
from cutover.suites.entries import MOST_EVENTS, Entry
from cutover.suites.generators import clock, http, messages
from cutover.suites.generators.values import Draw

GENERATED: dict[str, Callable[[Draw], Iterator[tuple[str, Any]]]] = {
    "s3": messages.s3,
    "sqs": messages.sqs,
    "sns": messages.sns,
    "schedule": clock.schedule,
    "scheduler": clock.scheduler,
    "api-v1": http.api_v1,
    "api-v2": http.api_v2,
    "url": http.url,
    "alb": http.alb,
    "events": clock.events,
    "plain": clock.plain,
}
"""Kind, as ``cutover.translation.Kind`` names it, -> its generator; ``plain`` is no trigger."""

_OF_TRIGGER = {
    "s3": "s3",
    "sqs": "sqs",
    "sns": "sns",
    "schedule": "schedule",
    "scheduler": "scheduler",
    "eventbridge": "events",
    "events": "events",
    "url": "url",
    "alb": "alb",
}


def kind_of_trigger(trigger: Mapping[str, Any]) -> str:
    """Give the kind that is generated for a trigger of the inventory; empty when there is none."""
    kind = str(trigger.get("kind", ""))
    if kind == "apigateway":
        return "api-v2" if trigger.get("version") == "2.0" else "api-v1"
    return _OF_TRIGGER.get(kind, "")


def generate(
    kind: str,
    *,
    seed: int = 1,
    count: int | None = None,
    source: str = "",
    region: str = "us-east-1",
    account: str = "123456789012",
) -> tuple[Entry, ...]:
    """Give sample events of a kind: one of each variety, or ``count`` of them, varieties in turn.

    Args:
        source: the trigger's resource (ARN or name), so that events name the real bucket, queue or topic.

    Raises:
        BadInput: no events are generated for the kind, or the count makes no sense.
    """
    if kind not in GENERATED:
        raise BadInput(f"Events of kind '{kind}' are not generated; these are: {', '.join(GENERATED)}.")
    if count is not None and not 1 <= count <= MOST_EVENTS:
        raise BadInput(f"The number of events lies between 1 and {MOST_EVENTS}.")
    draw = Draw(seed=seed, region=region, account=account, source=source)

    def titled() -> Iterator[tuple[str, Any]]:
        varieties = GENERATED[kind]
        yield from varieties(draw)
        while count is not None:
            yield from varieties(draw)

    return tuple(
        Entry(title=f"{kind}: {title}", event=event, tags=("generated", kind))
        for title, event in islice(titled(), count)
    )
