"""Presigned S3 links of the older kind, which boto3 still makes unless told otherwise.

Source: docs.aws.amazon.com/AmazonS3/latest/userguide/RESTAuthentication.html, query string authentication.
"""

import hmac
import time
from collections.abc import Callable
from urllib.parse import parse_qsl, urlsplit

from botocore.auth import HmacV1Auth
from botocore.credentials import Credentials

from sandbox.aws.errors import AwsError
from sandbox.aws.signature import Caller, Credential, SignedRequest


def is_presigned_v2(request: SignedRequest) -> bool:
    """Tell whether a request claims to be signed this way."""
    return "AWSAccessKeyId=" in request.query and "authorization" not in request.headers


class _At(HmacV1Auth):
    """botocore's signer, with the link's expiry where it puts the present time."""

    def __init__(self, credentials: Credentials, expires: str) -> None:
        super().__init__(credentials)
        self._expires = expires

    def _get_date(self) -> str:
        return self._expires


def verify_v2(request: SignedRequest, find: Callable[[str], Credential | None]) -> Caller:
    """Check the signature. Raises AwsError InvalidAccessKeyId, AccessDenied, SignatureDoesNotMatch."""
    asked = dict(parse_qsl(request.query, keep_blank_values=True))
    expires = asked.get("Expires", "")
    credential = find(asked["AWSAccessKeyId"])
    if credential is None:
        message = "The AWS Access Key Id you provided does not exist in our records."
        raise AwsError(403, "InvalidAccessKeyId", message)
    if not expires.isdecimal() or int(expires) < time.time():
        raise AwsError(403, "AccessDenied", "Request has expired")
    headers: dict[str, str] = {}
    for name, value in asked.items():
        if name.lower().startswith("x-amz-") or name.lower() in ("content-md5", "content-type"):
            headers[name.lower()] = value
    keys = Credentials(credential.access_key_id, credential.secret, credential.token)
    if credential.token is not None and headers.get("x-amz-security-token") != credential.token:
        raise AwsError(403, "InvalidToken", "The provided token is malformed or otherwise invalid.")
    parts = urlsplit(f"http://127.0.0.1{request.path}?{request.query}")
    expected: str = _At(keys, expires).get_signature(request.method, parts, headers)
    if not hmac.compare_digest(expected, asked.get("Signature", "")):
        message = "The request signature we calculated does not match the signature you provided."
        raise AwsError(403, "SignatureDoesNotMatch", message)
    return Caller(credential=credential, region="us-east-1", service="s3")
