"""Credentials that may not do it: the check names what is missing, and what is tried ends with a sentence."""

from __future__ import annotations

import json

import pytest

from clouds.aws import policies
from tests.integration.stack.trouble.conftest import DEPLOY_REFUSED, SHIFT_REFUSED
from tests.integration.stack.trouble.looking import Looking, said
from tests.soak.travellers import Journey
from tests.stack import Stack

BAD = 1
READER = "trouble-reader"


@pytest.fixture(scope="module")
def reader(stack: Stack) -> dict[str, str]:
    """Give the keys of a user who has pasted the policy for reading, and no other."""
    iam, own = stack.aws("iam"), stack.said["aws"]
    iam.create_user(UserName=READER)
    document = policies.policy("read", region=own["region"], account_id=own["account_id"])
    iam.put_user_policy(UserName=READER, PolicyName="read", PolicyDocument=json.dumps(document))
    key = iam.create_access_key(UserName=READER)["AccessKey"]
    return {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }


@pytest.fixture(scope="module")
def invoker(stack: Stack) -> dict[str, str]:
    """Give the relay's key, which may invoke and nothing else, in the place of the worker's."""
    return {
        "ALIBABA_CLOUD_ACCESS_KEY_ID": stack.environment["CUTOVER_RELAY_ACCESS_KEY_ID"],
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": stack.environment["CUTOVER_RELAY_ACCESS_KEY_SECRET"],
    }


def test_the_check_names_what_is_missing_on_aws_and_prints_what_to_paste(
    looking: Looking, reader: dict[str, str]
) -> None:
    answer = looking.stack.cutover("check", "aws-demo", "--json", environment=reader)
    assert answer.status == BAD, answer.text
    (report,) = json.loads(answer.text)
    assert report["reachable"]
    assert report["identity"].endswith(f":user/{READER}")
    missing = {(gap["purpose"], gap["action"]) for gap in report["gaps"]}
    assert {
        ("deploy", "lambda:PublishVersion"),
        ("switch", "lambda:UpdateAlias"),
        ("delete", "lambda:DeleteFunction"),
    } <= missing
    assert "read" not in {purpose for purpose, _ in missing}
    assert f"{len(report['gaps'])} permissions are missing" in report["sentence"]

    text = looking.stack.cutover("check", "aws-demo", environment=reader).text
    assert "missing for switch: lambda:UpdateAlias" in text
    assert "policy to paste for switch:" in text
    looking.stack.cutover("check", "aws-demo")


def test_a_shift_without_the_permission_ends_undone_and_says_what_is_missing(
    by_hand: Stack, looking: Looking, validated: Journey, reader: dict[str, str]
) -> None:
    name = SHIFT_REFUSED
    latest, serving = looking.latest(name), looking.serving(name)
    answer = by_hand.cutover("shift", name, "--to", "10", "--json", environment=reader, limit_s=240)
    assert answer.status == BAD, answer.text
    assert said(answer)["state"] == "undone"
    assert "is not authorized to perform: lambda:" in said(answer)["error"]
    assert looking.latest(name) == latest
    assert looking.serving(name) == serving == ("1", {})
    assert looking.phase(name) == "validated"


def test_the_check_names_what_is_missing_on_alibaba(looking: Looking, invoker: dict[str, str]) -> None:
    answer = looking.stack.cutover("check", "alibaba-demo", "--json", environment=invoker)
    assert answer.status == BAD, answer.text
    (report,) = json.loads(answer.text)
    assert {"fc:GetFunction", "fc:ListFunctions"} <= {gap["action"] for gap in report["gaps"]}
    assert set(report["policies"]) >= {"read", "deploy", "invoke"}
    looking.stack.cutover("check", "alibaba-demo")


def test_a_deploy_with_a_key_that_may_only_invoke_ends_undone_and_says_so(
    by_hand: Stack, looking: Looking, journey: Journey, invoker: dict[str, str]
) -> None:
    before = looking.picture(DEPLOY_REFUSED)
    answer = by_hand.cutover("deploy", DEPLOY_REFUSED, "--json", environment=invoker, limit_s=240)
    assert answer.status == BAD, answer.text
    assert said(answer)["state"] == "undone"
    assert said(answer)["error"].partition(":")[0] in ("oss", "fc", "sls")
    after = looking.picture(DEPLOY_REFUSED)
    assert [after[name] for name in ("latest", "aliases", "versions", "fc")] == [
        before[name] for name in ("latest", "aliases", "versions", "fc")
    ]
    assert looking.phase(DEPLOY_REFUSED) == before["row"][0][0]
