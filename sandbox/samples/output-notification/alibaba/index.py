"""Sends a message to a queue of MNS. Credentials come with the context; a message has no attributes."""

import json
import os

from mns.account import Account
from mns.queue import Message


def _account(context):
    keys = context.credentials
    there = f"http://{context.account_id}.mns.{context.region}-internal.aliyuncs.com"
    return Account(
        os.environ.get("MNS_ENDPOINT", there),
        keys.access_key_id,
        keys.access_key_secret,
        keys.security_token,
    )


def handler(event, context):
    asked = json.loads(event or b"{}")
    queue = _account(context).get_queue(os.environ["QUEUE"])
    queue.set_encoding(False)
    print("Sending a message")
    sent = queue.send_message(Message(asked.get("text", "Sample content.")))
    print("Sent", sent.message_id)
    return {"queue": os.environ["QUEUE"], "id": sent.message_id}
