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


def archive_of(*names: str, mode: int = 0o100644) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            entry = zipfile.ZipInfo(name)
            entry.external_attr = mode << 16
            archive.writestr(entry, "x")
    return out.getvalue()


@pytest.mark.parametrize("name", ["/a", "../a", "a/../../b", "..", "a\\b"])
def test_it_refuses_paths_that_lead_elsewhere_and_keeps_nothing(tmp_path: Path, name: str) -> None:
    with pytest.raises(Refused, match="path"):
        CodeStore(tmp_path).put(archive_of("good", name))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("mode", [0o120777, 0o060666, 0o010644])
def test_it_refuses_links_and_devices(tmp_path: Path, mode: int) -> None:
    with pytest.raises(Refused, match="link or a device"):
        CodeStore(tmp_path).put(archive_of("good", mode=mode))


def test_it_refuses_a_file_that_is_a_folder_too(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="both a file and a folder"):
        CodeStore(tmp_path).put(archive_of("a", "a/b"))


def test_it_refuses_a_bomb_before_it_unpacks(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(code.BOMB_FROM_BYTES + 1))
    with pytest.raises(Refused, match="times its size"):
        CodeStore(tmp_path).put(out.getvalue())
    assert list(tmp_path.iterdir()) == []


def test_it_refuses_an_entry_that_is_longer_than_it_says(tmp_path: Path) -> None:
    honest = archive_of("a" * 8)
    directory = honest.rindex(b"PK\x01\x02")
    lying = bytearray(honest)
    lying[directory + 24 : directory + 28] = (0).to_bytes(4, "little")
    with pytest.raises(Refused):
        CodeStore(tmp_path).put(bytes(lying))
    assert list(tmp_path.iterdir()) == []


def test_programs_stay_programs(tmp_path: Path) -> None:
    store = CodeStore(tmp_path)
    kept = store.put(archive_of("bootstrap", mode=0o100755))
    assert (store.directory(kept.digest) / "bootstrap").stat().st_mode & 0o111


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
