"""``python -m sandbox.samples [--both | --alibaba] [NAME ...]``: deploy samples to a running sandbox.

Environment: SANDBOX_STATE (where keys.json is), AWS_ENDPOINT_URL for AWS, SANDBOX_ALIBABA_PORT for Function
Compute, and SANDBOX_POSTGRES_URL for samples with a table.

Each sample becomes a Lambda function with a published version 1 and the alias ``live`` on it, with the
buckets, queues and tables that it works with, and a trigger that calls the alias. What is there already is
left as it is, so a second run changes nothing, not even a function that is being migrated. With --both the
twins are deployed to Function Compute in the same way, with --alibaba they alone.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from sandbox import keys
from sandbox.keys import Keys
from sandbox.samples.catalog import Cloud, LoadingError, Sample, read_samples
from sandbox.samples.loader import Loader
from sandbox.samples.on_aws import AwsSurroundings
from sandbox.samples.tables import Tables, wanted

_LIMITS = Config(connect_timeout=5, read_timeout=20, retries={"total_max_attempts": 2})


def _require(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise SystemExit(f"{name} must be set.")
    return value


def _aws(drawn: Keys, database: str) -> Loader:
    endpoint, aws = _require("AWS_ENDPOINT_URL"), drawn.aws
    session = boto3.Session(
        aws_access_key_id=aws.access_key_id,
        aws_secret_access_key=aws.secret_access_key,
        region_name=aws.region,
    )

    @cache
    def client(service: str) -> Any:
        return session.client(service, endpoint_url=endpoint, config=_LIMITS)  # type: ignore[call-overload]

    around = AwsSurroundings(
        client=client,
        region=aws.region,
        account_id=aws.account_id,
        tables=Tables(database, Cloud.AWS) if database else None,
    )
    return Loader(functions=client("lambda"), roles=client("iam"), surroundings=around)


def _load_twins(drawn: Keys, database: str, samples: Sequence[Sample]) -> Iterator[str]:
    from sandbox.samples.on_alibaba import AlibabaLoader  # its SDKs take a second to import

    yield from AlibabaLoader(
        url=f"http://127.0.0.1:{_require('SANDBOX_ALIBABA_PORT')}",
        keys=drawn.alibaba,
        tables=Tables(database, Cloud.ALIBABA) if database else None,
    ).load(samples)


def _chosen(names: Sequence[str], database: str) -> list[Sample]:
    """Give the samples of these names, all without any; say which must be left out for want of a database."""
    known = {sample.name: sample for sample in read_samples()}
    if unknown := sorted(set(names) - set(known)):
        raise SystemExit(f"There is no sample {', '.join(unknown)}. There are: {', '.join(known)}.")
    chosen = [sample for name, sample in known.items() if name in names or not names]
    if database:
        return chosen
    without = wanted(chosen)
    for name in without:
        print(f"{name}: left out; SANDBOX_POSTGRES_URL names no database")
    return [sample for sample in chosen if sample.name not in without]


def main() -> None:
    """Deploy samples and print, line by line, what was done."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.samples", description="Deploy the samples.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these; all without any")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--both", action="store_true", help="also deploy their twins to Function Compute")
    where.add_argument("--alibaba", action="store_true", help="deploy only their twins to Function Compute")
    given = parser.parse_args()
    drawn = keys.read(Path(_require("SANDBOX_STATE")))
    database = os.environ.get("SANDBOX_POSTGRES_URL", "")
    samples = _chosen(given.names, database)
    try:
        for line in () if given.alibaba else _aws(drawn, database).load(samples):
            print(line)
        for line in _load_twins(drawn, database, samples) if given.both or given.alibaba else ():
            print(line)
    except (BotoCoreError, ClientError, LoadingError) as exc:
        sys.exit(f"The samples could not be loaded: {exc}")


if __name__ == "__main__":
    main()
