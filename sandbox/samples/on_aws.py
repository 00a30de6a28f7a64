"""What samples need on AWS besides their functions: buckets, queues, tables, and what calls them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from sandbox.samples.catalog import Kind, Resource, Sample
from sandbox.samples.loader import ALIAS, code_of
from sandbox.samples.tables import Tables

STAGE = "prod"


class AwsSurroundings:
    """Makes what is missing and leaves what is there.

    client: gives the boto3 client of a service by its name.
    tables: None without a database; samples that need one must then be left out.
    """

    def __init__(
        self, *, client: Callable[[str], Any], region: str, account_id: str, tables: Tables | None
    ) -> None:
        self._client = client
        self._region = region
        self._account_id = account_id
        self._tables = tables

    def statements(self, sample: Sample) -> list[dict[str, Any]]:
        """Give what the role must allow, resource by resource."""
        return [one for resource in sample.resources if (one := self._statement(resource))]

    def _statement(self, resource: Resource) -> dict[str, Any] | None:
        match resource.kind:
            case Kind.BUCKET:
                bucket = f"arn:aws:s3:::{resource.name}"
                actions = ["s3:GetObject", "s3:PutObject", "s3:ListBucket"]
                return {"Effect": "Allow", "Action": actions, "Resource": [bucket, f"{bucket}/*"]}
            case Kind.QUEUE:
                actions = ["sqs:GetQueueUrl", "sqs:SendMessage"]
            case Kind.NOTIFICATIONS:
                actions = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
            case Kind.TABLE:
                return None
        return {"Effect": "Allow", "Action": actions, "Resource": self._queue(resource.name)}

    def _queue(self, name: str) -> str:
        return f"arn:aws:sqs:{self._region}:{self._account_id}:{name}"

    def ensure_resources(self, sample: Sample) -> Mapping[str, str]:
        """Create what is missing; give the variables of a database."""
        variables: dict[str, str] = {}
        for resource in sample.resources:
            match resource.kind:
                case Kind.BUCKET:
                    self._ensure_bucket(resource)
                case Kind.QUEUE | Kind.NOTIFICATIONS:
                    self._client("sqs").create_queue(QueueName=resource.name)
                case Kind.TABLE:
                    assert self._tables is not None, "a sample with a table needs a database"
                    variables |= self._tables.ensure(resource.name, resource.columns)
        return variables

    def _ensure_bucket(self, resource: Resource) -> None:
        s3 = self._client("s3")
        s3.create_bucket(Bucket=resource.name)
        present = {one["Key"] for one in s3.list_objects_v2(Bucket=resource.name).get("Contents", ())}
        for key, text in resource.objects.items():
            if key not in present:
                s3.put_object(Bucket=resource.name, Key=key, Body=text.encode())

    def ensure_trigger(self, sample: Sample, alias_arn: str) -> None:
        """Let the sample's trigger call the alias, unless it does already."""
        if sample.trigger is None:
            return
        ensure: Callable[[Sample, Mapping[str, Any], str], None] = {
            "timer": self._ensure_timer,
            "objects": self._ensure_objects,
            "notifications": self._ensure_mapping,
            "api": self._ensure_api,
            "url": self._ensure_url,
        }[str(sample.trigger["kind"])]
        ensure(sample, sample.trigger, alias_arn)

    def _allow(self, sample: Sample, principal: str, source: str) -> None:
        try:
            self._client("lambda").add_permission(
                FunctionName=sample.name,
                Qualifier=ALIAS,
                StatementId=principal.partition(".")[0],
                Action="lambda:InvokeFunction",
                Principal=principal,
                SourceArn=source,
            )
        except ClientError as exc:
            if code_of(exc) != "ResourceConflictException":
                raise

    def _ensure_timer(self, sample: Sample, trigger: Mapping[str, Any], alias_arn: str) -> None:
        events = self._client("events")
        if events.list_rules(NamePrefix=sample.name)["Rules"]:
            return
        rule = events.put_rule(Name=sample.name, ScheduleExpression=trigger["aws"])["RuleArn"]
        self._allow(sample, "events.amazonaws.com", rule)
        events.put_targets(Rule=sample.name, Targets=[{"Id": "function", "Arn": alias_arn}])

    def _ensure_objects(self, sample: Sample, trigger: Mapping[str, Any], alias_arn: str) -> None:
        s3, bucket = self._client("s3"), trigger["bucket"]
        if s3.get_bucket_notification_configuration(Bucket=bucket).get("LambdaFunctionConfigurations"):
            return
        self._allow(sample, "s3.amazonaws.com", f"arn:aws:s3:::{bucket}")
        rules = [{"Name": name, "Value": trigger[name]} for name in ("prefix", "suffix")]
        wish = {
            "Id": sample.name,
            "LambdaFunctionArn": alias_arn,
            "Events": ["s3:ObjectCreated:*"],
            "Filter": {"Key": {"FilterRules": rules}},
        }
        s3.put_bucket_notification_configuration(
            Bucket=bucket, NotificationConfiguration={"LambdaFunctionConfigurations": [wish]}
        )

    def _ensure_mapping(self, sample: Sample, trigger: Mapping[str, Any], alias_arn: str) -> None:
        functions, queue = self._client("lambda"), self._queue(trigger["channel"])
        if functions.list_event_source_mappings(EventSourceArn=queue)["EventSourceMappings"]:
            return
        functions.create_event_source_mapping(FunctionName=alias_arn, EventSourceArn=queue, BatchSize=10)

    def _ensure_api(self, sample: Sample, trigger: Mapping[str, Any], alias_arn: str) -> None:
        gateway = self._client("apigateway")
        if any(api["name"] == sample.name for api in gateway.get_rest_apis(limit=500)["items"]):
            return
        api = gateway.create_rest_api(name=sample.name)
        place = gateway.create_resource(
            restApiId=api["id"], parentId=api["rootResourceId"], pathPart=trigger["path"].removeprefix("/")
        )
        uri = f"arn:aws:apigateway:{self._region}:lambda:path/2015-03-31/functions/{alias_arn}/invocations"
        for method in trigger["methods"]:
            where = {"restApiId": api["id"], "resourceId": place["id"], "httpMethod": method}
            gateway.put_method(**where, authorizationType="NONE")
            gateway.put_integration(**where, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
        source = f"arn:aws:execute-api:{self._region}:{self._account_id}:{api['id']}/*/*{trigger['path']}"
        self._allow(sample, "apigateway.amazonaws.com", source)
        gateway.create_deployment(restApiId=api["id"], stageName=STAGE)

    def _ensure_url(self, sample: Sample, trigger: Mapping[str, Any], alias_arn: str) -> None:
        functions = self._client("lambda")
        where = {"FunctionName": sample.name, "Qualifier": ALIAS}
        if functions.list_function_url_configs(FunctionName=sample.name)["FunctionUrlConfigs"]:
            return
        functions.create_function_url_config(**where, AuthType="NONE")
        functions.add_permission(
            **where,
            StatementId="everybody",
            Action="lambda:InvokeFunctionUrl",
            Principal="*",
            FunctionUrlAuthType="NONE",
        )
