"""One AWS half for all of its contract tests; each test makes functions of its own."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.sandbox_aws.support import TRUST, VERSION, Make, settled, zipped
from tests.sandbox_fixtures import RunningAws, running_aws


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAws]:
    with running_aws(
        tmp_path_factory.mktemp("sandbox"), SANDBOX_SEED="7", SANDBOX_ASYNC_RETRY_MS="50"
    ) as running:
        yield running


@pytest.fixture(scope="session")
def lambda_(aws: RunningAws) -> Any:
    return aws.client("lambda")


@pytest.fixture(scope="session")
def roles(aws: RunningAws) -> dict[str, str]:
    iam = aws.client("iam")
    return {
        name: iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
        for name in ("runs", "runs-other")
    }


@pytest.fixture
def make(lambda_: Any, roles: dict[str, str]) -> Make:
    """Make a function that is ready; gives its name."""

    def create(
        source: str = VERSION, *, runtime: str = "python3.11", handler: str = "app.handler", **more: Any
    ) -> str:
        name = f"fn-{time.monotonic_ns()}"
        file = "app.py" if runtime.startswith("python") else "app.js"
        lambda_.create_function(
            FunctionName=name,
            Runtime=runtime,
            Role=roles["runs"],
            Handler=handler,
            Code={"ZipFile": zipped({file: source})},
            **more,
        )
        settled(lambda_, name)
        return name

    return create
