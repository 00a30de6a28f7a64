"""CRC-64 as OSS computes it (ECMA-182, reflected), a plain function of bytes and of the CRC before them."""

from __future__ import annotations

from typing import Protocol, cast

import crcmod  # type: ignore[import-untyped]


class Crc64(Protocol):
    """Gives the CRC of bytes that follow others whose CRC is ``crc``."""

    def __call__(self, piece: bytes, crc: int = 0, /) -> int: ...


crc64 = cast(Crc64, crcmod.mkCrcFun(0x142F0E1EBA9EA3693, initCrc=0, xorOut=0xFFFFFFFFFFFFFFFF, rev=True))
