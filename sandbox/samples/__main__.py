"""``python -m sandbox.samples``: deploy the samples to the AWS half through boto3, idempotently.

Environment: SANDBOX_STATE (where keys.json is) and AWS_ENDPOINT_URL.

Each sample becomes a Lambda function with a published version 1 and the alias ``live`` on it. What is there
already is left as it is, so a second run changes nothing, not even a function that is being migrated.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from sandbox import keys
from sandbox.samples.catalog import Sample, read_samples
from sandbox.samples.loader import Loader

_LIMITS = Config(connect_timeout=5, read_timeout=20, retries={"total_max_attempts": 2})


def _require(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise SystemExit(f"{name} must be set.")
    return value


def main() -> None:
    """Deploy every sample and print, line by line, what was done."""
    state, endpoint = Path(_require("SANDBOX_STATE")), _require("AWS_ENDPOINT_URL")
    aws = keys.read(state).aws
    session = boto3.Session(
        aws_access_key_id=aws.access_key_id,
        aws_secret_access_key=aws.secret_access_key,
        region_name=aws.region,
    )
    loader = Loader(
        functions=session.client("lambda", endpoint_url=endpoint, config=_LIMITS),
        roles=session.client("iam", endpoint_url=endpoint, config=_LIMITS),
    )
    samples: tuple[Sample, ...] = read_samples()
    try:
        for line in loader.load(samples):
            print(line)
    except (BotoCoreError, ClientError) as exc:
        sys.exit(f"The samples could not be loaded: {exc}")


if __name__ == "__main__":
    main()
