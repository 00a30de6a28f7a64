"""What the catalog says of a function in the sandbox: triggers with their qualifiers, owners and limits."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract import ports
from tests.contract.ports import HASH_KEY, Primary

pytestmark = pytest.mark.enable_socket


@pytest.fixture(scope="module")
def primary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Primary]:
    with ports.primary("aws", tmp_path_factory.mktemp("state")) as given:
        yield given


@pytest.fixture
def lambda_(primary: Primary) -> Any:
    assert primary.raw is not None
    return primary.raw.client("lambda")


def test_it_reads_callers_from_the_policies_of_function_and_alias(primary: Primary, lambda_: Any) -> None:
    name = primary.make()
    for qualifier, bucket in (({}, "bare"), ({"Qualifier": "live"}, "aliased")):
        lambda_.add_permission(
            FunctionName=name,
            StatementId=bucket,
            Action="lambda:InvokeFunction",
            Principal="s3.amazonaws.com",
            SourceArn=f"arn:aws:s3:::{bucket}",
            **qualifier,
        )

    triggers = primary.cloud.catalog.describe(name, hash_key=HASH_KEY).triggers

    assert [(one["kind"], one["source"], one["qualifier"]) for one in triggers] == [
        ("s3", "arn:aws:s3:::bare", ""),
        ("s3", "arn:aws:s3:::aliased", "live"),
    ]


def test_it_says_who_owns_a_function_and_what_is_reserved(primary: Primary, lambda_: Any) -> None:
    name = primary.make()
    arn = lambda_.get_function_configuration(FunctionName=name)["FunctionArn"]
    lambda_.tag_resource(Resource=arn, Tags={"ManagedBy": "Terraform"})
    lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=7)

    facts = primary.cloud.catalog.describe(name, hash_key=HASH_KEY)

    assert (facts.managed_by, facts.reserved_concurrency) == ("terraform", 7)


def test_it_reads_what_the_role_may_do(primary: Primary, lambda_: Any) -> None:
    assert primary.raw is not None
    iam = primary.raw.client("iam")
    name = primary.make()
    role = lambda_.get_function_configuration(FunctionName=name)["Role"].rpartition("/")[2]
    one = {"Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::photos/*"}
    inline = {"Version": "2012-10-17", "Statement": one}
    iam.put_role_policy(RoleName=role, PolicyName="photos", PolicyDocument=json.dumps(inline))

    assert name in list(primary.cloud.catalog.names())
    configuration = primary.cloud.catalog.describe(name, hash_key=HASH_KEY).configuration

    assert {
        "policy": "photos",
        "sid": "Read",
        "effect": "Allow",
        "actions": ["s3:GetObject"],
        "resources": ["arn:aws:s3:::photos/*"],
        "inverted": False,
        "conditional": False,
    } in configuration["role_policies"]


def test_it_counts_the_bytes_of_the_environment_and_reads_codedeploy(primary: Primary, lambda_: Any) -> None:
    name = primary.make()
    lambda_.update_function_configuration(FunctionName=name, Environment={"Variables": {"STAGE": "pré"}})
    assert name in list(primary.cloud.catalog.names())
    configuration = primary.cloud.catalog.describe(name, hash_key=HASH_KEY).configuration
    assert configuration["environment_bytes"] == len("STAGE") + len("pré".encode())
    assert "code_deploy" not in configuration


def test_it_gives_permissions_back_after_a_restore(primary: Primary, lambda_: Any) -> None:
    name = primary.make()
    lambda_.add_permission(
        FunctionName=name,
        StatementId="s3",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
        SourceArn="arn:aws:s3:::bucket",
        SourceAccount="123456789012",
        Qualifier="live",
    )
    before = json.loads(lambda_.get_policy(FunctionName=name, Qualifier="live")["Policy"])
    archive = primary.cloud.archive
    kept = archive.store(name, bucket="cutover-archive", key=f"{name}.json", original_version="1").outcome
    archive.delete_function(name)
    archive.recreate(name, kept)
    lambda_.publish_version(FunctionName=name)
    primary.cloud.router.create(name, "live", version="1")

    assert archive.repeat_policy(name, kept, alias="live").outcome == {"statements": 1}
    assert archive.repeat_policy(name, kept, alias="live").outcome == {"statements": 0}

    after = json.loads(lambda_.get_policy(FunctionName=name, Qualifier="live")["Policy"])
    assert after["Statement"] == before["Statement"]


def test_it_says_which_permissions_are_missing(primary: Primary) -> None:
    assert primary.raw is not None
    iam = primary.raw.client("iam")
    iam.create_user(UserName="reader")
    allowed = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": ["lambda:List*", "lambda:Get*"], "Resource": "*"}],
    }
    iam.put_user_policy(UserName="reader", PolicyName="p", PolicyDocument=json.dumps(allowed))
    key = iam.create_access_key(UserName="reader")["AccessKey"]
    from clouds import aws

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
        patch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
        cloud = aws.connect(
            region=primary.cloud.region,
            account_id=primary.cloud.account_id,
            auth={"kind": "environment"},
            endpoints={"": primary.raw.endpoint},
        )
        gaps = {gap.action for gap in cloud.session.permission_gaps()}

    assert "cloudwatch:GetMetricData" in gaps
    assert "lambda:ListFunctions" not in gaps


def test_it_reads_triggers_from_the_services_that_call(primary: Primary, lambda_: Any) -> None:
    assert primary.raw is not None
    name = primary.make()
    arn = f"{lambda_.get_function_configuration(FunctionName=name)['FunctionArn']}:live"
    for service, source in (
        ("s3", f"arn:aws:s3:::{name}-uploads"),
        ("s3", f"arn:aws:s3:::{name}-gone"),
        ("events", f"arn:aws:events:us-east-1:123456789012:rule/{name}-tick"),
    ):
        lambda_.add_permission(
            FunctionName=name,
            Qualifier="live",
            StatementId=source.rpartition(":")[2].replace("/", "-"),
            Action="lambda:InvokeFunction",
            Principal=f"{service}.amazonaws.com",
            SourceArn=source,
        )
    buckets, events, topics = (primary.raw.client(one) for one in ("s3", "events", "sns"))
    buckets.create_bucket(Bucket=f"{name}-uploads")
    buckets.put_bucket_notification_configuration(
        Bucket=f"{name}-uploads",
        NotificationConfiguration={
            "LambdaFunctionConfigurations": [
                {
                    "LambdaFunctionArn": arn,
                    "Events": ["s3:ObjectCreated:*"],
                    "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "images/"}]}},
                }
            ]
        },
    )
    events.put_rule(Name=f"{name}-tick", ScheduleExpression="rate(5 minutes)", State="DISABLED")
    events.put_targets(Rule=f"{name}-tick", Targets=[{"Id": "1", "Arn": arn}])
    topic = topics.create_topic(Name=f"{name}-alerts")["TopicArn"]
    topics.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)

    assert name in set(primary.cloud.catalog.names())
    facts = primary.cloud.catalog.describe(name, hash_key=HASH_KEY)

    found = {(one["kind"], one["source"].rpartition(":")[2]): one for one in facts.triggers}
    assert {one["qualifier"] for one in facts.triggers} == {"live"}
    assert found["s3", f"{name}-uploads"]["filter"] == {"prefix": "images/"}
    assert found["schedule", f"rule/{name}-tick"]["detail"] == "rate(5 minutes)"
    assert found["schedule", f"rule/{name}-tick"]["enabled"] is False
    assert found["sns", f"{name}-alerts"]["enabled"] is True
    assert found["s3", f"{name}-gone"].get("id") is None
    assert len(found) == 4
