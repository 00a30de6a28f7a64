"""Dependencies that Lambda bundles, from a lock: what is installed is held against what the plan names."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest

from adapters import build, bundles
from cutover.planning import BUNDLES, missing_bundles

LOCKS = Path(bundles.__file__).with_name("bundled")


def installed(root: Path) -> tuple[str, str]:
    """Make a small bundle, and give its lock's digest and its files'."""
    folder = root / "aws-sdk-v2"
    places = {
        "package-lock.json": "{}",
        "node_modules/.package-lock.json": "{}",
        "node_modules/aws-sdk/package.json": json.dumps({"version": "2.0.0"}),
        "node_modules/aws-sdk/index.d.ts": "types",
        "node_modules/aws-sdk/dist/browser.js": "browser",
        "node_modules/uuid/package.json": json.dumps({"version": "8.0.0"}),
    }
    for name, text in places.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    expected = {
        "node_modules/aws-sdk/package.json": b'{"version": "2.0.0"}',
        "node_modules/aws-sdk/node_modules/uuid/package.json": b'{"version": "8.0.0"}',
    }
    return bundles.lock_digest(folder), bundles.files_digest(expected)


@pytest.mark.parametrize("bundle", BUNDLES.values(), ids=lambda one: one.name)
def test_what_a_plan_names_is_the_lock_beside_the_adapters(bundle: object) -> None:
    name = getattr(bundle, "name", "")
    assert bundles.lock_digest(LOCKS / name) == getattr(bundle, "lock_sha256", "")
    assert not any('"resolved"' in path.read_text() for path in (LOCKS / name).iterdir())


def test_it_reads_what_a_function_needs_and_puts_dependencies_of_the_sdk_below_it(tmp_path: Path) -> None:
    lock, files = installed(tmp_path)
    found = bundles.bundled_files(str(tmp_path), "aws-sdk-v2", lock_sha256=lock, sha256=files)
    assert sorted(found) == [
        "node_modules/aws-sdk/node_modules/uuid/package.json",
        "node_modules/aws-sdk/package.json",
    ]


def test_it_refuses_without_a_folder_with_another_lock_and_with_changed_files(tmp_path: Path) -> None:
    lock, files = installed(tmp_path)
    with pytest.raises(bundles.BundleError, match="CUTOVER_BUNDLED_PACKAGES names no folder"):
        bundles.bundled_files("", "aws-sdk-v2", lock_sha256=lock, sha256=files)
    with pytest.raises(bundles.BundleError, match="does not have the lock"):
        bundles.bundled_files(str(tmp_path), "aws-sdk-v2", lock_sha256="0" * 64, sha256=files)
    (tmp_path / "aws-sdk-v2/node_modules/uuid/more.js").write_text("other")
    with pytest.raises(bundles.BundleError, match="not what its lock says"):
        bundles.bundled_files(str(tmp_path), "aws-sdk-v2", lock_sha256=lock, sha256=files)
    (tmp_path / "aws-sdk-v2/node_modules/uuid/link.js").symlink_to("more.js")
    with pytest.raises(bundles.BundleError, match="symbolic link"):
        bundles.bundled_files(str(tmp_path), "aws-sdk-v2", lock_sha256=lock, sha256=files)


def package(version: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("index.js", "")
        archive.writestr("node_modules/@a/b/package.json", json.dumps({"version": version}))
    return made.getvalue()


def test_a_dependency_is_taken_whole_or_not_at_all() -> None:
    bundled = {
        "node_modules/@a/b/package.json": b'{"version": "1.0.0"}',
        "node_modules/@a/b/more.js": b"more",
        "node_modules/@a/c/index.js": b"c",
    }
    made = build.bundled_package(package("1.0.0"), bundled)
    assert zipfile.ZipFile(io.BytesIO(made)).namelist() == [
        "index.js",
        "node_modules/@a/b/package.json",
        "node_modules/@a/c/index.js",
    ]
    with pytest.raises(build.PackageError, match=r"has @a/b 2\.0\.0 .* need 1\.0\.0"):
        build.bundled_package(package("2.0.0"), bundled)
    with pytest.raises(build.PackageError, match="no zip"):
        build.bundled_package(b"code", bundled)


def test_a_bundle_is_chosen_by_module_and_by_runtime() -> None:
    titles = ["aws-sdk comes with Lambda's runtime", "@aws-sdk/client-s3 comes with Lambda's runtime"]
    assert missing_bundles(titles, "nodejs20") == (("aws-sdk-v2", "aws-sdk-v3"), ())
    assert missing_bundles(titles, "nodejs18") == (("aws-sdk-v2",), ("@aws-sdk/client-s3",))
    assert missing_bundles(["@aws-sdk/client-sfn comes"], "nodejs20") == ((), ("@aws-sdk/client-sfn",))
