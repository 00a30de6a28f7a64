"""Events of schedules and of buses, and plain documents for functions that are called directly."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cutover.suites.generators.values import ITEMS, NAMES, Draw, whole

Titled = tuple[str, Any]


def schedule(draw: Draw) -> Iterator[Titled]:
    for title in ("tick", "tick at another time", "tick late in the month"):
        yield title, _scheduled(draw, "aws.events", "rule")


def scheduler(draw: Draw) -> Iterator[Titled]:
    for title in ("tick", "tick at another time", "tick late in the month"):
        yield title, _scheduled(draw, "aws.scheduler", "schedule/default")


def _scheduled(draw: Draw, source: str, kind: str) -> dict[str, Any]:
    service = "events" if kind == "rule" else "scheduler"
    return {
        "version": "0",
        "id": draw.uuid(),
        "detail-type": "Scheduled Event",
        "source": source,
        "account": draw.account,
        "time": whole(draw.instant()),
        "region": draw.region,
        "resources": [draw.arn(service, f"{kind}/nightly")],
        "detail": {},
    }


def events(draw: Draw) -> Iterator[Titled]:
    yield "order placed", _on_bus(draw, "shop.orders", "Order placed", draw.order())
    yield "order cancelled", _on_bus(draw, "shop.orders", "Order cancelled", {"order": draw.hex(8)})
    yield "empty detail", _on_bus(draw, "shop.health", "Heartbeat", {})
    named = _on_bus(draw, "shop.stock", "Stock changed", {"item": draw.random.choice(ITEMS), "left": 0})
    named["resources"] = [f"shelf/{draw.random.randint(1, 9)}", "warehouse/北"]
    yield "event with resources", named
    nested = {"changes": [{"path": "/a/b", "from": None, "to": [1, 2.5, "x"]}], "by": {"name": "Zoë"}}
    yield "nested detail", _on_bus(draw, "shop.audit", "Changed", nested)
    yield "text that is not ASCII", _on_bus(draw, "shop.mail", "Mail sent", {"subject": "您好 – grüße"})


def _on_bus(draw: Draw, source: str, kind: str, detail: Any) -> dict[str, Any]:
    return {
        "version": "0",
        "id": draw.uuid(),
        "detail-type": kind,
        "source": source,
        "account": draw.account,
        "time": whole(draw.instant()),
        "region": draw.region,
        "resources": [],
        "detail": detail,
    }


def plain(draw: Draw) -> Iterator[Titled]:
    yield "document", draw.order()
    yield "name", {"name": draw.random.choice(NAMES)}
    yield "empty object", {}
    yield "list", [draw.random.randint(0, 9) for _ in range(3)]
    yield "text", f"text {draw.hex(6)}"
    yield "numbers at their limits", {"zero": 0, "negative": -1, "large": 2**53, "small": 1e-9, "half": 0.5}
    yield "nulls and blanks", {"nothing": None, "blank": "", "no": False, "none": []}
