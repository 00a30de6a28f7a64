"""What events lose on their way to FC's own triggers, and how code is shown around a finding."""

from __future__ import annotations

import pytest

from cutover.assessment.lost import event_kind, lost
from cutover.assessment.masking import around, mask_lines
from cutover.assessment.triggers import counterpart
from cutover.translation import AWS_KINDS, COUNTERPARTS, Kind


@pytest.mark.parametrize("kind", [one for one in AWS_KINDS if COUNTERPARTS[one]])
def test_every_kind_with_a_translation_tells_its_losses(kind: Kind) -> None:
    assert all(one.field and one.reason for one in lost(kind))


def test_losses_are_those_of_the_translation() -> None:
    assert {one.field for one in lost(Kind.S3)} == {
        "s3.object.versionId",
        "s3.object.sequencer",
        "responseElements.x-amz-id-2",
    }
    assert "messageAttributes" in {one.field for one in lost(Kind.SQS)}


@pytest.mark.parametrize(
    ("trigger", "kind"),
    [
        ({"kind": "API Gateway", "version": "1.0"}, Kind.API_V1),
        ({"kind": "apigateway", "version": "2.0"}, Kind.API_V2),
        ({"kind": "url"}, Kind.URL),
        ({"kind": "schedule"}, Kind.SCHEDULE),
        ({"kind": "scheduler"}, Kind.SCHEDULER),
        ({"kind": "elasticloadbalancing"}, Kind.ALB),
        ({"kind": "logs"}, None),
        ({"kind": "kafka"}, None),
        ({}, None),
    ],
)
def test_a_trigger_names_the_shape_of_its_events(trigger: dict[str, str], kind: Kind | None) -> None:
    assert event_kind(trigger) is kind
    assert kind is None or counterpart(trigger["kind"])


def test_lines_around_are_numbered_and_lose_their_common_indentation() -> None:
    lines = ("a", "    b", "        c", "    d", "    e")
    assert around(lines, 3, reach=1) == ((2, "b"), (3, "    c"), (4, "d"))
    assert around(lines, 1, reach=1) == ((1, "a"), (2, "    b"))
    assert around(lines, 9) == ()


def test_lines_around_hide_what_looks_like_a_secret() -> None:
    key = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ"
    lines = ("const key = `-----BEGIN RSA PRIVATE KEY-----", key, "s3.putObject()", 'password = "hunter2"')
    shown = "\n".join(text for _, text in around(lines, 3))
    assert "s3.putObject()" in shown
    assert key not in shown
    assert "hunter2" not in shown
    assert around(("x(", key, "c", "d", "e"), 4, reach=2)[0] == (2, "***")


def test_a_secret_on_the_line_after_its_name_is_hidden_too() -> None:
    shown = "\n".join(text for _, text in around(("const password =", '  "hunter2"', "go()"), 3))
    assert "hunter2" not in shown
    assert "go()" in shown


def test_a_diff_keeps_its_signs_and_loses_its_secrets() -> None:
    key = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ"
    diff = f'--- a/x.js\n+++ b/x.js\n+const password = "hunter2"\n-{key}\n go()\n'
    assert mask_lines(diff) == '--- a/x.js\n+++ b/x.js\n+const password = "***"\n-***\n go()\n'
