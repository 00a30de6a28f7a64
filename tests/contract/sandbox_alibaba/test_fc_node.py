"""Function Compute as the official SDK for Node sees it."""

import base64

from tests.contract.sandbox_alibaba.node import answers_of
from tests.sandbox_fixtures import RunningAlibaba, zipped

SOURCE = """exports.handler = async (event) => {
  const text = event.toString();
  if (text === 'fail') throw new Error('told to fail');
  return text.startsWith('{') ? 'visited' : `got ${text}`;
};"""


def test_it_creates_invokes_and_refuses(alibaba: RunningAlibaba) -> None:
    package = base64.b64encode(zipped(index_js=SOURCE)).decode()
    saw = answers_of(alibaba, "fc_node.mjs", "@alicloud/fc20230330", PACKAGE=package)
    assert saw == {
        "arn": f"acs:fc:cn-hangzhou:{alibaba.keys.alibaba.account_id}:functions/from-node",
        "tags": [["a", "b"]],
        "answer": "got hello",
        "errorType": "UnhandledInvocationError",
        "errorMessage": "told to fail",
        "version": "2",
        "visited": "visited",
        "later": 202,
        "missing": ["FunctionNotFound", 404],
        "stranger": "SignatureNotMatch",
    }
