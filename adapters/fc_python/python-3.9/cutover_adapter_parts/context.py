"""Lambda's context from FC's. Log group and stream are named as on Lambda; the lines are in SLS."""

from __future__ import annotations

import hashlib
import os
import sys
import time
from typing import Any

_INSTANCE = os.environ.get("FC_INSTANCE_ID") or f"{os.getpid()}-{time.time()}"
_STREAM = hashlib.sha256(_INSTANCE.encode()).hexdigest()[:32]
_DAY = time.strftime("%Y/%m/%d", time.gmtime())


class CognitoIdentity:
    """The caller's identity, which no caller of FC has."""

    cognito_identity_id = None
    cognito_identity_pool_id = None


class LambdaContext:
    """What an AWS handler may ask about its invocation."""

    client_context = None
    tenant_id = None

    def __init__(self, given: Any, settings: dict[str, Any]) -> None:
        function = getattr(given, "function", None)
        timeout_s = float(getattr(function, "timeout", 0) or settings["timeout_s"])
        self._deadline = time.monotonic() + timeout_s
        self.aws_request_id = str(getattr(given, "request_id", ""))
        self.function_name = settings["function_name"]
        self.function_version = settings["function_version"]
        self.invoked_function_arn = settings["function_arn"]
        self.memory_limit_in_mb = str(settings["memory_mb"])
        self.log_group_name = f"/aws/lambda/{self.function_name}"
        self.log_stream_name = f"{_DAY}/[{self.function_version}]{_STREAM}"
        self.identity = CognitoIdentity()

    def get_remaining_time_in_millis(self) -> int:
        """Give the milliseconds until FC ends the invocation."""
        return max(0, int((self._deadline - time.monotonic()) * 1000))

    def log(self, message: Any) -> None:
        """Write a line to the function's log."""
        sys.stdout.write(str(message))

    def __repr__(self) -> str:
        return f"LambdaContext([aws_request_id={self.aws_request_id},function_name={self.function_name}])"
