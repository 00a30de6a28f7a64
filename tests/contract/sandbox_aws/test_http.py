"""Functions behind HTTP: function URLs, REST APIs and HTTP APIs, at their paths on loopback."""

import base64
import json
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.contract.sandbox_aws.support import Make, refused
from tests.sandbox_fixtures import RunningAws

pytestmark = pytest.mark.enable_socket

ECHO = "def handler(event, context): return event"
ACCOUNT = "123456789012"


class Answer:
    """One HTTP answer, read to its end."""

    def __init__(self, response: Any) -> None:
        with response:
            self.status: int = response.status
            self.headers = response.headers
            self.body: bytes = response.read()

    def json(self) -> Any:
        return json.loads(self.body)


def ask(url: str, method: str = "GET", body: bytes | None = None, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, data=body, method=method, headers=named)
    try:
        return Answer(urllib.request.urlopen(request, timeout=40))
    except urllib.error.HTTPError as error:
        return Answer(error)


def opened(lambda_: Any, name: str, **more: Any) -> str:
    """Give a function a URL that everybody may call."""
    url: str = lambda_.create_function_url_config(FunctionName=name, AuthType="NONE", **more)["FunctionUrl"]
    lambda_.add_permission(
        FunctionName=name,
        StatementId="everybody",
        Action="lambda:InvokeFunctionUrl",
        Principal="*",
        FunctionUrlAuthType="NONE",
    )
    return url


# --- function URLs


def test_a_function_url_gives_the_function_an_event_of_format_2(lambda_: Any, make: Make) -> None:
    url = opened(lambda_, make(ECHO))
    event = ask(
        f"{url}a%20b/c?x=1&x=2&y=",
        "POST",
        b'{"n": 1}',
        content_type="application/json",
        Cookie="a=1; b=2",
        X_Own="yes",
    ).json()
    assert (event["version"], event["routeKey"]) == ("2.0", "$default")
    assert (event["rawPath"], event["rawQueryString"]) == ("/a%20b/c", "x=1&x=2&y=")
    assert event["queryStringParameters"] == {"x": "1,2", "y": ""}
    assert event["cookies"] == ["a=1", "b=2"]
    assert event["headers"]["x-own"] == "yes"
    assert (event["body"], event["isBase64Encoded"]) == ('{"n": 1}', False)
    http = event["requestContext"]["http"]
    assert (http["method"], http["path"], http["sourceIp"]) == ("POST", "/a%20b/c", "127.0.0.1")
    assert event["requestContext"]["domainName"].endswith(".lambda-url.us-east-1.on.aws")
    binary = ask(url, "PUT", b"\x00\xff", content_type="application/octet-stream").json()
    assert (base64.b64decode(binary["body"]), binary["isBase64Encoded"]) == (b"\x00\xff", True)


@pytest.mark.parametrize(
    ("source", "status", "body", "headers"),
    [
        ("'hello'", 200, b"hello", {"content-type": "application/json"}),
        ("{'a': 1}", 200, b'{"a": 1}', {"content-type": "application/json"}),
        ("{'statusCode': 201, 'body': 'x', 'headers': {'X-A': 1, 'Content-Type': 'text/plain'}}", 201, b"x",
         {"x-a": "1", "content-type": "text/plain"}),
        ("{'statusCode': 200, 'body': 'AP8=', 'isBase64Encoded': True}", 200, b"\x00\xff", {}),
        ("{'statusCode': 'many'}", 502, b'{"message": "Internal Server Error"}', {}),
        ("1 / 0", 502, b'{"message": "Internal Server Error"}', {}),
    ],
)  # fmt: skip
def test_a_function_url_reads_the_answer_as_aws_does(
    lambda_: Any, make: Make, source: str, status: int, body: bytes, headers: dict[str, str]
) -> None:
    answer = ask(opened(lambda_, make(f"def handler(e, c): return {source}")))
    assert (answer.status, answer.body) == (status, body)
    assert {name: answer.headers[name] for name in headers} == headers


def test_a_function_url_sets_each_cookie(lambda_: Any, make: Make) -> None:
    answer = ask(
        opened(lambda_, make("def handler(e, c): return {'statusCode': 204, 'cookies': ['a=1', 'b=2']}"))
    )
    assert (answer.status, answer.headers.get_all("set-cookie")) == (204, ["a=1", "b=2"])


def test_a_function_url_asks_for_permission_and_belongs_to_its_qualifier(lambda_: Any, make: Make) -> None:
    name = make("def handler(e, c): return c.invoked_function_arn")
    lambda_.publish_version(FunctionName=name)
    lambda_.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    url = lambda_.create_function_url_config(FunctionName=name, Qualifier="live", AuthType="NONE")[
        "FunctionUrl"
    ]
    closed = ask(url)
    assert (closed.status, "Forbidden" in closed.json()["Message"]) == (403, True)
    lambda_.add_permission(
        FunctionName=name,
        Qualifier="live",
        StatementId="s",
        Action="lambda:InvokeFunctionUrl",
        Principal="*",
        FunctionUrlAuthType="NONE",
    )
    assert ask(url).body.decode().endswith(f":{name}:live")
    lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    assert ask(url).status == 429
    numbered = lambda: lambda_.create_function_url_config(FunctionName=name, Qualifier="1", AuthType="NONE")  # noqa: E731
    assert refused(numbered)[1] == 400
    lambda_.delete_function_url_config(FunctionName=name, Qualifier="live")
    assert ask(url).status == 403


def test_a_function_url_with_iam_checks_the_signature(aws: RunningAws, lambda_: Any, make: Make) -> None:
    name = make("def handler(e, c): return e['requestContext']['authorizer']['iam']['userArn']")
    url = lambda_.create_function_url_config(FunctionName=name, AuthType="AWS_IAM")["FunctionUrl"]
    assert ask(url).status == 403

    def signed(secret: str) -> Answer:
        credentials = Credentials(aws.keys.aws.access_key_id, secret)
        request = AWSRequest("POST", f"{url}path", data=b"{}", headers={"Content-Type": "application/json"})
        SigV4Auth(credentials, "lambda", "us-east-1").add_auth(request)
        given = {name.replace("-", "_"): value for name, value in request.headers.items()}
        return ask(f"{url}path", "POST", b"{}", **given)

    assert signed(aws.keys.aws.secret_access_key).body.endswith(b"user/cutover")
    assert signed("x" * 40).status == 403


def test_the_addresses_are_listed(aws: RunningAws, lambda_: Any, make: Make) -> None:
    name = make(ECHO)
    url = opened(lambda_, name)
    listed = ask(f"{aws.endpoint}/_sandbox/addresses").json()["functionUrls"]
    assert {"function": name, "qualifier": None, "url": url} in listed
    changed = lambda_.update_function_url_config(FunctionName=name, Cors={"AllowOrigins": ["*"]})
    assert (changed["Cors"], changed["FunctionUrl"]) == ({"AllowOrigins": ["*"]}, url)
    assert ask(url, Origin="https://evil.example").status == 403


def test_it_answers_cors_as_the_owner_of_a_url_has_set_it(lambda_: Any, make: Make) -> None:
    name = make("def handler(e, c): return {'statusCode': 200, 'headers': {'access-control-max-age': '1'}}")
    settings: dict[str, Any] = {"AllowOrigins": ["https://shop.example"], "AllowMethods": ["GET", "PUT"]}
    settings |= {"AllowHeaders": ["x-one", "x-two"], "ExposeHeaders": ["x-own"], "MaxAge": 60}
    url = opened(lambda_, name, Cors={**settings, "AllowCredentials": True})

    def page(method: str = "GET", origin: str = "https://shop.example", **more: str) -> Answer:
        return ask(url, method, None, Origin=origin, Sec_Fetch_Site="cross-site", **more)

    before = page("OPTIONS", Access_Control_Request_Method="PUT")
    found = {key.removeprefix("access-control-"): value for key, value in before.headers.items()}
    assert (before.status, before.body, found["allow-origin"]) == (200, b"", "https://shop.example")
    assert (found["allow-methods"], found["allow-headers"]) == ("GET,PUT", "x-one,x-two")
    assert (found["max-age"], found["allow-credentials"], found["vary"]) == ("60", "true", "Origin")
    unwanted = page("OPTIONS", Access_Control_Request_Method="DELETE")
    assert "access-control-allow-methods" not in unwanted.headers
    answer = page()
    assert answer.headers["access-control-allow-origin"] == "https://shop.example"
    assert answer.headers["access-control-expose-headers"] == "x-own"
    assert "access-control-max-age" not in answer.headers
    assert page(origin="https://evil.example").status == 403
    assert page(Host="evil.example").status == 403
    lambda_.update_function_url_config(FunctionName=name, Cors={"AllowOrigins": ["*"]})
    assert page(origin="http://localhost:3000").headers["access-control-allow-origin"] == "*"
    assert page().status == 403


# --- REST APIs


def allow(lambda_: Any, name: str, api_id: str, place: str = "*/*/*") -> None:
    lambda_.add_permission(
        FunctionName=name,
        StatementId=f"api-{api_id}",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=f"arn:aws:execute-api:us-east-1:{ACCOUNT}:{api_id}/{place}",
    )


def uri_of(name: str) -> str:
    arn = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{name}"
    return f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations"


@pytest.fixture
def rest(aws: RunningAws) -> Callable[..., str]:
    """Make a REST API of AWS_PROXY methods, {"/items/{id}": ("GET", function)}; gives its id."""
    gateway = aws.client("apigateway")

    def create(methods: dict[str, tuple[str, str]], **method: Any) -> str:
        api = gateway.create_rest_api(name="shop")
        ids = {"/": api["rootResourceId"]}
        for path, (verb, function) in methods.items():
            place = ""
            for part in [part for part in path.split("/") if part]:
                above, place = place or "/", f"{place}/{part}"
                if place not in ids:
                    ids[place] = gateway.create_resource(
                        restApiId=api["id"], parentId=ids[above], pathPart=part
                    )["id"]
            where = {"restApiId": api["id"], "resourceId": ids[path], "httpMethod": verb}
            gateway.put_method(**where, **{"authorizationType": "NONE", **method})
            gateway.put_integration(
                **where, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri_of(function)
            )
        gateway.create_deployment(restApiId=api["id"], stageName="prod", variables={"alias": "live"})
        return str(api["id"])

    return create


def test_a_rest_api_gives_the_function_a_proxy_event(
    aws: RunningAws, lambda_: Any, make: Make, rest: Callable[..., str]
) -> None:
    echo = "import json\ndef handler(e, c): return {'statusCode': 200, 'body': json.dumps(e), "
    name = make(echo + "'multiValueHeaders': {'X-Many': ['1', '2']}}")
    api = rest({"/items/{id}": ("POST", name), "/{proxy+}": ("ANY", name)})
    base = f"{aws.endpoint}/_api/{api}/prod"
    assert ask(f"{base}/items/7", "POST", b"{}").status == 500  # the function does not let the API in yet
    allow(lambda_, name, api)
    answer = ask(f"{base}/items/7?x=1&x=2", "POST", b"a=1", X_Own="yes")
    assert answer.headers.get_all("x-many") == ["1", "2"]
    event = answer.json()
    assert (event["resource"], event["path"], event["httpMethod"]) == ("/items/{id}", "/items/7", "POST")
    assert event["pathParameters"] == {"id": "7"}
    assert event["queryStringParameters"] == {"x": "2"}
    assert event["multiValueQueryStringParameters"] == {"x": ["1", "2"]}
    assert event["stageVariables"] == {"alias": "live"}
    assert (event["body"], event["isBase64Encoded"]) == ("a=1", False)
    assert event["multiValueHeaders"]["X-Own"] == ["yes"]
    context = event["requestContext"]
    assert (context["stage"], context["path"], context["apiId"]) == ("prod", "/prod/items/7", api)
    rest_of = ask(f"{base}/any/where", "DELETE").json()
    assert (rest_of["resource"], rest_of["pathParameters"]) == ("/{proxy+}", {"proxy": "any/where"})
    assert ask(f"{base}/").json() == {"message": "Missing Authentication Token"}
    assert ask(f"{aws.endpoint}/_api/{api}/none/x").json() == {"message": "Forbidden"}


def test_a_rest_api_serves_its_deployment_until_the_next(
    aws: RunningAws, lambda_: Any, make: Make, rest: Callable[..., str]
) -> None:
    first, second = (make(f"def handler(e, c): return {{'statusCode': {status}}}") for status in (201, 202))
    api = rest({"/x": ("GET", first)})
    for name in (first, second):
        allow(lambda_, name, api, "prod/GET/x")
    gateway = aws.client("apigateway")
    (resource,) = [r for r in gateway.get_resources(restApiId=api)["items"] if r["path"] == "/x"]
    old = gateway.get_stage(restApiId=api, stageName="prod")["deploymentId"]
    changed = gateway.update_integration(
        restApiId=api,
        resourceId=resource["id"],
        httpMethod="GET",
        patchOperations=[{"op": "replace", "path": "/uri", "value": uri_of(second)}],
    )
    assert changed["uri"] == uri_of(second)
    url = f"{aws.endpoint}/_api/{api}/prod/x"
    assert ask(url).status == 201
    gateway.create_deployment(restApiId=api, stageName="prod")
    assert ask(url).status == 202
    assert gateway.get_stage(restApiId=api, stageName="prod")["variables"] == {"alias": "live"}
    back = [{"op": "replace", "path": "/deploymentId", "value": old}]
    gateway.update_stage(restApiId=api, stageName="prod", patchOperations=back)
    assert ask(url).status == 201


def test_a_rest_api_fails_as_aws_does(
    aws: RunningAws, lambda_: Any, make: Make, rest: Callable[..., str]
) -> None:
    raising, shapeless = make("def handler(e, c): raise ValueError"), make("def handler(e, c): return 'text'")
    api = rest({"/raising": ("GET", raising), "/shapeless": ("GET", shapeless)})
    for name in (raising, shapeless):
        allow(lambda_, name, api)
    for path in ("raising", "shapeless"):
        answer = ask(f"{aws.endpoint}/_api/{api}/prod/{path}")
        assert (answer.status, answer.json()) == (502, {"message": "Internal server error"})


def test_a_rest_api_asks_for_its_keys(
    aws: RunningAws, lambda_: Any, make: Make, rest: Callable[..., str]
) -> None:
    name = make("def handler(e, c): return {'statusCode': 200}")
    api = rest({"/x": ("GET", name)}, apiKeyRequired=True)
    allow(lambda_, name, api)
    gateway = aws.client("apigateway")
    key = gateway.create_api_key(name="k", enabled=True, value="v" * 20)
    plan = gateway.create_usage_plan(name="p", apiStages=[{"apiId": api, "stage": "prod"}])
    gateway.create_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY")
    url = f"{aws.endpoint}/_api/{api}/prod/x"
    assert ask(url).status == 403
    assert ask(url, X_Api_Key="v" * 20).status == 200


# --- HTTP APIs


def test_an_http_api_picks_the_most_specific_route(aws: RunningAws, lambda_: Any, make: Make) -> None:
    gateway = aws.client("apigatewayv2")
    name = make("def handler(e, c): return {'key': e['routeKey'], 'parameters': e.get('pathParameters')}")
    api = gateway.create_api(Name="shop", ProtocolType="HTTP")["ApiId"]
    integration = gateway.create_integration(
        ApiId=api,
        IntegrationType="AWS_PROXY",
        IntegrationUri=f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{name}",
        PayloadFormatVersion="2.0",
    )["IntegrationId"]
    for key in ("GET /items/{id}", "GET /items/best", "ANY /items/{rest+}", "$default"):
        gateway.create_route(ApiId=api, RouteKey=key, Target=f"integrations/{integration}")
    base = f"{aws.endpoint}/_api/{api}"
    assert ask(f"{base}/items/1").json() == {"message": "Not Found"}  # no stage yet
    gateway.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    assert ask(f"{base}/items/1").json() == {"message": "Internal Server Error"}  # no permission yet
    allow(lambda_, name, api, "*")
    assert ask(f"{base}/items/best").json()["key"] == "GET /items/best"
    found = ask(f"{base}/items/1").json()
    assert (found["key"], found["parameters"]) == ("GET /items/{id}", {"id": "1"})
    found = ask(f"{base}/items/1/2", "POST", b"").json()
    assert (found["key"], found["parameters"]) == ("ANY /items/{rest+}", {"rest": "1/2"})
    assert ask(f"{base}/elsewhere").json()["key"] == "$default"


def test_an_http_api_without_auto_deploy_serves_its_deployment(
    aws: RunningAws, lambda_: Any, make: Make
) -> None:
    gateway = aws.client("apigatewayv2")
    echo = "import json\ndef handler(e, c): return {'statusCode': 200, 'body': json.dumps(e)}"
    first, second = make(echo), make("def handler(e, c): return {'statusCode': 202}")
    api = gateway.create_api(Name="shop", ProtocolType="HTTP")["ApiId"]
    for name in (first, second):
        allow(lambda_, name, api)
    given = {"ApiId": api, "IntegrationType": "AWS_PROXY", "PayloadFormatVersion": "1.0"}
    integration = gateway.create_integration(**given, IntegrationUri=uri_of(first))["IntegrationId"]
    gateway.create_route(ApiId=api, RouteKey="GET /x", Target=f"integrations/{integration}")
    gateway.create_stage(ApiId=api, StageName="prod", StageVariables={"v": "1"})
    url = f"{aws.endpoint}/_api/{api}/prod/x"
    assert ask(url).status == 404
    old = gateway.create_deployment(ApiId=api, StageName="prod")["DeploymentId"]
    event = ask(f"{url}?a=1").json()
    assert (event["version"], event["path"], event["stageVariables"]) == ("1.0", "/x", {"v": "1"})
    gateway.update_integration(ApiId=api, IntegrationId=integration, IntegrationUri=uri_of(second))
    assert ask(url).status == 200
    gateway.create_deployment(ApiId=api, StageName="prod")
    assert ask(url).status == 202
    assert gateway.update_stage(ApiId=api, StageName="prod", DeploymentId=old)["DeploymentId"] == old
    assert ask(url).status == 200
    assert len(gateway.get_deployments(ApiId=api)["Items"]) == 2


def test_an_http_api_made_for_one_function_answers_at_its_endpoint(
    lambda_: Any, aws: RunningAws, make: Make
) -> None:
    name = make("def handler(e, c): return e['rawPath']")
    target = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{name}"
    api = aws.client("apigatewayv2").create_api(Name="quick", ProtocolType="HTTP", Target=target)
    allow(lambda_, name, api["ApiId"], "*")
    assert ask(f"{api['ApiEndpoint']}/any/where").body == b"/any/where"
