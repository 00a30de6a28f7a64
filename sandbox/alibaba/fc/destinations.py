"""Where the result of an asynchronous invocation goes: another function, an MNS queue or an MNS topic.

Source: Alibaba Cloud, "Destination configuration" of asynchronous invocation (the form of the message), from
memory and unverified; the ARNs are those of the facts of triggers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.alibaba.fc.model import invalid

_ARN = re.compile(
    r"acs:(?P<service>fc|mns):(?P<region>[^:]*):(?P<account>[^:]*):/?"
    r"(?P<kind>functions|queues|topics)/(?P<name>[^/]+)(/(?P<rest>[^/]+))?"
)
Send = Callable[[str, bytes], object]
Invoke = Callable[[str, str, bytes], object]


@dataclass(frozen=True, kw_only=True, slots=True)
class Destinations:
    """Sends results on. Each of the three returns only when what it was given is kept.

    invoke: takes function, qualifier and payload. send: takes queue and body. publish: takes topic and body.
    """

    account_id: str
    invoke: Invoke
    send: Send
    publish: Send

    def deliver(self, arn: str, message: dict[str, Any]) -> None:
        """Send one result.

        Raises:
            Refused: 400 for an ARN that cannot be served, or what the destination itself refuses.
        """
        found = require_destination(arn, self.account_id)
        body = json.dumps(message, ensure_ascii=False).encode()
        if found["kind"] == "functions":
            self.invoke(found["name"], found["rest"] or "", body)
        elif found["kind"] == "queues":
            self.send(found["name"], body)
        else:
            self.publish(found["name"], body)


def require_destination(arn: str, account_id: str) -> re.Match[str]:
    """Take an ARN of a destination apart.

    Raises:
        Refused: 400 InvalidArgument for another service, another account or no ARN at all.
    """
    found = _ARN.fullmatch(arn)
    if found is None or (found["service"] == "fc") != (found["kind"] == "functions"):
        raise invalid(
            f"destination '{arn}' must be the ARN of a function, an MNS queue or an MNS topic; "
            "the sandbox serves no other destinations"
        )
    if found["account"] not in ("", account_id):
        raise invalid(f"destination '{arn}' belongs to another account")
    return found
