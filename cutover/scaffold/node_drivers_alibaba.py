"""The drivers for Node.js on Alibaba Cloud as they are written into a package.

Sources: ali-oss 6.23.0 and @alicloud/mns 1.2.0 as shipped, read 2026-11-22. The MNS SDK writes bodies into
XML as they are, so the driver escapes them.
"""

from __future__ import annotations

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
