"""Signature Version 4, held against botocore's own signer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from unittest import mock
from urllib.parse import quote, urlencode

from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials
from hypothesis import given
from hypothesis import strategies as st

from clouds.aws.signing import Signer

_words = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FFF), min_size=1)
_spelled = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30)
_names = st.from_regex(r"X-[A-Za-z0-9-]{1,12}", fullmatch=True)
_keys = st.builds(
    ReadOnlyCredentials,
    st.just("AKIAEXAMPLE"),
    _spelled.filter(bool),
    st.one_of(st.none(), st.from_regex(r"[A-Za-z0-9+/=]{1,40}", fullmatch=True)),
)


@given(
    function=_words.filter(lambda name: name not in (".", "..")),
    qualifier=_words,
    headers=st.dictionaries(_names, _spelled, max_size=4).filter(
        lambda found: len({name.lower() for name in found}) == len(found)
    ),
    body=st.binary(max_size=60),
    key=_keys,
    at=st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)),
    secure=st.booleans(),
)
def test_it_signs_as_botocore_does(
    function: str,
    qualifier: str,
    headers: dict[str, str],
    body: bytes,
    key: ReadOnlyCredentials,
    at: datetime,
    secure: bool,
) -> None:
    at = at.replace(microsecond=0, tzinfo=UTC)
    path = f"/2015-03-31/functions/{quote(function, safe='')}/invocations"
    query = urlencode({"Qualifier": qualifier}, quote_via=quote)
    origin = "https://lambda.eu-west-1.amazonaws.com" if secure else "http://127.0.0.1:4566"
    request = AWSRequest(method="POST", url=f"{origin}{path}?{query}", data=body, headers=dict(headers))
    with mock.patch.object(auth, "get_current_datetime", return_value=at):
        auth.SigV4Auth(key, "lambda", "eu-west-1").add_auth(request)

    signer = Signer(service="lambda", region="eu-west-1", host=origin.partition("//")[2])
    signed = signer.signed(key, path, query, headers, body, at=at)

    assert signed["authorization"] == request.headers["Authorization"]
    assert signed["x-amz-date"] == request.headers["X-Amz-Date"]
    assert signed.get("x-amz-security-token") == request.headers["X-Amz-Security-Token"]


def test_a_key_is_that_of_its_day() -> None:
    signer = Signer(service="lambda", region="eu-west-1", host="lambda.example")
    key = ReadOnlyCredentials("AKIAEXAMPLE", "secret", None)
    midnight = datetime(2026, 11, 23, tzinfo=UTC)

    before, after = (
        signer.signed(key, "/", "", {}, b"", at=at)["authorization"]
        for at in (midnight - timedelta(seconds=1), midnight)
    )

    assert ("/20261122/" in before, "/20261123/" in after) == (True, True)
