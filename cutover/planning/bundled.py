"""What Lambda's runtimes bring and FC's do not: which of it a function lacks, and what a lock installs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

RULE = "bundled-by-lambda"
"""The assessment's rule on modules that Lambda alone brings; a finding's title begins with the module."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bundle:
    """What one lock under ``adapters/bundled/`` installs.

    ``lock_sha256`` of the lock, ``sha256`` over the files that are added, ``files`` how many they are; all of
    them are held against the lock by a test and against the folder by the worker. ``runtimes``: of FC, that
    it runs on (boto3 1.44: Python 3.10, AWS SDK for JavaScript 3.1100: Node.js 20, as their packages say).
    """

    name: str
    title: str
    lock_sha256: str
    sha256: str
    files: int
    modules: tuple[str, ...]
    runtimes: tuple[str, ...]

    @property
    def request(self) -> dict[str, Any]:
        """Give what the action of the package is told."""
        return {key: asdict(self)[key] for key in ("name", "lock_sha256", "sha256")}


BUNDLES = {
    one.name: one
    for one in (
        Bundle(
            name="aws-sdk-v2",
            title="aws-sdk 2.1693.0",
            lock_sha256="1d2431c58ec2d528825244b151fac6bc9fef54187a77448aaf34da2d671853af",
            sha256="ace97109d51792a1259cc72a3063198f02c0b28e7524e227bc7fbd3892bc63eb",
            files=2437,
            modules=("aws-sdk",),
            runtimes=("nodejs12", "nodejs14", "nodejs16", "nodejs18", "nodejs20"),
        ),
        Bundle(
            name="aws-sdk-v3",
            title="@aws-sdk 3.1169.0 (clients of S3, SQS, SNS and Lambda)",
            lock_sha256="4b855e7f52a4907d24272c649af8c8900aa23d75ca16d999b01e0d40690de80b",
            sha256="f9052d32aa031bda408a8b6233e26bfdf33a07f17b51034c67d48d17a0209819",
            files=1528,
            modules=(
                "@aws-sdk/client-lambda",
                "@aws-sdk/client-s3",
                "@aws-sdk/client-sns",
                "@aws-sdk/client-sqs",
            ),
            runtimes=("nodejs20",),
        ),
        Bundle(
            name="boto3",
            title="boto3 1.44.5",
            lock_sha256="3ab156390dd55a7f83dec8a1c41526e39fa3713ba87863855cf072164c3c890d",
            sha256="078ffc6ff467007765e73c102cfb3b42b2be2726b274f4f2df51e31a265cf74c",
            files=2202,
            modules=("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six"),
            runtimes=("python3.10", "python3.12"),
        ),
    )
}


def missing_bundles(titles: Iterable[str], runtime: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give the names of bundles that bring what findings say is missing, and the modules that none brings.

    Args:
        titles: of the findings of ``RULE``.
        runtime: on FC.
    """
    modules = dict.fromkeys(title.partition(" ")[0] for title in titles)
    found: dict[str, None] = {}
    lacking = []
    for module in modules:
        name = next(
            (one.name for one in BUNDLES.values() if module in one.modules and runtime in one.runtimes), ""
        )
        if name:
            found[name] = None
        else:
            lacking.append(module)
    return tuple(found), tuple(lacking)


def added(names: Iterable[str]) -> str:
    """Give what a plan says of the bundles it adds."""
    return ", ".join(
        f"adds {BUNDLES[name].title} from the lock ({BUNDLES[name].files} files)" for name in names
    )
