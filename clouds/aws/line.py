"""A line to one AWS service for calls by the thousand: botocore's signer and pool without the client above.

Everything is botocore's own: the signature, the connection pool with its exceptions, the parser of errors.
What is left out are the client's hooks, validation and serialisers, most of the CPU of a small call.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.credentials import Credentials
from botocore.exceptions import ClientError, NoCredentialsError
from botocore.httpsession import URLLib3Session
from botocore.parsers import create_parser


class Line:
    """Signs and posts to one service. Safe for threads; nothing is retried.

    Args:
        client: the boto3 client of the service: its endpoint, region, model and limits hold.
        credentials: the session's, refreshed by themselves; None when there are none.
    """

    def __init__(self, client: Any, credentials: Credentials | None) -> None:
        self._endpoint = str(client.meta.endpoint_url).rstrip("/")
        self._model = client.meta.service_model
        self._region = client.meta.region_name
        self._credentials = credentials
        config = client.meta.config
        make: Any = URLLib3Session  # its stubs know neither a pair of limits nor options of sockets
        self._http = make(
            proxies=config.proxies,
            timeout=(config.connect_timeout, config.read_timeout),
            max_pool_connections=config.max_pool_connections,
            # Headers and body leave apart: without this the second waits 40 ms for the first one's ACK.
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
        )

    def post(
        self,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes,
        *,
        operation: str,
    ) -> AWSResponse:
        """Post and wait for the whole answer. ``path`` is encoded already.

        Raises:
            ClientError: the service refused, as the client would say it.
            BotoCoreError: nothing was sent, or no answer came.
        """
        if self._credentials is None:
            raise NoCredentialsError()
        url = f"{self._endpoint}{path}?{urlencode(query, quote_via=quote)}"
        request = AWSRequest(method="POST", url=url, data=body, headers=dict(headers))
        frozen = self._credentials.get_frozen_credentials()
        SigV4Auth(frozen, self._model.signing_name, self._region).add_auth(request)
        answer: AWSResponse = self._http.send(request.prepare())
        if answer.status_code >= 300:
            raise self._refusal(answer, operation)
        return answer

    def _refusal(self, answer: AWSResponse, operation: str) -> ClientError:
        response = {"headers": answer.headers, "status_code": answer.status_code, "body": answer.content}
        shape = self._model.operation_model(operation).output_shape
        parsed = create_parser(self._model.metadata["protocol"]).parse(response, shape)
        return ClientError(parsed, operation)
