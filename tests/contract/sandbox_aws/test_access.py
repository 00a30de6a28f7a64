"""Who may ask the AWS half, through unmodified boto3."""

import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from tests.contract.sandbox_aws.support import Make, refused, settled, zipped
from tests.sandbox_fixtures import RunningAws

pytestmark = pytest.mark.enable_socket


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


def test_it_refuses_to_guess_what_a_condition_means(aws: RunningAws, make: Make) -> None:
    name = make()
    iam = aws.client("iam")
    iam.create_user(UserName="conditional")
    condition = {"StringEquals": {"aws:RequestedRegion": "us-east-1"}}
    statement = {"Effect": "Allow", "Action": "lambda:*", "Resource": "*", "Condition": condition}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName="conditional", PolicyName="p", PolicyDocument=document)
    key = iam.create_access_key(UserName="conditional")["AccessKey"]
    client = aws.client(
        "lambda", aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"]
    )
    code, status, message = refused(lambda: client.get_function(FunctionName=name))
    assert (code, status, "conditions" in message) == ("NotImplementedException", 501, True)


def test_it_lets_a_policy_name_a_layer(aws: RunningAws, lambda_: Any) -> None:
    content = {"ZipFile": zipped({"python/a.py": ""})}
    for layer in ("mine", "theirs"):
        lambda_.publish_layer_version(LayerName=layer, Content=content)
    iam = aws.client("iam")
    iam.create_user(UserName="layered")
    resource = "arn:aws:lambda:us-east-1:123456789012:layer:mine:*"
    statement = {"Effect": "Allow", "Action": "lambda:GetLayerVersion", "Resource": resource}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName="layered", PolicyName="p", PolicyDocument=document)
    key = iam.create_access_key(UserName="layered")["AccessKey"]
    client = aws.client(
        "lambda", aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"]
    )
    assert client.get_layer_version(LayerName="mine", VersionNumber=1)["Version"] == 1
    assert refused(lambda: client.get_layer_version(LayerName="theirs", VersionNumber=1))[1] == 403
