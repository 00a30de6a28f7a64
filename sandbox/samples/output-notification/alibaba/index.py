"""Sends a message to a queue of MNS, which has no attributes. Credentials come from the environment."""

import json
import os

from mns.account import Account
from mns.queue import Message


def _account(context):
    there = f"http://{context.account_id}.mns.{context.region}-internal.aliyuncs.com"
    return Account(
        os.environ.get("MNS_ENDPOINT", there),
        os.environ["ALIBABA_CLOUD_ACCESS_KEY_ID"],
        os.environ["ALIBABA_CLOUD_ACCESS_KEY_SECRET"],
        os.environ["ALIBABA_CLOUD_SECURITY_TOKEN"],
    )


def handler(event, context):
    asked = json.loads(event or b"{}")
    queue = _account(context).get_queue(os.environ["QUEUE"])
    queue.set_encoding(False)
    print("Sending a message")
    sent = queue.send_message(Message(asked.get("text", "Sample content.")))
    print("Sent", sent.message_id)
    return {"queue": os.environ["QUEUE"], "id": sent.message_id}
