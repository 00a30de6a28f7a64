"""OSS as its official SDKs see it: buckets, objects, listings, multipart, signatures, refusals."""

import hashlib
import http.client
import os
import time
import urllib.error
import urllib.request
import warnings
from collections.abc import Callable, Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from sandbox.alibaba.oss.signing import SUBRESOURCES
from tests.contract.sandbox_alibaba.node import answers_of
from tests.sandbox_fixtures import RunningAlibaba, running_alibaba

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # oss2 2.19.1 has wrong escapes in its docstrings
    import oss2
    from oss2.models import PartInfo, Tagging, TaggingRule

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::SyntaxWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
KB = 1024


@pytest.fixture(scope="module")
def alibaba(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAlibaba]:
    with running_alibaba(tmp_path_factory.mktemp("oss")) as running:
        yield running


@pytest.fixture
def bucket(alibaba: RunningAlibaba, request: pytest.FixtureRequest) -> Any:
    """A bucket of the test's own."""
    name = "b-" + hashlib.md5(request.node.name.encode()).hexdigest()[:20]
    made = alibaba.bucket(name)
    made.create_bucket()
    return made


def refusal(raised: Any) -> tuple[int, str]:
    return raised.value.status, raised.value.code


class TestBuckets:
    def test_a_bucket_has_a_place_an_acl_and_counts(self, alibaba: RunningAlibaba, bucket: Any) -> None:
        assert bucket.get_bucket_info().acl.grant == "private"
        bucket.put_bucket_acl(oss2.BUCKET_ACL_PUBLIC_READ)
        assert bucket.get_bucket_acl().acl == "public-read"
        bucket.put_object("a", b"12345")
        stat = bucket.get_bucket_stat()
        assert (stat.object_count, stat.storage_size_in_bytes) == (1, 5)
        assert bucket.get_bucket_location().location == "oss-cn-hangzhou"
        with urllib.request.urlopen(f"{alibaba.url}/{bucket.bucket_name}/a") as open_to_all:
            assert open_to_all.read() == b"12345"
        bucket.put_object_acl("a", oss2.OBJECT_ACL_PRIVATE)
        with pytest.raises(urllib.error.HTTPError) as closed:
            urllib.request.urlopen(f"{alibaba.url}/{bucket.bucket_name}/a")
        assert closed.value.code == 403
        closed.value.close()

    def test_buckets_are_listed_by_prefix_and_page(self, alibaba: RunningAlibaba) -> None:
        for number in range(3):
            alibaba.bucket(f"listed-{number}").create_bucket()
        keys = alibaba.keys.alibaba
        service = oss2.Service(oss2.Auth(keys.access_key_id, keys.access_key_secret), alibaba.url)
        names = [found.name for found in oss2.BucketIterator(service, prefix="listed-", max_keys=2)]
        assert names == ["listed-0", "listed-1", "listed-2"]

    @pytest.mark.parametrize("name", ["ab", "Upper", "under_score", "-x-", "a" * 64])
    def test_wrong_bucket_names_are_refused(
        self, alibaba: RunningAlibaba, monkeypatch: pytest.MonkeyPatch, name: str
    ) -> None:
        monkeypatch.setattr("oss2.api.utils.is_valid_bucket_name", lambda _: True)
        with pytest.raises(oss2.exceptions.OssError) as raised:
            alibaba.bucket(name).create_bucket()
        assert refusal(raised) == (400, "InvalidBucketName")


class TestObjects:
    @pytest.mark.parametrize("version", [1, 4])
    def test_it_stores_lists_and_deletes_objects(self, alibaba: RunningAlibaba, version: int) -> None:
        bucket = alibaba.bucket(f"store-v{version}", version=version)
        bucket.create_bucket()
        keys = ["a.txt", "dir/b &+%.txt", "dir/ü 李.txt"]
        for key in keys:
            put = bucket.put_object(key, b"hello world")
            assert put.etag == hashlib.md5(b"hello world").hexdigest().upper()
        assert [found.key for found in oss2.ObjectIterator(bucket, max_keys=1)] == keys
        assert [found.key for found in oss2.ObjectIteratorV2(bucket, max_keys=1)] == keys
        listed = bucket.list_objects_v2(delimiter="/")
        assert ([o.key for o in listed.object_list], listed.prefix_list) == (["a.txt"], ["dir/"])
        assert bucket.get_object(keys[1]).read() == b"hello world"
        assert bucket.get_object(keys[1], byte_range=(6, None)).read() == b"world"
        assert bucket.head_object(keys[2]).content_length == 11
        assert bucket.get_bucket_info().location == "oss-cn-hangzhou"
        with pytest.raises(oss2.exceptions.BucketNotEmpty):
            bucket.delete_bucket()
        bucket.put_object("odd\x0c<&>", b"x")
        assert bucket.batch_delete_objects([*keys[1:], "odd\x0c<&>"]).deleted_keys[:-1] == keys[1:]
        bucket.delete_object(keys[0])
        bucket.delete_bucket()
        with pytest.raises(oss2.exceptions.NoSuchBucket):
            bucket.list_objects()

    def test_a_listing_rolls_folders_up_and_goes_on_where_it_ended(self, bucket: Any) -> None:
        keys = ["a/1", "a/2", "b", "c/1", "c/d/1", "e"]
        for key in keys:
            bucket.put_object(key, b"")
        seen: list[str] = []
        marker = ""
        while True:
            page = bucket.list_objects(delimiter="/", marker=marker, max_keys=1)
            seen += [found.key for found in page.object_list] + page.prefix_list
            marker = page.next_marker
            if not page.is_truncated:
                break
        assert seen == ["a/", "b", "c/", "e"]
        inner = bucket.list_objects(prefix="c/", delimiter="/")
        assert ([found.key for found in inner.object_list], inner.prefix_list) == (["c/1"], ["c/d/"])
        assert [found.key for found in bucket.list_objects(marker="b").object_list] == keys[3:]
        assert [found.key for found in bucket.list_objects_v2(start_after="b").object_list] == keys[3:]

    def test_metadata_and_headers_come_back_and_can_be_overridden(self, bucket: Any) -> None:
        headers = {
            "Content-Type": "text/csv",
            "Cache-Control": "no-cache",
            "Content-Disposition": "attachment",
            "x-oss-meta-Colour": "blue",
            "x-oss-tagging": "team=red&x=a%2B%E6%9D%8E",
        }
        bucket.put_object("m", b"1,2", headers=headers)
        found = bucket.head_object("m").headers
        assert (found["Content-Type"], found["Cache-Control"]) == ("text/csv", "no-cache")
        assert (found["x-oss-meta-colour"], found["x-oss-tagging-count"]) == ("blue", "2")
        params = {"response-content-type": "text/plain", "response-cache-control": "max-age=1"}
        got = bucket.get_object("m", params=params)
        assert (got.read(), got.headers["Content-Type"]) == (b"1,2", "text/plain")
        assert got.headers["Cache-Control"] == "max-age=1"
        assert bucket.get_object_tagging("m").tag_set.tagging_rule == {"team": "red", "x": "a+李"}
        rule = TaggingRule()
        rule.add("only", "one")
        bucket.put_object_tagging("m", Tagging(rule))
        assert bucket.get_object_tagging("m").tag_set.tagging_rule == {"only": "one"}
        bucket.delete_object_tagging("m")
        assert bucket.get_object_tagging("m").tag_set.tagging_rule == {}

    def test_conditions_decide_what_is_given(self, bucket: Any) -> None:
        etag = bucket.put_object("c", b"x").etag
        past, future = formatdate(time.time() - 900, usegmt=True), formatdate(time.time() + 900, usegmt=True)
        for headers in ({"If-Match": etag}, {"If-None-Match": "other"}, {"If-Modified-Since": past},
                        {"If-Unmodified-Since": future}):  # fmt: skip
            assert bucket.get_object("c", headers=headers).read() == b"x"
        for headers in ({"If-Match": "other"}, {"If-Unmodified-Since": past}):
            with pytest.raises(oss2.exceptions.PreconditionFailed):
                bucket.get_object("c", headers=headers)
        for headers in ({"If-None-Match": f'"{etag}"'}, {"If-Modified-Since": future}):
            with pytest.raises(oss2.exceptions.NotModified):
                bucket.get_object("c", headers=headers)

    def test_text_goes_out_compressed_where_the_client_takes_that(self, bucket: Any) -> None:
        content = os.urandom(300 * KB).hex().encode()
        bucket.put_object("long.txt", content)
        bucket.put_object("long.png", content)
        bucket.put_object("short.txt", b"short")
        gzip = {"Accept-Encoding": "gzip"}
        packed = bucket.get_object("long.txt", headers=gzip)
        assert packed.headers["Content-Encoding"] == "gzip"
        assert "ETag" not in packed.headers
        assert packed.content_length is None
        assert packed.read() == content
        for key, headers in (("long.txt", {}), ("long.png", gzip), ("short.txt", gzip)):
            assert "Content-Encoding" not in bucket.get_object(key, headers=headers).headers
        assert bucket.get_object("long.txt", byte_range=(0, 3), headers=gzip).read() == content[:4]

    def test_ranges_give_a_part(self, bucket: Any) -> None:
        bucket.put_object("r", b"0123456789")
        assert bucket.get_object("r", byte_range=(2, 4)).read() == b"234"
        assert bucket.get_object("r", byte_range=(None, 3)).read() == b"789"
        assert bucket.get_object("r", byte_range=(20, 30)).read() == b"0123456789"
        strict = {"x-oss-range-behavior": "standard"}
        with pytest.raises(oss2.exceptions.OssError) as raised:
            bucket.get_object("r", byte_range=(20, 30), headers=strict)
        assert refusal(raised) == (416, "InvalidRange")

    def test_copies_take_or_replace_the_metadata(self, bucket: Any) -> None:
        etag = bucket.put_object("from é", b"x", headers={"x-oss-meta-a": "1"}).etag
        bucket.copy_object(bucket.bucket_name, "from é", "kept")
        assert bucket.head_object("kept").headers["x-oss-meta-a"] == "1"
        replaced = {"x-oss-metadata-directive": "REPLACE", "x-oss-meta-b": "2"}
        bucket.copy_object(bucket.bucket_name, "from é", "replaced", headers=replaced)
        assert "x-oss-meta-a" not in bucket.head_object("replaced").headers
        bucket.update_object_meta("kept", {"x-oss-meta-c": "3"})
        assert bucket.head_object("kept").headers["x-oss-meta-c"] == "3"
        wrong = {"x-oss-copy-source-if-match": "other"}
        same = {"x-oss-copy-source-if-none-match": etag}
        with pytest.raises(oss2.exceptions.PreconditionFailed):
            bucket.copy_object(bucket.bucket_name, "from é", "never", headers=wrong)
        with pytest.raises(oss2.exceptions.NotModified):
            bucket.copy_object(bucket.bucket_name, "from é", "never", headers=same)
        assert not bucket.object_exists("never")

    def test_an_object_grows_at_its_end_only(self, bucket: Any) -> None:
        assert bucket.append_object("log", 0, b"one,").next_position == 4
        appended = bucket.append_object("log", 4, b"two")
        assert appended.next_position == 7
        assert bucket.get_object("log").read() == b"one,two"
        assert bucket.head_object("log").object_type == "Appendable"
        with pytest.raises(oss2.exceptions.PositionNotEqualToLength) as raised:
            bucket.append_object("log", 3, b"x")
        assert raised.value.next_position == 7
        bucket.put_object("plain", b"x")
        with pytest.raises(oss2.exceptions.ObjectNotAppendable):
            bucket.append_object("plain", 1, b"x")

    def test_a_symlink_leads_to_its_target(self, bucket: Any) -> None:
        bucket.put_object("real/ü", b"content")
        bucket.put_symlink("real/ü", "link", headers={"x-oss-meta-a": "1"})
        assert bucket.get_symlink("link").target_key == "real/ü"
        assert bucket.get_object("link").read() == b"content"
        linked = bucket.head_object("link")
        assert (linked.object_type, linked.headers["x-oss-meta-a"]) == ("Symlink", "1")
        bucket.delete_object("real/ü")
        with pytest.raises(oss2.exceptions.OssError) as raised:
            bucket.get_object("link")
        assert refusal(raised) == (404, "SymlinkTargetNotExist")

    def test_an_object_can_be_kept_from_being_replaced(self, bucket: Any) -> None:
        once = {"x-oss-forbid-overwrite": "true"}
        bucket.put_object("once", b"1", headers=once)
        with pytest.raises(oss2.exceptions.OssError) as raised:
            bucket.put_object("once", b"2", headers=once)
        assert refusal(raised) == (409, "FileAlreadyExists")
        assert bucket.get_object("once").read() == b"1"

    def test_a_changed_body_is_refused(self, bucket: Any) -> None:
        with pytest.raises(oss2.exceptions.OssError) as raised:
            bucket.put_object("changed", b"x", headers={"Content-MD5": "1B2M2Y8AsgTpgAmY7PhCfg=="})
        assert refusal(raised) == (400, "InvalidDigest")
        assert not bucket.object_exists("changed")

    def test_a_large_body_goes_through_a_file(self, bucket: Any, tmp_path: Path) -> None:
        content = os.urandom(9 * KB * KB + 3)
        path = tmp_path / "large"
        path.write_bytes(content)
        assert bucket.put_object_from_file("large", str(path)).status == 200
        assert bucket.get_object("large").read() == content
        # A generator has no length: it travels in chunks.
        bucket.put_object("chunked", iter([content[:1000], content[1000:2000]]))
        assert bucket.get_object("chunked").read() == content[:2000]


class TestMultipart:
    def test_parts_become_one_object(self, bucket: Any) -> None:
        bucket.put_object("source", b"s" * 200 * KB)
        upload = bucket.init_multipart_upload("whole ü", headers={"x-oss-meta-a": "1"}).upload_id
        first = bucket.upload_part("whole ü", upload, 1, b"a" * 100 * KB)
        bucket.upload_part("whole ü", upload, 2, b"?" * 100 * KB)
        second = bucket.upload_part("whole ü", upload, 2, b"b" * 100 * KB)
        third = bucket.upload_part_copy(bucket.bucket_name, "source", (0, 9), "whole ü", upload, 3)
        listed = bucket.list_parts("whole ü", upload).parts
        assert [(part.part_number, part.size) for part in listed] == [(1, 102400), (2, 102400), (3, 10)]
        assert [found.key for found in bucket.list_multipart_uploads().upload_list] == ["whole ü"]
        parts = [PartInfo(number + 1, part.etag) for number, part in enumerate((first, second, third))]
        with pytest.raises(oss2.exceptions.OssError) as raised:
            bucket.complete_multipart_upload("whole ü", upload, [PartInfo(1, "0" * 32)])
        assert refusal(raised) == (400, "InvalidPart")
        done = bucket.complete_multipart_upload("whole ü", upload, parts)
        assert done.etag.endswith("-3")
        got = bucket.get_object("whole ü")
        assert got.read() == b"a" * 100 * KB + b"b" * 100 * KB + b"s" * 10
        assert got.headers["x-oss-meta-a"] == "1"
        assert bucket.list_multipart_uploads().upload_list == []
        with pytest.raises(oss2.exceptions.NoSuchUpload):
            bucket.list_parts("whole ü", upload)

    def test_uploads_are_listed_by_folder_and_page(self, bucket: Any) -> None:
        for key in ("p/a", "p/a", "p/b/1", "p/b/2", "p/c"):
            bucket.init_multipart_upload(key)
        given = {"prefix": "p/", "delimiter": "/", "max_uploads": 1}
        found = [(up.key, up.is_prefix()) for up in oss2.MultipartUploadIterator(bucket, **given)]
        assert found == [("p/a", False), ("p/a", False), ("p/b/", True), ("p/c", False)]

    def test_small_parts_and_wrong_order_are_refused(self, bucket: Any) -> None:
        upload = bucket.init_multipart_upload("k").upload_id
        parts = [PartInfo(number, bucket.upload_part("k", upload, number, b"x").etag) for number in (1, 2)]
        with pytest.raises(oss2.exceptions.OssError) as raised:
            bucket.complete_multipart_upload("k", upload, parts)
        assert refusal(raised) == (400, "EntityTooSmall")
        with pytest.raises(oss2.exceptions.OssError) as raised:
            bucket.upload_part("k", upload, 10_001, b"x")
        assert refusal(raised) == (400, "InvalidArgument")
        bucket.abort_multipart_upload("k", upload)
        with pytest.raises(oss2.exceptions.NoSuchUpload):
            bucket.upload_part("k", upload, 1, b"x")
        assert not bucket.object_exists("k")


class TestAccess:
    @pytest.mark.parametrize("version", [1, 4])
    def test_a_signed_address_opens_one_object(self, alibaba: RunningAlibaba, version: int) -> None:
        bucket = alibaba.bucket("signed", version=version)
        bucket.create_bucket()
        bucket.put_object("dir/x y.txt", b"for you")
        address = bucket.sign_url("GET", "dir/x y.txt", 60, slash_safe=True)
        with urllib.request.urlopen(address) as response:
            assert response.read() == b"for you"
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(address.replace("x%20y", "other"))
        assert refused.value.code == 403
        refused.value.close()

    def test_wrong_keys_and_missing_objects_are_told_in_oss_s_words(
        self, alibaba: RunningAlibaba, bucket: Any
    ) -> None:
        with pytest.raises(oss2.exceptions.NoSuchKey):
            bucket.get_object("nothing")
        key_id = alibaba.keys.alibaba.access_key_id
        for auth in (oss2.Auth(key_id, "wrong"), oss2.AuthV4(key_id, "wrong")):
            with pytest.raises(oss2.exceptions.SignatureDoesNotMatch):
                oss2.Bucket(auth, alibaba.url, bucket.bucket_name, region="cn-hangzhou").list_objects()

    def test_an_old_date_is_refused(self, bucket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        old = oss2.utils.http_date(int(time.time()) - 1000)
        monkeypatch.setattr("oss2.auth.utils.http_date", lambda *_: old)
        with pytest.raises(oss2.exceptions.OssError) as raised:
            bucket.list_objects()
        assert refusal(raised) == (403, "RequestTimeTooSkewed")

    def test_the_bucket_may_be_in_the_host_name(self, alibaba: RunningAlibaba) -> None:
        bucket = alibaba.bucket("hosted")
        bucket.create_bucket()
        bucket.put_object("k", b"v")
        address = bucket.sign_url("GET", "k", 60)
        _, _, query = address.partition("?")
        connection = http.client.HTTPConnection(alibaba.endpoint, timeout=10)
        connection.request("GET", f"/k?{query}", headers={"Host": "hosted.oss-cn-hangzhou.aliyuncs.com"})
        assert connection.getresponse().read() == b"v"
        connection.close()


class TestStorageClasses:
    def test_an_archived_object_is_restored_before_it_is_read(self, bucket: Any) -> None:
        bucket.put_object("old", b"x", headers={"x-oss-storage-class": "ColdArchive"})
        with pytest.raises(oss2.exceptions.OssError) as raised:
            bucket.get_object("old")
        assert refusal(raised) == (403, "InvalidObjectState")
        order = oss2.models.RestoreConfiguration(
            days=2, job_parameters=oss2.models.RestoreJobParameters(oss2.models.RESTORE_TIER_BULK)
        )
        begun = bucket.restore_object("old", input=order)
        assert (begun.status, begun.headers["x-oss-object-restore-priority"]) == (202, "Bulk")
        assert bucket.head_object("old").headers["x-oss-restore"] == 'ongoing-request="true"'
        with pytest.raises(oss2.exceptions.OssError) as raised:
            bucket.restore_object("old")
        assert refusal(raised) == (409, "RestoreAlreadyInProgress")
        bucket.put_object("new", b"x")
        with pytest.raises(oss2.exceptions.OssError) as raised:
            bucket.restore_object("new")
        assert refusal(raised) == (400, "OperationNotSupported")

    def test_objects_take_class_and_encryption_of_their_bucket(self, alibaba: RunningAlibaba) -> None:
        bucket = alibaba.bucket("classes")
        bucket.create_bucket(input=oss2.models.BucketCreateConfig(oss2.BUCKET_STORAGE_CLASS_IA))
        rule = oss2.models.ServerSideEncryptionRule()
        rule.sse_algorithm = oss2.SERVER_SIDE_ENCRYPTION_AES256
        bucket.put_bucket_encryption(rule)
        bucket.put_object("k", b"x")
        headers = bucket.head_object("k").headers
        assert headers["x-oss-storage-class"] == "IA"
        assert headers["x-oss-server-side-encryption"] == "AES256"
        assert bucket.get_bucket_info().bucket_encryption_rule.sse_algorithm == "AES256"
        assert bucket.get_bucket_stat().infrequent_access_object_count == 1


class TestSettings:
    def test_settings_are_kept_checked_and_forgotten(self, bucket: Any) -> None:
        with pytest.raises(oss2.exceptions.NoSuchLifecycle):
            bucket.get_bucket_lifecycle()
        expiry = oss2.models.LifecycleExpiration(days=3)
        rules = [oss2.models.LifecycleRule("a", "logs/", expiration=expiry)]
        bucket.put_bucket_lifecycle(oss2.models.BucketLifecycle(rules))
        (found,) = bucket.get_bucket_lifecycle().rules
        assert (found.id, found.prefix, found.expiration.days) == ("a", "logs/", 3)
        rules.append(oss2.models.LifecycleRule("b", "logs/old/", expiration=expiry))
        with pytest.raises(oss2.exceptions.OssError) as raised:
            bucket.put_bucket_lifecycle(oss2.models.BucketLifecycle(rules))
        assert refusal(raised) == (400, "InvalidArgument")
        bucket.delete_bucket_lifecycle()
        with pytest.raises(oss2.exceptions.NoSuchLifecycle):
            bucket.get_bucket_lifecycle()
        assert bucket.get_bucket_referer().allow_empty_referer

    def test_tags_of_buckets_select_them(self, alibaba: RunningAlibaba, bucket: Any) -> None:
        tags = oss2.models.TaggingRule()
        tags.add("team", "shop")
        bucket.put_bucket_tagging(oss2.models.Tagging(tags))
        assert bucket.get_bucket_tagging().tag_set.tagging_rule == {"team": "shop"}
        keys = alibaba.keys.alibaba
        service = oss2.Service(oss2.Auth(keys.access_key_id, keys.access_key_secret), alibaba.url)
        listed = service.list_buckets(params={"tag-key": "team", "tag-value": "shop"})
        assert [each.name for each in listed.buckets] == [bucket.bucket_name]
        assert listed.buckets[0].extranet_endpoint == alibaba.endpoint
        bucket.delete_bucket_tagging()
        assert not service.list_buckets(params={"tag-key": "team"}).buckets


class TestAsSdksSendIt:
    def test_it_signs_what_the_sdk_signs(self) -> None:
        import oss2.auth

        assert oss2.auth.ProviderAuth._subresource_key_set == SUBRESOURCES

    def test_a_key_may_hold_line_breaks(self, bucket: Any) -> None:
        key = "a\nb\r\nc\x01"
        bucket.put_object(key, b"x")
        assert bucket.get_object(key).read() == b"x"
        assert [each.key for each in bucket.list_objects().object_list] == [key]

    def test_a_body_in_chunks_may_come_with_a_length(self, alibaba: RunningAlibaba, bucket: Any) -> None:
        url = bucket.sign_url("PUT", "k", 60, headers={"content-type": "text/plain"})
        line = http.client.HTTPConnection(alibaba.endpoint, timeout=10)
        line.putrequest("PUT", url.removeprefix(alibaba.url))
        for name, value in (("content-type", "text/plain"), ("content-length", "3")):
            line.putheader(name, value)
        line.putheader("transfer-encoding", "chunked")
        line.endheaders(b"3\r\nabc\r\n0\r\n\r\n")
        assert line.getresponse().status == 200
        line.close()
        assert bucket.get_object("k").read() == b"abc"

    def test_the_date_of_an_answer_is_not_before_the_change(self, bucket: Any) -> None:
        written = bucket.put_object("k", b"x").headers["date"]
        bucket.get_object("k", headers={"if-unmodified-since": written})
        with pytest.raises(oss2.exceptions.NotModified):
            bucket.get_object("k", headers={"if-modified-since": written})

    def test_traffic_is_limited_where_that_is_asked_for(self, bucket: Any) -> None:
        began = time.monotonic()
        bucket.put_object("k", b"x" * 10_000, headers={"x-oss-traffic-limit": "245760"})
        bucket.get_object("k", headers={"x-oss-traffic-limit": "245760"}).read()
        assert time.monotonic() - began > 0.5
        signed = bucket.sign_url("GET", "k", 60, params={"x-oss-traffic-limit": "838860800"})
        assert len(bucket.get_object_with_url(signed).read()) == 10_000
        with pytest.raises(oss2.exceptions.OssError) as raised:
            bucket.get_object("k", headers={"x-oss-traffic-limit": "1"})
        assert refusal(raised) == (400, "InvalidArgument")


class TestRefusals:
    @pytest.mark.parametrize(
        "key",
        ["../../escape", "a/../../b", "//x/..", "nul\x00byte", "%2e%2e/x", "ü" * 511, "李/" * 200],
    )
    def test_strange_keys_stay_in_their_folder(self, alibaba: RunningAlibaba, bucket: Any, key: str) -> None:
        outside = {path for path in alibaba.state.parent.rglob("*") if alibaba.state not in path.parents}
        if key.startswith("/"):
            with pytest.raises(oss2.exceptions.OssError) as raised:
                bucket.put_object(key, b"x")
            assert refusal(raised) == (400, "InvalidObjectName")
            return
        bucket.put_object(key, b"x")
        assert bucket.get_object(key).read() == b"x"
        assert outside == {p for p in alibaba.state.parent.rglob("*") if alibaba.state not in p.parents}

    def test_a_key_over_the_limit_is_refused(self, bucket: Any) -> None:
        with pytest.raises(oss2.exceptions.OssError) as raised:
            bucket.put_object("k" * 1024, b"x")
        assert refusal(raised) == (400, "InvalidObjectName")

    def test_what_is_not_built_is_refused_loudly(self, bucket: Any) -> None:
        config = oss2.models.BucketVersioningConfig()
        config.status = oss2.BUCKET_VERSIONING_ENABLE
        bucket.put_object("k", b"x")
        calls: list[Callable[[], Any]] = [
            lambda: bucket.put_bucket_versioning(config),
            lambda: bucket.get_object("k", params={"versionId": "v"}),
            lambda: bucket.put_bucket_policy("{}"),
            lambda: bucket.get_bucket_policy(),
            lambda: bucket.init_bucket_worm(1),
            lambda: bucket.put_object("k", b"y", headers={"x-oss-callback": "e30="}),
            lambda: bucket.put_object("k", b"y", headers={"x-oss-server-side-encryption": "KMS"}),
            lambda: bucket.get_object("k", process="image/resize,w_100"),
        ]
        for call in calls:
            with pytest.raises(oss2.exceptions.OssError) as raised:
                call()
            assert refusal(raised) == (501, "NotImplemented")
        assert bucket.get_object("k").read() == b"x"

    @pytest.mark.parametrize("body", [b"<Delete><", b"<Other/>", b"<!DOCTYPE d><Delete/>", b"<Delete/>"])
    def test_malformed_xml_is_refused(
        self, bucket: Any, monkeypatch: pytest.MonkeyPatch, body: bytes
    ) -> None:
        monkeypatch.setattr("oss2.api.xml_utils.to_batch_delete_objects_request", lambda *_: body)
        with pytest.raises(oss2.exceptions.OssError) as raised:
            bucket.batch_delete_objects(["k"])
        assert refusal(raised) == (400, "MalformedXML")


def test_the_node_sdk_finds_its_way(alibaba: RunningAlibaba) -> None:
    for form, found in answers_of(alibaba, "oss_node.mjs", "ali-oss").items():
        assert found == {
            "content": "hello node",
            "meta": {"colour": "blue"},
            "position": "6",
            "uploaded": 200,
            "size": str(300 * KB),
            "listed": ["big.bin", "copy.txt", "dir/ü.txt", "log.txt"],
            "listedV2": ["big.bin", "copy.txt"],
            "signed": None if form == "host" else "hello node",
            "missing": "NoSuchKey",
            "tags": {"team": "red"},
            "deleted": 200,
        }, form


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    with running_alibaba(tmp_path) as first:
        bucket = first.bucket("lasting")
        bucket.create_bucket()
        bucket.put_object("k", b"v", headers={"x-oss-meta-a": "1"})
        bucket.append_object("log", 0, b"one")
        upload = bucket.init_multipart_upload("big").upload_id
        part = bucket.upload_part("big", upload, 1, b"p" * 10)
        first.process.kill()
        first.process.wait()
    with running_alibaba(tmp_path) as second:
        bucket = second.bucket("lasting")
        assert bucket.get_object("k").headers["x-oss-meta-a"] == "1"
        assert bucket.append_object("log", 3, b"two").next_position == 6
        bucket.complete_multipart_upload("big", upload, [PartInfo(1, part.etag)])
        assert bucket.get_object("big").read() == b"p" * 10
