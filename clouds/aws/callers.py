"""Who calls a function, read from the services that do: rules, schedules, buckets, topics and APIs.

A resource policy says who may call; these say who does, on which qualifier and under which condition. What a
service would say is found by the ARNs in the policy (buckets, APIs) or in lists of the whole account (rules,
schedules, subscriptions), which are kept for a minute so that an inventory reads them once. Each reading is
optional: what is denied or not there is named in ``unread`` and stops nothing.

Source: API models of 2026-07 of events, scheduler, s3, sns, apigateway and apigatewayv2.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from clouds.aws.errors import calling
from clouds.aws.facts import addresses, qualifier_of
from clouds.aws.session import Clients
from cutover.errors import CloudError
from cutover.ports import Document

KEPT_S = 60.0
T = TypeVar("T")


class Callers:
    """Reads triggers from the services that hold them; safe for threads."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[float, list[dict[str, Any]]]] = {}

    def forget(self) -> None:
        """Read the account's lists anew at the next look, as an inventory does when it starts."""
        with self._lock:
            self._kept.clear()

    def triggers(
        self, arn: str, function: str, permitted: Sequence[Document], unread: list[str]
    ) -> tuple[Document, ...]:
        """Give triggers as they are, in place of the statements that permit them.

        A statement that nothing was found for stays, marked ``permission_only`` where its service was read.

        Args:
            permitted: the triggers that the resource policies name.
            unread: gets a sentence for each service that could not be read.
        """
        read = _Reader(unread)
        found: list[Document] = [
            *self._rules(arn, function, read),
            *self._schedules(arn, function, read),
            *self._subscriptions(arn, function, read),
        ]
        kept: list[Document] = []
        for one in permitted:
            live = list(self._named(one, arn, function, read))
            found += live
            if live or _told(one, found):
                continue
            kept.append({**one, "permission_only": True} if one["kind"] in _READ and read.whole else one)
        return tuple(each_once([*found, *kept]))

    def _named(self, permitted: Document, arn: str, function: str, read: _Reader) -> Iterable[Document]:
        source = str(permitted.get("source", ""))
        if permitted["kind"] == "s3" and source.startswith("arn:aws"):
            return self._notifications(source, arn, function, read)
        if permitted["kind"] == "apigateway" and ":execute-api:" in source:
            return self._api(source.split(":")[5].partition("/")[0], arn, function, read)
        return ()

    # ------------------------------------------------------------------------------------ the account

    def _rules(self, arn: str, function: str, read: _Reader) -> Iterator[Document]:
        nothing: list[dict[str, Any]] = []
        for rule in read("events:ListRules", lambda: self._keep("rules", self._all_rules), nothing):
            for target in rule["targets"]:
                if addresses(str(target.get("Arn", "")), arn, function):
                    schedule = rule.get("ScheduleExpression")
                    yield {
                        "kind": "schedule" if schedule else "eventbridge",
                        "source": str(rule.get("Arn", "")),
                        "qualifier": qualifier_of(target["Arn"]),
                        "enabled": str(rule.get("State", "")).startswith("ENABLED"),
                        "detail": str(schedule or rule.get("EventPattern", "")),
                        "id": str(target.get("Id", "")),
                    }

    def _all_rules(self) -> Iterator[dict[str, Any]]:
        events = self._clients.get("events")
        for bus in _pages(events.list_event_buses, "EventBuses", "NextToken"):
            name = bus["Name"]
            for rule in _pages(events.list_rules, "Rules", "NextToken", EventBusName=name):
                targets = _pages(
                    events.list_targets_by_rule, "Targets", "NextToken", Rule=rule["Name"], EventBusName=name
                )
                # Only targets that are functions are kept: inputs of others may be large.
                kept = [{"Arn": one["Arn"], "Id": one["Id"]} for one in targets if ":lambda:" in one["Arn"]]
                yield {**rule, "targets": kept}

    def _schedules(self, arn: str, function: str, read: _Reader) -> Iterator[Document]:
        nothing: list[dict[str, Any]] = []
        schedules = read(
            "scheduler:ListSchedules", lambda: self._keep("schedules", self._all_schedules), nothing
        )
        for one in schedules:
            target = str((one.get("Target") or {}).get("Arn", ""))
            if addresses(target, arn, function):
                yield {
                    "kind": "scheduler",
                    "source": str(one.get("Arn", "")),
                    "qualifier": qualifier_of(target),
                    "enabled": one.get("State") == "ENABLED",
                }

    def _all_schedules(self) -> Iterator[dict[str, Any]]:
        yield from _pages(self._clients.get("scheduler").list_schedules, "Schedules", "NextToken")

    def _subscriptions(self, arn: str, function: str, read: _Reader) -> Iterator[Document]:
        def every() -> Iterator[dict[str, Any]]:
            yield from _pages(self._clients.get("sns").list_subscriptions, "Subscriptions", "NextToken")

        nothing: list[dict[str, Any]] = []
        for one in read("sns:ListSubscriptions", lambda: self._keep("subscriptions", every), nothing):
            endpoint = str(one.get("Endpoint", ""))
            if one.get("Protocol") == "lambda" and addresses(endpoint, arn, function):
                yield {
                    "kind": "sns",
                    "source": str(one.get("TopicArn", "")),
                    "qualifier": qualifier_of(endpoint),
                    "enabled": str(one.get("SubscriptionArn", "")).startswith("arn:"),
                    "subscription": str(one.get("SubscriptionArn", "")),
                }

    def _keep(self, what: str, make: Callable[[], Iterable[dict[str, Any]]]) -> list[dict[str, Any]]:
        """Give a list of the account, read again after a minute; two threads read it once."""
        with self._lock:
            read_at, found = self._kept.get(what, (float("-inf"), []))
            if time.monotonic() - read_at > KEPT_S:
                found = list(make())
                self._kept[what] = (time.monotonic(), found)
            return found

    # ---------------------------------------------------------------------------- what policies name

    def _notifications(self, bucket: str, arn: str, function: str, read: _Reader) -> Iterator[Document]:
        name = bucket.rpartition(":")[2]
        nothing: dict[str, Any] = {}
        found = read(
            "s3:GetBucketNotification",
            lambda: self._clients.get("s3").get_bucket_notification_configuration(Bucket=name),
            nothing,
        )
        for one in found.get("LambdaFunctionConfigurations") or ():
            target = str(one.get("LambdaFunctionArn", ""))
            if addresses(target, arn, function):
                rules = ((one.get("Filter") or {}).get("Key") or {}).get("FilterRules") or ()
                yield {
                    "kind": "s3",
                    "source": bucket,
                    "qualifier": qualifier_of(target),
                    "enabled": True,
                    "detail": ", ".join(one.get("Events") or ()),
                    "filter": {str(rule["Name"]).lower(): str(rule["Value"]) for rule in rules},
                    "id": str(one.get("Id", "")),
                }

    def _api(self, api: str, arn: str, function: str, read: _Reader) -> Iterable[Document]:
        if not api or api == "*":
            return ()
        nothing: list[Document] = []
        rest = read("apigateway:GetResources", lambda: list(self._rest(api, arn, function)), nothing)
        return rest or read(
            "apigateway:GetIntegrations", lambda: list(self._http(api, arn, function)), nothing
        )

    def _rest(self, api: str, arn: str, function: str) -> Iterator[Document]:
        gateway = self._clients.get("apigateway")
        features: list[str] | None = None
        resources = _pages(
            gateway.get_resources, "items", "position", restApiId=api, embed=["methods"], limit=500
        )
        for resource in resources:
            for verb, method in (resource.get("resourceMethods") or {}).items():
                uri = str((method.get("methodIntegration") or {}).get("uri", ""))
                target = uri.partition("/functions/")[2].removesuffix("/invocations")
                if not addresses(target, arn, function):
                    continue
                if features is None:
                    features = list(_features(gateway, api))
                own = [
                    *features,
                    *(["API keys"] if method.get("apiKeyRequired") else []),
                    *(["authorizers"] if method.get("authorizationType", "NONE") != "NONE" else []),
                    *(["request validation"] if method.get("requestValidatorId") else []),
                ]
                yield {
                    "kind": "apigateway",
                    "source": f"{api} {verb} {resource.get('path', '')}",
                    "qualifier": qualifier_of(target),
                    "enabled": True,
                    "detail": str((method.get("methodIntegration") or {}).get("type", "")),
                    "features": sorted(set(own)),
                    "version": "1.0",
                }

    def _http(self, api: str, arn: str, function: str) -> Iterator[Document]:
        gateway = self._clients.get("apigatewayv2")
        routes = {
            str(one.get("Target", "")).rpartition("/")[2]: one
            for one in _pages(gateway.get_routes, "Items", "NextToken", ApiId=api)
        }
        for one in _pages(gateway.get_integrations, "Items", "NextToken", ApiId=api):
            uri = str(one.get("IntegrationUri", ""))
            target = uri.partition("/functions/")[2].removesuffix("/invocations") or uri
            if addresses(target, arn, function):
                route = routes.get(str(one.get("IntegrationId")), {})
                guarded = route.get("AuthorizationType", "NONE") != "NONE"
                yield {
                    "kind": "apigateway",
                    "source": f"{api} {route.get('RouteKey', '')}".strip(),
                    "qualifier": qualifier_of(target),
                    "enabled": True,
                    "features": ["authorizers"] if guarded else [],
                    "version": str(one.get("PayloadFormatVersion", "")),
                }


_READ = frozenset({"s3", "sns", "eventbridge", "apigateway"})
"""Kinds of which the service that calls is read, so that an absent trigger is known to be absent."""


class _Reader:
    """Makes a reading optional. ``whole``: nothing was left unread so far."""

    def __init__(self, unread: list[str]) -> None:
        self._unread = unread
        self.whole = True

    def __call__(self, operation: str, call: Callable[[], T], absent: T) -> T:
        try:
            with calling(operation):
                return call()
        except CloudError as error:
            self.whole = False
            sentence = f"{operation} could not be read ({type(error).__name__})."
            if sentence not in self._unread:
                self._unread.append(sentence)
            return absent


def _features(gateway: Any, api: str) -> Iterator[str]:
    """Give what a REST API does besides passing requests on."""
    plans = _pages(gateway.get_usage_plans, "items", "position")
    if any(stage.get("apiId") == api for plan in plans for stage in plan.get("apiStages") or ()):
        yield "usage plans"
    if gateway.get_authorizers(restApiId=api).get("items"):
        yield "authorizers"
    if gateway.get_request_validators(restApiId=api).get("items"):
        yield "request validation"


def _pages(call: Callable[..., Any], items: str, token: str, **arguments: Any) -> Iterator[dict[str, Any]]:
    """Give all items of a list that is told in pages; a token that comes back twice ends it."""
    following: dict[str, str] = {}
    while True:
        answer: Mapping[str, Any] = call(**arguments, **following)
        yield from answer.get(items) or ()
        said = answer.get(token)
        if not said or following.get(token) == said:
            return
        following = {token: said}


def _told(permitted: Document, found: Iterable[Document]) -> bool:
    """Tell whether a trigger that was found is what a statement permits."""
    source, qualifier = permitted.get("source"), permitted.get("qualifier")
    alike = {"eventbridge": ("eventbridge", "schedule"), "scheduler": ("scheduler",), "sns": ("sns",)}
    kinds = alike.get(str(permitted["kind"]), ())
    return any(
        one["kind"] in kinds and one["source"] == source and one["qualifier"] == qualifier for one in found
    )


def each_once(documents: Iterable[Document]) -> Iterator[Document]:
    """Give each document once: two statements may permit the same trigger."""
    seen: list[Document] = []
    for one in documents:
        if one not in seen:
            seen.append(one)
            yield one
