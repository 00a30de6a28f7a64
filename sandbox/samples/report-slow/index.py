"""Writes a short report. Waits 15 ms for it on AWS Lambda and 60 ms on Function Compute.

The waiting stands for a service that is farther away from there.
"""

import asyncio
import json
import logging
import os
import platform

logger = logging.getLogger()
logger.setLevel(logging.INFO)
WAIT_S = 0.060 if "FC_FUNCTION_NAME" in os.environ else 0.015


async def fetch_rows(items):
    await asyncio.sleep(WAIT_S)
    return [{"name": item["name"], "amount": item["quantity"] * item["price"]} for item in items]


def handler(event, context):
    asked = json.loads(event) if isinstance(event, bytes) else event
    logger.info("hello world")
    logger.info("python %s", platform.python_version())
    rows = asyncio.run(fetch_rows(asked.get("items", [])))
    logger.info("report has %d rows", len(rows))
    return {
        "title": f"Report for {asked.get('name', 'nobody')}",
        "rows": rows,
        "summary": {"rows": len(rows), "amount": sum(row["amount"] for row in rows)},
    }
