"""Runs the loader of the samples as people do."""

import os
import subprocess
import sys

from sandbox.samples.catalog import read_samples
from tests.contract.sandbox_samples.pair import Pair
from tests.sandbox_fixtures import ROOT

GUIDE = {sample.name: sample for sample in read_samples() if sample.trigger or sample.resources}


def load(pair: Pair, *words: str, **environment: str) -> list[str]:
    """Run the loader, with variables of its own if given, and give the lines that it printed."""
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "sandbox.samples", *words],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "SANDBOX_STATE": str(pair.aws.state),
            "AWS_ENDPOINT_URL": pair.aws.endpoint,
            "SANDBOX_ALIBABA_PORT": str(pair.alibaba.port),
            "SANDBOX_POSTGRES_URL": pair.database,
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.splitlines()
