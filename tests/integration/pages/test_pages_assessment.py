"""The pages of the assessment: what they show, who may waive, and what they cost in queries."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from cutover.assessment import Finding, code_basis
from cutover.phases import Phase
from migrations_app.models import AuditEntry, FunctionMigration
from migrations_app.selectors.assessment import portfolio_readiness, standing
from migrations_app.selectors.functions import FunctionFilter, page
from migrations_app.selectors.inbox import inbox
from migrations_app.services import inventory
from tests import factories

pytestmark = pytest.mark.django_db
BLOCKER: dict[str, Any] = {
    "rule": "runtime",
    "severity": "blocker",
    "title": "FC has no runtime for go1.x",
    "place": "Runtime",
    "why": "FC does not offer it.",
    "remedy": "Build it for a custom runtime.",
    "source": "Alibaba Cloud, runtimes",
    "line": 0,
    "excerpt": "",
}
IN_CODE: dict[str, Any] = {
    "rule": "sdk-write",
    "severity": "warn",
    "title": "Writes to S3",
    "place": "index.js:7",
    "why": "The twin bucket is another service.",
    "remedy": "Take a driver.",
    "source": "AWS SDK",
    "line": 7,
    "excerpt": "await s3.putObject(<b>)",
    "around": [[6, "const key = '***'"], [7, "await s3.putObject(<b>)"], [8, "return"]],
}
for one in (BLOCKER, IN_CODE):
    one["identity"] = Finding(**one).identity


def readiness(score: int, *, blocks: bool = False) -> dict[str, Any]:
    task = {"step": "configure", "sentence": "Do it", "places": ["Runtime"], "rule": "r", "blocks": blocks}
    return {
        "score": score,
        "reason": "Nothing blocks it.",
        "size": "S",
        "hours": [1, 2.5],
        "checklist": [task],
        "code_read": True,
    }


def assessed(name: str = "walker", **changes: Any) -> FunctionMigration:
    values = {"findings": [BLOCKER, IN_CODE], "readiness": readiness(30, blocks=True), **changes}
    return factories.function(name, phase=Phase.ASSESSED, **values)


def waive(client: Client, made: FunctionMigration, verb: str = "waive", **changes: Any) -> Any:
    form = {"reason": "We build it ourselves", "version": made.version, **changes}
    return client.post(f"/functions/{made.name}/findings/{BLOCKER['identity']}/{verb}/", form)


def test_findings_stand_by_severity_with_code_reason_and_source(viewer: Client) -> None:
    assessed()
    body = viewer.get("/functions/walker/findings/").content.decode()
    assert body.index("FC has no runtime for go1.x") < body.index("Writes to S3")
    assert "index.js:7" in body
    assert "await s3.putObject(&lt;b&gt;)" in body
    assert "const key = &#x27;***&#x27;" in body
    for part in ("The twin bucket is another service.", "Take a driver.", "AWS SDK", "1 to 2.5 hours"):
        assert part in body
    only = viewer.get("/functions/walker/findings/?severity=warn").content.decode()
    assert "Writes to S3" in only
    assert "FC does not offer it." not in only


def test_the_findings_of_a_function_take_two_queries_of_their_own(
    viewer: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    assessed()
    with django_assert_max_num_queries(5):
        viewer.get("/functions/walker/findings/")
    with django_assert_max_num_queries(5):
        viewer.get("/functions/walker/triggers/")


def test_a_waived_finding_stands_apart_with_its_reason_and_comes_back(operator: Client) -> None:
    made = assessed()
    assert [item.kind for item in inbox()] == ["blocked"]
    assert waive(operator, made).status_code == 303
    made.refresh_from_db()
    assert made.findings[0]["waiver"]["reason"] == "We build it ourselves"
    body = operator.get("/functions/walker/findings/").content.decode()
    assert body.index("Set aside by a person") < body.index("FC has no runtime for go1.x")
    assert "We build it ourselves" in body
    assert inbox() == ()
    assert AuditEntry.objects.filter(verb="finding:waived", reason="We build it ourselves").count() == 1
    assert waive(operator, made, "unwaive", reason="We do not").status_code == 303
    assert [item.kind for item in inbox()] == ["blocked"]
    assert AuditEntry.objects.filter(verb="finding:waiver withdrawn").count() == 1


@pytest.mark.parametrize(
    ("changes", "status"), [({"version": 99}, 409), ({"reason": ""}, 422), ({"reason": " "}, 422)]
)
def test_a_waiver_that_is_stale_or_has_no_reason_changes_nothing(
    operator: Client, changes: dict[str, Any], status: int
) -> None:
    made = assessed()
    assert waive(operator, made, **changes).status_code == status
    made.refresh_from_db()
    assert "waiver" not in made.findings[0]


def test_the_second_of_two_clicks_on_what_one_page_showed_is_stale(operator: Client) -> None:
    made = assessed()
    assert waive(operator, made).status_code == 303
    assert waive(operator, made, "unwaive").status_code == 409


def test_a_viewer_may_read_and_not_waive(viewer: Client) -> None:
    made = assessed()
    assert waive(viewer, made).status_code == 403
    assert "Needs the role operator" in viewer.get("/functions/walker/findings/").content.decode()


def test_the_page_says_that_a_worker_reads_and_why_it_could_not(viewer: Client) -> None:
    assessed("reading", code_due_at=timezone.now())
    assessed("unread", code_findings={"error": "AWS refused lambda:GetFunction."})
    factories.function("fresh")
    assert "A worker is reading the package" in viewer.get("/functions/reading/findings/").content.decode()
    body = viewer.get("/functions/unread/findings/").content.decode()
    assert "AWS refused lambda:GetFunction." in body
    assert "assess again" in body
    assert "Not assessed yet" in viewer.get("/functions/fresh/findings/").content.decode()


def test_the_trigger_map_shows_counterpart_losses_or_why_there_is_none(viewer: Client) -> None:
    triggers = [
        {"kind": "s3", "source": "arn:aws:s3:::in", "qualifier": "live", "enabled": True},
        {"kind": "iot", "source": "rule-1", "qualifier": "", "enabled": False},
        {"kind": "apigateway", "source": "a1 GET /", "qualifier": "7", "features": ["API keys"]},
    ]
    assessed(facts=factories.FACTS | {"triggers": triggers})
    body = viewer.get("/functions/walker/triggers/").content.decode()
    for part in (
        "OSS trigger on the twin bucket",
        "s3.object.sequencer",
        "OSS does not say this",
        "Rules of AWS IoT call Lambda only",
        "addresses the bare function",
        "addresses version 7",
        "switched off",
        "API keys",
    ):
        assert part in body
    factories.function("lonely", facts=factories.FACTS | {"triggers": []})
    assert "No trigger was found" in viewer.get("/functions/lonely/triggers/").content.decode()


def test_the_portfolio_counts_who_is_ready_in_one_query(
    viewer: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    assessed("a", readiness=readiness(100))
    assessed("b", readiness=readiness(80))
    assessed("c", readiness=readiness(79))
    assessed("d", readiness=readiness(30, blocks=True))
    factories.function("e")
    with django_assert_num_queries(1):
        found = portfolio_readiness()
    assert (found.functions, found.assessed, found.ready, found.work, found.blocked) == (5, 4, 2, 1, 1)
    assert found.bins == (0, 0, 0, 1, 0, 0, 0, 1, 1, 1)
    assert (found.hours_low, found.hours_high) == (4, 10)
    body = viewer.get("/").content.decode()
    assert "4 of 5 assessed" in body
    assert "70–79: 1; 80–89: 1; 90–100: 1;" in body


def test_the_list_filters_and_sorts_by_readiness(
    viewer: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(60):
        assessed(f"w-{number:02d}", readiness=readiness(79 - number % 3))
    assessed("a-ready", readiness=readiness(95))
    assessed("b-blocked", readiness=readiness(20, blocks=True))
    factories.function("c-none")
    seen: list[tuple[int, str]] = []
    after = ""
    while True:
        found = page(FunctionFilter(sort="readiness", after=after))
        seen += [(row.readiness.get("score", 101), row.name) for row in found.rows]
        after = found.next_after
        if not after:
            break
    assert len(seen) == len(set(seen)) == 63
    assert seen == sorted(seen)
    names = {
        word: [one.name for one in page(FunctionFilter(readiness=word)).rows] for word in ("ready", "none")
    }
    assert names == {"ready": ["a-ready"], "none": ["c-none"]}
    assert page(FunctionFilter(readiness="work")).total == 60
    page(FunctionFilter(readiness="blocked"))
    with django_assert_max_num_queries(4):
        body = viewer.get("/functions/?readiness=blocked&sort=readiness").content.decode()
    assert "b-blocked" in body
    assert "a-ready" not in body


def test_a_blocker_decides_over_the_score() -> None:
    assert standing(readiness(95, blocks=True)) == "blocked"
    assert standing(readiness(80)) == "ready"
    assert standing(readiness(79)) == "work"
    assert standing({}) == "none"


def test_the_api_gives_findings_and_triggers_and_waives(client: Client) -> None:
    viewer = {"Authorization": f"Bearer {factories.token('viewer')}"}
    operator = {"Authorization": f"Bearer {factories.token('operator')}"}
    made = assessed()
    path = "/api/v1/functions/walker"
    found = client.get(f"{path}/findings?severity=blocker", headers=viewer).json()
    assert (found["standing"], found["readiness"]["score"]) == ("blocked", 30)
    assert [one["identity"] for one in found["findings"]] == [BLOCKER["identity"]]
    waiving = f"{path}/findings/{BLOCKER['identity']}/waive"
    body = {"reason": "Ours", "expected_version": found["version"]}
    sent: dict[str, Any] = {"content_type": "application/json"}
    assert client.post(waiving, body, **sent, headers=viewer).status_code == 403
    waived = client.post(waiving, body, **sent, headers=operator).json()
    assert [one["waiver"]["reason"] for one in waived["findings"]] == ["Ours"]
    assert client.post(waiving, body, **sent, headers=operator).status_code == 409
    back = {"reason": "Not ours"}
    again = client.post(waiving.replace("waive", "unwaive"), back, **sent, headers=operator).json()
    assert again["standing"] == "blocked"
    triggers = client.get(f"{path}/triggers", headers=viewer).json()
    assert triggers[0]["there"] == "HTTP trigger"
    assert {"field": "stageVariables", "reason": "FC's HTTP trigger does not say this"} in triggers[0][
        "losses"
    ]
    made.refresh_from_db()
    assert "waiver" not in made.findings[0]


def test_the_api_gives_generated_files_and_says_when_there_are_none(client: Client) -> None:
    viewer = {"Authorization": f"Bearer {factories.token('viewer')}"}
    assessed()
    factories.function("fresh")
    path = "/api/v1/functions/walker"
    made = client.get(f"{path}/code/terraform", headers=viewer).json()
    assert all(name.endswith(".tf") for name in made["files"])
    assert made["policy"]["document"]["Version"] == "1"
    assert client.get(f"{path}/code/pulumi", headers=viewer).status_code == 422
    fresh = client.get("/api/v1/functions/fresh/code/terraform", headers=viewer)
    assert (fresh.status_code, "Assess it first" in fresh.json()["error"]) == (422, True)
    assert client.get(f"{path}/scaffold", headers=viewer).status_code == 404


@pytest.mark.parametrize(("form", "path"), [("terraform", ".tf"), ("serverless-devs", "s.yaml")])
def test_the_target_as_code_shows_gaps_first_and_can_be_downloaded(
    viewer: Client, form: str, path: str
) -> None:
    triggers = [{"kind": "iot", "source": "rule-1", "qualifier": "live", "enabled": True}]
    assessed(facts=factories.FACTS | {"triggers": triggers})
    body = viewer.get(f"/functions/walker/code/?form={form}").content.decode()
    assert body.index("What is not in it") < body.index("rule-1") < body.index("RAM policy, line by line")
    (link, *_) = [one for one in re.findall(r'href="(/functions/walker/code/[^"?]+)"', body) if path in one]
    answer = viewer.get(link)
    assert answer.status_code == 200
    assert answer["Content-Disposition"].startswith("attachment;")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Type"].startswith("text/plain")
    assert "walker" in answer.content.decode()
    assert viewer.get(f"/functions/walker/code/{form}/../../etc/passwd").status_code == 404
    assert viewer.get("/functions/walker/code/nonsense/main.tf").status_code == 404


def test_code_cannot_be_generated_before_the_assessment(viewer: Client) -> None:
    factories.function("fresh")
    assert "Assess it first" in viewer.get("/functions/fresh/code/").content.decode()
    assert (
        "No scaffold of this code yet" in viewer.get("/functions/fresh/code/?form=scaffold").content.decode()
    )


def test_the_scaffold_is_shown_for_the_code_it_was_made_of_only(viewer: Client) -> None:
    made = assessed()
    scaffold = {
        "diff": "--- a/index.js\n+++ b/index.js\n+<new>\n",
        "files": {"drivers/oss.js": "module.exports = {}"},
        "notes": [{"place": "index.js:7", "sentence": "Decide on the bucket."}],
        "dependencies": [{"name": "ali-oss", "version": "6.0.0", "ecosystem": "npm"}],
    }
    basis = code_basis(inventory.facts_from_document(made.facts))
    FunctionMigration.objects.filter(pk=made.pk).update(
        code_findings={"basis": basis, "findings": [], "scaffold": scaffold, "error": ""}
    )
    body = viewer.get("/functions/walker/code/?form=scaffold").content.decode()
    for part in ("+&lt;new&gt;", "Decide on the bucket.", "ali-oss 6.0.0", "drivers/oss.js"):
        assert part in body
    answer = viewer.get("/functions/walker/code/scaffold/scaffold.diff")
    assert answer.content.decode() == scaffold["diff"]
    FunctionMigration.objects.filter(pk=made.pk).update(facts=made.facts | {"code_sha256": "other"})
    assert "<new>" not in viewer.get("/functions/walker/code/?form=scaffold").content.decode()
    assert viewer.get("/functions/walker/code/scaffold/scaffold.diff").status_code == 404
