"""Both halves with the guide's samples on them, and what tests ask of either."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from alibabacloud_sls20201230 import models as sls
from mns.account import Account
from mns.mns_exception import MNSServerException

from sandbox.samples.on_alibaba import LOGSTORE, PROJECT, TRIGGER
from tests.sandbox_fixtures import RunningAlibaba, RunningAws

LIMIT_S = 60


def eventually(look: Callable[[], Any]) -> Any:
    """Look until there is something."""
    limit = time.monotonic() + LIMIT_S
    while time.monotonic() < limit:
        if found := look():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


def visit(url: str, method: str = "GET", body: str | None = None) -> tuple[int, Any]:
    """Send a request; give status and document, of errors too."""
    content = body.encode() if body is not None else None
    kind = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, data=content, method=method, headers=kind)
    try:
        with urllib.request.urlopen(request, timeout=LIMIT_S) as response:
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """Both halves; database: the address of the database in which both have their tables."""

    aws: RunningAws
    alibaba: RunningAlibaba
    database: str

    def on_aws(self, name: str, event: object) -> Any:
        """Invoke the alias and give the answer."""
        answer = self.aws.client("lambda").invoke(
            FunctionName=name, Qualifier="live", Payload=json.dumps(event).encode()
        )
        payload = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, payload
        return payload

    def on_fc(self, name: str, event: object) -> Any:
        """Invoke the twin and give the answer."""
        answer = self.alibaba.invoke(name, json.dumps(event).encode())
        payload = json.loads(answer.body.read())
        assert "x-fc-error-type" not in answer.headers, payload
        return payload

    def lines_on_aws(self, name: str) -> str:
        """Give what the function on AWS has logged, once it has."""
        logs = self.aws.client("logs")
        try:
            found = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
        except logs.exceptions.ResourceNotFoundException:
            return ""
        return "\n".join(one["message"] for one in found)

    def lines_on_fc(self, name: str) -> str:
        """Give what the twin has logged, once it can be searched."""
        now = datetime.now(UTC)
        span = {f"{side}": int((now + timedelta(hours=hours)).timestamp()) for side, hours in SPAN.items()}
        request = sls.GetLogsV2Request(query=f"functionName:{name}", line=100, **span)
        found = self.alibaba.sls().get_logs_v2(PROJECT, LOGSTORE, request).body.data or []
        return "\n".join(str(row.get("message", "")) for row in found)

    def api(self, name: str) -> str:
        """Give the address of the REST API of this name."""
        apis = self.aws.client("apigateway").get_rest_apis()["items"]
        (found,) = (api["id"] for api in apis if api["name"] == name)
        return f"{self.aws.endpoint}/_api/{found}/prod"

    def function_url(self, name: str) -> str:
        (found,) = self.aws.client("lambda").list_function_url_configs(FunctionName=name)[
            "FunctionUrlConfigs"
        ]
        return str(found["FunctionUrl"]).rstrip("/")

    def trigger_url(self, name: str) -> str:
        """Give the address of the twin's HTTP trigger."""
        found = self.alibaba.fc().get_trigger(name, TRIGGER).body
        return str(found.http_trigger.url_internet).rstrip("/")

    def mns(self) -> Any:
        keys = self.alibaba.keys.alibaba
        return Account(self.alibaba.url, keys.access_key_id, keys.access_key_secret)

    def from_sqs(self, name: str, text: str) -> dict[str, Any]:
        """Take messages from the queue until there is one of this text; give it."""
        sqs = self.aws.client("sqs")
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]

        def take() -> dict[str, Any] | None:
            answer = sqs.receive_message(
                QueueUrl=url, MaxNumberOfMessages=1, WaitTimeSeconds=2, MessageAttributeNames=["All"]
            )
            for message in answer.get("Messages", ()):
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                if message["Body"] == text:
                    return dict(message)
            return None

        return cast(dict[str, Any], eventually(take))

    def from_mns(self, name: str, text: str) -> Any:
        """Take messages from the queue until there is one of this text; give it."""
        queue = self.mns().get_queue(name)
        queue.set_encoding(False)

        def take() -> Any:
            try:
                message = queue.receive_message(2)
            except MNSServerException as error:
                if error.type != "MessageNotExist":
                    raise
                return None
            queue.delete_message(message.receipt_handle)
            return message if message.message_body == text else None

        return eventually(take)


SPAN = {"from_": -1, "to": 1}
