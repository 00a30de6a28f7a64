"""Code packages of the sandbox's FC: what is refused, what is kept."""

import base64
import io
import zipfile
from pathlib import Path

import pytest

from sandbox.alibaba.fc import code
from sandbox.alibaba.fc.code import CodeStore, read_package
from sandbox.alibaba.wire import Refused


def package(text: str = "x") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("index.js", text)
    return out.getvalue()


def no_objects(bucket: str, key: str) -> bytes:
    raise Refused(404, "NoSuchKey", "none")


def test_it_refuses_a_package_above_the_limit_of_the_api(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code, "API_LIMIT_BYTES", 10)
    given = {"zipFile": base64.b64encode(package()).decode()}
    with pytest.raises(Refused, match="more than"):
        read_package(given, no_objects)


def test_a_package_from_oss_has_a_limit_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code, "API_LIMIT_BYTES", 10)
    given = {"ossBucketName": "b", "ossObjectName": "k"}
    assert read_package(given, lambda bucket, key: package()) == package()
    monkeypatch.setattr(code, "OSS_LIMIT_BYTES", 10)
    with pytest.raises(Refused, match="more than"):
        read_package(given, lambda bucket, key: package())


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"zipFile": "not base64!"},
        {"ossBucketName": "b"},
        {"ossBucketName": "b", "ossObjectName": "k"},
        {"zipFile": base64.b64encode(package()).decode(), "checksum": "1"},
    ],
)
def test_it_refuses_code_that_cannot_be_read(given: dict[str, str]) -> None:
    with pytest.raises(Refused) as refused:
        read_package(given, no_objects)
    assert (refused.value.status, refused.value.code) == (400, "InvalidArgument")


def test_it_refuses_what_is_no_zip_and_keeps_nothing(tmp_path: Path) -> None:
    with pytest.raises(Refused):
        CodeStore(tmp_path).put(b"no zip")
    assert list(tmp_path.iterdir()) == []


def test_it_removes_packages_that_nobody_uses(tmp_path: Path) -> None:
    store = CodeStore(tmp_path)
    first, second = store.put(package("1")), store.put(package("2"))
    store.remove_all_but({second.digest})
    assert not store.directory(first.digest).exists()
    assert (store.directory(second.digest) / "index.js").read_text() == "2"


def test_equal_packages_are_kept_once(tmp_path: Path) -> None:
    store = CodeStore(tmp_path)
    assert store.put(package()) == store.put(package())
    assert len(list(tmp_path.iterdir())) == 2
