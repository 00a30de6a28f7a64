"""Packages that are hard to read: a finding with the place, and never a crash."""

from __future__ import annotations

import io
import stat
import time
import warnings
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutover.assessment import Finding, assess, read_files, read_package
from cutover.assessment.source import FILE_LIMIT
from tests.unit.cutover.assessment.sources import archive, of_rule
from tests.unit.cutover.factories import function

HANDLER = b"exports.handler = async (event) => event;\n"


def contents(package: bytes) -> list[Finding]:
    return [one for one in assess(function(), read_package(package)) if one.rule == "package-contents"]


def test_what_is_not_a_zip_blocks() -> None:
    (found,) = contents(b"MZ this is no zip at all")
    assert found.severity == "blocker"
    assert "not a zip" in found.title


def test_links_and_names_that_lead_out_are_told_and_not_followed() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        file.writestr("index.js", HANDLER)
        file.writestr("../../etc/passwd.js", "exports.x = 1")
        file.writestr("/abs.js", "exports.x = 1")
        link = zipfile.ZipInfo("link.js")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        file.writestr(link, "/etc/passwd")
    found = contents(made.getvalue())
    assert {one.place for one in found} == {"../../etc/passwd.js", "/abs.js", "link.js"}
    assert {one.severity for one in found} == {"warn"}
    assert set(read_package(made.getvalue()).code) == {"index.js"}


def test_a_zip_bomb_costs_no_more_than_the_limits() -> None:
    package = archive({"index.js": HANDLER, "bomb.js": b" " * 60_000_000})
    started = time.process_time()
    (found,) = contents(package)
    assert found.place == "bomb.js"
    assert "60.0 MB" in found.title
    assert time.process_time() - started < 2


def test_an_entry_that_is_damaged_is_told() -> None:
    package = bytearray(archive({"index.js": HANDLER * 40}))
    place = package.index(b"index.js") + len("index.js") + 4
    package[place] ^= 0xFF
    (found,) = contents(bytes(package))
    assert found.place == "index.js"


def test_fifty_megabytes_of_minified_code_are_survived() -> None:
    (found,) = of_rule("package-contents", {"index.js": HANDLER, "dist.js": b"a();" * 12_500_000})
    assert "not judged" in found.title


def test_a_minified_bundle_is_read_and_its_style_is_not_judged() -> None:
    text = "const cache={};" + "function f(a){cache[a]=1;return a}" * 20_000
    text += "exports.handler=async()=>f(1);" + "new (require('aws-sdk').S3)();"
    assert len(text) < FILE_LIMIT
    source = read_files({"index.js": text.encode()})
    found = assess(function(), source)
    assert [one.rule for one in found if one.rule in ("state", "bundle")] == ["bundle"]
    assert max(len(one.excerpt) for one in found) <= 200


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"])
def test_byte_order_marks_are_survived(mark: bytes) -> None:
    text = "exports.handler = async (e, context) => context.awsRequestId;"
    encoding = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}[mark]
    (found,) = of_rule("context", {"index.js": mark + text.encode(encoding)})
    assert found.line == 1


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("broken.js", "const a = 1;\nfunction (((\n", 2),
        ("broken.py", "x = 1\nprint 'two'\n", 2),
        ("broken.py", "x = '\x00'\n", 1),
        ("deep.py", "x = " + "(" * 5000 + ")" * 5000, 1),
    ],
)
def test_code_that_does_not_parse_is_told_with_its_line(name: str, text: str, line: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (found,) = of_rule("parse", {"index.js": HANDLER, name: text})
    assert found.place.startswith(name)
    assert found.line == line


def test_manifests_that_are_no_json_are_told() -> None:
    (found,) = of_rule("package-contents", {"index.js": HANDLER, "package.json": "{"})
    assert found.place == "package.json"


@given(st.binary(max_size=400))
def test_any_bytes_are_assessed_without_a_crash(content: bytes) -> None:
    assert assess(function(), read_package(content))
    for name in ("index.js", "index.ts", "index.py", "package.json", "requirements.txt"):
        assert assess(function(), read_files({name: content}))
