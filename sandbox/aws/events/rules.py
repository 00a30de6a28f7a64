"""EventBridge's rules: events that fit a pattern go to their targets, functions among them.

Sources: docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html and eb-rule-dlq.html, read
2026-11-22.
"""

import copy
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from moto.events.exceptions import ValidationException
from moto.events.models import EventsBackend, Rule

from sandbox.aws.errors import AwsError
from sandbox.aws.events.destinations import Destinations, Undeliverable
from sandbox.aws.events.expressions import BadExpression, parsed
from sandbox.aws.events.inputs import text_for
from sandbox.aws.events.permission import may_invoke
from sandbox.aws.functions.model import Account

SERVICE = "events.amazonaws.com"
_OWN = ("lambda", "sqs", "sns")
_BY_MOTO = ("logs", "events")
_log = logging.getLogger(__name__)


class Rules:
    """What rules send, and whereto."""

    def __init__(self, account: Account, destinations: Destinations) -> None:
        self._account = account
        self._destinations = destinations

    def install(self) -> None:
        """Replace moto's sending in this process."""
        moto_send: Callable[..., None] = Rule.send_to_targets
        moto_put = EventsBackend.put_rule

        def send_to_targets(self_: Any, event: Any, transform_input: bool = True) -> None:
            if self_.state == "DISABLED" or not self_.event_pattern.get_pattern():
                return
            shown = _shown(event)
            if not self_.event_pattern.matches_event(shown):
                return
            for target in list(self_.targets):
                service = target["Arn"].split(":")[2]
                if service in _OWN:
                    self.send(self_, target, shown)
                elif service in _BY_MOTO:
                    alone = copy.copy(self_)
                    alone.targets = [target]
                    moto_send(alone, copy.deepcopy(event), transform_input)
                else:
                    _log.warning("the rule %s sends nothing to %s in the sandbox", self_.name, target["Arn"])

        def put_rule(self_: Any, name: str, **more: Any) -> Any:
            if expression := more.get("scheduled_expression"):
                try:
                    parsed(expression)
                except BadExpression as exc:
                    raise ValidationException("Parameter ScheduleExpression is not valid.") from exc
            return moto_put(self_, name, **more)

        Rule.send_to_targets = send_to_targets
        EventsBackend.put_rule = put_rule

    def send(self, rule: Any, target: Mapping[str, Any], event: Mapping[str, Any]) -> None:
        """Send an event to one target of a rule; what cannot be sent goes to the target's dead-letter
        queue."""
        arn = target["Arn"]
        text = text_for(target, event, rule.arn, rule.name)
        group = target.get("SqsParameters", {}).get("MessageGroupId")
        is_function = arn.split(":")[2] == "lambda"
        try:
            if is_function and not may_invoke(self._account, arn, service=SERVICE, source_arn=rule.arn):
                raise Undeliverable(f"{arn} does not exist or does not let the rule in")
            self._destinations.send(arn, text, source=SERVICE, group=group)
        except (Undeliverable, AwsError) as exc:
            self._bury(rule, target, text, exc)

    def _bury(self, rule: Any, target: Mapping[str, Any], text: str, why: Exception) -> None:
        dead = target.get("DeadLetterConfig", {}).get("Arn")
        if not dead:
            _log.warning("an event of the rule %s was lost: %s", rule.name, why)
            return
        attributes = {
            "RULE_ARN": rule.arn,
            "TARGET_ARN": target["Arn"],
            "ERROR_CODE": "NO_PERMISSIONS",
            "ERROR_MESSAGE": str(why)[:1024],
        }
        try:
            self._destinations.send(dead, text, source=SERVICE, attributes=attributes)
        except (Undeliverable, AwsError) as exc:
            _log.warning("an event of the rule %s was lost: %s", rule.name, exc)


def _shown(event: Mapping[str, Any]) -> dict[str, Any]:
    """Give an event as targets see it: moto keeps its time as a number."""
    shown = {name: value for name, value in event.items() if name != "ingestion-time"}
    if not isinstance(shown["time"], str):
        shown["time"] = stamp(float(shown["time"]))
    return shown


def stamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
