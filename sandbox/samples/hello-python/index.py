"""Says hello and adds up what is in the basket.

Runs on AWS Lambda (the event is a dict) and on Function Compute (the event is bytes).
"""

import json
import logging
import platform
import sys

logger = logging.getLogger()
logger.setLevel(logging.INFO)


def handler(event, context):
    asked = json.loads(event) if isinstance(event, bytes) else event
    logger.info("hello world")
    logger.info("python %s", platform.python_version())
    items = asked.get("items", [])
    return {
        "greeting": f"hello {asked.get('name', 'world')}",
        "basket": {
            "count": len(items),
            "total": sum(item["quantity"] * item["price"] for item in items),
            "names": [item["name"] for item in items],
        },
        "runtime": {"language": "python", "major": sys.version_info.major},
    }
