"""What belongs to a function beside its code: concurrency, layers, logs, images, streams and more."""

import base64
import json
from typing import Any

import pytest

from tests.contract.sandbox_aws.support import Make, published_pair, refused, settled, zipped
from tests.sandbox_fixtures import RunningAws

pytestmark = pytest.mark.enable_socket


def test_it_keeps_provisioned_concurrency_and_bars_it_from_weights(lambda_: Any, make: Make) -> None:
    name = make()
    first, second = published_pair(lambda_, name)
    lambda_.create_alias(FunctionName=name, Name="live", FunctionVersion=first)
    put = lambda_.put_provisioned_concurrency_config
    assert (
        "unpublished"
        in refused(lambda: put(FunctionName=name, Qualifier="$LATEST", ProvisionedConcurrentExecutions=1))[2]
    )
    asked = put(FunctionName=name, Qualifier="live", ProvisionedConcurrentExecutions=2)
    assert asked["RequestedProvisionedConcurrentExecutions"] == 2
    assert asked["ResponseMetadata"]["HTTPStatusCode"] == 202
    again = lambda: put(FunctionName=name, Qualifier=first, ProvisionedConcurrentExecutions=1)  # noqa: E731
    assert "Provisioned Concurrency alias" in refused(again)[2]
    (listed,) = lambda_.list_provisioned_concurrency_configs(FunctionName=name)[
        "ProvisionedConcurrencyConfigs"
    ]
    assert listed["FunctionArn"].endswith(f":{name}:live")
    lambda_.update_alias(
        FunctionName=name, Name="live", RoutingConfig={"AdditionalVersionWeights": {second: 0.1}}
    )
    weighted = lambda: put(FunctionName=name, Qualifier="live", ProvisionedConcurrentExecutions=3)  # noqa: E731
    assert "Alias with weights can not be used with Provisioned Concurrency" in refused(weighted)[2]
    lambda_.update_alias(FunctionName=name, Name="live", RoutingConfig={"AdditionalVersionWeights": {}})
    lambda_.delete_provisioned_concurrency_config(FunctionName=name, Qualifier="live")
    gone = lambda: lambda_.get_provisioned_concurrency_config(FunctionName=name, Qualifier="live")  # noqa: E731
    assert refused(gone)[0] == "ProvisionedConcurrencyConfigNotFoundException"


def test_it_keeps_layers_their_policies_and_what_still_uses_them(lambda_: Any, make: Make) -> None:
    content = {"ZipFile": zipped({"python/words.py": "word = 'layered'"})}
    layer = lambda_.publish_layer_version(
        LayerName="words-kept", Content=content, CompatibleRuntimes=["python3.11"]
    )
    arn, number = layer["LayerVersionArn"], layer["Version"]
    name = make("import words\ndef handler(e, c): return words.word, words.__file__", Layers=[arn])
    assert lambda_.list_layers(CompatibleRuntime="nodejs20.x")["Layers"] == []
    statement = {"LayerName": "words-kept", "VersionNumber": number}
    lambda_.add_layer_version_permission(
        **statement, StatementId="all", Action="lambda:GetLayerVersion", Principal="*"
    )
    policy = json.loads(lambda_.get_layer_version_policy(**statement)["Policy"])
    assert policy["Statement"][0]["Resource"] == arn
    lambda_.remove_layer_version_permission(**statement, StatementId="all")
    assert refused(lambda: lambda_.get_layer_version_policy(**statement))[1] == 404
    lambda_.delete_layer_version(**statement)
    assert refused(lambda: lambda_.get_layer_version_by_arn(Arn=arn))[1] == 404
    assert json.loads(lambda_.invoke(FunctionName=name)["Payload"].read()) == [
        "layered",
        "/opt/python/words.py",
    ]


def test_it_writes_platform_records_for_json_logs(aws: RunningAws, lambda_: Any, make: Make) -> None:
    group = f"own/{make().removeprefix('fn-')}"
    name = make(
        "import logging\ndef handler(e, c): logging.getLogger().warning('said')",
        LoggingConfig={"LogFormat": "JSON", "LogGroup": group},
    )
    shown = lambda_.get_function_configuration(FunctionName=name)["LoggingConfig"]
    assert shown == {
        "LogFormat": "JSON",
        "LogGroup": group,
        "ApplicationLogLevel": "INFO",
        "SystemLogLevel": "INFO",
    }
    request_id = lambda_.invoke(FunctionName=name)["ResponseMetadata"]["RequestId"]
    found = aws.client("logs").filter_log_events(logGroupName=group)["events"]
    records = [json.loads(event["message"]) for event in found]
    kinds = [record.get("type") for record in records]
    assert kinds == ["platform.initStart", "platform.start", None, "platform.report"]
    assert records[1]["record"] == {"requestId": request_id, "version": "$LATEST"}
    assert (records[2]["level"], records[2]["message"]) == ("WARNING", "said")
    assert records[3]["record"]["status"] == "success"
    assert records[3]["record"]["metrics"]["memorySizeMB"] == 128


def test_it_keeps_a_container_image_but_does_not_run_it(lambda_: Any, roles: dict[str, str]) -> None:
    uri = "123456789012.dkr.ecr.us-east-1.amazonaws.com/app:1"
    lambda_.create_function(
        FunctionName="image", Role=roles["runs"], PackageType="Image", Code={"ImageUri": uri}
    )
    settled(lambda_, "image")
    found = lambda_.get_function(FunctionName="image")
    assert (found["Code"]["ImageUri"], found["Configuration"]["PackageType"]) == (uri, "Image")
    code, status, message = refused(lambda: lambda_.invoke(FunctionName="image"))
    assert (code, status, "container images" in message) == ("InvalidRuntimeException", 502, True)
    changed = lambda: lambda_.update_function_code(FunctionName="image", ZipFile=zipped({"a": ""}))  # noqa: E731
    assert refused(changed)[0] == "InvalidParameterValueException"


def test_it_streams_an_answer_as_one_chunk(lambda_: Any, make: Make) -> None:
    done = lambda_.invoke_with_response_stream(FunctionName=make(), Payload=b'{"a": 1}', LogType="Tail")
    chunk, complete = list(done["EventStream"])
    assert json.loads(chunk["PayloadChunk"]["Payload"])["event"] == {"a": 1}
    assert "REPORT" in base64.b64decode(complete["InvokeComplete"]["LogResult"]).decode()
    failed = lambda_.invoke_with_response_stream(
        FunctionName=make("def handler(e, c): raise ValueError('no')")
    )
    (complete,) = list(failed["EventStream"])
    assert complete["InvokeComplete"]["ErrorCode"] == "ValueError"


def test_it_gives_functions_the_client_context(lambda_: Any, make: Make) -> None:
    name = make("def handler(e, c): return c.client_context.custom")
    context = base64.b64encode(json.dumps({"custom": {"who": "me"}}).encode()).decode()
    answer = lambda_.invoke(FunctionName=name, ClientContext=context)
    assert json.loads(answer["Payload"].read()) == {"who": "me"}
    wrong = lambda: lambda_.invoke(FunctionName=name, ClientContext="no")  # noqa: E731
    assert refused(wrong)[0] == "InvalidRequestContentException"


def test_it_keeps_what_it_does_not_act_on(lambda_: Any, make: Make) -> None:
    queue = "arn:aws:sqs:us-east-1:123456789012:dead"
    name = make(
        DeadLetterConfig={"TargetArn": queue},
        TracingConfig={"Mode": "Active"},
        EphemeralStorage={"Size": 1024},
        SnapStart={"ApplyOn": "PublishedVersions"},
        VpcConfig={"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
    )
    found = lambda_.get_function_configuration(FunctionName=name)
    assert found["DeadLetterConfig"] == {"TargetArn": queue}
    assert found["TracingConfig"] == {"Mode": "Active"}
    assert found["EphemeralStorage"] == {"Size": 1024}
    assert found["SnapStart"]["ApplyOn"] == "PublishedVersions"
    assert found["VpcConfig"]["SubnetIds"] == ["subnet-1"]


def test_it_tags_functions(lambda_: Any, make: Make) -> None:
    name = make(Tags={"aa": "1", "bb": "2"})
    arn = lambda_.get_function_configuration(FunctionName=name)["FunctionArn"]
    lambda_.tag_resource(Resource=arn, Tags={"cc": "3"})
    lambda_.untag_resource(Resource=arn, TagKeys=["aa", "bb"])
    assert lambda_.list_tags(Resource=arn)["Tags"] == {"cc": "3"}
    system = lambda: lambda_.tag_resource(Resource=arn, Tags={"aws:x": "1"})  # noqa: E731
    assert refused(system)[0] == "InvalidParameterValueException"


def test_it_gives_every_list_in_pages(lambda_: Any, make: Make) -> None:
    name = make()
    lambda_.publish_version(FunctionName=name)
    for alias in ("aa", "bb", "cc"):
        lambda_.create_alias(FunctionName=name, Name=alias, FunctionVersion="1")
    pages = list(
        lambda_.get_paginator("list_aliases").paginate(FunctionName=name, PaginationConfig={"PageSize": 2})
    )
    assert [[a["Name"] for a in page["Aliases"]] for page in pages] == [["aa", "bb"], ["cc"]]
    assert refused(lambda: lambda_.list_functions(Marker="no"))[0] == "InvalidParameterValueException"


def test_node_functions_write_json_above_their_level(aws: RunningAws, lambda_: Any, make: Make) -> None:
    name = make(
        "exports.handler = async () => { console.info('no'); console.warn({ a: 1 });"
        " console.error('it', new TypeError('failed')); };",
        runtime="nodejs20.x",
        LoggingConfig={"LogFormat": "JSON", "ApplicationLogLevel": "WARN", "SystemLogLevel": "WARN"},
    )
    request_id = lambda_.invoke(FunctionName=name)["ResponseMetadata"]["RequestId"]
    found = aws.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
    warning, error = [json.loads(event["message"]) for event in found]
    assert (warning["level"], warning["message"], warning["requestId"]) == ("WARN", {"a": 1}, request_id)
    assert (error["level"], error["errorType"], error["errorMessage"]) == ("ERROR", "TypeError", "failed")
    assert error["stackTrace"][1].startswith("    at ")
