"""Values that generated events are made of, drawn from a seed: the same seed gives the same events."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import random
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

_EPOCH = dt.datetime(2026, 1, 5, 8, 0, tzinfo=dt.UTC)
NAMES = ("Ada", "Grace", "Zoë", "李雷", "O'Brien", "José", "Łukasz", "नेहा")
ITEMS = ("lamp", "chair", "café cup", "枕头", "desk & drawer", "rug+pad")


@dataclass(kw_only=True, slots=True)
class Draw:
    """Draws values. ``source``: the trigger's resource (ARN or name), empty when not known."""

    seed: int
    region: str = "us-east-1"
    account: str = "123456789012"
    source: str = ""
    random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        # Events of a suite, nothing secret hangs on them.
        self.random = random.Random(self.seed)  # noqa: S311

    def name_of(self, fallback: str) -> str:
        """Give the resource's own name: the end of its ARN."""
        return self.source.rsplit(":", 1)[-1].rsplit("/", 1)[-1] or fallback

    def arn(self, service: str, name: str) -> str:
        """Give the source's ARN, or one that is made up for the name."""
        if self.source.startswith("arn:"):
            return self.source
        return f"arn:aws:{service}:{self.region}:{self.account}:{name}"

    def uuid(self) -> str:
        return str(UUID(int=self.random.getrandbits(128), version=4))

    def hex(self, digits: int) -> str:
        return f"{self.random.getrandbits(4 * digits):0{digits}x}"

    def instant(self) -> dt.datetime:
        return _EPOCH + dt.timedelta(milliseconds=self.random.randrange(30 * 86_400_000))

    def order(self) -> dict[str, Any]:
        """Give a small document with the things that JSON readers differ in."""
        draw = self.random
        lines = [
            {
                "item": draw.choice(ITEMS),
                "quantity": draw.randint(1, 9),
                "price": draw.randrange(100, 99_999) / 100,
            }
            for _ in range(draw.randint(1, 3))
        ]
        return {
            "order": self.hex(8),
            "customer": {
                "name": draw.choice(NAMES),
                "since": draw.randint(1999, 2026),
                "vip": draw.random() < 0.3,
            },
            "lines": lines,
            "note": None if draw.random() < 0.5 else "",
            "number": 9_007_199_254_740_993 if draw.random() < 0.2 else draw.randint(0, 1000),
        }

    def body(self) -> str:
        return json.dumps(self.order(), ensure_ascii=False)


def iso(at: dt.datetime) -> str:
    """Give a time as S3 and SNS write it: milliseconds and Z."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def whole(at: dt.datetime) -> str:
    """Give a time to the second, with Z."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def ms(at: dt.datetime) -> int:
    return int(at.timestamp() * 1000)


def md5(text: str) -> str:
    """Give the MD5 that SQS and S3 put beside a body; it protects nothing."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
