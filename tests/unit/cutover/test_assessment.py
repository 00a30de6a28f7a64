"""Findings on a function, and what it becomes on FC."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutover.assessment import Finding, assess, target_for, target_runtime
from cutover.assessment.target import target_cpu, target_memory_mb, target_name
from cutover.assessment.triggers import counterpart
from tests.unit.cutover.factories import function


def found(rule: str, **fields: Any) -> list[Finding]:
    return [finding for finding in assess(function(**fields)) if finding.rule == rule]


def severities(rule: str, **fields: Any) -> list[str]:
    return [finding.severity for finding in found(rule, **fields)]


def test_nothing_blocks_a_plain_function() -> None:
    findings = assess(function())
    assert "blocker" not in {finding.severity for finding in findings}
    assert all(finding.title and finding.place and finding.why and finding.source for finding in findings)


def test_blockers_come_first_and_each_says_what_to_do() -> None:
    findings = assess(function(runtime="java21", vpc=True, limits=("Code signing is enforced.",)))
    order = [finding.severity for finding in findings]
    assert order == sorted(order, key=["blocker", "warn", "ok"].index)
    assert all(finding.remedy for finding in findings if finding.severity != "ok")


@pytest.mark.parametrize(
    ("runtime", "there", "severity"),
    [
        ("nodejs20.x", "nodejs20", "ok"),
        ("python3.12", "python3.12", "ok"),
        ("java8.al2", "java8", "ok"),
        ("nodejs10.x", "nodejs20", "warn"),
        ("python3.8", "python3.10", "warn"),
        ("python3.11", "python3.12", "warn"),
        ("nodejs22.x", "nodejs20", "warn"),
        ("nodejs24.x", "nodejs20", "warn"),
        ("python3.13", "python3.12", "warn"),
        ("python3.14", "python3.12", "warn"),
        ("java21", None, "blocker"),
        ("provided.al2023", None, "blocker"),
        ("ruby3.3", None, "blocker"),
        ("", None, "blocker"),
    ],
)
def test_it_maps_runtimes(runtime: str, there: str | None, severity: str) -> None:
    assert target_runtime(runtime) == there
    assert severities("runtime", runtime=runtime) == [severity]


@pytest.mark.parametrize(
    ("rule", "fields", "severity"),
    [
        ("handler", {"handler": "index.handler"}, "ok"),
        ("handler", {"handler": "src/index.handler"}, "ok"),
        ("handler", {"handler": "package.module.handler", "runtime": "python3.12"}, "ok"),
        ("handler", {"handler": "handler"}, "blocker"),
        ("event", {}, "ok"),
        ("package", {"code_size": 100 * 2**20}, "ok"),
        ("package", {"code_size": 100 * 2**20 + 1}, "warn"),
        ("package", {"code_size": 500 * 2**20 + 1}, "blocker"),
        ("package", {"package_type": "Image", "runtime": "", "handler": ""}, "blocker"),
        ("environment-names", {"environment": {"FC_REGION": "0"}}, "blocker"),
        ("environment-names", {"environment": {"accessKeyID": "0"}}, "blocker"),
        ("environment-names", {"environment": {"_HIDDEN": "0"}}, "blocker"),
        ("environment-aws", {"environment": {"AWS_BUCKET": "0"}}, "warn"),
        ("environment-aws", {"environment": {"QUEUE_ARN": "0"}}, "warn"),
        ("timeout", {"timeout_s": 895}, "ok"),
        ("timeout", {"timeout_s": 896}, "warn"),
        ("concurrency", {"reserved_concurrency": 5}, "warn"),
        ("concurrency", {"reserved_concurrency": 0}, "blocker"),
        ("architecture", {"architectures": ("arm64",)}, "warn"),
        ("layers", {"layers": ("arn:a",)}, "warn"),
        ("layers-tap", {"layers": ("a", "b", "c", "d")}, "blocker"),
        ("vpc", {"vpc": True}, "warn"),
        ("dead-letter", {"dead_letter": "arn:aws:sqs:::dlq"}, "warn"),
        ("alias", {"aliases": {}}, "warn"),
        ("alias", {"aliases": {"live": {"version": "$LATEST", "weights": {}}}}, "blocker"),
        ("alias", {"aliases": {"live": {"version": "3", "weights": {"2": 500}}}}, "warn"),
        ("latest", {"versions": ("1", "3", "4")}, "warn"),
        ("latest", {"aliases": {"live": {"version": "3", "code_sha256": "b3RoZXI="}}}, "warn"),
        ("relay", {"limits": ("Code signing is enforced.",)}, "blocker"),
        ("ownership", {"managed_by": "terraform"}, "warn"),
    ],
)
def test_each_rule_says_what_it_is_for(rule: str, fields: dict[str, Any], severity: str) -> None:
    assert severities(rule, **fields) == [severity]


@pytest.mark.parametrize(
    "rule",
    [
        "environment-names",
        "environment-aws",
        "concurrency",
        "layers",
        "layers-tap",
        "vpc",
        "dead-letter",
        "latest",
        "relay",
        "ownership",
        "trigger",
        "trigger-qualifier",
    ],
)
def test_a_rule_is_silent_where_it_has_nothing_to_say(rule: str) -> None:
    assert found(rule) == []


def test_the_size_of_environment_values_is_not_guessed() -> None:
    assert "not judged" in found("environment")[0].why


@pytest.mark.parametrize(("size", "severity"), [(100, []), (4000, ["warn"]), (4097, ["blocker"])])
def test_the_size_of_the_environment_is_held_against_the_limit(size: int, severity: list[str]) -> None:
    known = {"environment_bytes": size}
    assert severities("environment-size", configuration=known) == severity
    assert f"{size} bytes" in found("environment", configuration=known)[0].why


def test_a_deployment_group_that_moves_an_alias_is_named() -> None:
    group = {"application": "app", "group": "blue", "alias": "live"}
    (moved,) = found("ownership", configuration={"code_deploy": {"groups": [group]}})
    assert (moved.severity, moved.title) == ("warn", "CodeDeploy moves alias live")
    assert moved.place == "Deployment group blue of app"
    (unknown,) = found(
        "ownership", configuration={"code_deploy": {"unread": "CodeDeploy could not be read."}}
    )
    assert (unknown.severity, unknown.place) == ("ok", "CodeDeploy could not be read.")


def test_each_trigger_gets_a_finding_and_those_beside_the_alias_one_more() -> None:
    triggers = (
        {"kind": "sqs", "source": "arn:aws:sqs:::q", "qualifier": "live", "enabled": True},
        {"kind": "kinesis", "source": "arn:aws:kinesis:::s", "qualifier": "", "enabled": True},
    )
    assert sorted(severities("trigger", triggers=triggers)) == ["ok", "warn"]
    beside = found("trigger-qualifier", triggers=triggers)
    assert beside[0].title == "1 of 2 triggers do not address live"
    assert "kinesis" in beside[0].place


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        ("s3", "OSS"),
        ("schedule", "timer"),
        ("api-gateway", "HTTP"),
        ("function-url", "HTTP"),
        ("sns", "topic"),
    ],
)
def test_it_knows_the_counterparts(kind: str, word: str) -> None:
    assert word in (counterpart(kind) or "")


def test_an_unknown_trigger_is_said_to_be_unknown() -> None:
    assert "not a trigger that we know" in found("trigger", triggers=({"kind": "carrier pigeon"},))[0].title


# ----------------------------------------------------------------------------------------------- target


@given(st.integers(128, 10_240))
def test_memory_and_cpu_are_valid_on_fc(memory_mb: int) -> None:
    there = target_memory_mb(memory_mb)
    assert there >= memory_mb
    assert there - memory_mb < 64
    assert there % 64 == 0
    cpu = target_cpu(there)
    assert round(cpu * 100) % 5 == 0
    assert 1.0 - 1e-9 <= there / 1024 / cpu <= 4.0 + 1e-9


@given(st.text(alphabet=st.characters(codec="ascii"), min_size=1, max_size=140))
def test_names_are_valid_on_fc(name: str) -> None:
    there = target_name(name)
    assert len(there) <= 64
    assert there.replace("-", "a").replace("_", "a").isalnum()
    assert there[0].isalpha() or there[0] == "_"


def test_the_target_carries_over_what_fc_takes() -> None:
    facts = function(
        memory_mb=500, ephemeral_mb=1024, environment={"GREETING": "0", "FC_X": "0"}, name="1st.greet"
    )
    target = target_for(facts, bucket="packages", log_project="cutover", log_store="fc")
    assert (target.name, target.runtime, target.memory_mb, target.disk_mb) == (
        "f-1st-greet",
        "nodejs20",
        512,
        10_240,
    )
    assert target.environment_names == ("GREETING",)
