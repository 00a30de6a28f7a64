"""Writes a receipt with a number and a time of its own: both differ at every call, the rest does not."""

import json
import logging
import platform
import uuid
from datetime import UTC, datetime

logger = logging.getLogger()
logger.setLevel(logging.INFO)


def handler(event, context):
    asked = json.loads(event) if isinstance(event, bytes) else event
    receipt_id = str(uuid.uuid4())
    logger.info("hello world")
    logger.info("python %s", platform.python_version())
    logger.info("receipt %s written", receipt_id)
    items = asked.get("items", [])
    return {
        "receipt": {"id": receipt_id, "issuedAt": datetime.now(UTC).isoformat()},
        "customer": {"name": asked.get("name", "nobody"), "items": len(items)},
        "amount": sum(item["quantity"] * item["price"] for item in items),
    }
