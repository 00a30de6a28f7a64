"""Traffic between two versions of one function by a Lambda alias and its weight.

Both the version and the whole set of weights go into one UpdateAlias: leaving RoutingConfig out keeps the old
weights, and a version that is still in the weights cannot become the main one. Source: AWS Lambda developer
guide "configuring alias routing" and serverless/serverless issue 7250, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clouds.aws.errors import calling
from clouds.aws.facts import FULL_BP, weights_bp
from clouds.aws.session import Clients
from cutover.errors import Invalid, NotFound
from cutover.ports import Receipt, Route


class WeightedAliasRouter:
    """``cutover.ports.TrafficRouter`` on one alias per function."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def read(self, function: str, alias: str) -> Route:
        """Give where the alias points now. Raises NotFound."""
        with calling("lambda:GetAlias"):
            return _route(self._lambda.get_alias(FunctionName=function, Name=alias))

    def create(self, function: str, alias: str, *, version: str) -> Receipt:
        """Create; raises AlreadyExists, also when it points at the same version."""
        with calling("lambda:CreateAlias"):
            answer = self._lambda.create_alias(FunctionName=function, Name=alias, FunctionVersion=version)
        return _receipt(answer)

    def route(
        self,
        function: str,
        alias: str,
        *,
        version: str,
        weights: Mapping[str, int],
        revision_id: str | None,
    ) -> Receipt:
        """Send version and weights in one call; under the revision unless it is None."""
        if len(weights) > 1 or any(not 0 < bp < FULL_BP for bp in weights.values()) or version in weights:
            raise Invalid(
                "An alias sends to one other version, with a weight above 0% and below 100%.",
                cloud="aws",
                operation="lambda:UpdateAlias",
            )
        condition = {"RevisionId": revision_id} if revision_id is not None else {}
        with calling("lambda:UpdateAlias"):
            answer = self._lambda.update_alias(
                FunctionName=function,
                Name=alias,
                FunctionVersion=version,
                RoutingConfig={"AdditionalVersionWeights": {v: bp / FULL_BP for v, bp in weights.items()}},
                **condition,
            )
        return _receipt(answer)

    def delete(self, function: str, alias: str) -> Receipt:
        """Delete the alias; absent is fine."""
        try:
            with calling("lambda:DeleteAlias"):
                answer = self._lambda.delete_alias(FunctionName=function, Name=alias)
        except NotFound as error:
            return Receipt(request_id=error.request_id, outcome={"absent": True})
        return Receipt(request_id=_request_id(answer), outcome={"absent": False})

    @property
    def _lambda(self) -> Any:
        return self._clients.get("lambda", read_s=20)


def _route(answer: Mapping[str, Any]) -> Route:
    return Route(
        alias=answer["Name"],
        version=answer["FunctionVersion"],
        weights=weights_bp(answer),
        revision_id=answer.get("RevisionId", ""),
    )


def _receipt(answer: Mapping[str, Any]) -> Receipt:
    route = _route(answer)
    return Receipt(
        request_id=_request_id(answer),
        outcome={
            "version": route.version,
            "weights": dict(route.weights),
            "revision_id": route.revision_id,
        },
    )


def _request_id(answer: Mapping[str, Any]) -> str:
    return str(answer.get("ResponseMetadata", {}).get("RequestId", ""))
