"""What gives no scaffold is refused with a sentence that says where and why."""

import pytest

from cutover.ports import FunctionFacts
from cutover.scaffold import CannotScaffold, generate
from tests.unit.cutover.factories import function
from tests.unit.cutover.scaffold.scaffolding import scaffold

USE = """\
const AWS = require('aws-sdk');
const s3 = new AWS.S3();
"""


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("index.js", "exports.handler = async () => 1;\n", "calls S3 or SQS in a form that is known here"),
        ("app.py", "def handler(event, context):\n    return 1\n", "Nothing in app.py calls S3 or SQS"),
        ("index.js", "exports.handler = async ( => 1;\n", "index.js:1: It does not parse"),
        ("app.py", "def handler(event, context)\n    return 1\n", "app.py:1: It does not parse"),
        ("index.js", "exports.handler=async()=>1;" + "x();" * 900, "index.js is bundled or minified"),
        ("index.ts", "export const handler = async () => 1;\n", "index.ts is TypeScript"),
        (
            "index.js",
            USE + "module.exports = () => s3.getObject({ Bucket: 'a', Key: 'b' }).promise();\n",
            "index.js:3 exports one value and no names",
        ),
        (
            "index.js",
            USE + "exports.read = () => s3.getObject({}).promise(); exports.handler = () => 1;\n",
            "index.js:3 has several statements on a line",
        ),
        (
            "index.js",
            USE + "exports.read = () => s3.getObject({}).promise();\nexports.handler = () => 1;\n",
            "The export handler of index.js does not reach the calls",
        ),
        (
            "index.js",
            "import AWS from 'aws-sdk';\nconst s3 = new AWS.S3();\nexport const handler = 1;\n",
            "written as an ES module and not named as one",
        ),
    ],
)
def test_it_says_why_there_is_no_scaffold(name: str, text: str, said: str) -> None:
    with pytest.raises(CannotScaffold) as refused:
        scaffold(name, text)
    assert said in str(refused.value)


def test_it_says_that_nothing_defines_the_handler() -> None:
    facts = function(runtime="nodejs20.x", handler="index.handler")
    with pytest.raises(CannotScaffold, match=r"No file of the package that was read defines index\.handler"):
        generate({"other.js": b"exports.handler = 1;"}, facts)


def test_it_names_the_file_that_does_the_io_of_a_python_function() -> None:
    store = (
        'import boto3\ns3 = boto3.client("s3")\ndef read():\n    return s3.get_object(Bucket="a", Key="b")\n'
    )
    with pytest.raises(CannotScaffold, match=r"app\.py does not call S3 or SQS itself; store\.py does"):
        scaffold("app.py", "import store\ndef handler(event, context):\n    return 1\n", store_py=store)


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (function(runtime="java21", handler="a.b"), "Only Node.js and Python are scaffolded, not java21"),
        (function(runtime="", handler="", package_type="Image"), "a container image"),
    ],
)
def test_it_says_which_functions_it_does_not_read(facts: FunctionFacts, said: str) -> None:
    with pytest.raises(CannotScaffold, match=said):
        generate({"index.js": b"exports.handler = 1;"}, facts)


def test_a_manifest_that_is_no_json_is_refused() -> None:
    call = "exports.handler = () => s3.getObject({ Bucket: 'a', Key: 'b' }).promise();\n"
    with pytest.raises(CannotScaffold, match=r"package\.json is not JSON"):
        scaffold("index.js", USE + call, package_json="{")
