"""What is pure in the AWS port: facts, fingerprints, policies, errors."""

import json
from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
)

from clouds.aws import configuration, facts, policies
from clouds.aws.archive import permission_of
from clouds.aws.errors import calling, translate
from clouds.aws.invoker import read_limit
from clouds.aws.queue import with_sender
from clouds.aws.session import principal_of
from cutover.errors import (
    AlreadyExists,
    CloudError,
    Conflict,
    Denied,
    Invalid,
    NoAnswer,
    NotFound,
    QuotaExceeded,
    Throttled,
    Unavailable,
)

ARN = "arn:aws:lambda:us-east-1:123456789012:function:f"
RAW: dict[str, Any] = {
    "FunctionName": "f",
    "Runtime": "nodejs20.x",
    "Handler": "index.handler",
    "Role": "arn:aws:iam::1:role/r",
    "Timeout": 3,
    "MemorySize": 128,
    "CodeSha256": "abc",
    "Version": "$LATEST",
    "RevisionId": "r1",
    "LastModified": "2026-01-01",
    "Environment": {"Variables": {"A": "1"}},
    "Layers": [{"Arn": "layer:1", "CodeSize": 3}],
}


def _answered(code: str, status: int, message: str = "said") -> ClientError:
    response = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status, "RequestId": "id-1"},
    }
    return ClientError(response, "Op")  # type: ignore[arg-type]


# -------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("code", "status", "operation", "expected"),
    [
        ("TooManyRequestsException", 429, "lambda:Invoke", Throttled),
        ("Throttling", 400, "iam:SimulatePrincipalPolicy", Throttled),
        ("PreconditionFailedException", 412, "lambda:UpdateAlias", Conflict),
        ("ResourceConflictException", 409, "lambda:UpdateFunctionConfiguration", Conflict),
        ("ResourceConflictException", 409, "lambda:CreateAlias", AlreadyExists),
        ("ResourceNotFoundException", 404, "lambda:GetAlias", NotFound),
        ("404", 404, "s3:HeadBucket", NotFound),
        ("AccessDeniedException", 403, "lambda:GetAlias", Denied),
        ("ExpiredToken", 400, "sqs:ReceiveMessage", Denied),
        ("InvalidParameterValueException", 400, "lambda:PublishVersion", Invalid),
        ("CodeStorageExceededException", 400, "lambda:PublishLayerVersion", QuotaExceeded),
        ("ServiceException", 500, "lambda:Invoke", Unavailable),
        ("GatewayTimeout", 504, "lambda:UpdateAlias", NoAnswer),
    ],
)
def test_it_maps_an_answer_by_code_and_status(
    code: str, status: int, operation: str, expected: type[CloudError]
) -> None:
    error = translate(_answered(code, status), operation)

    assert type(error) is expected
    assert (error.cloud, error.operation, error.request_id, error.code) == ("aws", operation, "id-1", code)


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (EndpointConnectionError(endpoint_url="u"), Unavailable),
        (ReadTimeoutError(endpoint_url="u"), NoAnswer),
        (ConnectionClosedError(endpoint_url="u"), NoAnswer),
        (NoCredentialsError(), Denied),
    ],
)
def test_it_tells_nothing_sent_from_no_answer(raised: Any, expected: type[CloudError]) -> None:
    assert type(translate(raised, "lambda:UpdateAlias")) is expected


def test_it_repeats_nothing_of_a_call_that_carries_secrets() -> None:
    for raised in (
        _answered("ValidationException", 400, "value hidden-value is not valid"),
        ParamValidationError(report="hidden-value"),
    ):
        with pytest.raises(Invalid) as caught, calling("secretsmanager:CreateSecret", secret=True):
            raise raised
        assert "hidden-value" not in str(caught.value)
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__


# ------------------------------------------------------------------------------------- fingerprints


@pytest.mark.parametrize("name", ["RevisionId", "LastModified", "Version", "Description", "CodeSize"])
def test_it_leaves_out_of_the_fingerprint_what_a_restore_cannot_bring_back(name: str) -> None:
    assert configuration.fingerprint({**RAW, name: "x"}, key=b"k") == configuration.fingerprint(RAW, key=b"k")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Runtime", "nodejs22.x"),
        ("Handler", "other.handler"),
        ("Role", "arn:aws:iam::1:role/other"),
        ("Timeout", 4),
        ("MemorySize", 256),
        ("CodeSha256", "def"),
        ("Layers", []),
        ("Environment", {"Variables": {"A": "2"}}),
        ("VpcConfig", {"SubnetIds": ["s"], "SecurityGroupIds": []}),
        ("SnapStart", {"ApplyOn": "PublishedVersions", "OptimizationStatus": "On"}),
        ("TracingConfig", {"Mode": "Active"}),
        ("EphemeralStorage", {"Size": 1024}),
        ("DeadLetterConfig", {"TargetArn": "q"}),
        ("KMSKeyArn", "key"),
        ("FileSystemConfigs", [{"Arn": "a", "LocalMountPath": "/mnt/a"}]),
        ("LoggingConfig", {"LogFormat": "JSON"}),
        ("Architectures", ["arm64"]),
    ],
)
def test_it_sees_every_field_that_a_restore_must_bring_back(name: str, value: Any) -> None:
    assert configuration.fingerprint({**RAW, name: value}, key=b"k") != configuration.fingerprint(
        RAW, key=b"k"
    )


def test_it_sends_only_what_differs() -> None:
    present = configuration.fields(RAW)

    assert configuration.differing(present, present) == {}
    assert configuration.differing({"Handler": "x", "Timeout": 3}, present) == {"Handler": "x"}


# --------------------------------------------------------------------------------------------- facts


def test_it_reads_triggers_with_their_qualifiers() -> None:
    mappings = [
        {
            "UUID": "u",
            "EventSourceArn": "arn:aws:sqs:us-east-1:1:q",
            "FunctionArn": f"{ARN}:live",
            "State": "Enabled",
        },
        {"EventSourceArn": "arn:aws:dynamodb:us-east-1:1:table/t", "FunctionArn": ARN, "State": "Disabled"},
    ]

    found = list(facts.mapping_triggers(mappings))

    assert [(one["kind"], one["qualifier"], one["enabled"]) for one in found] == [
        ("sqs", "live", True),
        ("dynamodb", "", False),
    ]


def test_it_reads_callers_out_of_a_resource_policy() -> None:
    policy = json.dumps(
        {
            "Statement": [
                {
                    "Sid": "s",
                    "Principal": {"Service": "s3.amazonaws.com"},
                    "Action": "lambda:InvokeFunction",
                    "Condition": {"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::bucket"}},
                },
                {"Sid": "a", "Principal": {"AWS": "arn:aws:iam::2:root"}, "Action": "lambda:InvokeFunction"},
            ]
        }
    )

    found = list(facts.policy_triggers(policy, "live"))

    assert [(one["kind"], one["source"]) for one in found] == [
        ("s3", "arn:aws:s3:::bucket"),
        ("account", "arn:aws:iam::2:root"),
    ]


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (ARN, True),
        (f"{ARN}:live", True),
        ("f", True),
        ("f:live", True),
        (f"{ARN}-other", False),
        ("fx", False),
    ],
)
def test_it_knows_which_mappings_are_the_functions(target: str, expected: bool) -> None:
    assert facts.addresses(target, ARN, "f") is expected


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"PackageType": "Image"}, "image"),
        ({"Runtime": "python3.7"}, "can no longer be updated"),
        ({"DurableConfig": {"ExecutionTimeout": 1}}, "durable"),
        ({"CapacityProviderConfig": {"x": 1}}, "managed instances"),
        ({"TenancyConfig": {"TenantIsolationMode": "PER_TENANT"}}, "tenant"),
        ({"Layers": [{"Arn": str(n)} for n in range(4)]}, "layers"),
    ],
)
def test_it_says_what_forbids_tap_and_relay(more: dict[str, Any], word: str) -> None:
    (sentence,) = facts.limits_of_configuration({**RAW, **more})
    assert word in sentence


def test_it_says_that_urls_on_the_bare_function_and_streams_forbid_tap_and_relay() -> None:
    assert list(facts.limits_of_urls([{"FunctionArn": f"{ARN}:live"}])) == []
    assert len(list(facts.limits_of_urls([{"FunctionArn": ARN, "InvokeMode": "RESPONSE_STREAM"}]))) == 2


@pytest.mark.parametrize(
    ("tags", "owner"),
    [
        ({}, ""),
        ({"team": "a"}, ""),
        ({"aws:cloudformation:stack-name": "s"}, "cloudformation"),
        ({"lambda:createdBy": "SAM", "aws:cloudformation:stack-name": "s"}, "sam"),
        ({"ManagedBy": "Terraform"}, "terraform"),
    ],
)
def test_it_says_who_owns_the_function(tags: dict[str, str], owner: str) -> None:
    assert facts.managed_by(tags) == owner


# ------------------------------------------------------------------------------------------ policies


@pytest.mark.parametrize("purpose", policies.PURPOSES)
def test_its_policies_name_actions_and_no_wildcard_of_actions(purpose: str) -> None:
    document = policies.policy(purpose, region="us-east-1", account_id="1", function="f")

    actions = [action for statement in document["Statement"] for action in statement["Action"]]
    assert actions
    assert not [action for action in actions if "*" in action]


def test_its_switching_policy_can_move_an_alias_and_nothing_else() -> None:
    (statement,) = policies.policy("switch", region="us-east-1", account_id="1", function="f")["Statement"]

    assert statement["Action"] == ["lambda:CreateAlias", "lambda:GetAlias", "lambda:UpdateAlias"]
    assert statement["Resource"] == ["arn:aws:lambda:us-east-1:1:function:f"]


def test_it_lets_a_sender_in_once_and_keeps_the_others() -> None:
    first = with_sender("", queue_arn="q", role_arn="one")
    assert first is not None
    assert with_sender(first, queue_arn="q", role_arn="one") is None

    second = with_sender(first, queue_arn="q", role_arn="two")
    assert second is not None
    assert [one["Principal"]["AWS"] for one in json.loads(second)["Statement"]] == ["one", "two"]


def test_it_writes_a_permission_as_it_was() -> None:
    statement = {
        "Sid": "s",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Condition": {
            "StringEquals": {"AWS:SourceAccount": "1"},
            "ArnLike": {"AWS:SourceArn": "arn:aws:s3:::b"},
        },
    }

    assert permission_of(statement) == {
        "StatementId": "s",
        "Action": "lambda:InvokeFunction",
        "Principal": "s3.amazonaws.com",
        "SourceArn": "arn:aws:s3:::b",
        "SourceAccount": "1",
    }


def test_it_asks_about_the_role_behind_a_session() -> None:
    assert principal_of("arn:aws:sts::1:assumed-role/r/session") == "arn:aws:iam::1:role/r"
    assert principal_of("arn:aws:iam::1:user/u") == "arn:aws:iam::1:user/u"


@pytest.mark.parametrize(
    ("timeout_s", "limit_s"), [(1, 10), (3, 10), (15, 20), (60, 65), (900, 910), (5000, 910)]
)
def test_it_waits_longer_than_the_function_may_run(timeout_s: float, limit_s: int) -> None:
    assert read_limit(timeout_s) == limit_s
