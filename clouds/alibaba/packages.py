"""OSS, where packages wait for FC. Source: oss2 2.19.1, api.py, read 2026-11."""

from __future__ import annotations

import oss2

from clouds.alibaba.errors import calling
from clouds.alibaba.session import Clients
from cutover.errors import NotFound
from cutover.ports import Receipt


class OssPackages:
    """``cutover.ports.PackageStore`` on oss2."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def ensure_bucket(self, bucket: str) -> Receipt:
        """Create a private bucket if it is absent. OSS lets an owner create it again; safe to repeat."""
        client = self._clients.bucket(bucket)
        try:
            with calling("oss:GetBucketInfo"):
                found = client.get_bucket_info()
            return Receipt(request_id=str(found.request_id or ""), outcome={"created": False})
        except NotFound:
            pass
        with calling("oss:PutBucket"):
            answer = client.create_bucket(oss2.BUCKET_ACL_PRIVATE)
        return Receipt(request_id=str(answer.request_id or ""), outcome={"created": True})

    def put(self, bucket: str, name: str, archive: bytes) -> Receipt:
        """Store a package; the same name and bytes give the same result."""
        with calling("oss:PutObject"):
            answer = self._clients.bucket(bucket).put_object(name, archive)
        crc = str(answer.crc) if answer.crc is not None else ""
        return Receipt(
            request_id=str(answer.request_id or ""),
            outcome={"object": name, "size": len(archive), "crc64": crc},
        )

    def delete(self, bucket: str, name: str) -> Receipt:
        """Delete a package; absent is fine."""
        with calling("oss:DeleteObject"):
            answer = self._clients.bucket(bucket).delete_object(name)
        return Receipt(request_id=str(answer.request_id or ""), outcome={})
