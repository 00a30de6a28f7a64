"""The calls on buckets: make, describe, count and delete them, and what the account says of itself."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sandbox.alibaba import clock
from sandbox.alibaba.markup import leaf, leaves, tag
from sandbox.alibaba.oss import reading
from sandbox.alibaba.oss.replies import xml_reply
from sandbox.alibaba.oss.settings import Settings
from sandbox.alibaba.oss.storage import Bucket, Storage
from sandbox.alibaba.oss.uploads import Uploads
from sandbox.alibaba.wire import Incoming, Refused, Reply
from sandbox.guard import host_name, is_loopback

_PAIR = re.compile(r'"([^"]*)":"([^"]*)"')
_LEAST_CHARGED_BYTES = 64 * 1024
_STAT_NAMES = {
    "Standard": "Standard",
    "IA": "InfrequentAccess",
    "Archive": "Archive",
    "ColdArchive": "ColdArchive",
    "DeepColdArchive": "DeepColdArchive",
}


class Buckets:
    """Each method carries out one request. owner: the account. location: its region, as OSS names it."""

    def __init__(
        self, storage: Storage, uploads: Uploads, settings: Settings, *, owner: str, location: str
    ) -> None:
        self._storage = storage
        self._uploads = uploads
        self._settings = settings
        self._owner = owner
        self._location = location

    def list(self, request: Incoming) -> Reply:
        query = request.query
        prefix, after = query.get("prefix", ""), query.get("marker", "")
        most = reading.number(query.get("max-keys"), "max-keys", 100, range(1, 1001))
        found = [
            each
            for each in self._storage.buckets()
            if each.name.startswith(prefix) and each.name > after and self._is_tagged(each, query)
        ]
        cut = len(found) > most
        host = request.host
        shown = (
            tag("Bucket", self._described(each, host), self._tagging(each) if "tagging" in query else "")
            for each in found[:most]
        )
        rows = tag("Buckets", *shown)
        owner = tag("Owner", leaves(ID=self._owner, DisplayName=self._owner))
        page = leaves(
            Prefix=prefix,
            Marker=after,
            MaxKeys=most,
            IsTruncated=str(cut).lower(),
            NextMarker=found[most - 1].name if cut else None,
        )
        return xml_reply(
            tag("ListAllMyBucketsResult", page if "max-keys" in query or cut else "", owner, rows)
        )

    def _is_tagged(self, bucket: Bucket, query: Mapping[str, str]) -> bool:
        """Tell whether a bucket has the tags that a list is asked for, if any: `tag-key` and `tag-value`, or
        `tagging` of the form "a":"1","b":"2"."""
        wanted = dict(_PAIR.findall(query.get("tagging", "")))
        key, value = query.get("tag-key"), query.get("tag-value")
        if not key and not wanted:
            return True
        tags = self._settings.tags(bucket.name)
        if key and (key not in tags or value not in (None, "", tags[key])):
            return False
        return wanted.items() <= tags.items()

    def _tagging(self, bucket: Bucket) -> str:
        rows = (tag("Tag", leaves(Key=k, Value=v)) for k, v in self._settings.tags(bucket.name).items())
        return tag("Tagging", tag("TagSet", *rows))

    def regions(self) -> Reply:
        """Describe the one region there is."""
        info = leaves(
            Region=self._location,
            InternetEndpoint=f"{self._location}.aliyuncs.com",
            InternalEndpoint=f"{self._location}-internal.aliyuncs.com",
            AccelerateEndpoint="oss-accelerate.aliyuncs.com",
        )
        return xml_reply(tag("RegionInfoList", tag("RegionInfo", info)))

    def _described(self, bucket: Bucket, host: str) -> str:
        """Describe a bucket. Who asked by a loopback address gets that as its endpoint, and can go on."""
        own = is_loopback(host_name(host))
        return leaves(
            Comment="",
            Name=bucket.name,
            CreationDate=clock.iso_millis(bucket.created),
            Location=self._location,
            ExtranetEndpoint=host if own else f"{self._location}.aliyuncs.com",
            IntranetEndpoint=host if own else f"{self._location}-internal.aliyuncs.com",
            StorageClass=bucket.storage_class,
            Region=self._location.removeprefix("oss-"),
        )

    def put(self, request: Incoming, bucket: str) -> Reply:
        storage_class = None
        if request.body or request.file is not None:
            asked = reading.xml_body(request, "CreateBucketConfiguration")
            storage_class = asked.findtext("StorageClass")
        self._storage.create_bucket(
            bucket,
            acl=reading.acl_of(request.headers.get("x-oss-acl")),
            storage_class=reading.storage_class_of(storage_class) or "Standard",
        )
        return Reply(headers={"Location": f"/{bucket}"})

    def put_acl(self, request: Incoming, bucket: str) -> Reply:
        acl = reading.acl_of(request.headers.get("x-oss-acl"))
        if acl is None:
            raise Refused(400, "InvalidArgument", "x-oss-acl is required.")
        # A bucket that is not there is made, as PutBucketAcl does.
        self._storage.create_bucket(bucket, acl=acl)
        return Reply(headers={"Location": f"/{bucket}"})

    def head(self, bucket: str) -> Reply:
        self._storage.bucket(bucket)
        return Reply(headers={"x-oss-bucket-region": self._location})

    def delete(self, bucket: str) -> Reply:
        if self._uploads.of_bucket(bucket):
            raise Refused(409, "BucketNotEmpty", "The bucket has multipart uploads under way.")
        self._storage.delete_bucket(bucket)
        return Reply(status=204)

    def location(self, bucket: str) -> Reply:
        self._storage.bucket(bucket)
        return xml_reply(leaf("LocationConstraint", self._location))

    def versioning(self, bucket: str) -> Reply:
        self._storage.bucket(bucket)
        return xml_reply(tag("VersioningConfiguration"))

    def channels(self, request: Incoming, bucket: str) -> Reply:
        """Give no live channels: none can be made. The SDK's own clean-up looks for them."""
        self._storage.bucket(bucket)
        inner = leaves(
            Prefix=request.query.get("prefix", ""),
            Marker=request.query.get("marker", ""),
            MaxKeys=request.query.get("max-keys", "100"),
            IsTruncated="false",
            NextMarker="",
        )
        return xml_reply(tag("ListLiveChannelResult", inner))

    def info(self, request: Incoming, bucket: str) -> Reply:
        found = self._storage.bucket(bucket)
        owner = tag("Owner", leaves(ID=self._owner, DisplayName=self._owner))
        acl = tag("AccessControlList", leaves(Grant=found.acl))
        more = leaves(
            DataRedundancyType="LRS",
            AccessMonitor="Disabled",
            TransferAcceleration="Disabled",
            CrossRegionReplication="Disabled",
        )
        rule = leaves(SSEAlgorithm=self._settings.encryption(bucket) or "None")
        more += tag("ServerSideEncryptionRule", rule)
        described = self._described(found, request.host)
        return xml_reply(tag("BucketInfo", tag("Bucket", described, more, owner, acl)))

    def stat(self, bucket: str) -> Reply:
        with self._storage.lock:
            objects = list(self._storage.bucket(bucket).objects.values())
        facts: dict[str, object] = {
            "Storage": sum(stored.size for stored in objects),
            "ObjectCount": len(objects),
            "MultipartUploadCount": len(self._uploads.of_bucket(bucket)),
            "LiveChannelCount": 0,
            "LastModifiedTime": int(max((stored.modified for stored in objects), default=0)),
        }
        for name, short in _STAT_NAMES.items():
            sizes = [stored.size for stored in objects if stored.storage_class == name]
            facts[f"{short}Storage"] = sum(sizes)
            if name != "Standard":
                # Less is charged as 64 KB.
                facts[f"{short}RealStorage"] = sum(sizes)
                facts[f"{short}Storage"] = sum(max(size, _LEAST_CHARGED_BYTES) for size in sizes)
            facts[f"{short}ObjectCount"] = len(sizes)
        inner = leaves(**facts)
        return xml_reply(tag("BucketStat", inner))
