"""Requests: API Gateway v1 and v2, function URLs and ALB on one side, FC's HTTP trigger (v1) on the other.

FC joins repeated headers and query parameters with commas, and a comma may as well be part of one value. So
they are never split on the way back; where AWS had several, the list is a loss. FC's ``timeEpoch`` is a text.
Header names: lower case on v2, function URLs and ALB, canonical on FC.
Source: Alibaba Cloud, "Use HTTP triggers to invoke functions", read 2026-11-22; AWS, "Working with AWS Lambda
proxy integrations for HTTP APIs", "Lambda functions as targets", read 2026-11-22.
"""

from __future__ import annotations

from typing import Any

from .http_to_aws import to_alb, to_v1, to_v2
from .http_to_fc import from_v1, from_v2
from .model import Kind, Ledger, Reading, Setting, Translated, Untranslatable


def to_fc(event: Any, setting: Setting, *, kind: Kind) -> Translated:
    """Give FC's request for one of the four AWS shapes.

    Raises:
        Untranslatable: the event is not of this shape.
    """
    ledger = Ledger()
    reading = Reading(event, "", ledger)
    if kind in (Kind.API_V2, Kind.URL):
        return ledger.result(from_v2(reading, setting))
    return ledger.result(from_v1(reading, setting, alb=kind is Kind.ALB))


def to_aws(event: Any, setting: Setting, *, kind: Kind) -> Translated:
    """Give the request in one of the four AWS shapes.

    Raises:
        Untranslatable: the event is no request of FC's HTTP trigger.
    """
    ledger = Ledger()
    reading = Reading(event, "", ledger)
    if reading.take("version") != "v1" or not isinstance(reading.peek("requestContext"), dict):
        raise Untranslatable("this is no request of FC's HTTP trigger", "/version")
    if kind in (Kind.API_V2, Kind.URL):
        return ledger.result(to_v2(reading, setting, url=kind is Kind.URL))
    if kind is Kind.ALB:
        return ledger.result(to_alb(reading, setting))
    return ledger.result(to_v1(reading, setting))
