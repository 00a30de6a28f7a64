"""Code packages and layers on the AWS half."""

import io
import json
import urllib.error
import urllib.request
import zipfile
from typing import Any

import pytest

from tests.contract.sandbox_aws.support import VERSION, Make, refused, settled, zipped
from tests.sandbox_fixtures import RunningAws

pytestmark = pytest.mark.enable_socket


def test_it_lets_the_code_be_downloaded(lambda_: Any, make: Make) -> None:
    name = make()
    found = lambda_.get_function(FunctionName=name)
    with urllib.request.urlopen(found["Code"]["Location"], timeout=5) as answer:
        body = answer.read()
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert archive.read("app.py").decode() == VERSION
    assert found["Configuration"]["CodeSize"] == len(body)
    spoiled = found["Code"]["Location"][:-4] + "0000"
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(spoiled, timeout=5)
    caught.value.close()


def test_it_takes_code_from_s3(aws: RunningAws, lambda_: Any, make: Make) -> None:
    name = make()
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="code")
    s3.put_object(Bucket="code", Key="a.zip", Body=zipped({"app.py": "def handler(e, c): return 's3'"}))
    lambda_.update_function_code(FunctionName=name, S3Bucket="code", S3Key="a.zip")
    settled(lambda_, name)
    assert lambda_.invoke(FunctionName=name)["Payload"].read() == b'"s3"'
    absent = lambda: lambda_.update_function_code(FunctionName=name, S3Bucket="code", S3Key="b")  # noqa: E731
    assert "NoSuchKey" in refused(absent)[2]


def test_it_runs_a_python_handler_out_of_a_layer_under_any_runtime(lambda_: Any, make: Make) -> None:
    name = make("exports.handler = async () => 'own'", runtime="nodejs20.x")
    assert lambda_.invoke(FunctionName=name)["Payload"].read() == b'"own"'
    relay = (
        "import json, pathlib\n"
        "def handler(e, c): return json.loads(pathlib.Path(__file__).with_name('s.json').read_text())"
    )
    layer = lambda_.publish_layer_version(
        LayerName="relay",
        Content={"ZipFile": zipped({"python/cutover_relay.py": relay, "python/s.json": '{"set": 1}'})},
    )
    lambda_.update_function_configuration(
        FunctionName=name,
        Runtime="python3.12",
        Handler="cutover_relay.handler",
        Layers=[layer["LayerVersionArn"]],
    )
    found = settled(lambda_, name)
    assert found["Layers"][0]["Arn"] == layer["LayerVersionArn"]
    assert json.loads(lambda_.invoke(FunctionName=name)["Payload"].read()) == {"set": 1}


@pytest.mark.parametrize(
    ("place", "handler"),
    [
        ("nodejs/cutover_tap.js", "/opt/nodejs/cutover_tap.handler"),
        ("nodejs/cutover_tap.mjs", "/opt/nodejs/cutover_tap.handler"),
        ("nodejs/node_modules/cutover_tap.js", "cutover_tap.handler"),
        ("nodejs/node_modules/cutover_tap/index.js", "cutover_tap.handler"),
    ],
)
def test_it_runs_a_node_handler_out_of_a_layer(lambda_: Any, make: Make, place: str, handler: str) -> None:
    name = make("exports.handler = async (event) => event.n + 1", runtime="nodejs20.x")
    if place.endswith(".mjs"):
        tap = (
            "import { createRequire } from 'node:module';\n"
            "const own = createRequire(import.meta.url)(process.env.LAMBDA_TASK_ROOT + '/app.js');\n"
            "export const handler = async (event) => ({ tapped: await own.handler(event) });"
        )
    else:
        tap = (
            "const own = require(process.env.LAMBDA_TASK_ROOT + '/app.js');\n"
            "exports.handler = async (event) => ({ tapped: await own.handler(event) });"
        )
    layer = lambda_.publish_layer_version(LayerName="tap", Content={"ZipFile": zipped({place: tap})})
    lambda_.update_function_configuration(
        FunctionName=name, Handler=handler, Layers=[layer["LayerVersionArn"]]
    )
    settled(lambda_, name)
    answer = lambda_.invoke(FunctionName=name, Payload=b'{"n": 1}')
    assert json.loads(answer["Payload"].read()) == {"tapped": 2}
