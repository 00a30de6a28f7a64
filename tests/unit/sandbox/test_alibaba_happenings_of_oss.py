"""What OSS lets others hear of: one happening for each write, before its answer."""

import errno
import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sandbox.alibaba.access import AccessKey, KeyRing, Scope
from sandbox.alibaba.oss import content, routes
from sandbox.alibaba.oss.storage import Storage
from sandbox.alibaba.wire import Incoming, Refused, Reply
from sandbox.keys import draw

ROOT_KEY = AccessKey(key_id="k", secret="s", scope=Scope.EVERYTHING)


class Oss:
    """OSS without a server and without signatures, with what it told."""

    def __init__(self, folder: Path) -> None:
        keys = draw()
        ring = KeyRing(account=keys.alibaba, relay=keys.relay, path=folder / "keys.json")
        self.folder = folder
        self.told: list[Mapping[str, Any]] = []
        self._oss = routes.ObjectStorage(
            storage=Storage(folder / "oss"),
            keys=ring,
            account_id="1",
            region="cn-hangzhou",
            emit=lambda kind, document: self.told.append({"kind": kind, **document}),
        )
        self.ask("PUT", "/box")

    def ask(self, method: str, target: str, body: bytes = b"", **headers: str) -> Reply:
        path, _, query = target.partition("?")
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = Incoming(method=method, raw_path=path, raw_query=query, headers=named, body=body)
        return self._oss.answer(request, "REQUEST")

    def events(self) -> list[tuple[str, str, int, int]]:
        """Give event, key, size and growth of what was told since the last look."""
        found = [(each["event"], each["key"], each["size"], each["deltaSize"]) for each in self.told]
        self.told.clear()
        return found


@pytest.fixture
def oss(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Oss:
    monkeypatch.setattr(routes, "check_oss", lambda request, place, keys: ROOT_KEY)
    return Oss(tmp_path)


def test_a_put_tells_everything_that_a_trigger_needs(oss: Oss) -> None:
    oss.ask("PUT", "/box/dir/k%20%C3%BC", b"hello")
    [told] = oss.told
    assert told["time"].endswith("Z")
    assert {name: value for name, value in told.items() if name != "time"} == {
        "kind": "oss",
        "event": "ObjectCreated:PutObject",
        "bucket": "box",
        "key": "dir/k ü",
        "size": 5,
        "etag": hashlib.md5(b"hello").hexdigest().upper(),
        "deltaSize": 5,
        "requestId": "REQUEST",
        "sourceIp": "127.0.0.1",
        "principalId": "1",
    }


def test_every_write_has_its_own_event(oss: Oss) -> None:
    oss.ask("PUT", "/box/a", b"12345")
    oss.ask("PUT", "/box/a", b"123")
    oss.ask("PUT", "/box/b", x_oss_copy_source="/box/a")
    oss.ask("PUT", "/box/b", x_oss_copy_source="/box/b", x_oss_metadata_directive="REPLACE")
    oss.ask("POST", "/box/c?append&position=0", b"12")
    oss.ask("PUT", "/box/d?symlink", x_oss_symlink_target="a")
    oss.ask("DELETE", "/box/a")
    oss.ask("DELETE", "/box/nothing")
    body = b"<Delete><Object><Key>b</Key></Object><Object><Key>nothing</Key></Object></Delete>"
    oss.ask("POST", "/box?delete", body)
    assert oss.events() == [
        ("ObjectCreated:PutObject", "a", 5, 5),
        ("ObjectCreated:PutObject", "a", 3, -2),
        ("ObjectCreated:CopyObject", "b", 3, 3),
        ("ObjectModified:UpdateObjectMeta", "b", 3, 0),
        ("ObjectCreated:AppendObject", "c", 2, 2),
        ("ObjectCreated:PutSymlink", "d", 0, 0),
        ("ObjectRemoved:DeleteObject", "a", 3, -3),
        ("ObjectRemoved:DeleteObjects", "b", 3, -3),
    ]


def test_an_upload_in_parts_tells_each_of_its_steps(oss: Oss) -> None:
    def begun() -> str:
        return oss.ask("POST", "/box/big?uploads").body.decode().split("<UploadId>")[1][:32]

    upload = begun()
    etag = oss.ask("PUT", f"/box/big?partNumber=1&uploadId={upload}", b"12345").headers["ETag"]
    part = f"<Part><PartNumber>1</PartNumber><ETag>{etag}</ETag></Part>"
    body = f"<CompleteMultipartUpload>{part}</CompleteMultipartUpload>".encode()
    oss.ask("POST", f"/box/big?uploadId={upload}", body)
    oss.ask("DELETE", f"/box/big?uploadId={begun()}")
    assert oss.events() == [
        ("ObjectCreated:InitiateMultipartUpload", "big", 0, 0),
        ("ObjectCreated:UploadPart", "big", 5, 5),
        ("ObjectCreated:CompleteMultipartUpload", "big", 5, 5),
        ("ObjectCreated:InitiateMultipartUpload", "big", 0, 0),
        ("ObjectRemoved:AbortMultipartUpload", "big", 0, 0),
    ]


def test_what_was_refused_is_not_told(oss: Oss) -> None:
    oss.ask("PUT", "/box/a", b"1")
    oss.events()
    for method, target, headers in (
        ("PUT", "/box/a", {"x_oss_forbid_overwrite": "true"}),
        ("PUT", "/box/a", {"content_md5": "d3Jvbmc="}),
        ("PUT", "/nowhere/a", {}),
        ("PUT", "/box/b", {"x_oss_copy_source": "/box/nothing"}),
        ("POST", "/box/a?append&position=1", {}),
    ):
        with pytest.raises(Refused):
            oss.ask(method, target, b"2", **headers)
    assert oss.events() == []
    assert list(oss.ask("GET", "/box/a").stream or iter(())) == [b"1"]


def test_a_full_disk_is_told_and_changes_nothing(oss: Oss, monkeypatch: pytest.MonkeyPatch) -> None:
    oss.ask("PUT", "/box/a", b"before")
    oss.events()

    def fail(piece: bytes, crc: int = 0) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(content, "crc64", fail)
        with pytest.raises(Refused, match="No space left on device") as refused:
            oss.ask("PUT", "/box/a", b"after")
    assert (refused.value.status, refused.value.code) == (500, "InternalError")
    assert oss.events() == []
    assert list(oss.ask("GET", "/box/a").stream or iter(())) == [b"before"]
    assert len(list(oss.folder.glob("oss/box/content/*"))) == 1
