"""The drivers for Node.js on AWS, by aws-sdk 2 and 3, as they are written into a package."""

from __future__ import annotations

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
