"""CRC-64 as OSS computes it (ECMA-182, reflected), a plain function of bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import crcmod  # type: ignore[import-untyped]

crc64 = cast(
    Callable[[bytes], int],
    crcmod.mkCrcFun(0x142F0E1EBA9EA3693, initCrc=0, xorOut=0xFFFFFFFFFFFFFFFF, rev=True),
)
