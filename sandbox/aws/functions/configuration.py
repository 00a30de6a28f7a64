"""What a configuration may be: defaults, and changes laid over it with what AWS refuses.

Sources: docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html, configuration-envvars.html (reserved
names), configuration-layers.html, monitoring-cloudwatchlogs-advanced.html, read 2026-11-22.
"""

import copy
import json
import re
from typing import Any

from botocore.session import Session
from moto.iam.models import iam_backends

from sandbox.aws.errors import AwsError, invalid
from sandbox.aws.functions.model import Account, LayerVersion

MAX_ENVIRONMENT_BYTES = 4096
MAX_LAYERS = 5
MAX_UNPACKED_BYTES = 262_144_000
DEFAULTS: dict[str, Any] = {
    "Description": "",
    "Timeout": 3,
    "MemorySize": 128,
    "PackageType": "Zip",
    "TracingConfig": {"Mode": "PassThrough"},
    "Architectures": ["x86_64"],
    "EphemeralStorage": {"Size": 512},
    "SnapStart": {"ApplyOn": "None"},
}
_RESERVED = frozenset(
    {
        *("_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV"),
        *("AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION"),
        *("AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME"),
        *("AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
        *("AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR"),
    }
)
# What would change how a function runs, and is not built here.
_NOT_BUILT = (
    *("CapacityProviderConfig", "DurableConfig", "TenancyConfig", "RuntimeConfig", "AcceleratorConfig"),
    *("CodeSigningConfigArn", "PublishTo", "SourceKMSKeyArn"),
)


def check_offered(given: dict[str, Any]) -> None:
    """Refuse what would have to change how the function runs. Raises AwsError 501."""
    for name in _NOT_BUILT:
        if given.get(name):
            raise AwsError(501, "NotImplementedException", f"The sandbox does not offer {name}.")


def merge(account: Account, config: dict[str, Any], changes: dict[str, Any], *, code_bytes: int) -> None:
    """Lay changes over a configuration; what is not named keeps its value. Raises AwsError.

    code_bytes: size of the unpacked code, which counts together with the layers.
    """
    if "Runtime" in changes:
        _check_runtime(changes["Runtime"])
    if "Role" in changes:
        _check_role(account, changes["Role"])
    _check_environment(changes.get("Environment", {}).get("Variables", {}))
    _check_dead_letters(changes.get("DeadLetterConfig", {}).get("TargetArn", ""))
    for name, value in changes.items():
        config[name] = copy.deepcopy(value)
    check_sizes(account, config.get("Layers", ()), code_bytes)


def logging(given: dict[str, Any], name: str) -> dict[str, Any]:
    """Complete a LoggingConfig. Levels go with JSON only."""
    config = {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}", **given}
    if config["LogFormat"] == "JSON":
        return {"ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO", **config}
    for level in ("ApplicationLogLevel", "SystemLogLevel"):
        if level in given:
            raise invalid(f"{level} is not supported when the LogFormat is Text.")
    return config


def _check_runtime(runtime: str) -> None:
    words = _runtimes()
    if runtime not in words:
        raise invalid(
            f"Value {runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: "
            f"[{', '.join(words)}] or be a valid ARN"
        )


def _runtimes() -> list[str]:
    shape = Session().get_service_model("lambda").shape_for("Runtime")
    words: list[str] = shape.metadata["enum"]
    return words


def _check_role(account: Account, role: str) -> None:
    known = iam_backends[account.account_id]["aws"].roles.values()
    if not any(found.arn == role for found in known):
        raise invalid("The role defined for the function cannot be assumed by Lambda.")


def _check_environment(variables: dict[str, str]) -> None:
    reserved = sorted(_RESERVED & variables.keys())
    if reserved:
        raise invalid(
            "Lambda was unable to configure your environment variables because the environment variables you "
            "have provided contains reserved keys that are currently not supported for modification. "
            f"Reserved keys used in this request: {', '.join(reserved)}"
        )
    if len(json.dumps(variables, separators=(",", ":"), ensure_ascii=False).encode()) > MAX_ENVIRONMENT_BYTES:
        raise invalid(
            "Lambda was unable to configure your environment variables because the environment variables you "
            "have provided exceeded the 4KB limit."
        )


def _check_dead_letters(arn: str) -> None:
    if arn and not re.match(r"arn:aws[a-z-]*:(sqs|sns):", arn):
        raise invalid(f"The provided dead letter queue ARN {arn} is not one of an SQS queue or an SNS topic.")


def check_sizes(account: Account, arns: "list[str] | tuple[str, ...]", code_bytes: int) -> None:
    """Refuse layers that do not exist, too many of them, and too much to unpack. Raises AwsError."""
    if len(arns) > MAX_LAYERS:
        raise invalid(f"Cannot reference more than {MAX_LAYERS} layers.")
    found = [_layer(account, arn) for arn in arns]
    names = [arn.rpartition(":")[0] for arn in arns]
    if len(set(names)) < len(names):
        raise invalid(
            "Two different versions of the same layer are not allowed to be referenced in the same function."
        )
    total = code_bytes + sum(account.packages.unpacked_bytes(version.code_key) for version in found)
    if arns and total > MAX_UNPACKED_BYTES:
        raise invalid(
            "Function code combined with layers exceeds the maximum allowed size of "
            f"{MAX_UNPACKED_BYTES} bytes. The actual size is {total} bytes."
        )


def _layer(account: Account, arn: str) -> LayerVersion:
    layer, _, number = arn.rpartition(":")
    kept = account.stored.layers.get(layer.rpartition(":")[2])
    found = kept.versions.get(int(number)) if kept and kept.arn == layer and number.isdecimal() else None
    if found is None or found.deleted:
        raise invalid(f"Layer version {arn} does not exist.")
    return found
