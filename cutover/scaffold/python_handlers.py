"""The handler of each cloud for Python: it makes the drivers and calls the business part with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from keyword import iskeyword

from cutover.scaffold.python_drivers import ALIBABA, AWS

CLASSES = {
    "s3": ("S3ObjectStorage", "OssObjectStorage"),
    "sqs": ("SqsMessageQueue", "MnsMessageQueue"),
}
_HEAD_AWS = '''\
"""Where AWS Lambda comes in: S3 and SQS behind the drivers."""

# Reviewer: the handler to configure on Lambda is {configured}; until then nothing changes there.
# Errors of S3 and SQS that the function does not catch are DriverError from then on, with the same code.
'''
_HEAD_ALIBABA = '''\
"""Where Function Compute comes in: OSS and MNS behind the drivers."""

# Reviewer: the function needs a role that may use them. OSS_ENDPOINT and MNS_ENDPOINT may name other
# endpoints than the region's own. Environment names that held a queue's URL hold its name, or a URL that
# ends with it; those that held a bucket hold the name of its twin.
'''
_KEYS = '''\
class Keys:
    """The keys of the role: FC gives them with each invocation, or in the environment."""

    def __init__(self):
        self.given = None

    def __call__(self):
        given = self.given
        if given is not None and given.access_key_id:
            return given.access_key_id, given.access_key_secret, given.security_token
        return (
            os.environ.get("ALIBABA_CLOUD_ACCESS_KEY_ID", ""),
            os.environ.get("ALIBABA_CLOUD_ACCESS_KEY_SECRET", ""),
            os.environ.get("ALIBABA_CLOUD_SECURITY_TOKEN", ""),
        )


keys = Keys()
'''
_DRIVERS = {
    "s3": """\
    {name}=OssObjectStorage(
        region=os.environ["FC_REGION"],
        endpoint=os.environ.get("OSS_ENDPOINT"),
        credentials=keys,
    ),
""",
    "sqs": """\
    {name}=MnsMessageQueue(
        account_id=os.environ["FC_ACCOUNT_ID"],
        region=os.environ["FC_REGION"],
        endpoint=os.environ.get("MNS_ENDPOINT"),
        credentials=keys,
    ),
""",
}
_CONTEXT = '''\
class Context:
    """What Lambda's context has and FC's has too."""

    def __init__(self, given):
        self._end = time.monotonic() + given.function.timeout
        self.aws_request_id = given.request_id
        self.function_name = given.function.name
        self.memory_limit_in_mb = given.function.memory

    def get_remaining_time_in_millis(self):
        return max(0, int((self._end - time.monotonic()) * 1000))


'''
_RECORD_S3 = '''\
# Reviewer: the business part still reads events in the shape of S3. Decide whether both handlers should hand
# over bucket and key alone, so that it knows no event at all.
def object_record(event):
    """Give a record of S3 for an event of OSS."""
    told = event["oss"]["object"]
    return {
        "eventSource": "aws:s3",
        "eventName": event["eventName"],
        "eventTime": event["eventTime"],
        "s3": {
            "bucket": {"name": event["oss"]["bucket"]["name"]},
            # S3 spells keys encoded in events, with + for a blank; OSS gives them as they are.
            "object": {**told, "key": quote_plus(told["key"], safe="/")},
        },
    }


'''
_RECORD_SQS = '''\
# Reviewer: the business part still reads messages in the shape of SQS. Decide whether both handlers should
# hand over the bodies alone. On FC a failure repeats the whole batch; see that this is right.
def message_record(event):
    """Give a record of SQS for a message of MNS that came through EventBridge."""
    body = event["data"]["messageBody"]
    return {
        "eventSource": "aws:sqs",
        "messageId": event["data"].get("messageId"),
        "body": body if isinstance(body, str) else json.dumps(body),
    }


'''
_EVENT = '''\
def event_of(content):
    """Give the event in the shape that the business part reads; what has another shape stays as it is."""
    given = json.loads(content)
'''
_EVENT_S3 = """\
    if isinstance(given, dict) and isinstance(given.get("events"), list):
        return {"Records": [object_record(one) for one in given["events"]]}
"""
_EVENT_SQS = """\
    messages = given if isinstance(given, list) else [given]
    if all(isinstance(one, dict) and "messageBody" in (one.get("data") or {}) for one in messages):
        return {"Records": [message_record(one) for one in messages]}
"""
_UNKNOWN_EVENT = """\
# Reviewer: which events come in is not known, so they are handed over as FC gives them, parsed. Decide on
# the trigger and bring its events to what the business part reads.
"""
_HANDLER = '''\


def {handler}(content, context):
    """Take FC's bytes and context; give the answer as JSON text."""
    keys.given = getattr(context, "credentials", None)
    return json.dumps(business.{handler}(event_of(content), Context(context)))
'''


@dataclass(frozen=True, kw_only=True, slots=True)
class Making:
    """How the function makes a client on AWS. ``imports``: the lines that it needs. ``reviewer``: what could
    not be brought along, or ""."""

    expression: str
    imports: tuple[str, ...]
    reviewer: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Business:
    """The business part as the handlers see it. ``module``: its dotted name; ``names``: service -> what it
    calls its driver."""

    module: str
    handler: str
    folder: str
    names: Mapping[str, str]


def aws(part: Business, makings: Mapping[str, Making], configured: str) -> str:
    """Give the handler for Lambda: the business part's own, with drivers of S3 and SQS."""
    imports = list(dict.fromkeys(line for making in makings.values() for line in making.imports))
    own = [f"from {part.folder}.{AWS[service][0]} import {CLASSES[service][0]}" for service in makings]
    own += _plain(part)
    lines = []
    for service, making in makings.items():
        if making.reviewer:
            lines.append(f"    # Reviewer: {making.reviewer}\n")
        lines.append(f"    {part.names[service]}={CLASSES[service][0]}({making.expression}),\n")
    return (
        _HEAD_AWS.format(configured=configured)
        + "\n"
        + "".join(f"{line}\n" for line in _computed(part, imports))
        + "\n"
        + "".join(f"{line}\n" for line in sorted(own))
        + _loaded(part)
        + "\nbusiness = create_business(\n"
        + "".join(lines)
        + f")\n{part.handler} = business.{part.handler}\n"
    )


def alibaba(part: Business, services: Sequence[str], kinds: frozenset[str]) -> str:
    """Give the handler for Function Compute: drivers of OSS and MNS, the event parsed, the answer as text."""
    own = [f"from {part.folder}.{ALIBABA[service][0]} import {CLASSES[service][1]}" for service in services]
    own += _plain(part)
    return (
        _HEAD_ALIBABA
        + "\nimport json\nimport os\nimport time\n"
        + "".join(f"{line}\n" for line in _computed(part, []))
        + ("from urllib.parse import quote_plus\n" if "s3" in kinds else "")
        + "\n"
        + "".join(f"{line}\n" for line in sorted(own))
        + _loaded(part)
        + "\n\n"
        + _KEYS
        + "business = create_business(\n"
        + "".join(_DRIVERS[service].format(name=part.names[service]) for service in services)
        + ")\n\n\n"
        + _CONTEXT
        + (_RECORD_S3 if "s3" in kinds else "")
        + (_RECORD_SQS if "sqs" in kinds else "")
        + ("" if kinds else _UNKNOWN_EVENT)
        + _EVENT
        + (_EVENT_S3 if "s3" in kinds else "")
        + (_EVENT_SQS if "sqs" in kinds else "")
        + "    return given\n"
        + _HANDLER.format(handler=part.handler)
    )


def _importable(part: Business) -> bool:
    """Tell whether an import statement can say the module's name."""
    return all(word.isidentifier() and not iskeyword(word) for word in part.module.split("."))


def _plain(part: Business) -> list[str]:
    return [f"from {part.module} import create_business"] if _importable(part) else []


def _computed(part: Business, imports: list[str]) -> list[str]:
    return imports if _importable(part) else [*imports, "from importlib import import_module"]


def _loaded(part: Business) -> str:
    if _importable(part):
        return ""
    return f'\ncreate_business = import_module("{part.module}").create_business\n'
