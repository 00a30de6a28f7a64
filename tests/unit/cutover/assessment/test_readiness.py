"""The score has a reason, falls with what is found, and rises with what is waived."""

from __future__ import annotations

from cutover.assessment import Finding, Step, assess, readiness
from tests.unit.cutover.factories import function


def finding(rule: str, severity: str = "warn") -> Finding:
    words = {"warn": "warn", "blocker": "blocker"}
    assert severity in words
    return Finding(
        rule=rule,
        severity="blocker" if severity == "blocker" else "warn",
        title=f"About {rule}",
        place="app.py:1",
        why="It is so.",
        remedy=f"Mend {rule}.",
    )


def test_a_function_without_findings_is_ready() -> None:
    found = readiness([])
    assert (found.score, found.size, found.hours, found.checklist) == (100, "S", (0, 0), ())
    assert "not judged" in readiness([], code_read=False).reason


def test_each_rule_counts_once_and_the_heaviest_are_named() -> None:
    one = readiness([finding("sdk-write"), finding("context")])
    assert readiness([finding("sdk-write"), finding("context"), finding("context")]).score == one.score
    assert one.score < 100
    assert "About sdk-write" in one.reason


def test_a_blocker_leaves_little_and_is_the_reason() -> None:
    found = readiness([finding("runtime", "blocker")])
    assert found.score <= 30
    assert found.reason.startswith("One finding blocks it: About runtime")
    assert found.checklist[0].blocks


def test_what_is_waived_does_not_count() -> None:
    one = finding("database")
    assert readiness([one], waived=[one.identity]).score == 100


def test_the_checklist_follows_the_three_steps() -> None:
    found = readiness([finding("database"), finding("sdk-write"), finding("mixed-logic")])
    assert [task.step for task in found.checklist] == [Step.DECOUPLE, Step.REIMPLEMENT, Step.CONFIGURE]
    assert found.size == "L"
    assert found.hours[0] < found.hours[1]


def test_configuration_tells_of_payloads_images_and_destinations() -> None:
    facts = function(
        package_type="Image",
        triggers=({"kind": "sns", "source": "t", "qualifier": "live"},),
        configuration={
            "image": "1.dkr.ecr.eu-west-1.amazonaws.com/x@sha256:abc",
            "event_invoke": [{"qualifier": "live", "on_success": "", "on_failure": "arn:aws:sqs:x"}],
            "file_systems": ["arn:aws:elasticfilesystem:x"],
            "unread": ["events:ListRules could not be read (Denied)."],
        },
    )
    found = {one.rule: one for one in assess(facts)}
    assert found["payload"].severity == "warn"
    assert "sha256:abc" in found["package"].place
    assert "arn:aws:sqs:x" in found["destinations"].place
    assert found["file-systems"].severity == "warn"
    assert "events:ListRules" in found["triggers-unread"].place
    assert {one.rule for one in assess(function()) if one.severity != "ok"} == set()


def test_api_gateway_features_are_named_where_they_are_known() -> None:
    known = {"kind": "apigateway", "source": "a", "qualifier": "live", "features": ["API keys"]}
    (found,) = [one for one in assess(function(triggers=(known,))) if one.rule == "api-gateway"]
    assert "API keys" in found.title
