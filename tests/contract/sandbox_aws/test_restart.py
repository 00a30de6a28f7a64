"""What survives the end of the AWS half, and what does not outlive it."""

import json
import os
import secrets
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.contract.sandbox_aws.support import TRUST, VERSION, eventually, published_pair, settled, zipped
from tests.sandbox_fixtures import processes_of, running_aws

pytestmark = pytest.mark.enable_socket


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
        code = {"ZipFile": zipped({"app.py": "def handler(e, c): return 1"})}
        name = f"fn-{secrets.token_hex(6)}"
        lambda_.create_function(
            FunctionName=name, Runtime="python3.11", Role=role, Handler="app.handler", Code=code
        )
        settled(lambda_, name)
        lambda_.invoke(FunctionName=name)
        assert len(processes_of("AWS_LAMBDA_FUNCTION_NAME", name)) == 1
        os.kill(running.pid, signal.SIGKILL)
        assert eventually(lambda: not processes_of("AWS_LAMBDA_FUNCTION_NAME", name))


def test_it_loses_nothing_of_lambda_when_it_is_killed(tmp_path: Path) -> None:
    with running_aws(tmp_path) as first:
        lambda_, iam = first.client("lambda"), first.client("iam")
        role = iam.create_role(RoleName="runs", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
        code = {"ZipFile": zipped({"app.py": VERSION})}
        layer = lambda_.publish_layer_version(LayerName="words", Content=code)["LayerVersionArn"]
        lambda_.create_function(
            FunctionName="fn", Runtime="python3.11", Role=role, Handler="app.handler", Code=code
        )
        settled(lambda_, "fn")
        number = lambda_.publish_version(FunctionName="fn")["Version"]
        alias = lambda_.create_alias(FunctionName="fn", Name="live", FunctionVersion=number)
        lambda_.put_function_concurrency(FunctionName="fn", ReservedConcurrentExecutions=7)
        lambda_.add_permission(
            FunctionName="fn", StatementId="s", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com"
        )
        lambda_.put_function_event_invoke_config(FunctionName="fn", MaximumRetryAttempts=1)
        url = lambda_.create_function_url_config(FunctionName="fn", AuthType="NONE")["FunctionUrl"]
        lambda_.tag_resource(Resource=first_arn(lambda_), Tags={"kept": "yes"})
        lambda_.create_alias(FunctionName="fn", Name="gone", FunctionVersion=number)
        lambda_.delete_alias(FunctionName="fn", Name="gone")
        policy = lambda_.get_policy(FunctionName="fn")
        before = settled(lambda_, "fn")
        os.kill(first.pid, signal.SIGKILL)
    with running_aws(tmp_path) as again:
        lambda_ = again.client("lambda")
        after = settled(lambda_, "fn")
        assert {**after, "ResponseMetadata": 0} == {**before, "ResponseMetadata": 0}
        assert lambda_.get_layer_version_by_arn(Arn=layer)["LayerVersionArn"] == layer
        (kept,) = lambda_.list_aliases(FunctionName="fn")["Aliases"]
        assert kept["RevisionId"] == alias["RevisionId"]
        assert lambda_.get_function_concurrency(FunctionName="fn")["ReservedConcurrentExecutions"] == 7
        assert lambda_.get_policy(FunctionName="fn")["RevisionId"] == policy["RevisionId"]
        assert lambda_.get_function_event_invoke_config(FunctionName="fn")["MaximumRetryAttempts"] == 1
        identity = lambda_.get_function_url_config(FunctionName="fn")["FunctionUrl"]
        assert identity.rstrip("/").rpartition("/")[2] == url.rstrip("/").rpartition("/")[2]
        assert lambda_.list_tags(Resource=first_arn(lambda_))["Tags"] == {"kept": "yes"}
        answer = lambda_.invoke(FunctionName="fn", Qualifier="live")
        assert json.loads(answer["Payload"].read())["version"] == number


def first_arn(lambda_: Any) -> str:
    found: str = lambda_.list_functions()["Functions"][0]["FunctionArn"]
    return found
