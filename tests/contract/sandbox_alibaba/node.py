"""Runs a script with the Node of the wheel and the packages of this checkout."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from hosting.npm import wheel_node
from tests.sandbox_fixtures import ROOT, RunningAlibaba

LIMIT_S = 60


def answers_of(alibaba: RunningAlibaba, script: str, package: str, **environment: str) -> Any:
    """Run a script of this folder and give the JSON that it prints.

    It finds the endpoint and the keys in its environment, with what is given besides. Skips when the npm
    package is not installed.
    """
    if not (ROOT / "node_modules" / package).is_dir():
        pytest.skip(f"{package} is not installed; run 'make setup'")
    keys = alibaba.keys.alibaba
    whole = {
        **environment,
        "PATH": os.environ.get("PATH", os.defpath),
        "ENDPOINT": alibaba.url,
        "PORT": str(alibaba.port),
        "ACCOUNT_ID": keys.account_id,
        "KEY_ID": keys.access_key_id,
        "KEY_SECRET": keys.access_key_secret,
    }
    done = subprocess.run(
        [str(wheel_node() / "node"), str(Path(__file__).parent / script)],
        cwd=ROOT,
        env=whole,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout)
