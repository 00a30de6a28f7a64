"""STS: AssumeRole and GetCallerIdentity.

The codes of its refusals are from memory and unverified.
Source: alibabacloud-sts20150401 1.2.0, read 2026-11-22.
"""

from __future__ import annotations

import re
import uuid

from sandbox.alibaba import clock
from sandbox.alibaba.access import AccessKey, KeyRing, Scope
from sandbox.alibaba.wire import Incoming, Refused, Reply, json_reply

VERSION = "2015-04-01"
_ROLE = re.compile(r"acs:ram::(?P<account>\d+):role/(?P<name>[A-Za-z0-9.-]{1,64})", re.IGNORECASE)
_SESSION = re.compile(r"[A-Za-z0-9.@_-]{2,64}")
_CODES = {
    "InvalidAccessKeyID": (404, "InvalidAccessKeyId.NotFound"),
    "SignatureNotMatch": (400, "SignatureDoesNotMatch"),
}


class SecurityTokens:
    """The calls of STS."""

    def __init__(self, *, keys: KeyRing, account_id: str) -> None:
        self._keys = keys
        self._account_id = account_id

    @staticmethod
    def operation_of(request: Incoming) -> str:
        return request.headers.get("x-acs-action", "Unknown")

    def answer(self, request: Incoming, key: AccessKey) -> Reply:
        """Carry out one call.

        Raises:
            Refused: the key may not, an argument is wrong, or there is no such call.
        """
        operation = self.operation_of(request)
        if operation == "GetCallerIdentity":
            return json_reply(
                {
                    "RequestId": str(uuid.uuid4()).upper(),
                    "AccountId": self._account_id,
                    "Arn": f"acs:ram::{self._account_id}:root",
                    "IdentityType": "Account",
                    "PrincipalId": self._account_id,
                }
            )
        if operation != "AssumeRole":
            raise Refused(404, "InvalidAction.NotFound", f"the sandbox's STS does not have {operation}")
        if key.scope is not Scope.EVERYTHING:
            raise Refused(403, "NoPermission", "You are not authorized to do this action. sts:AssumeRole")
        return self._assume(request)

    def _assume(self, request: Incoming) -> Reply:
        query = request.query
        role = _ROLE.fullmatch(query.get("RoleArn", ""))
        session = query.get("RoleSessionName", "")
        duration = query.get("DurationSeconds") or "3600"
        if role is None or role["account"] != self._account_id:
            raise Refused(404, "EntityNotExist.Role", "The specified role does not exist.")
        if not _SESSION.fullmatch(session):
            raise Refused(400, "InvalidParameter.RoleSessionName", "RoleSessionName is not valid.")
        if not duration.isdigit() or not 900 <= int(duration) <= 43200:
            raise Refused(
                400, "InvalidParameter.DurationSeconds", "DurationSeconds must be between 900 and 43200."
            )
        drawn = self._keys.draw_temporary(lifetime_s=int(duration))
        return json_reply(
            {
                "RequestId": str(uuid.uuid4()).upper(),
                "AssumedRoleUser": {
                    "Arn": f"acs:ram::{self._account_id}:role/{role['name']}/{session}",
                    "AssumedRoleId": f"33{self._account_id[:14]}:{session}",
                },
                "Credentials": {
                    "AccessKeyId": drawn.key_id,
                    "AccessKeySecret": drawn.secret,
                    "SecurityToken": drawn.token,
                    "Expiration": clock.iso_seconds(drawn.expires),
                },
            }
        )


def error_reply(refusal: Refused, request_id: str) -> Reply:
    """Give STS's error body."""
    status, code = _CODES.get(refusal.code, (refusal.status, refusal.code))
    return json_reply({"Code": code, "Message": refusal.message, "RequestId": request_id}, status=status)
