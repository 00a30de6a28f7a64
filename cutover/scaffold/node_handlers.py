"""The handler of each cloud for Node.js: it makes the drivers and calls the business part with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cutover.scaffold.node_drivers import ALIBABA, AWS, CLASSES

_HEAD_AWS = """\
/**
 * Where AWS Lambda comes in: S3 and SQS behind the drivers.
 * Reviewer: the handler to configure on Lambda is {configured}; until then nothing changes there.
 */
"""
_HEAD_ALIBABA = """\
/**
 * Where Function Compute comes in: OSS and MNS behind the drivers.
 * Reviewer: the function needs a role that may use them. OSS_ENDPOINT and MNS_ENDPOINT may name other
 * endpoints than the region's own. Environment names that held a queue's URL hold its name, or a URL that
 * ends with it; those that held a bucket hold the name of its twin.
 */
"""
_KEYS = """\
let keys = keysOf({});

/** FC gives the keys of the role with each invocation, and in the environment. */
function keysOf({ credentials = {} }) {
  return {
    accessKeyId: credentials.accessKeyId || process.env.ALIBABA_CLOUD_ACCESS_KEY_ID,
    accessKeySecret: credentials.accessKeySecret || process.env.ALIBABA_CLOUD_ACCESS_KEY_SECRET,
    securityToken: credentials.securityToken || process.env.ALIBABA_CLOUD_SECURITY_TOKEN,
  };
}

"""
_CONTEXT = """\
/** Give what Lambda's context has and FC's has too. */
function contextOf(context, started) {
  return {
    awsRequestId: context.requestId,
    functionName: context.function.name,
    memoryLimitInMB: String(context.function.memory),
    getRemainingTimeInMillis: () => Math.max(0, started + context.function.timeout * 1000 - Date.now()),
  };
}

"""
_EVENT = """\
/** Give the event in the shape that the business part reads; what has another shape stays as it is. */
function eventOf(buffer) {
  const given = JSON.parse(buffer.toString());
"""
_EVENT_S3 = """\
  if (Array.isArray(given.events)) return { Records: given.events.map(objectRecord) };
"""
_EVENT_SQS = """\
  const messages = Array.isArray(given) ? given : [given];
  if (messages.every((one) => one && one.data && 'messageBody' in one.data)) {
    return { Records: messages.map(messageRecord) };
  }
"""
_RECORD_S3 = """\
// Reviewer: the business part still reads events in the shape of S3. Decide whether both handlers should hand
// over bucket and key alone, so that it knows no event at all.
function objectRecord({ eventName, eventTime, oss }) {
  const { key, size, eTag } = oss.object;
  return {
    eventSource: 'aws:s3',
    eventName,
    eventTime,
    s3: {
      bucket: { name: oss.bucket.name },
      // S3 spells keys encoded in events, with + for a blank; OSS gives them as they are.
      object: { key: encodeURIComponent(key).replace(/%2F/g, '/').replace(/%20/g, '+'), size, eTag },
    },
  };
}

"""
_RECORD_SQS = """\
// Reviewer: the business part still reads messages in the shape of SQS. Decide whether both handlers should
// hand over the bodies alone. On FC a failure repeats the whole batch; see that this is right.
function messageRecord({ data }) {
  const body = typeof data.messageBody === 'string' ? data.messageBody : JSON.stringify(data.messageBody);
  return { eventSource: 'aws:sqs', messageId: data.messageId, body };
}

"""
_UNKNOWN_EVENT = """\
// Reviewer: which events come in is not known, so they are handed over as FC gives them, parsed. Decide on
// the trigger and bring its events to what the business part reads.
"""
_CALLED = """\
/** Take the answer by callback or by promise, whichever comes first. */
function called(event, context) {
  return new Promise((resolve, reject) => {
    const callback = (error, answer) => {
      if (error) reject(error instanceof Error ? error : new Error(String(error)));
      else resolve(answer);
    };
    const returned = business.@HANDLER@(event, context, callback);
    if (returned && typeof returned.then === 'function') returned.then(resolve, reject);
  });
}

"""
_HANDLER = """\
@EXPORT@ = async (buffer, fcContext) => {
  keys = keysOf(fcContext);
  const answer = await @CALL@(eventOf(buffer), contextOf(fcContext, Date.now()));
  return JSON.stringify(answer === undefined ? null : answer);
};
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Making:
    """How the function makes a client on AWS. ``imports``: the statements that it needs. ``reviewer``: what
    could not be brought along, or ""."""

    expression: str
    imports: tuple[str, ...]
    reviewer: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Business:
    """The business part as the handlers see it. ``module``: its specifier; ``arity``: parameters of the
    handler; ``names``: service -> what the business part calls its driver."""

    module: str
    handler: str
    arity: int
    esm: bool
    folder: str
    names: Mapping[str, str]


def aws(part: Business, makings: Mapping[str, Making], versions: Mapping[str, int], configured: str) -> str:
    """Give the handler for Lambda: the business part's own, with drivers of S3 and SQS."""
    ext = ".cjs" if part.esm else ""
    imports = list(dict.fromkeys(line for making in makings.values() for line in making.imports))
    imports += [
        _import(
            f"{{ {CLASSES[service][0]} }}",
            f"./{part.folder}/{AWS[service, versions[service]][0]}{ext}",
            part.esm,
        )
        for service in makings
    ]
    imports.append(_import("createBusiness", part.module, part.esm))
    lines = []
    for service, making in makings.items():
        if making.reviewer:
            lines.append(f"  // Reviewer: {making.reviewer}\n")
        lines.append(f"  {part.names[service]}: new {CLASSES[service][0]}({making.expression}),\n")
    export = f"export const {part.handler}" if part.esm else f"exports.{part.handler}"
    return (
        ("" if part.esm else "'use strict';\n\n")
        + _HEAD_AWS.format(configured=configured)
        + "".join(imports)
        + "\nconst business = createBusiness({\n"
        + "".join(lines)
        + f"}});\n\n{export} = business.{part.handler};\n"
    )


def alibaba(part: Business, services: Sequence[str], kinds: frozenset[str]) -> str:
    """Give the handler for Function Compute: drivers of OSS and MNS, the event parsed, the answer as text."""
    ext = ".cjs" if part.esm else ""
    imports = [
        _import(f"{{ {CLASSES[service][1]} }}", f"./{part.folder}/{ALIBABA[service][0]}{ext}", part.esm)
        for service in services
    ]
    imports.append(_import("createBusiness", part.module, part.esm))
    drivers = {
        "s3": f"  {part.names['s3']}: new OssObjectStorage({{\n    region: process.env.FC_REGION,\n"
        "    endpoint: process.env.OSS_ENDPOINT,\n    credentials: () => keys,\n  }),\n",
        "sqs": f"  {part.names['sqs']}: new MnsMessageQueue({{\n    accountId: process.env.FC_ACCOUNT_ID,\n"
        "    region: process.env.FC_REGION,\n    endpoint: process.env.MNS_ENDPOINT,\n"
        "    credentials: () => keys,\n  }),\n",
    }
    by_callback = part.arity > 2
    event = _EVENT + (_EVENT_S3 if "s3" in kinds else "") + (_EVENT_SQS if "sqs" in kinds else "")
    export = f"export const {part.handler}" if part.esm else f"exports.{part.handler}"
    return (
        ("" if part.esm else "'use strict';\n\n")
        + _HEAD_ALIBABA
        + "".join(imports)
        + "\n"
        + _KEYS
        + "const business = createBusiness({\n"
        + "".join(drivers[service] for service in services)
        + "});\n\n"
        + (_RECORD_S3 if "s3" in kinds else "")
        + (_RECORD_SQS if "sqs" in kinds else "")
        + ("" if kinds else _UNKNOWN_EVENT)
        + event
        + "  return given;\n}\n\n"
        + _CONTEXT
        + (_CALLED.replace("@HANDLER@", part.handler) if by_callback else "")
        + _HANDLER.replace("@EXPORT@", export).replace(
            "@CALL@", "called" if by_callback else f"business.{part.handler}"
        )
    )


def _import(names: str, module: str, esm: bool) -> str:
    return f"import {names} from '{module}';\n" if esm else f"const {names} = require('{module}');\n"
