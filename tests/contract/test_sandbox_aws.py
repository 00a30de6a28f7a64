"""The AWS half of the sandbox through unmodified boto3: one test for each thing that it adds to moto."""

import base64
import io
import json
import os
import re
import signal
import threading
import time
import urllib.error
import urllib.request
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from tests.sandbox_fixtures import RunningAws, running_aws

pytestmark = [pytest.mark.enable_socket, pytest.mark.timeout(120)]

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
VERSION = """
import os
def handler(event, context):
    return {"version": os.environ["AWS_LAMBDA_FUNCTION_VERSION"], "event": event}
"""


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAws]:
    with running_aws(
        tmp_path_factory.mktemp("sandbox"), SANDBOX_SEED="7", SANDBOX_ASYNC_RETRY_MS="50"
    ) as running:
        yield running


@pytest.fixture(scope="module")
def lambda_(aws: RunningAws) -> Any:
    return aws.client("lambda")


@pytest.fixture(scope="module")
def roles(aws: RunningAws) -> dict[str, str]:
    iam = aws.client("iam")
    return {
        name: iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
        for name in ("runs", "runs-other")
    }


Make = Callable[..., str]


@pytest.fixture
def make(lambda_: Any, roles: dict[str, str]) -> Make:
    """Make a function that is ready; gives its name."""

    def create(
        source: str = VERSION, *, runtime: str = "python3.11", handler: str = "app.handler", **more: Any
    ) -> str:
        name = f"fn-{time.monotonic_ns()}"
        file = "app.py" if runtime.startswith("python") else "app.js"
        lambda_.create_function(
            FunctionName=name,
            Runtime=runtime,
            Role=roles["runs"],
            Handler=handler,
            Code={"ZipFile": zipped({file: source})},
            **more,
        )
        settled(lambda_, name)
        return name

    return create


def zipped(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def settled(lambda_: Any, name: str) -> dict[str, Any]:
    """Wait until no creation or update is under way; gives the configuration."""
    end = time.monotonic() + 5
    while time.monotonic() < end:
        found: dict[str, Any] = lambda_.get_function_configuration(FunctionName=name)
        if found["State"] == "Active" and found["LastUpdateStatus"] == "Successful":
            return found
        time.sleep(0.02)
    raise AssertionError("the update did not complete")


def published_pair(lambda_: Any, name: str) -> tuple[str, str]:
    """Publish two versions that differ in their description-free configuration."""
    first = lambda_.publish_version(FunctionName=name)["Version"]
    lambda_.update_function_configuration(FunctionName=name, MemorySize=192)
    settled(lambda_, name)
    return first, lambda_.publish_version(FunctionName=name)["Version"]


def refused(call: Callable[[], Any]) -> tuple[str, int, str]:
    with pytest.raises(ClientError) as caught:
        call()
    error = caught.value.response
    return error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"], error["Error"]["Message"]


def summed(cloudwatch: Any, metric: str, **dimensions: str) -> float:
    """Give the sum of one of Lambda's metrics over the last minutes."""
    now = datetime.now(UTC)
    query = {
        "Metric": {
            "Namespace": "AWS/Lambda",
            "MetricName": metric,
            "Dimensions": [{"Name": n, "Value": v} for n, v in dimensions.items()],
        },
        "Period": 60,
        "Stat": "Sum",
    }
    (found,) = cloudwatch.get_metric_data(
        MetricDataQueries=[{"Id": "m", "MetricStat": query}],
        StartTime=now - timedelta(minutes=5),
        EndTime=now + timedelta(minutes=1),
    )["MetricDataResults"]
    return float(sum(found["Values"]))


def eventually(condition: Callable[[], Any], limit_s: float = 5) -> Any:
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.02)
    return condition()


# --- who may ask


def test_it_refuses_a_wrong_secret_in_the_words_of_each_protocol(aws: RunningAws) -> None:
    wrong = {"aws_secret_access_key": "x" * 40}
    assert refused(lambda: aws.client("lambda", **wrong).list_functions())[:2] == (
        "InvalidSignatureException",
        403,
    )
    assert refused(lambda: aws.client("sts", **wrong).get_caller_identity())[:2] == (
        "SignatureDoesNotMatch",
        403,
    )
    assert refused(lambda: aws.client("s3", **wrong).list_buckets())[:2] == ("SignatureDoesNotMatch", 403)
    assert refused(lambda: aws.client("sqs", **wrong).list_queues())[:2] == ("InvalidSignatureException", 400)
    code, status, _ = refused(lambda: aws.client("cloudwatch", **wrong).list_metrics())
    assert (code, status) == ("InvalidSignatureException", 400)
    elsewhere = aws.client("lambda", region_name="eu-west-1")
    assert "valid region" in refused(elsewhere.list_functions)[2]


def test_it_refuses_an_unknown_key(aws: RunningAws) -> None:
    unknown = {"aws_access_key_id": "AKIAAAAAAAAAAAAAAAAA"}
    assert (
        refused(lambda: aws.client("lambda", **unknown).list_functions())[0] == "UnrecognizedClientException"
    )
    assert refused(lambda: aws.client("iam", **unknown).list_roles())[0] == "InvalidClientTokenId"


def test_it_refuses_a_changed_body(aws: RunningAws, lambda_: Any, make: Make) -> None:
    name = make()

    def tamper(request: Any, **_: Any) -> None:
        request.body = request.body.replace(b"512", b"768")

    client = aws.client("lambda")
    client.meta.events.register("before-send.lambda.UpdateFunctionConfiguration", tamper)
    assert refused(lambda: client.update_function_configuration(FunctionName=name, MemorySize=512))[1] == 403
    assert settled(lambda_, name)["MemorySize"] == 128


def test_it_takes_temporary_credentials_with_their_token_only(aws: RunningAws, roles: dict[str, str]) -> None:
    given = aws.client("sts").assume_role(RoleArn=roles["runs"], RoleSessionName="session")["Credentials"]
    keys = {
        "aws_access_key_id": given["AccessKeyId"],
        "aws_secret_access_key": given["SecretAccessKey"],
    }
    assumed = aws.client("sts", **keys, aws_session_token=given["SessionToken"])
    assert assumed.get_caller_identity()["Arn"].endswith(":assumed-role/runs/session")
    assert refused(lambda: aws.client("lambda", **keys).list_functions())[0] == "UnrecognizedClientException"


def test_it_refuses_what_a_users_policies_do_not_allow(aws: RunningAws, make: Make) -> None:
    name = make()
    iam = aws.client("iam")
    iam.create_user(UserName="reader")
    statement = {
        "Effect": "Allow",
        "Action": "lambda:GetFunction*",
        "Resource": f"arn:aws:lambda:*:*:function:{name}",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName="reader", PolicyName="p", PolicyDocument=document)
    key = iam.create_access_key(UserName="reader")["AccessKey"]
    reader = aws.client(
        "lambda", aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"]
    )
    assert reader.get_function(FunctionName=name)["Configuration"]["FunctionName"] == name
    for call in (lambda: reader.invoke(FunctionName=name), reader.list_functions):
        code, status, message = refused(call)
        assert (code, status) == ("AccessDeniedException", 403)
        assert "user/reader is not authorized to perform: lambda:" in message


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_it_refuses_what_a_web_page_could_send(aws: RunningAws, headers: dict[str, str]) -> None:
    request = urllib.request.Request(f"{aws.endpoint}/_sandbox/health", headers=headers)
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=5)
    with caught.value as answer:
        assert answer.status == 403


def test_it_keeps_connections_open(aws: RunningAws) -> None:
    import http.client

    connection = http.client.HTTPConnection(aws.endpoint.removeprefix("http://"), timeout=5)
    connection.connect()
    sock = connection.sock
    for _ in range(3):
        connection.request("GET", "/_sandbox/health")
        assert json.loads(connection.getresponse().read())["ok"]
        assert connection.sock is sock
    connection.close()


# --- invoke


def test_it_runs_code_and_names_the_version(lambda_: Any, make: Make) -> None:
    name = make()
    done = lambda_.invoke(FunctionName=name, Payload=b'{"a": 1}', LogType="Tail")
    assert json.loads(done["Payload"].read()) == {"version": "$LATEST", "event": {"a": 1}}
    assert (done["StatusCode"], done["ExecutedVersion"]) == (200, "$LATEST")
    assert "FunctionError" not in done
    tail = base64.b64decode(done["LogResult"]).decode()
    request_id = done["ResponseMetadata"]["RequestId"]
    assert f"START RequestId: {request_id} Version: $LATEST" in tail
    assert f"REPORT RequestId: {request_id}\tDuration: " in tail
    assert "Init Duration" in tail
    again = lambda_.invoke(FunctionName=name, Payload=b"{}", LogType="Tail")
    assert "Init Duration" not in base64.b64decode(again["LogResult"]).decode()


def test_it_splits_an_alias_by_weight(lambda_: Any, make: Make) -> None:
    name = make()
    first, second = published_pair(lambda_, name)
    lambda_.create_alias(
        FunctionName=name,
        Name="live",
        FunctionVersion=first,
        RoutingConfig={"AdditionalVersionWeights": {second: 0.25}},
    )
    drawn: Counter[str] = Counter()
    for _ in range(400):
        done = lambda_.invoke(FunctionName=name, Qualifier="live")
        answer = json.loads(done["Payload"].read())
        assert answer["version"] == done["ExecutedVersion"]
        drawn[done["ExecutedVersion"]] += 1
    # Four standard deviations of a fair draw: 100 +- 35.
    assert 65 <= drawn[second] <= 135
    assert drawn[first] + drawn[second] == 400


def test_it_answers_404_for_what_does_not_exist(lambda_: Any, make: Make) -> None:
    name = make()
    for call in (
        lambda: lambda_.invoke(FunctionName="no-such-function"),
        lambda: lambda_.invoke(FunctionName=name, Qualifier="no-such-alias"),
        lambda: lambda_.invoke(FunctionName=name, Qualifier="9"),
        lambda: lambda_.get_alias(FunctionName=name, Name="live"),
    ):
        assert refused(call)[:2] == ("ResourceNotFoundException", 404)


def test_it_tells_function_errors_apart_from_its_own(lambda_: Any, make: Make) -> None:
    raising = lambda_.invoke(FunctionName=make("def handler(e, c): raise ValueError('no')"))
    assert (raising["StatusCode"], raising["FunctionError"]) == (200, "Unhandled")
    document = json.loads(raising["Payload"].read())
    assert (document["errorType"], document["errorMessage"]) == ("ValueError", "no")
    assert '"/var/task/app.py"' in document["stackTrace"][0]
    ended = lambda_.invoke(FunctionName=make("import os\ndef handler(e, c): os._exit(3)"))
    assert json.loads(ended["Payload"].read())["errorType"] == "Runtime.ExitError"
    slow = lambda_.invoke(FunctionName=make("import time\ndef handler(e, c): time.sleep(9)", Timeout=1))
    document = json.loads(slow["Payload"].read())
    assert document["errorType"] == "Sandbox.Timedout"
    assert document["errorMessage"].endswith("Task timed out after 1.00 seconds")


def test_it_throttles_at_reserved_concurrency_zero(aws: RunningAws, lambda_: Any, make: Make) -> None:
    name = make()
    lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    assert refused(lambda: lambda_.invoke(FunctionName=name))[:2] == ("TooManyRequestsException", 429)
    assert lambda_.get_function_concurrency(FunctionName=name)["ReservedConcurrentExecutions"] == 0
    assert summed(aws.client("cloudwatch"), "Throttles", FunctionName=name) == 1
    assert summed(aws.client("cloudwatch"), "Invocations", FunctionName=name) == 0
    lambda_.delete_function_concurrency(FunctionName=name)
    assert lambda_.invoke(FunctionName=name)["StatusCode"] == 200
    assert "ReservedConcurrentExecutions" not in lambda_.get_function_concurrency(FunctionName=name)


def test_it_runs_events_later_and_retries_twice(aws: RunningAws, lambda_: Any, make: Make) -> None:
    name = make("def handler(e, c):\n    print('attempt')\n    raise RuntimeError")
    done = lambda_.invoke(FunctionName=name, InvocationType="Event", Payload=b"{}")
    assert (done["StatusCode"], done["Payload"].read()) == (202, b"")
    logs = aws.client("logs")

    def attempts() -> int:
        try:
            found = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}", filterPattern="attempt")
        except logs.exceptions.ResourceNotFoundException:
            return 0
        return len(found["events"])

    assert eventually(lambda: attempts() == 3)
    assert lambda_.invoke(FunctionName=name, InvocationType="DryRun")["StatusCode"] == 204


def test_it_gives_functions_credentials_and_nothing_of_its_own(lambda_: Any, make: Make) -> None:
    name = make(
        "import os, boto3\n"
        "def handler(e, c):\n"
        "    return {'me': boto3.client('sts').get_caller_identity()['Arn'], 'names': sorted(os.environ)}"
    )
    answer = json.loads(lambda_.invoke(FunctionName=name)["Payload"].read())
    assert answer["me"] == f"arn:aws:sts::123456789012:assumed-role/runs/{name}"
    assert not [n for n in answer["names"] if n.startswith(("SANDBOX", "CUTOVER", "DATABASE"))]


def test_it_shows_python_functions_only_what_lambda_brings(lambda_: Any, make: Make) -> None:
    answer = lambda_.invoke(FunctionName=make("import django\ndef handler(e, c): pass"))
    assert json.loads(answer["Payload"].read())["errorType"] == "Runtime.ImportModuleError"


def test_it_refuses_a_body_that_is_no_json(lambda_: Any, make: Make) -> None:
    name = make()
    call = lambda: lambda_.invoke(FunctionName=name, Payload=b"not json")  # noqa: E731
    assert refused(call)[:2] == ("InvalidRequestContentException", 400)


# --- revisions and updates


def test_it_refuses_a_stale_revision_on_every_write(lambda_: Any, make: Make) -> None:
    name = make()
    stale = {"FunctionName": name, "RevisionId": "00000000-0000-0000-0000-000000000000"}
    package = zipped({"app.py": VERSION})
    lambda_.publish_version(FunctionName=name)
    lambda_.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    for call in (
        lambda: lambda_.update_function_code(**stale, ZipFile=package),
        lambda: lambda_.update_function_configuration(**stale, MemorySize=256),
        lambda: lambda_.publish_version(**stale),
        lambda: lambda_.update_alias(**stale, Name="live", FunctionVersion="1"),
    ):
        assert refused(call)[:2] == ("PreconditionFailedException", 412)
    assert settled(lambda_, name)["MemorySize"] == 128


def test_it_gives_a_new_revision_at_each_write_and_once_more_on_completion(lambda_: Any, make: Make) -> None:
    name = make()
    before = settled(lambda_, name)["RevisionId"]
    during = lambda_.update_function_configuration(FunctionName=name, MemorySize=256, RevisionId=before)
    assert during["LastUpdateStatus"] == "InProgress"
    assert during["RevisionId"] != before
    after = settled(lambda_, name)["RevisionId"]
    assert after not in (before, during["RevisionId"])
    chained = lambda: lambda_.publish_version(FunctionName=name, RevisionId=during["RevisionId"])  # noqa: E731
    assert refused(chained)[1] == 412
    assert lambda_.publish_version(FunctionName=name, RevisionId=after)["Version"] == "1"


def test_it_refuses_changes_while_an_update_is_in_progress(lambda_: Any, make: Make) -> None:
    name = make()
    lambda_.update_function_configuration(FunctionName=name, MemorySize=256)
    for call in (
        lambda: lambda_.update_function_configuration(FunctionName=name, MemorySize=512),
        lambda: lambda_.publish_version(FunctionName=name),
    ):
        assert refused(call)[:2] == ("ResourceConflictException", 409)
    assert settled(lambda_, name)["MemorySize"] == 256


def test_it_runs_the_previous_configuration_until_an_update_completes(tmp_path: Path) -> None:
    with running_aws(tmp_path, SANDBOX_UPDATE_MS="1500") as slow:
        lambda_, iam = slow.client("lambda"), slow.client("iam")
        role = iam.create_role(RoleName="runs", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
        code = {"ZipFile": zipped({"app.py": "def handler(e, c): return 1\ndef other(e, c): return 2"})}
        lambda_.create_function(
            FunctionName="fn", Runtime="python3.11", Role=role, Handler="app.handler", Code=code
        )
        assert refused(lambda: lambda_.invoke(FunctionName="fn"))[:2] == ("ResourceConflictException", 409)
        settled(lambda_, "fn")
        lambda_.update_function_configuration(FunctionName="fn", Handler="app.other")
        assert lambda_.invoke(FunctionName="fn")["Payload"].read() == b"1"
        settled(lambda_, "fn")
        assert lambda_.invoke(FunctionName="fn")["Payload"].read() == b"2"


def test_it_publishes_nothing_when_nothing_changed(lambda_: Any, make: Make) -> None:
    name = make()
    numbers = [lambda_.publish_version(FunctionName=name)["Version"] for _ in range(2)]
    assert numbers == ["1", "1"]
    sha = settled(lambda_, name)["CodeSha256"]
    assert lambda_.publish_version(FunctionName=name, CodeSha256=sha)["Version"] == "1"
    wrong = lambda: lambda_.publish_version(FunctionName=name, CodeSha256="other")  # noqa: E731
    assert refused(wrong)[:2] == ("InvalidParameterValueException", 400)


def test_it_keeps_published_versions_as_they_were(lambda_: Any, make: Make) -> None:
    name = make(Environment={"Variables": {"A": "1"}})
    lambda_.publish_version(FunctionName=name)
    lambda_.update_function_configuration(FunctionName=name, MemorySize=256, Environment={"Variables": {}})
    settled(lambda_, name)
    lambda_.update_function_code(
        FunctionName=name, ZipFile=zipped({"app.py": "def handler(e, c): return 'new'"})
    )
    settled(lambda_, name)
    first = lambda_.get_function_configuration(FunctionName=name, Qualifier="1")
    assert (first["MemorySize"], first["Environment"]["Variables"]) == (128, {"A": "1"})
    old = json.loads(lambda_.invoke(FunctionName=name, Qualifier="1")["Payload"].read())
    assert old["version"] == "1"
    assert lambda_.invoke(FunctionName=name)["Payload"].read() == b'"new"'


def test_it_keeps_published_versions_warm_through_an_update_of_latest(lambda_: Any, make: Make) -> None:
    name = make("import os\ndef handler(e, c): return os.getpid()")
    lambda_.publish_version(FunctionName=name)

    def ask() -> str:
        return str(lambda_.invoke(FunctionName=name, Qualifier="1")["Payload"].read())

    before = ask()
    lambda_.update_function_configuration(FunctionName=name, MemorySize=256)
    settled(lambda_, name)
    assert ask() == before


def test_it_keeps_what_an_update_does_not_name(lambda_: Any, make: Make) -> None:
    name = make(Environment={"Variables": {"A": "1"}}, Timeout=7, Description="said")
    lambda_.update_function_configuration(FunctionName=name, Handler="other.handler")
    found = settled(lambda_, name)
    assert (found["Timeout"], found["Environment"]["Variables"], found["Description"]) == (
        7,
        {"A": "1"},
        "said",
    )
    assert found["Handler"] == "other.handler"


# --- aliases


def test_it_refuses_weights_that_aws_refuses(lambda_: Any, make: Make, roles: dict[str, str]) -> None:
    name = make()
    first, second = published_pair(lambda_, name)
    lambda_.update_function_configuration(FunctionName=name, Role=roles["runs-other"])
    settled(lambda_, name)
    third = lambda_.publish_version(FunctionName=name)["Version"]
    lambda_.create_alias(FunctionName=name, Name="live", FunctionVersion=first)

    def update(version: str, weights: dict[str, float]) -> tuple[str, int, str]:
        return refused(
            lambda: lambda_.update_alias(
                FunctionName=name,
                Name="live",
                FunctionVersion=version,
                RoutingConfig={"AdditionalVersionWeights": weights},
            )
        )

    assert "$LATEST" in update("$LATEST", {second: 0.1})[2]
    assert "cannot be greater than 1" in update(first, {second: 0.1, third: 0.1})[2]
    assert (
        f"Function version {first} is already included in routing configuration"
        in update(first, {first: 0.1})[2]
    )
    assert "same execution role" in update(first, {third: 0.1})[2]
    assert update(first, {"99": 0.1})[:2] == ("ResourceNotFoundException", 404)
    assert update(first, {second: 1.5})[0] == "ValidationException"


def test_it_keeps_weights_that_an_update_leaves_out_and_clears_empty_ones(lambda_: Any, make: Make) -> None:
    name = make()
    first, second = published_pair(lambda_, name)
    lambda_.create_alias(
        FunctionName=name,
        Name="live",
        FunctionVersion=first,
        RoutingConfig={"AdditionalVersionWeights": {second: 0.1}},
    )
    kept = lambda_.update_alias(FunctionName=name, Name="live", Description="d")
    assert kept["RoutingConfig"]["AdditionalVersionWeights"] == {second: 0.1}
    assert kept["FunctionVersion"] == first
    flip = lambda: lambda_.update_alias(FunctionName=name, Name="live", FunctionVersion=second)  # noqa: E731
    assert "already included" in refused(flip)[2]
    cleared = lambda_.update_alias(
        FunctionName=name,
        Name="live",
        FunctionVersion=second,
        RoutingConfig={"AdditionalVersionWeights": {}},
        RevisionId=kept["RevisionId"],
    )
    assert "RoutingConfig" not in cleared
    assert cleared["RevisionId"] != kept["RevisionId"]


def test_it_refuses_to_delete_a_version_that_an_alias_uses(lambda_: Any, make: Make) -> None:
    name = make()
    first, second = published_pair(lambda_, name)
    lambda_.create_alias(FunctionName=name, Name="original", FunctionVersion=first)
    used = lambda: lambda_.delete_function(FunctionName=name, Qualifier=first)  # noqa: E731
    assert refused(used)[:2] == ("ResourceConflictException", 409)
    lambda_.delete_function(FunctionName=name, Qualifier=second)
    assert [v["Version"] for v in lambda_.list_versions_by_function(FunctionName=name)["Versions"]] == [
        "$LATEST",
        first,
    ]
    lambda_.delete_function(FunctionName=name)
    assert refused(lambda: lambda_.get_function(FunctionName=name))[1] == 404


# --- code and layers


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


# --- what inventory reads


def test_it_answers_the_reads_that_moto_lacks(lambda_: Any, make: Make) -> None:
    name = make()
    assert lambda_.get_runtime_management_config(FunctionName=name)["UpdateRuntimeOn"] == "Auto"
    assert not lambda_.get_function_code_signing_config(FunctionName=name)["CodeSigningConfigArn"]
    assert lambda_.get_function_recursion_config(FunctionName=name)["RecursiveLoop"] == "Terminate"
    assert lambda_.list_function_url_configs(FunctionName=name)["FunctionUrlConfigs"] == []
    assert (
        lambda_.list_provisioned_concurrency_configs(FunctionName=name)["ProvisionedConcurrencyConfigs"] == []
    )
    assert lambda_.list_function_event_invoke_configs(FunctionName=name)["FunctionEventInvokeConfigs"] == []
    assert lambda_.list_event_source_mappings(FunctionName=name)["EventSourceMappings"] == []
    assert lambda_.get_account_settings()["AccountLimit"]["ConcurrentExecutions"] == 1000
    lambda_.publish_version(FunctionName=name)
    absent = lambda: lambda_.get_provisioned_concurrency_config(FunctionName=name, Qualifier="1")  # noqa: E731
    assert refused(absent)[:2] == ("ProvisionedConcurrencyConfigNotFoundException", 404)


def test_it_gives_function_lists_in_pages(lambda_: Any, make: Make) -> None:
    names = {make() for _ in range(3)}
    pages = list(lambda_.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 2}))
    assert all(len(page["Functions"]) <= 2 for page in pages)
    assert names <= {f["FunctionName"] for page in pages for f in page["Functions"]}


def test_it_keeps_a_policy_for_each_qualifier(lambda_: Any, make: Make) -> None:
    name = make()
    lambda_.publish_version(FunctionName=name)
    lambda_.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    grant = {"StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"}
    lambda_.add_permission(FunctionName=name, Qualifier="live", SourceAccount="123456789012", **grant)
    assert refused(lambda: lambda_.get_policy(FunctionName=name))[1] == 404
    (statement,) = json.loads(lambda_.get_policy(FunctionName=name, Qualifier="live")["Policy"])["Statement"]
    assert statement["Resource"].endswith(f":{name}:live")
    assert statement["Condition"] == {"StringEquals": {"AWS:SourceAccount": "123456789012"}}
    again = lambda: lambda_.add_permission(FunctionName=name, Qualifier="live", **grant)  # noqa: E731
    assert refused(again)[:2] == ("ResourceConflictException", 409)
    lambda_.remove_permission(FunctionName=name, Qualifier="live", StatementId="s")
    assert refused(lambda: lambda_.get_policy(FunctionName=name, Qualifier="live"))[1] == 404


def test_it_refuses_an_operation_that_it_does_not_offer(lambda_: Any) -> None:
    call = lambda: lambda_.list_code_signing_configs()  # noqa: E731
    assert refused(call)[:2] == ("NotImplementedException", 501)


def test_it_takes_functions_of_other_runtimes_but_says_that_it_cannot_run_them(
    lambda_: Any, make: Make
) -> None:
    name = make(runtime="java21")
    assert refused(lambda: lambda_.invoke(FunctionName=name))[:2] == ("InvalidRuntimeException", 502)


def test_it_says_what_a_policy_allows(aws: RunningAws) -> None:
    iam = aws.client("iam")
    iam.create_user(UserName="narrow")
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": ["lambda:Get*", "lambda:UpdateAlias"], "Resource": "*"},
            {"Effect": "Deny", "Action": "lambda:GetPolicy", "Resource": "*"},
        ],
    }
    iam.put_user_policy(UserName="narrow", PolicyName="p", PolicyDocument=json.dumps(document))
    found = iam.simulate_principal_policy(
        PolicySourceArn="arn:aws:iam::123456789012:user/narrow",
        ActionNames=["lambda:GetAlias", "lambda:updatealias", "lambda:GetPolicy", "lambda:DeleteFunction"],
    )["EvaluationResults"]
    assert [f["EvalDecision"] for f in found] == ["allowed", "allowed", "explicitDeny", "implicitDeny"]
    me = aws.client("sts").get_caller_identity()["Arn"]
    mine = iam.simulate_principal_policy(PolicySourceArn=me, ActionNames=["sqs:SendMessage"])
    assert mine["EvaluationResults"][0]["EvalDecision"] == "allowed"


# --- logs and metrics


def test_it_finds_the_lines_of_one_request(aws: RunningAws, lambda_: Any, make: Make) -> None:
    name = make("def handler(event, context): print('line of', event['n'])")
    ids = [
        lambda_.invoke(FunctionName=name, Payload=json.dumps({"n": n}).encode())["ResponseMetadata"][
            "RequestId"
        ]
        for n in range(3)
    ]
    logs = aws.client("logs")
    found = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}", filterPattern=f'"{ids[1]}"')["events"]
    assert [e["message"].split(" ")[0] for e in found] == ["START", "END", "REPORT"]
    start = found[0]
    around = logs.get_log_events(
        logGroupName=f"/aws/lambda/{name}", logStreamName=start["logStreamName"], startFromHead=True
    )["events"]
    assert "line of 1\n" in [e["message"] for e in around]
    assert start["logStreamName"].startswith(f"{datetime.now(UTC):%Y/%m/%d}/[$LATEST]")
    pages = list(
        logs.get_paginator("filter_log_events").paginate(
            logGroupName=f"/aws/lambda/{name}", PaginationConfig={"PageSize": 4}
        )
    )
    everything = [e["message"] for page in pages for e in page["events"]]
    assert len([m for m in everything if m.startswith("line of")]) == 3
    streams = logs.describe_log_streams(logGroupName=f"/aws/lambda/{name}")["logStreams"]
    assert [s["logStreamName"] for s in streams] == [start["logStreamName"]]
    groups = logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{name}")["logGroups"]
    assert len(groups) == 1


def test_it_counts_by_function_resource_and_version(aws: RunningAws, lambda_: Any, make: Make) -> None:
    name = make("def handler(e, c): return 1 / e.get('by', 1)")
    lambda_.publish_version(FunctionName=name)
    lambda_.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    lambda_.invoke(FunctionName=name)
    for payload in (b"{}", b"{}", b'{"by": 0}'):
        lambda_.invoke(FunctionName=name, Qualifier="live", Payload=payload)
    cloudwatch = aws.client("cloudwatch")
    total = partial(summed, cloudwatch)
    now = datetime.now(UTC)
    assert total("Invocations", FunctionName=name) == 4
    assert total("Invocations", FunctionName=name, Resource=name) == 1
    assert total("Invocations", FunctionName=name, Resource=f"{name}:live") == 3
    assert total("Errors", FunctionName=name, Resource=f"{name}:live", ExecutedVersion="1") == 1
    assert total("Duration", FunctionName=name) > 0
    assert total("Invocations", FunctionName="nobody") == 0
    points = cloudwatch.get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName="Invocations",
        Dimensions=[{"Name": "FunctionName", "Value": name}],
        StartTime=now - timedelta(minutes=5),
        EndTime=now + timedelta(minutes=1),
        Period=300,
        Statistics=["Sum", "SampleCount"],
    )["Datapoints"]
    assert sum(p["Sum"] for p in points) == 4
    listed = cloudwatch.list_metrics(Namespace="AWS/Lambda", MetricName="Errors")["Metrics"]
    assert {"Name": "FunctionName", "Value": name} in [d for m in listed for d in m["Dimensions"]]


def test_it_leaves_other_metrics_to_moto(aws: RunningAws) -> None:
    cloudwatch = aws.client("cloudwatch")
    cloudwatch.put_metric_data(Namespace="Own", MetricData=[{"MetricName": "n", "Value": 2.0}])
    now = datetime.now(UTC)
    (found,) = cloudwatch.get_metric_data(
        MetricDataQueries=[
            {
                "Id": "m",
                "MetricStat": {
                    "Metric": {"Namespace": "Own", "MetricName": "n"},
                    "Period": 60,
                    "Stat": "Sum",
                },
            }
        ],
        StartTime=now - timedelta(minutes=5),
        EndTime=now + timedelta(minutes=1),
    )["MetricDataResults"]
    assert found["Values"] == [2.0]


# --- the services around it


def test_a_waiting_receive_returns_as_soon_as_a_message_arrives(aws: RunningAws) -> None:
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="evidence")["QueueUrl"]
    sender = aws.client("sqs")
    sent: list[float] = []

    def send() -> None:
        sender.send_message(QueueUrl=url, MessageBody="x")
        sent.append(time.monotonic())

    delays = []
    for _ in range(5):
        timer = threading.Timer(0.3, send)
        timer.start()
        (message,) = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=10)["Messages"]
        received = time.monotonic()
        timer.join()
        delays.append(received - sent[-1])
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert sorted(delays)[2] < 0.05


def test_it_takes_the_resource_policies_that_a_shift_writes(aws: RunningAws, roles: dict[str, str]) -> None:
    def allowing(action: str, resource: str) -> str:
        statement = {
            "Effect": "Allow",
            "Principal": {"AWS": roles["runs"]},
            "Action": action,
            "Resource": resource,
        }
        return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="taps")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": allowing("sqs:SendMessage", arn)})
    kept = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"]
    assert json.loads(kept)["Statement"][0]["Action"] == "sqs:SendMessage"
    secrets = aws.client("secretsmanager")
    secret = secrets.create_secret(Name="relay", SecretString="s")["ARN"]
    policy = allowing("secretsmanager:GetSecretValue", "*")
    secrets.put_resource_policy(SecretId=secret, ResourcePolicy=policy)
    assert json.loads(secrets.get_resource_policy(SecretId=secret)["ResourcePolicy"]) == json.loads(policy)
    assert secrets.get_secret_value(SecretId="relay")["SecretString"] == "s"


def test_it_verifies_s3_uploads_and_presigned_links(aws: RunningAws) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="objects")
    s3.put_object(Bucket="objects", Key="a b/ü+1.txt", Body=b"hello")
    assert s3.get_object(Bucket="objects", Key="a b/ü+1.txt")["Body"].read() == b"hello"
    assert s3.head_object(Bucket="objects", Key="a b/ü+1.txt")["ContentLength"] == 5
    for signer in (s3, aws.client("s3", config=Config(signature_version="s3v4"))):
        link = signer.generate_presigned_url("get_object", Params={"Bucket": "objects", "Key": "a b/ü+1.txt"})
        with urllib.request.urlopen(link, timeout=5) as answer:
            assert answer.read() == b"hello"
        wrong = re.sub(r"Signature=....", "Signature=0000", link)
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(wrong, timeout=5)
        assert caught.value.code == 403
        caught.value.close()


# --- faults


@pytest.fixture
def fault(aws: RunningAws) -> Iterator[Callable[..., None]]:
    def ask(method: str, body: dict[str, Any] | None, token: str) -> int:
        request = urllib.request.Request(
            f"{aws.endpoint}/_sandbox/faults",
            method=method,
            data=json.dumps(body).encode() if body else None,
            headers={"X-Sandbox-Token": token},
        )
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return int(error.code)

    assert ask("GET", None, "wrong") == 403

    def add(**rule: Any) -> None:
        assert ask("POST", {"cloud": "aws", **rule}, aws.keys.admin_token) == 200

    yield add
    assert ask("DELETE", None, aws.keys.admin_token) == 200


def test_it_fails_calls_on_demand(
    aws: RunningAws, lambda_: Any, make: Make, fault: Callable[..., None]
) -> None:
    name = make()
    fault(kind="status", status=429, function=name, operation="Invoke", times=1)
    assert refused(lambda: lambda_.invoke(FunctionName=name))[0] == "TooManyRequestsException"
    assert lambda_.invoke(FunctionName=name)["StatusCode"] == 200
    fault(kind="reset", function=name, times=1)
    with pytest.raises(ConnectionClosedError):
        lambda_.get_function(FunctionName=name)
    fault(kind="error", function=name, rate=0.5, seed=3)
    failed = sum("FunctionError" in lambda_.invoke(FunctionName=name) for _ in range(40))
    assert 8 <= failed <= 32


def test_it_can_lose_the_answer_of_a_call_that_took_effect(
    lambda_: Any, make: Make, fault: Callable[..., None]
) -> None:
    name = make()
    fault(kind="drop-answer", function=name, operation="PublishVersion", times=1)
    with pytest.raises(ConnectionClosedError):
        lambda_.publish_version(FunctionName=name)
    assert len(lambda_.list_versions_by_function(FunctionName=name)["Versions"]) == 2


def test_it_can_spoil_and_slow_answers(lambda_: Any, make: Make, fault: Callable[..., None]) -> None:
    name = make("def handler(e, c): return {'total': 5}")
    lambda_.invoke(FunctionName=name)
    fault(kind="wrong", function=name, times=1)
    fault(kind="slow", function=name, ms=200, times=1)
    began = time.monotonic()
    spoiled = lambda_.invoke(FunctionName=name, LogType="Tail")
    assert time.monotonic() - began >= 0.2
    assert json.loads(spoiled["Payload"].read()) == {"total": 6}
    report = base64.b64decode(spoiled["LogResult"]).decode().split("\tDuration: ")[1]
    assert float(report.split(" ")[0]) >= 200


# --- restart


def test_its_state_survives_an_orderly_restart(tmp_path: Path) -> None:
    with running_aws(tmp_path) as first:
        lambda_, iam, s3 = (first.client(s) for s in ("lambda", "iam", "s3"))
        role = iam.create_role(RoleName="runs", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
        layer = lambda_.publish_layer_version(
            LayerName="words", Content={"ZipFile": zipped({"python/words.py": "word = 'kept'"})}
        )["LayerVersionArn"]
        code = {"ZipFile": zipped({"app.py": "import words\ndef handler(e, c): return words.word"})}
        lambda_.create_function(
            FunctionName="fn",
            Runtime="python3.11",
            Role=role,
            Handler="app.handler",
            Code=code,
            Layers=[layer],
        )
        settled(lambda_, "fn")
        _, second = published_pair(lambda_, "fn")
        alias = lambda_.create_alias(
            FunctionName="fn",
            Name="live",
            FunctionVersion="1",
            RoutingConfig={"AdditionalVersionWeights": {second: 0.5}},
        )
        lambda_.add_permission(
            FunctionName="fn", StatementId="s", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com"
        )
        ran = lambda_.invoke(FunctionName="fn")["ResponseMetadata"]["RequestId"]
        before = settled(lambda_, "fn")
        s3.create_bucket(Bucket="kept")
        s3.put_object(Bucket="kept", Key="k", Body=b"x" * 100_000)
        url = first.client("sqs").create_queue(QueueName="kept")["QueueUrl"]
        sent = first.client("sqs").send_message(QueueUrl=url, MessageBody="body")["MessageId"]
        first.client("secretsmanager").create_secret(Name="kept", SecretString="s")
        topic = first.client("sns").create_topic(Name="kept")["TopicArn"]
        first.client("sns").subscribe(
            TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:123456789012:kept"
        )
        first.client("events").put_rule(Name="kept", ScheduleExpression="rate(1 minute)")
        first.client("scheduler").create_schedule(
            Name="kept",
            ScheduleExpression="rate(1 minute)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": alias["AliasArn"], "RoleArn": role},
        )
        first.client("logs").create_log_group(logGroupName="own")
        first.client("cloudwatch").put_metric_data(
            Namespace="Own", MetricData=[{"MetricName": "n", "Value": 1.0}]
        )
        given = first.client("sts").assume_role(RoleArn=role, RoleSessionName="session")["Credentials"]
    with running_aws(tmp_path) as again:
        lambda_ = again.client("lambda")
        after = settled(lambda_, "fn")
        assert {k: v for k, v in after.items() if k != "ResponseMetadata"} == {
            k: v for k, v in before.items() if k != "ResponseMetadata"
        }
        found = lambda_.get_alias(FunctionName="fn", Name="live")
        assert found["RevisionId"] == alias["RevisionId"]
        assert found["RoutingConfig"]["AdditionalVersionWeights"] == {second: 0.5}
        assert lambda_.invoke(FunctionName="fn", Qualifier="live")["Payload"].read() == b'"kept"'
        assert "s3.amazonaws.com" in lambda_.get_policy(FunctionName="fn")["Policy"]
        assert again.client("s3").get_object(Bucket="kept", Key="k")["Body"].read() == b"x" * 100_000
        url = again.client("sqs").get_queue_url(QueueName="kept")["QueueUrl"]
        (message,) = again.client("sqs").receive_message(QueueUrl=url)["Messages"]
        assert (message["MessageId"], message["Body"]) == (sent, "body")
        assert again.client("secretsmanager").get_secret_value(SecretId="kept")["SecretString"] == "s"
        assert again.client("sns").list_subscriptions()["Subscriptions"][0]["TopicArn"] == topic
        assert again.client("events").describe_rule(Name="kept")["State"] == "ENABLED"
        assert again.client("scheduler").get_schedule(Name="kept")["Target"]["Arn"] == alias["AliasArn"]
        assert again.client("logs").describe_log_groups(logGroupNamePrefix="own")["logGroups"]
        assert again.client("cloudwatch").list_metrics(Namespace="Own")["Metrics"]
        logs = again.client("logs").filter_log_events(logGroupName="/aws/lambda/fn", filterPattern=f'"{ran}"')
        assert len(logs["events"]) == 3
        assumed = again.client(
            "sts",
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
        )
        assert assumed.get_caller_identity()["Arn"].endswith("/runs/session")


def test_it_leaves_no_worker_when_it_is_killed(tmp_path: Path) -> None:
    with running_aws(tmp_path) as running:
        lambda_, iam = running.client("lambda"), running.client("iam")
        role = iam.create_role(RoleName="runs", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
        code = {"ZipFile": zipped({"app.py": "import os\ndef handler(e, c): return os.getpid()"})}
        lambda_.create_function(
            FunctionName="fn", Runtime="python3.11", Role=role, Handler="app.handler", Code=code
        )
        settled(lambda_, "fn")
        worker = Path(f"/proc/{int(lambda_.invoke(FunctionName='fn')['Payload'].read())}")
        assert worker.exists()
        os.kill(running.pid, signal.SIGKILL)
        # An orphan that was killed shows as a zombie until the machine's init has reaped it.
        assert eventually(lambda: not worker.exists() or "\nState:\tZ" in (worker / "status").read_text())
