"""What the AWS half keeps on disk, without a server."""

from pathlib import Path

import pytest
from moto.s3.models import FakeKey
from moto.sqs.models import Queue

from sandbox.aws.durable.objects import touched
from sandbox.aws.durable.pickles import dumps, loads
from sandbox.aws.durable.store import NotKept, Store

_PUT = "INSERT INTO objects VALUES (?, ?, ?)"


def test_a_full_disk_is_said_and_leaves_what_was_kept(tmp_path: Path) -> None:
    store = Store(tmp_path / "base.db")
    store.write(_PUT, "bucket", "first", b"kept")
    store._base.execute("PRAGMA max_page_count = 40")
    with pytest.raises(NotKept, match="full"):
        store.write_all([(_PUT, ("bucket", "second", b"x")), (_PUT, ("bucket", "third", b"x" * 1_000_000))])
    assert store.rows("SELECT name, value FROM objects") == [("first", b"kept")]
    store.close()


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    Store(tmp_path / "base.db").close()
    assert (tmp_path / "base.db").stat().st_mode & 0o777 == 0o600


def test_a_queue_is_written_without_its_messages_and_with_a_lock_of_its_own() -> None:
    queue = Queue("name", region="us-east-1", account_id="123456789012", VisibilityTimeout="7")
    queue._messages.append("message")
    again = loads(dumps({"queue": queue}))["queue"]
    assert again._messages == []
    assert (again.name, again.visibility_timeout) == ("name", 7)
    assert again._messages_lock is not queue._messages_lock
    with again._messages_lock:
        pass
    assert queue._messages == ["message"]


def test_an_object_is_written_with_its_bytes() -> None:
    key = FakeKey("k", b"bytes", account_id="123456789012", region_name="us-east-1")
    assert loads(dumps(key)).value == b"bytes"


@pytest.mark.parametrize(
    ("path", "query", "body", "keys"),
    [
        ("/bucket/a%20b/c", "", b"", {"a b/c"}),
        ("/bucket/a//b", "uploadId=1", b"", {"a//b"}),
        ("/bucket", "delete", b"<Delete><Object><Key>a&amp;b</Key></Object></Delete>", {"a&b"}),
        ("/bucket", "versioning", b"<VersioningConfiguration/>", set()),
        ("/bucket/", "", b"", set()),
        ("/bucket", "", b"--boundary form", None),
    ],
)
def test_it_knows_the_keys_that_a_write_touches(
    path: str, query: str, body: bytes, keys: set[str] | None
) -> None:
    assert touched(path, query, body) == keys
