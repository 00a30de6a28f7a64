"""A line to one AWS service for calls by the thousand: what boto3's client does, without the client.

Endpoint, limits, credentials and the reading of refusals are botocore's own. What is left out are the
client's hooks, validation and serialisers, most of the CPU of a small call; ``signing`` has the signature.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from botocore.awsrequest import HeadersDict
from botocore.credentials import Credentials
from botocore.exceptions import ClientError, NoCredentialsError
from botocore.httpsession import get_cert_path
from botocore.parsers import create_parser

from clouds.aws.errors import calling, translate
from clouds.aws.signing import Signer
from clouds.wire import Answer, AnswerLost, NothingSent, wire
from cutover.errors import CloudError, NoAnswer, Unavailable


class Line:
    """Signs and posts to one service. Safe for threads; nothing is retried.

    Args:
        client: the boto3 client of the service: its endpoint, region, model and limits hold.
        credentials: the session's, refreshed by themselves; None when there are none.
    """

    def __init__(self, client: Any, credentials: Credentials | None) -> None:
        endpoint = urlsplit(str(client.meta.endpoint_url))
        self._below = endpoint.path.rstrip("/")
        self._model = client.meta.service_model
        self._signer = Signer(
            service=self._model.signing_name,
            region=client.meta.region_name,
            host=endpoint.netloc.removesuffix(":443" if endpoint.scheme == "https" else ":80"),
        )
        self._credentials = credentials
        config = client.meta.config
        self._read_s = float(config.read_timeout)
        self._wire = wire(
            f"{endpoint.scheme}://{endpoint.netloc}",
            connect_s=config.connect_timeout,
            keep=config.max_pool_connections,
            proxy=config.proxies.get("https", ""),
            ca_file=get_cert_path(True),
        )

    def post(
        self,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes,
        *,
        operation: str,
    ) -> Answer:
        """Post and wait for the whole answer. ``path`` is encoded already.

        Raises:
            CloudError: the service refused, nothing was sent, or no answer came.
        """
        path, named = self._below + path, f"{self._model.service_name}:{operation}"
        asked = urlencode(sorted(query.items()), quote_via=quote)
        with calling(named):
            signed = self._signed(path, asked, headers, body)
        try:
            answer = self._wire.post(f"{path}?{asked}", signed, body, read_s=self._read_s)
        except NothingSent as exc:
            raise Unavailable(
                "AWS cannot be reached; nothing was sent.", cloud="aws", operation=named, code=str(exc)
            ) from exc
        except AnswerLost as exc:
            raise NoAnswer(cloud="aws", operation=named, code=str(exc)) from exc
        if answer.status >= 300:
            raise self._refusal(answer, operation, named)
        return answer

    def _signed(self, path: str, query: str, headers: Mapping[str, str], body: bytes) -> dict[str, str]:
        if self._credentials is None:
            raise NoCredentialsError()
        frozen = self._credentials.get_frozen_credentials()
        return self._signer.signed(frozen, path, query, headers, body, at=datetime.now(UTC))

    def _refusal(self, answer: Answer, operation: str, named: str) -> CloudError:
        response = {
            "headers": HeadersDict(answer.headers),
            "status_code": answer.status,
            "body": answer.body,
        }
        shape = self._model.operation_model(operation).output_shape
        parsed = create_parser(self._model.metadata["protocol"]).parse(response, shape)
        return translate(ClientError(parsed, operation), named)
