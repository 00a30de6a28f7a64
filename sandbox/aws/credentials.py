"""Whose keys may sign: the drawn key, IAM users' keys, assumed roles, and what functions are given."""

import base64
import hmac
import threading
from datetime import UTC, datetime

from moto.iam.models import AccessKey, iam_backends
from moto.sts.models import AssumedRole, sts_backends

from sandbox.aws.signature import Credential
from sandbox.keys import AwsKeys

_SESSION_S = 10 * 365 * 86400  # a worker keeps its credentials for as long as it lives
USER = "cutover"
_ADMINISTRATOR = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'


class Credentials:
    """Finds secrets by access key id."""

    def __init__(self, keys: AwsKeys) -> None:
        self._keys = keys
        self._lock = threading.Lock()

    def find(self, access_key_id: str) -> Credential | None:
        """Give the credential of a key id, None when nobody has it or it has expired."""
        if access_key_id == self._keys.access_key_id:
            principal = f"arn:aws:iam::{self._keys.account_id}:user/{USER}"
            return self._lasting(access_key_id, self._keys.secret_access_key, principal)
        assumed = sts_backends[self._keys.account_id]["aws"].get_assumed_role_from_access_key(access_key_id)
        if assumed is not None:
            return _assumed(assumed)
        user = iam_backends[self._keys.account_id]["aws"].get_user_from_access_key_id(access_key_id)
        for key in user.access_keys if user is not None else ():
            if key.access_key_id == access_key_id and key.status == "Active":
                return self._lasting(access_key_id, key.secret_access_key, user.arn)
        return None

    def _lasting(self, access_key_id: str, secret: str, principal: str) -> Credential:
        return Credential(access_key_id=access_key_id, secret=secret, token=None, principal=principal)

    def for_function(self, role: str, function: str) -> dict[str, str]:
        """Give the environment with temporary credentials of a function's role.

        They are derived from the account's secret, so that they are the same after a restart.
        """
        seed = f"{role}\n{function}"
        key = "ASIA" + base64.b32encode(self._derived(seed, "id")).decode()[:16]
        secret = base64.b64encode(self._derived(seed, "secret")).decode()[:40]
        token = base64.b64encode(self._derived(seed, "token") * 4).decode()
        with self._lock:
            self._assume(key, secret, token, role, function)
        return {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": token}

    def _assume(self, key: str, secret: str, token: str, role: str, function: str) -> None:
        """Let STS know the session, so that the function's caller identity is its role's."""
        backend = sts_backends[self._keys.account_id]["aws"]
        if backend.get_assumed_role_from_access_key(key) is not None:
            return
        access_key = AccessKey(None, prefix="ASIA", account_id=self._keys.account_id)
        access_key.access_key_id, access_key.secret_access_key = key, secret
        session = AssumedRole(
            account_id=self._keys.account_id,
            region_name=self._keys.region,
            access_key=access_key,
            role_session_name=function,
            role_arn=role,
            policy="",
            duration=_SESSION_S,
            external_id="",
        )
        session.session_token = token
        backend.assumed_roles.append(session)

    def _derived(self, seed: str, part: str) -> bytes:
        return hmac.digest(self._keys.secret_access_key.encode(), f"{part}\n{seed}".encode(), "sha256")

    def ensure_user(self) -> None:
        """Make the IAM user that the drawn key belongs to, so that STS and IAM can name it; idempotent."""
        backend = iam_backends[self._keys.account_id]["aws"]
        if USER in backend.users:
            return
        backend.create_user("us-east-1", USER)
        backend.put_user_policy(USER, "administrator", _ADMINISTRATOR)
        key: AccessKey = backend.create_access_key(USER)
        # moto draws key ids itself; this user's key is the drawn one.
        backend.access_keys.pop(key.access_key_id, None)
        key.access_key_id = self._keys.access_key_id
        key.secret_access_key = self._keys.secret_access_key
        backend.access_keys[key.access_key_id] = key


def _assumed(role: AssumedRole) -> Credential | None:
    if role.expiration < datetime.now(UTC).replace(tzinfo=role.expiration.tzinfo):
        return None
    return Credential(
        access_key_id=role.access_key_id,
        secret=role.secret_access_key,
        token=role.session_token,
        principal=role.arn,
    )
