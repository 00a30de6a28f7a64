"""Who may sign: the account's key, the relay's key, and temporary keys of assumed roles."""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from sandbox.alibaba import clock, files
from sandbox.keys import AlibabaKeys, RelayKeys


class Scope(StrEnum):
    """What a key may do."""

    EVERYTHING = "everything"
    INVOKE_ONLY = "invoke-only"


@dataclass(frozen=True, kw_only=True, slots=True)
class AccessKey:
    """One key; ``token`` is set for temporary ones, ``expires`` is in unix seconds."""

    key_id: str
    secret: str = field(repr=False)
    scope: Scope
    token: str | None = field(default=None, repr=False)
    expires: float | None = None


class KeyRing:
    """All keys that the sandbox knows; temporary ones are drawn here and survive a restart."""

    def __init__(self, *, account: AlibabaKeys, relay: RelayKeys, path: Path) -> None:
        self._lock = threading.Lock()
        self._path = path
        self._fixed = {
            key.key_id: key
            for key in (
                AccessKey(
                    key_id=account.access_key_id,
                    secret=account.access_key_secret,
                    scope=Scope.EVERYTHING,
                ),
                AccessKey(
                    key_id=relay.access_key_id,
                    secret=relay.access_key_secret,
                    scope=Scope.INVOKE_ONLY,
                ),
            )
        }
        self._temporary: dict[str, AccessKey] = {}
        for key_id, row in files.read_json(path).items():
            self._temporary[key_id] = AccessKey(
                key_id=key_id,
                secret=row["secret"],
                scope=Scope(row["scope"]),
                token=row["token"],
                expires=row["expires"],
            )

    def find(self, key_id: str) -> AccessKey | None:
        """Give the key of this id, or None when it is unknown or has run out."""
        key = self._fixed.get(key_id) or self._temporary.get(key_id)
        if key is None or (key.expires is not None and key.expires < clock.now()):
            return None
        return key

    def draw_temporary(self, *, lifetime_s: int) -> AccessKey:
        """Draw a temporary key with the rights of the account."""
        key = AccessKey(
            key_id="STS." + secrets.token_urlsafe(18),
            secret=secrets.token_urlsafe(32),
            scope=Scope.EVERYTHING,
            token=secrets.token_urlsafe(96),
            expires=clock.now() + lifetime_s,
        )
        with self._lock:
            alive = {k: v for k, v in self._temporary.items() if v.expires and v.expires > clock.now()}
            self._temporary = {**alive, key.key_id: key}
            files.write_json(
                self._path,
                {
                    k: {"secret": v.secret, "scope": v.scope, "token": v.token, "expires": v.expires}
                    for k, v in self._temporary.items()
                },
            )
        return key
