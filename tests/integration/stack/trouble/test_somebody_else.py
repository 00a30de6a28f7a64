"""Somebody else deploys to the same Lambda while relay and tap are published: theirs stays, ours stops."""

from __future__ import annotations

import io
import zipfile
from concurrent.futures import ThreadPoolExecutor

from hosting import waiting
from tests.integration.stack.trouble.conftest import SHIFT_LATE, SHIFT_RACED
from tests.integration.stack.trouble.looking import Looking, said
from tests.soak.travellers import Journey

BAD = 1
LONG_MS = 8_000
THEIRS = "def handler(event, context):\n    return 'theirs'\n"


def test_a_deploy_between_writing_and_publishing_stops_the_shift_and_stays(
    looking: Looking, validated: Journey
) -> None:
    aws = looking.stack.aws("lambda")
    original, versions = looking.latest(SHIFT_RACED), _versions(looking, SHIFT_RACED)
    looking.stack.fault(
        "aws", kind="latency", ms=LONG_MS, operation="PublishVersion", function=SHIFT_RACED, times=1
    )
    with ThreadPoolExecutor(max_workers=1) as side:
        shift = side.submit(looking.stack.cutover, "shift", SHIFT_RACED, "--to", "10", "--json", limit_s=240)
        waiting.until(lambda: _not_publishing(looking), 120)
        written = looking.latest(SHIFT_RACED)
        assert written["Handler"] != original["Handler"]
        theirs = aws.update_function_code(FunctionName=SHIFT_RACED, ZipFile=_package(THEIRS))
        answer = shift.result()

    assert answer.status == BAD, answer.text
    assert said(answer)["state"] == "undone", answer.text
    assert "Somebody else deployed to" in said(answer)["error"]
    assert "Sync, deploy and validate what they deployed, then shift again." in said(answer)["error"]
    left = looking.latest(SHIFT_RACED)
    changed = {"CodeSha256": theirs["CodeSha256"], "CodeSize": theirs["CodeSize"]}
    assert left == {**original, **changed}
    assert looking.serving(SHIFT_RACED) == ("1", {})
    assert _versions(looking, SHIFT_RACED) == versions
    assert looking.phase(SHIFT_RACED) == "validated"


def test_a_deploy_before_the_shift_stops_it_before_anything_is_written(
    looking: Looking, validated: Journey
) -> None:
    aws = looking.stack.aws("lambda")
    aws.update_function_code(FunctionName=SHIFT_LATE, ZipFile=_package(THEIRS + "# and more\n"))
    # AWS moves the revision once more when the update has settled.
    aws.get_waiter("function_updated_v2").wait(FunctionName=SHIFT_LATE)
    before, versions = aws.get_function_configuration(FunctionName=SHIFT_LATE), _versions(looking, SHIFT_LATE)
    answer = looking.stack.cutover("shift", SHIFT_LATE, "--to", "10", "--json", limit_s=240)
    assert answer.status == BAD, answer.text
    assert said(answer)["state"] == "undone"
    assert "somebody deployed without publishing" in said(answer)["error"]
    after = aws.get_function_configuration(FunctionName=SHIFT_LATE)
    assert after["RevisionId"] == before["RevisionId"]
    assert looking.serving(SHIFT_LATE) == ("1", {})
    assert _versions(looking, SHIFT_LATE) == versions


def _not_publishing(looking: Looking) -> str | None:
    intended = looking.stack.one(
        "SELECT count(*) FROM migrations_app_action a"
        " JOIN migrations_app_operation o ON o.id = a.operation_id"
        " JOIN migrations_app_functionmigration f ON f.id = o.function_id"
        " WHERE f.name = %s AND a.kind = 'aws.version.publish' AND a.state = 'intended'",
        SHIFT_RACED,
    )
    return None if intended else "no version is being published"


def _versions(looking: Looking, name: str) -> list[str]:
    found = looking.stack.aws("lambda").list_versions_by_function(FunctionName=name)["Versions"]
    return [row["Version"] for row in found]


def _package(source: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("index.py", source)
    return content.getvalue()
