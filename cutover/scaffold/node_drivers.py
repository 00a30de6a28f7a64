"""The drivers for Node.js as they are written into a package. CommonJS, which ES modules can import too.

The neutral classes say what a driver takes and gives; the drivers of AWS pass on what they do not know, so
that the function does there what it did; those of Alibaba refuse it, so that nothing is left out in silence.
"""

from __future__ import annotations

from cutover.scaffold.node_drivers_alibaba import MNS, OSS
from cutover.scaffold.node_drivers_aws import S3_V2, S3_V3, SQS_V2, SQS_V3

OBJECT_STORAGE = """\
'use strict';

/** Objects in buckets, whoever keeps them. What is absent in a request is undefined. */
class ObjectStorage {
  /**
   * @param {{bucket: string, key: string}} request
   * @returns {Promise<{body: Buffer, contentType: ?string, size: number, etag: ?string, metadata: Object}>}
   */
  async getObject(request) {
    throw new Error(`${this.constructor.name} has no getObject for ${request.key}`);
  }

  /**
   * @param {{bucket: string, key: string, body: Buffer|string, contentType: ?string,
   *   cacheControl: ?string, metadata: ?Object}} request
   * @returns {Promise<{etag: ?string}>}
   */
  async putObject(request) {
    throw new Error(`${this.constructor.name} has no putObject for ${request.key}`);
  }

  /**
   * @param {{bucket: string, prefix: ?string, limit: ?number, after: ?string}} request
   * @returns {Promise<{objects: {key: string, size: number, etag: string, lastModified: Date}[],
   *   next: ?string, truncated: boolean}>} one page; `next` goes into `after` for the one behind it
   */
  async listObjects(request) {
    throw new Error(`${this.constructor.name} has no listObjects for ${request.bucket}`);
  }

  /**
   * @param {{bucket: string, key: string}} request
   * @returns {Promise<{}>} also when there was no such object
   */
  async deleteObject(request) {
    throw new Error(`${this.constructor.name} has no deleteObject for ${request.key}`);
  }
}

module.exports = { ObjectStorage };
"""

MESSAGE_QUEUE = """\
'use strict';

/** Queues that messages are sent to, whoever keeps them. */
class MessageQueue {
  /**
   * @param {{queue: string, body: string, delaySeconds: ?number}} request - queue: its URL on AWS, its
   *   name, or a URL that ends with its name, on Alibaba Cloud
   * @returns {Promise<{messageId: string}>}
   */
  async send(request) {
    throw new Error(`${this.constructor.name} has no send for ${request.queue}`);
  }

  /**
   * @param {{name: string}} request
   * @returns {Promise<{queue: string}>} what `send` takes for the queue of this name
   */
  async locate(request) {
    throw new Error(`${this.constructor.name} has no locate for ${request.name}`);
  }
}

module.exports = { MessageQueue };
"""

WITH_CALLBACK = """\
'use strict';

const { callbackify } = require('util');

/** Give a driver's answer to a callback (error, result); what the callback throws is not swallowed. */
function withCallback(answer, callback) {
  callbackify(() => answer)(callback);
}

module.exports = { withCallback };
"""

NEUTRAL = {
    "s3": ("object-storage", OBJECT_STORAGE),
    "sqs": ("message-queue", MESSAGE_QUEUE),
}
AWS = {
    ("s3", 2): ("s3-object-storage", S3_V2),
    ("s3", 3): ("s3-object-storage", S3_V3),
    ("sqs", 2): ("sqs-message-queue", SQS_V2),
    ("sqs", 3): ("sqs-message-queue", SQS_V3),
}
ALIBABA = {
    "s3": ("oss-object-storage", OSS),
    "sqs": ("mns-message-queue", MNS),
}
CLASSES = {
    "s3": ("S3ObjectStorage", "OssObjectStorage"),
    "sqs": ("SqsMessageQueue", "MnsMessageQueue"),
}


def files(versions: dict[str, int], *, folder: str, ext: str, callbacks: bool) -> dict[str, str]:
    """Give the driver files for these services.

    Args:
        versions: service -> 2 or 3, the aws-sdk that the function uses.
        ext: ".js", or ".cjs" in a package of ES modules.
        callbacks: whether the business part calls with callbacks.
    """
    found: dict[str, str] = {}
    for service, version in versions.items():
        for name, text in (NEUTRAL[service], AWS[service, version], ALIBABA[service]):
            found[f"{folder}/{name}{ext}"] = text.replace("@EXT@", "" if ext == ".js" else ext)
    if callbacks:
        found[f"{folder}/with-callback{ext}"] = WITH_CALLBACK
    return found
