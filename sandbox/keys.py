"""The sandbox's own keys: drawn once at the first start, read by everyone who may.

`python -m sandbox.keys` makes $SANDBOX_STATE/keys.json (mode 0600) unless it is there.
"""

import json
import os
import secrets
import string
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path

_UPPER = string.ascii_uppercase + "234567"
_MIXED = string.ascii_letters + string.digits


@dataclass(frozen=True, kw_only=True, slots=True)
class AwsKeys:
    account_id: str
    region: str
    access_key_id: str
    secret_access_key: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class AlibabaKeys:
    account_id: str
    region: str
    access_key_id: str
    access_key_secret: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class RelayKeys:
    """A second Alibaba key that may only call InvokeFunction."""

    access_key_id: str
    access_key_secret: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Keys:
    aws: AwsKeys
    alibaba: AlibabaKeys
    relay: RelayKeys
    admin_token: str = field(repr=False)


def _drawn(alphabet: str, length: int) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))


def draw() -> Keys:
    """Draw a fresh set of keys in the shapes the clouds give them."""
    return Keys(
        aws=AwsKeys(
            account_id="123456789012",
            region="us-east-1",
            access_key_id="AKIA" + _drawn(_UPPER, 16),
            secret_access_key=_drawn(_MIXED, 40),
        ),
        alibaba=AlibabaKeys(
            account_id="1432000000000001",
            region="cn-hangzhou",
            access_key_id="LTAI5t" + _drawn(_MIXED, 18),
            access_key_secret=_drawn(_MIXED, 30),
        ),
        relay=RelayKeys(access_key_id="LTAI5t" + _drawn(_MIXED, 18), access_key_secret=_drawn(_MIXED, 30)),
        admin_token=secrets.token_urlsafe(24),
    )


def place(state: Path) -> Path:
    """Say where the keys lie under a state directory."""
    return state / "keys.json"


def read(state: Path) -> Keys:
    """Read the keys. Raises FileNotFoundError when none were drawn yet."""
    found = json.loads(place(state).read_text())
    return Keys(
        aws=AwsKeys(**found["aws"]),
        alibaba=AlibabaKeys(**found["alibaba"]),
        relay=RelayKeys(**found["relay"]),
        admin_token=found["admin_token"],
    )


def ensure(state: Path) -> Keys:
    """Read the keys, drawing them first when there are none; two starts at once agree on one set."""
    state.mkdir(parents=True, exist_ok=True)
    fresh = state / f"keys.{os.getpid()}.{secrets.token_hex(4)}.new"
    if not place(state).exists():
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(asdict(draw()), file, indent=1)
        try:
            os.link(fresh, place(state))  # fails when another start was faster: then theirs is used
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return read(state)


def main() -> None:
    if not (state := os.environ.get("SANDBOX_STATE")):
        sys.exit("SANDBOX_STATE must name the directory in which the sandbox keeps its state.")
    ensure(Path(state))


if __name__ == "__main__":
    main()
