"""Steps that wait for proof by AWS's own metrics: no bare callers, quiet, and a soak behind the tripwire.

CloudWatch's newest minutes may be incomplete, so a window is looked at from further back than its length, and
up to now: what has arrived already counts, what may still be missing is waited for. Source: Lambda developer
guide, monitoring-metrics.
"""

from __future__ import annotations

import datetime as dt

from cutover.ports import Receipt
from workers.steps.work import Look, StepFailed, Waiting, Work

LONGEST_LAG_S = 180
LEAST_PATIENCE_S = 3_600
PATIENCE_WINDOWS = 14


def _callers(work: Work) -> Receipt:
    """Count calls without any alias. One is too many: it would meet the relay in `$LATEST`."""
    name, window_s = work.request["function"], work.request["window_s"]
    since = work.now - dt.timedelta(seconds=window_s)
    count = work.primary.metrics.invocations(name, resource=name, since=since, until=work.now)
    if count:
        raise StepFailed(
            f"{count} calls in the last {_span(window_s)} addressed {name} without its alias. Let those "
            "callers use the alias 'live' first: they would meet the relay while it is published."
        )
    return Receipt(request_id="", outcome={"calls": 0, "window_s": window_s})


def _quiet(work: Work) -> Receipt:
    """Wait until nobody has called the AWS side, by any way, for the whole window."""
    name, window_s = work.request["function"], work.request["window_s"]
    since = work.now - dt.timedelta(seconds=window_s + _lag_s(window_s))
    count = work.primary.metrics.invocations(name, resource=None, since=since, until=work.now)
    if not count:
        return Receipt(request_id="", outcome={"calls": 0, "window_s": window_s, "since": since.isoformat()})
    began = work.operation.started_at or work.now
    limit = began + dt.timedelta(seconds=max(LEAST_PATIENCE_S, PATIENCE_WINDOWS * window_s))
    if work.now > limit:
        raise StepFailed(
            f"{name} was still called on AWS, {count} times in the last {_span(window_s)}. Move its callers "
            "first; nothing was removed."
        )
    raise Waiting(
        work.now + _poll(window_s),
        f"{count} calls reached {name} on AWS in the last {_span(window_s + _lag_s(window_s))}; none may for "
        f"that long. Waiting until {limit:%Y-%m-%d %H:%M} UTC at most.",
    )


def _tripwire(work: Work) -> Receipt:
    """Wait out the soak at reserved concurrency 0; whoever calls is refused, seen, and stops the removal."""
    name, window_s = work.request["function"], work.request["window_s"]
    closed = work.done("aws.concurrency.set")[-1].finished_at or work.now
    count = work.primary.metrics.throttles(name, since=closed, until=work.now)
    if count:
        raise StepFailed(
            f"{count} calls of {name} were refused since {closed:%H:%M:%S} UTC: somebody still needs the AWS "
            "side."
        )
    ends = closed + dt.timedelta(seconds=window_s + _lag_s(window_s))
    if work.now < ends:
        raise Waiting(
            min(ends, work.now + _poll(window_s)),
            f"Nobody was refused since {closed:%H:%M:%S} UTC. The soak ends at {ends:%Y-%m-%d %H:%M:%S} UTC.",
        )
    return Receipt(request_id="", outcome={"refused": 0, "since": closed.isoformat()})


def _lag_s(window_s: int) -> int:
    """Give how late a metric may be; a demo's short window is not made three minutes long by it."""
    return min(LONGEST_LAG_S, window_s)


def _poll(window_s: int) -> dt.timedelta:
    return dt.timedelta(seconds=max(1.0, min(60.0, window_s / 10)))


def _span(seconds: int) -> str:
    for length, word in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= 2 * length:
            return f"{seconds // length} {word}s"
    return f"{seconds} seconds"


CALLERS = Look(look=_callers)
QUIET = Look(look=_quiet)
TRIPWIRE = Look(look=_tripwire)
