"""The AWS half through unmodified AWS SDKs for JavaScript, versions 3 and 2, in one Node.js process."""

import base64
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from hosting.npm import wheel_node
from tests.contract.sandbox_aws.support import zipped
from tests.sandbox_fixtures import RunningAws

pytestmark = pytest.mark.enable_socket

HANDLER = """
exports.handler = async (event) => {
  if (event.fail) throw new TypeError('no');
  console.log('line');
  return { twice: event.n * 2, bundled: typeof require('@aws-sdk/client-s3').S3Client };
};
"""


@pytest.fixture(scope="module")
def found(aws: RunningAws, roles: dict[str, str]) -> dict[str, Any]:
    environment = {
        "PATH": os.environ["PATH"],
        "ENDPOINT": aws.endpoint,
        "ROLE": roles["runs"],
        "PACKAGE": base64.b64encode(zipped({"app.js": HANDLER})).decode(),
        "AWS_REGION": aws.keys.aws.region,
        "AWS_ACCESS_KEY_ID": aws.keys.aws.access_key_id,
        "AWS_SECRET_ACCESS_KEY": aws.keys.aws.secret_access_key,
        "AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE": "1",
    }
    done = subprocess.run(
        [str(wheel_node() / "node"), str(Path(__file__).with_name("node_sdks.mjs"))],
        env=environment,
        capture_output=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.mark.parametrize("sdk", ["3", "2"])
def test_both_sdks_call_functions_and_use_objects_and_queues(found: dict[str, Any], sdk: str) -> None:
    seen = found[sdk]
    assert seen["answer"] == {"twice": 2, "bundled": "function"}
    assert seen["executed"] == "$LATEST"
    assert "START RequestId" in seen["log"]
    assert "\tline" in seen["log"]
    assert (seen["error"], seen["document"]["errorType"]) == ("Unhandled", "TypeError")
    assert seen["missing"] == "ResourceNotFoundException"
    assert (seen["object"], seen["body"], seen["sameMessage"]) == ("kept", "body", True)


def test_an_alias_splits_calls_of_version_3(found: dict[str, Any]) -> None:
    assert found["3"]["weights"] == {"2": 0.5}
    # Five standard deviations of a fair draw of 40.
    assert 4 <= found["3"]["drawn"]["2"] <= 36
    assert sum(found["3"]["drawn"].values()) == 40
    assert found["3"]["metadata"] == {"own": "1"}
