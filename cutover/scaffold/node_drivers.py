"""The drivers for Node.js as they are written into a package. CommonJS, which ES modules can import too.

The neutral classes say what a driver takes and gives; the drivers of AWS pass on what they do not know, so
that the function does there what it did; those of Alibaba refuse it, so that nothing is left out in silence.

Sources: ali-oss 6.23.0 and @alicloud/mns 1.2.0 as shipped, read 2026-11-22. The MNS SDK writes bodies into
XML as they are, so the driver escapes them.
"""

from __future__ import annotations

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

S3_V2 = """\
'use strict';

const { ObjectStorage } = require('./object-storage@EXT@');

/** Objects in S3 through aws-sdk 2. Members of a request that the interface does not name go to S3. */
class S3ObjectStorage extends ObjectStorage {
  /** @param {AWS.S3} client */
  constructor(client) {
    super();
    this.client = client;
  }

  async getObject({ bucket, key, ...more }) {
    const got = await this.client.getObject({ Bucket: bucket, Key: key, ...more }).promise();
    return {
      body: got.Body,
      contentType: got.ContentType,
      size: got.ContentLength,
      etag: got.ETag,
      metadata: got.Metadata || {},
    };
  }

  async putObject({ bucket, key, body, contentType, cacheControl, metadata, ...more }) {
    const put = await this.client
      .putObject({
        Bucket: bucket,
        Key: key,
        Body: body,
        ContentType: contentType,
        CacheControl: cacheControl,
        Metadata: metadata,
        ...more,
      })
      .promise();
    return { etag: put.ETag };
  }

  async listObjects({ bucket, prefix, limit, after, ...more }) {
    const page = await this.client
      .listObjectsV2({ Bucket: bucket, Prefix: prefix, MaxKeys: limit, ContinuationToken: after, ...more })
      .promise();
    return {
      objects: (page.Contents || []).map((one) => ({
        key: one.Key,
        size: one.Size,
        etag: one.ETag,
        lastModified: one.LastModified,
      })),
      next: page.NextContinuationToken,
      truncated: Boolean(page.IsTruncated),
    };
  }

  async deleteObject({ bucket, key, ...more }) {
    await this.client.deleteObject({ Bucket: bucket, Key: key, ...more }).promise();
    return {};
  }
}

module.exports = { S3ObjectStorage };
"""

S3_V3 = """\
'use strict';

const {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} = require('@aws-sdk/client-s3');
const { ObjectStorage } = require('./object-storage@EXT@');

/** Objects in S3 through aws-sdk 3. Members of a request that the interface does not name go to S3. */
class S3ObjectStorage extends ObjectStorage {
  /** @param {S3Client} client */
  constructor(client) {
    super();
    this.client = client;
  }

  async getObject({ bucket, key, ...more }) {
    const got = await this.client.send(new GetObjectCommand({ Bucket: bucket, Key: key, ...more }));
    return {
      body: Buffer.from(await got.Body.transformToByteArray()),
      contentType: got.ContentType,
      size: got.ContentLength,
      etag: got.ETag,
      metadata: got.Metadata || {},
    };
  }

  async putObject({ bucket, key, body, contentType, cacheControl, metadata, ...more }) {
    const put = await this.client.send(
      new PutObjectCommand({
        Bucket: bucket,
        Key: key,
        Body: body,
        ContentType: contentType,
        CacheControl: cacheControl,
        Metadata: metadata,
        ...more,
      }),
    );
    return { etag: put.ETag };
  }

  async listObjects({ bucket, prefix, limit, after, ...more }) {
    const page = await this.client.send(
      new ListObjectsV2Command({
        Bucket: bucket,
        Prefix: prefix,
        MaxKeys: limit,
        ContinuationToken: after,
        ...more,
      }),
    );
    return {
      objects: (page.Contents || []).map((one) => ({
        key: one.Key,
        size: one.Size,
        etag: one.ETag,
        lastModified: one.LastModified,
      })),
      next: page.NextContinuationToken,
      truncated: Boolean(page.IsTruncated),
    };
  }

  async deleteObject({ bucket, key, ...more }) {
    await this.client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key, ...more }));
    return {};
  }
}

module.exports = { S3ObjectStorage };
"""

SQS_V2 = """\
'use strict';

const { MessageQueue } = require('./message-queue@EXT@');

/** Queues of SQS through aws-sdk 2. Members of a request that the interface does not name go to SQS. */
class SqsMessageQueue extends MessageQueue {
  /** @param {AWS.SQS} client */
  constructor(client) {
    super();
    this.client = client;
  }

  async send({ queue, body, delaySeconds, ...more }) {
    const sent = await this.client
      .sendMessage({ QueueUrl: queue, MessageBody: body, DelaySeconds: delaySeconds, ...more })
      .promise();
    return { messageId: sent.MessageId };
  }

  async locate({ name, ...more }) {
    const found = await this.client.getQueueUrl({ QueueName: name, ...more }).promise();
    return { queue: found.QueueUrl };
  }
}

module.exports = { SqsMessageQueue };
"""

SQS_V3 = """\
'use strict';

const { GetQueueUrlCommand, SendMessageCommand } = require('@aws-sdk/client-sqs');
const { MessageQueue } = require('./message-queue@EXT@');

/** Queues of SQS through aws-sdk 3. Members of a request that the interface does not name go to SQS. */
class SqsMessageQueue extends MessageQueue {
  /** @param {SQSClient} client */
  constructor(client) {
    super();
    this.client = client;
  }

  async send({ queue, body, delaySeconds, ...more }) {
    const sent = await this.client.send(
      new SendMessageCommand({ QueueUrl: queue, MessageBody: body, DelaySeconds: delaySeconds, ...more }),
    );
    return { messageId: sent.MessageId };
  }

  async locate({ name, ...more }) {
    const found = await this.client.send(new GetQueueUrlCommand({ QueueName: name, ...more }));
    return { queue: found.QueueUrl };
  }
}

module.exports = { SqsMessageQueue };
"""

OSS = """\
'use strict';

const OSS = require('ali-oss');
const { ObjectStorage } = require('./object-storage@EXT@');

/**
 * Objects in OSS. What the interface does not name is refused.
 * Errors have OSS's code as their code and name, as those of S3 have: `NoSuchKey`.
 */
class OssObjectStorage extends ObjectStorage {
  /**
   * @param {{region: string, endpoint: ?string,
   *   credentials: function(): {accessKeyId: string, accessKeySecret: string, securityToken: ?string}}}
   *   options - region: as FC names it, such as cn-hangzhou; endpoint: a URL in place of the region's own
   */
  constructor({ region, endpoint, credentials }) {
    super();
    this.region = region;
    this.endpoint = endpoint;
    this.credentials = credentials;
    this.clients = new Map();
  }

  async getObject({ bucket, key, ...more }) {
    refuse('getObject', more);
    const got = await this.call(bucket, (client) => client.get(key));
    const headers = got.res.headers;
    return {
      body: got.content,
      contentType: headers['content-type'],
      size: got.content.length,
      etag: headers.etag,
      metadata: metadataOf(headers),
    };
  }

  async putObject({ bucket, key, body, contentType, cacheControl, metadata, ...more }) {
    refuse('putObject', more);
    const headers = cacheControl === undefined ? {} : { 'Cache-Control': cacheControl };
    const content = typeof body === 'string' || body instanceof Uint8Array ? Buffer.from(body) : body;
    const put = await this.call(bucket, (client) =>
      client.put(key, content, { mime: contentType, meta: metadata, headers }),
    );
    return { etag: put.res.headers.etag };
  }

  async listObjects({ bucket, prefix, limit, after, ...more }) {
    refuse('listObjects', more);
    const query = { prefix, 'max-keys': limit, continuationToken: after };
    const given = Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined));
    const page = await this.call(bucket, (client) => client.listV2(given));
    return {
      objects: (page.objects || []).map((one) => ({
        key: one.name,
        size: one.size,
        etag: one.etag,
        lastModified: new Date(one.lastModified),
      })),
      next: page.nextContinuationToken,
      truncated: Boolean(page.isTruncated),
    };
  }

  async deleteObject({ bucket, key, ...more }) {
    refuse('deleteObject', more);
    await this.call(bucket, (client) => client.delete(key));
    return {};
  }

  async call(bucket, operation) {
    try {
      return await operation(this.client(bucket));
    } catch (error) {
      if (error.code) error.name = error.code;
      throw error;
    }
  }

  /** Give the client of a bucket; new keys of the role make a new one. */
  client(bucket) {
    const keys = this.credentials();
    const known = this.clients.get(bucket);
    if (known && known.accessKeyId === keys.accessKeyId) return known.client;
    const token = () => ({ ...keyPair(this.credentials()), stsToken: this.credentials().securityToken });
    const client = new OSS({
      region: `oss-${this.region}`,
      endpoint: this.endpoint,
      bucket,
      secure: true,
      authorizationV4: true,
      ...token(),
      refreshSTSToken: async () => token(),
    });
    this.clients.set(bucket, { accessKeyId: keys.accessKeyId, client });
    return client;
  }
}

function keyPair({ accessKeyId, accessKeySecret }) {
  return { accessKeyId, accessKeySecret };
}

function metadataOf(headers) {
  const own = Object.entries(headers).filter(([name]) => name.startsWith('x-oss-meta-'));
  return Object.fromEntries(own.map(([name, value]) => [name.slice('x-oss-meta-'.length), value]));
}

function refuse(operation, more) {
  const names = Object.keys(more);
  if (names.length) throw new TypeError(`${operation}: the driver of OSS does not know ${names.join(', ')}`);
}

module.exports = { OssObjectStorage };
"""

MNS = """\
'use strict';

const MNS = require('@alicloud/mns');
const { MessageQueue } = require('./message-queue@EXT@');

const ESCAPES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '\\r': '&#13;' };

/** Queues of MNS. What the interface does not name is refused. */
class MnsMessageQueue extends MessageQueue {
  /**
   * @param {{accountId: string, region: string, endpoint: ?string,
   *   credentials: function(): {accessKeyId: string, accessKeySecret: string, securityToken: ?string}}}
   *   options - endpoint: a URL in place of the account's own in the region
   */
  constructor({ accountId, region, endpoint, credentials }) {
    super();
    this.accountId = accountId;
    this.region = region;
    this.endpoint = endpoint;
    this.credentials = credentials;
  }

  async send({ queue, body, delaySeconds, ...more }) {
    const names = Object.keys(more);
    if (names.length) throw new TypeError(`send: the driver of MNS does not know ${names.join(', ')}`);
    const message = {
      // The SDK puts the body into XML as it is.
      MessageBody: String(body).replace(/[&<>\\r]/g, (one) => ESCAPES[one]),
    };
    if (delaySeconds !== undefined) message.DelaySeconds = delaySeconds;
    const sent = await this.client().sendMessage(queue.split('/').pop(), message);
    return { messageId: sent.body.MessageId };
  }

  async locate({ name }) {
    return { queue: name };
  }

  client() {
    const { accessKeyId, accessKeySecret, securityToken } = this.credentials();
    return new MNS(this.accountId, {
      region: this.region,
      endpoint: this.endpoint,
      secure: true,
      accessKeyId,
      accessKeySecret,
      securityToken,
    });
  }
}

module.exports = { MnsMessageQueue };
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
