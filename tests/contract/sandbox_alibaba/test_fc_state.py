"""What FC 3.0 keeps besides functions: layers, domains, provision and scaling settings, tags; limits."""

import base64
import io
import json
import stat
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from alibabacloud_fc20230330 import models as fc

from tests.contract.sandbox_alibaba.calls import (
    ECHO_NODE,
    SDK_WARNINGS,
    alias,
    publish,
    refusal,
    update,
    visit,
)
from tests.sandbox_fixtures import RunningAlibaba, zipped

pytestmark = SDK_WARNINGS


def layer(alibaba: RunningAlibaba, name: str, files: dict[str, str]) -> Any:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    code = fc.InputCodeLocation(zip_file=base64.b64encode(out.getvalue()).decode())
    given = fc.CreateLayerVersionInput(code=code, compatible_runtime=["nodejs20"], description="d")
    return alibaba.fc().create_layer_version(name, fc.CreateLayerVersionRequest(body=given)).body


class TestLayers:
    def test_code_finds_its_layers_and_the_later_one_wins(self, alibaba: RunningAlibaba) -> None:
        module = "nodejs/node_modules/greeting/index.js"
        first = layer(alibaba, "first", {module: "module.exports = 'first'", "data.txt": "kept"})
        second = layer(alibaba, "second", {module: "module.exports = 'second'"})
        source = (
            "const fs = require('fs');\n"
            "exports.handler = async () => [require('greeting'), fs.readFileSync('/opt/data.txt', 'utf8')];"
        )
        arns = [first.layer_version_arn, second.layer_version_arn]
        made = alibaba.create_function("layered", source=source, layers=arns)
        assert [(row.arn, row.size) for row in made.layers] == [
            (first.layer_version_arn, first.code_size),
            (second.layer_version_arn, second.code_size),
        ]
        alibaba.fc().delete_layer_version("first", "1")
        assert json.loads(alibaba.invoke("layered").body.read()) == ["second", "kept"]
        assert refusal(lambda: alibaba.fc().get_layer_version("first", "1")) == (404, "LayerVersionNotFound")

    def test_python_finds_its_layers(self, alibaba: RunningAlibaba) -> None:
        made = layer(alibaba, "pylayer", {"python/greeting.py": "WORD = 'hello'"})
        source = "import greeting\ndef handler(event, context):\n    return greeting.WORD\n"
        alibaba.create_function(
            "py-layered", source=source, runtime="python3.10", layers=[made.layer_version_arn]
        )
        assert alibaba.invoke("py-layered").body.read() == b"hello"

    def test_versions_are_listed_and_found_by_arn(self, alibaba: RunningAlibaba) -> None:
        for text in ("1", "2", "3"):
            made = layer(alibaba, "counted", {"x": text})
        assert made.version == 3
        found = alibaba.fc().get_layer_version_by_arn(made.layer_version_arn).body
        assert (found.layer_name, found.version) == ("counted", 3)
        request = fc.ListLayerVersionsRequest(limit=2)
        page = alibaba.fc().list_layer_versions("counted", request).body
        assert ([row.version for row in page.layers], page.next_version) == ([1, 2], 3)
        alibaba.fc().put_layer_acl("counted", fc.PutLayerACLRequest(public="true"))
        listed = alibaba.fc().list_layers(fc.ListLayersRequest(public="true")).body.layers
        assert [(row.layer_name, row.version) for row in listed] == [("counted", 3)]

    def test_a_function_may_not_name_a_layer_that_is_not_there(self, alibaba: RunningAlibaba) -> None:
        arn = f"acs:fc:cn-hangzhou:{alibaba.keys.alibaba.account_id}:layers/none/versions/1"
        assert refusal(lambda: alibaba.create_function("no-layer", source=ECHO_NODE, layers=[arn])) == (
            404,
            "LayerNotFound",
        )


class TestConfigs:
    def test_provision_and_scaling_are_kept_per_qualifier(self, alibaba: RunningAlibaba) -> None:
        alibaba.create_function("scaled", source=ECHO_NODE)
        publish(alibaba, "scaled")
        alias(alibaba, "scaled", "1")
        client = alibaba.fc()
        given = fc.PutProvisionConfigInput(default_target=3)
        client.put_provision_config("scaled", fc.PutProvisionConfigRequest(body=given, qualifier="live"))
        found = client.get_provision_config("scaled", fc.GetProvisionConfigRequest(qualifier="live")).body
        assert (found.default_target, found.current) == (3, 3)
        assert found.function_arn.endswith("functions/scaled/live")
        scaling = fc.PutScalingConfigInput(
            min_instances=1,
            horizontal_scaling_policies=[
                fc.ScalingPolicy(name="p", metric_type="CPUUtilization", min_instances=1, max_instances=5)
            ],
        )
        client.put_scaling_config("scaled", fc.PutScalingConfigRequest(body=scaling, qualifier="1"))
        listed = client.list_scaling_configs(fc.ListScalingConfigsRequest(function_name="scaled")).body
        assert [row.min_instances for row in listed.scaling_configs] == [1]
        client.delete_provision_config("scaled", fc.DeleteProvisionConfigRequest(qualifier="live"))
        listed = client.list_provision_configs(fc.ListProvisionConfigsRequest()).body.provision_configs
        assert not [row for row in listed if "scaled" in row.function_arn]
        missing = fc.GetProvisionConfigRequest(qualifier="live")
        assert refusal(lambda: client.get_provision_config("scaled", missing))[0] == 404
        wrong = fc.PutScalingConfigRequest(body=fc.PutScalingConfigInput(min_instances=-1), qualifier="1")
        assert refusal(lambda: client.put_scaling_config("scaled", wrong)) == (400, "InvalidArgument")

    def test_instances_and_regions_are_told(self, alibaba: RunningAlibaba) -> None:
        alibaba.create_function("instances", source=ECHO_NODE)
        assert alibaba.fc().list_instances("instances", fc.ListInstancesRequest()).body.instances == []
        ran = alibaba.invoke("instances").headers["x-fc-instance-id"]
        listed = alibaba.fc().list_instances("instances", fc.ListInstancesRequest()).body.instances
        assert [(row.instance_id, row.version_id, row.status) for row in listed] == [(ran, "0", "Running")]
        regions = alibaba.fc().describe_regions(fc.DescribeRegionsRequest()).body.regions.region
        assert [row.region_id for row in regions] == [alibaba.keys.alibaba.region]

    @pytest.mark.parametrize(
        "call",
        [
            lambda client: client.create_snapshot("f", fc.CreateSnapshotRequest()),
            lambda client: client.list_sessions("f", fc.ListSessionsRequest()),
            lambda client: client.list_vpc_bindings("f"),
            lambda client: client.change_resource_group(fc.ChangeResourceGroupRequest()),
        ],
    )
    def test_operations_that_are_not_there_are_refused_by_name(
        self, alibaba: RunningAlibaba, call: Callable[[Any], Any]
    ) -> None:
        assert refusal(lambda: call(alibaba.fc())) == (400, "PathNotSupported")

    def test_aborting_is_refused_and_functions_are_found_by_tag(self, alibaba: RunningAlibaba) -> None:
        alibaba.create_function("tagged-a", source=ECHO_NODE, tags=[fc.Tag(key="team", value="blue")])
        alibaba.create_function("tagged-b", source=ECHO_NODE, tags=[fc.Tag(key="team", value="red")])
        request = fc.ListFunctionsRequest(tags=[fc.Tag(key="team", value="red")])
        found = alibaba.fc().list_functions(request).body.functions
        assert [row.function_name for row in found] == ["tagged-b"]
        abort = fc.DisableFunctionInvocationRequest(abort_ongoing_request=True)
        assert refusal(lambda: alibaba.fc().disable_function_invocation("tagged-a", abort))[0] == 400


class TestDomains:
    def _route(self, path: str, function: str, methods: list[str] | None = None) -> Any:
        return fc.PathConfig(path=path, function_name=function, methods=methods)

    def test_a_domain_leads_to_functions_by_path(self, alibaba: RunningAlibaba) -> None:
        for name in ("shop", "shop-api"):
            alibaba.create_function(
                name,
                source=(
                    "exports.handler = async (e) => { const v = JSON.parse(e); return { statusCode: 200,"
                    f" body: '{name} ' + v.rawPath + ' ' + v.requestContext.domainName }}; }};"
                ),
            )
        routes = [self._route("/*", "shop"), self._route("/api/*", "shop-api", ["GET"])]
        given = fc.CreateCustomDomainInput(
            domain_name="shop.example.com",
            protocol="HTTP",
            route_config=fc.RouteConfig(routes=routes),
        )
        request = fc.CreateCustomDomainRequest(body=given)
        made = alibaba.fc().create_custom_domain(request).body
        assert made.account_id == alibaba.keys.alibaba.account_id
        base = f"{alibaba.url}/_domain/shop.example.com"
        assert visit(f"{base}/x/y")[2] == b"shop /x/y shop.example.com"
        assert visit(f"{base}/api/z")[2] == b"shop-api /api/z shop.example.com"
        assert visit(f"{base}/api/z", method="POST", body=b"")[0] == 405
        assert refusal(lambda: alibaba.fc().create_custom_domain(request)) == (
            409,
            "DomainNameAlreadyExists",
        )
        changed = fc.UpdateCustomDomainInput(
            route_config=fc.RouteConfig(routes=[self._route("/only", "shop")])
        )
        alibaba.fc().update_custom_domain("shop.example.com", fc.UpdateCustomDomainRequest(body=changed))
        assert visit(f"{base}/x/y")[0] == 404
        listed = (
            alibaba.fc().list_custom_domains(fc.ListCustomDomainsRequest(prefix="shop")).body.custom_domains
        )
        assert [row.domain_name for row in listed] == ["shop.example.com"]
        alibaba.fc().delete_custom_domain("shop.example.com")
        assert visit(f"{base}/only")[0] == 404

    def test_a_private_key_is_never_given_back(self, alibaba: RunningAlibaba) -> None:
        certificate = fc.CertConfig(cert_name="c", certificate="PUBLIC", private_key="PRIVATE")
        given = fc.CreateCustomDomainInput(
            domain_name="tls.example.com", protocol="HTTPS", cert_config=certificate
        )
        made = alibaba.fc().create_custom_domain(fc.CreateCustomDomainRequest(body=given)).body
        assert (made.cert_config.certificate, made.cert_config.private_key) == ("PUBLIC", None)


class TestLimits:
    @pytest.mark.parametrize(
        "fields",
        [
            {"memory_size": 130},
            {"memory_size": 64},
            {"memory_size": 32832},
            {"cpu": 0.07, "memory_size": 128},
            {"cpu": 1.0, "memory_size": 512},
            {"cpu": 0.1, "memory_size": 1024},
            {"timeout": 86401},
            {"instance_concurrency": 2},
            {"environment_variables": {"1A": "x"}},
            {"environment_variables": {"topic": "x"}},
            {"environment_variables": {"A": "x" * 4096}},
            {"description": "x" * 257},
            {"handler": "nodot"},
            {"layers": ["a", "b", "c", "d", "e", "f"]},
            {"instance_lifecycle_config": fc.InstanceLifecycleConfig(pre_stop=fc.LifecycleHook(handler="x"))},
        ],
    )
    def test_it_refuses_what_fc_refuses(self, alibaba: RunningAlibaba, fields: dict[str, Any]) -> None:
        alibaba.create_function("limits", source=ECHO_NODE) if "limits" not in self._names(alibaba) else None
        assert refusal(lambda: update(alibaba, "limits", **fields)) == (400, "InvalidArgument")

    def _names(self, alibaba: RunningAlibaba) -> list[str]:
        request = fc.ListFunctionsRequest(prefix="limits")
        return [row.function_name for row in alibaba.fc().list_functions(request).body.functions]

    def test_payloads_have_their_limits(self, alibaba: RunningAlibaba) -> None:
        alibaba.create_function("payloads", source="exports.handler = async (e) => String(e.length)")
        assert alibaba.invoke("payloads", b"x" * (32 << 20)).body.read() == str(32 << 20).encode()
        assert refusal(lambda: alibaba.invoke("payloads", b"x" * ((32 << 20) + 1))) == (400, "EntityTooLarge")
        later = {"x_fc_invocation_type": "Async"}
        assert alibaba.invoke("payloads", b"x" * (128 << 10), **later).status_code == 202
        assert refusal(lambda: alibaba.invoke("payloads", b"x" * ((128 << 10) + 1), **later)) == (
            400,
            "EntityTooLarge",
        )

    @pytest.mark.parametrize("name", ["../../evil.js", "/evil.js", "a/../../evil.js", "link"])
    def test_a_package_writes_nothing_outside_its_folder(self, alibaba: RunningAlibaba, name: str) -> None:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            entry = zipfile.ZipInfo(name)
            if name == "link":
                entry.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(entry, "/etc/passwd")
        code = fc.InputCodeLocation(zip_file=base64.b64encode(out.getvalue()).decode())
        given = fc.CreateFunctionInput(
            function_name="evil", runtime="nodejs20", handler="index.handler", code=code
        )
        request = fc.CreateFunctionRequest(body=given)
        assert refusal(lambda: alibaba.fc().create_function(request)) == (400, "InvalidArgument")
        assert not [path for path in alibaba.state.rglob("*evil*") if path.is_file()]

    def test_a_log_line_has_at_most_32_kb(self, alibaba: RunningAlibaba) -> None:
        alibaba.create_function(
            "wide", source="exports.handler = async () => { console.log('x'.repeat(40000) + 'end'); }"
        )
        answer = alibaba.invoke("wide", x_fc_log_type="Tail")
        assert b"end" not in base64.b64decode(answer.headers["x-fc-log-result"])

    def test_code_packages_must_be_zips(self, alibaba: RunningAlibaba) -> None:
        alibaba.create_function("zips", source=ECHO_NODE)
        broken = fc.InputCodeLocation(zip_file=base64.b64encode(zipped(index_js="x")[:-30]).decode())
        assert refusal(lambda: update(alibaba, "zips", code=broken)) == (400, "InvalidArgument")
