"""Rules and schedules that fire by the clock.

Each tick is noted on disk before it fires, so that none fires twice; the end of the process between the two
loses that one tick. Ticks that passed while the sandbox was not running fire once, the latest of them.
"""

import json
import logging
import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from moto.events.models import events_backends
from moto.scheduler.exceptions import ValidationException
from moto.scheduler.models import EventBridgeSchedulerBackend, scheduler_backends

from sandbox.aws.durable.store import Store
from sandbox.aws.errors import AwsError
from sandbox.aws.events.destinations import Destinations, Undeliverable
from sandbox.aws.events.expressions import BadExpression, Once, Rate, parsed
from sandbox.aws.events.rules import Rules, stamp
from sandbox.aws.functions.model import Account

LOOK_S = 0.2
_PUT = "INSERT OR REPLACE INTO ticks VALUES (?, ?)"
_UNIVERSAL = "arn:aws:scheduler:::aws-sdk:lambda:invoke"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """One thing that fires by the clock.

    name: changes with the expression, so that a new expression begins anew. first: unix seconds of the first
    tick of a rate that does not wait for its period. within_s: a flexible window. fire: gets the tick in unix
    seconds.
    """

    name: str
    expression: str
    zone: str
    fire: Callable[[float], None]
    first: float | None = None
    begins: float | None = None
    ends: float | None = None
    within_s: float = 0.0


class Ticker:
    """Fires plans. now: the clock, in unix seconds."""

    def __init__(self, store: Store, plans: Callable[[], Iterator[Plan]], now: Callable[[], float]) -> None:
        self._store = store
        self._plans = plans
        self._now = now
        self._last: dict[str, float] = dict(store.rows("SELECT name, at FROM ticks"))

    def look(self) -> None:
        """Fire what is due."""
        now = self._now()
        seen = set()
        for plan in self._plans():
            seen.add(plan.name)
            due = self._due(plan, now)
            if due is None:
                continue
            self._note(plan.name, due)
            try:
                plan.fire(due)
            except (Undeliverable, AwsError) as exc:
                _log.warning("the tick of %s was lost: %s", plan.name, exc)
        for name in set(self._last) - seen:
            # Deleted, disabled or changed: if it comes back, it begins anew.
            del self._last[name]
            self._store.write("DELETE FROM ticks WHERE name = ?", name)

    def _note(self, name: str, at: float) -> None:
        self._store.write(_PUT, name, at)
        self._last[name] = at

    def _due(self, plan: Plan, now: float) -> float | None:
        """Give the latest tick that is due and has not fired."""
        expression = parsed(plan.expression, plan.zone)
        last = self._last.get(plan.name)
        if last is None:
            # A rate without a period before it counts from a moment that makes its first tick the wanted one.
            start = now
            if isinstance(expression, Rate) and plan.first is not None:
                start = plan.first - expression.seconds
            elif isinstance(expression, Once) and plan.first is not None:
                start = min(now, plan.first)
            self._note(plan.name, start)
            last = start
        found = None
        if isinstance(expression, Rate):
            missed = int((now - last) // expression.seconds)
            found = last + missed * expression.seconds if missed > 0 else None
        else:
            moment = expression.after(datetime.fromtimestamp(last, UTC))
            while moment is not None and moment.timestamp() <= now:
                found = moment.timestamp()
                moment = expression.after(moment)
        if found is None or found + _offset(plan, found) > now:
            return None
        if (plan.begins is not None and found < plan.begins) or (plan.ends is not None and found > plan.ends):
            return None
        return found


def _offset(plan: Plan, tick: float) -> float:
    """Give the seconds into a flexible window, the same whenever it is asked for."""
    if not plan.within_s:
        return 0.0
    return random.Random(f"{plan.name} {tick}").uniform(0, plan.within_s)  # noqa: S311 - spreads load


class Schedules:
    """The rules with a schedule, and Scheduler's schedules, of all regions."""

    def __init__(
        self,
        account: Account,
        destinations: Destinations,
        rules: Rules,
        store: Store,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._account = account
        self._destinations = destinations
        self._rules = rules
        self._ticker = Ticker(store, self._plans, now)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="schedules", daemon=True)

    def install(self) -> None:
        """Let moto refuse expressions that AWS refuses."""
        moto_create = EventBridgeSchedulerBackend.create_schedule
        moto_update = EventBridgeSchedulerBackend.update_schedule

        def create_schedule(self_: Any, **given: Any) -> Any:
            _check(given)
            return moto_create(self_, **given)

        def update_schedule(self_: Any, **given: Any) -> Any:
            _check(given)
            return moto_update(self_, **given)

        EventBridgeSchedulerBackend.create_schedule = create_schedule
        EventBridgeSchedulerBackend.update_schedule = update_schedule

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_S):
            try:
                self._ticker.look()
            except Exception:  # noqa: BLE001 - the outermost loop of a thread
                _log.exception("the clock of rules and schedules failed in the sandbox")

    def _plans(self) -> Iterator[Plan]:
        for backend in list(events_backends[self._account.account_id].values()):
            for rule in list(backend.event_buses["default"].rules.values()):
                if rule.scheduled_expression and rule.state == "ENABLED":
                    yield self._of_rule(rule)
        for backend in list(scheduler_backends[self._account.account_id].values()):
            for group in list(backend.schedule_groups.values()):
                for schedule in list(group.schedules.values()):
                    if schedule.state == "ENABLED":
                        yield self._of_schedule(group, schedule)

    def _of_rule(self, rule: Any) -> Plan:
        def fire(tick: float) -> None:
            event = {
                "version": "0",
                "id": str(uuid.uuid4()),
                "detail-type": "Scheduled Event",
                "source": "aws.events",
                "account": self._account.account_id,
                "time": stamp(tick),
                "region": rule.region_name,
                "resources": [rule.arn],
                "detail": {},
            }
            for target in list(rule.targets):
                self._rules.send(rule, target, event)

        return Plan(
            name=f"{rule.arn} {rule.scheduled_expression}",
            expression=rule.scheduled_expression,
            zone="UTC",
            fire=fire,
        )

    def _of_schedule(self, group: Any, schedule: Any) -> Plan:
        def fire(tick: float) -> None:
            try:
                self._to_target(schedule, tick)
            finally:
                is_over = isinstance(parsed(schedule.schedule_expression), Once)
                if is_over and schedule.action_after_completion == "DELETE":
                    group.schedules.pop(schedule.name, None)

        zone = schedule.schedule_expression_timezone
        begins = _unix(schedule.start_date)
        window = schedule.flexible_time_window or {}
        flexible = window.get("Mode") == "FLEXIBLE"
        return Plan(
            name=f"{schedule.arn} {schedule.schedule_expression} {zone} {schedule.creation_date}",
            expression=schedule.schedule_expression,
            zone=zone,
            fire=fire,
            first=begins or schedule.creation_date,
            begins=begins,
            ends=_unix(schedule.end_date),
            within_s=float(window.get("MaximumWindowInMinutes", 0)) * 60 if flexible else 0.0,
        )

    def _to_target(self, schedule: Any, tick: float) -> None:
        """Send to a schedule's target. Its role is not looked at: the sandbox guards Lambda's own calls
        only."""
        target = schedule.target
        arn, text = target["Arn"], self._text_of(schedule, tick)
        if arn == _UNIVERSAL:
            asked = json.loads(text)
            arn, text = self._account.arn(asked["FunctionName"]), str(asked.get("Payload", "{}"))
        group = target.get("SqsParameters", {}).get("MessageGroupId")
        try:
            self._destinations.send(arn, text, source="scheduler.amazonaws.com", group=group)
        except (Undeliverable, AwsError) as exc:
            dead = target.get("DeadLetterConfig", {}).get("Arn")
            if not dead:
                raise
            attributes = {"ERROR_CODE": "TargetError", "ERROR_MESSAGE": str(exc)[:1024], "TARGET_ARN": arn}
            self._destinations.send(dead, text, source="scheduler.amazonaws.com", attributes=attributes)

    def _text_of(self, schedule: Any, tick: float) -> str:
        """Source:
        docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html."""
        given = schedule.target.get("Input")
        if given is None:
            return json.dumps(
                {
                    "version": "0",
                    "id": str(uuid.uuid4()),
                    "detail-type": "Scheduled Event",
                    "source": "aws.scheduler",
                    "account": self._account.account_id,
                    "time": stamp(tick),
                    "region": schedule.arn.split(":")[3],
                    "resources": [schedule.arn],
                    "detail": "{}",
                }
            )
        for name, value in (
            ("schedule-arn", schedule.arn),
            ("scheduled-time", stamp(tick)),
            ("execution-id", str(uuid.uuid4())),
            ("attempt-number", "1"),
        ):
            given = given.replace(f"<aws.scheduler.{name}>", value)
        return str(given)


def _unix(given: Any) -> float | None:
    """Understand a date as Scheduler's REST protocol sends it, in unix seconds or as text."""
    if given is None or isinstance(given, int | float):
        return given
    return datetime.fromisoformat(str(given).replace("Z", "+00:00")).timestamp()


def _check(given: Mapping[str, Any]) -> None:
    text = given["schedule_expression"]
    try:
        parsed(text, given.get("schedule_expression_timezone") or "UTC")
    except BadExpression as exc:
        raise ValidationException(f"Invalid Schedule Expression {text}.") from exc
    arn = given["target"]["Arn"]
    if arn != _UNIVERSAL and arn.split(":")[2] not in ("lambda", "sqs", "sns"):
        raise ValidationException(f"The sandbox's schedules send to Lambda, SQS and SNS only, not to {arn}.")
