// Events of FC in the shapes of AWS, and answers to requests: what cutover/translation does in Python, without the
// account of losses. Only shapes that the plan names for this function are translated; all else passes untouched.
'use strict';
const http = require('./http.js');
const { arnOf, fail, isObject, isoFromMs, list, md5, msFromIso, primary, put, text } = require('./values.js');

const MNS = 'mns:Queue:SendMessage';
const ENVELOPE = new Set([
  'TopicOwner', 'Message', 'Subscriber', 'PublishTime', 'SubscriptionName', 'MessageMD5', 'TopicName', 'MessageId',
]);
const S3_NAMES = {
  'ObjectCreated:PutObject': 'ObjectCreated:Put',
  'ObjectCreated:PostObject': 'ObjectCreated:Post',
  'ObjectCreated:CopyObject': 'ObjectCreated:Copy',
  'ObjectCreated:CompleteMultipartUpload': 'ObjectCreated:CompleteMultipartUpload',
  'ObjectRemoved:DeleteObject': 'ObjectRemoved:Delete',
  'ObjectCreated:AppendObject': 'ObjectCreated:Put',
  'ObjectRemoved:DeleteObjects': 'ObjectRemoved:Delete',
};
const SOURCES = { schedule: 'aws.events', scheduler: 'aws.scheduler' };
const has = (object, key) => isObject(object) && object[key] !== undefined;

function entryOf(entry) {
  if (typeof entry !== 'string') return entry;
  try {
    return JSON.parse(entry);
  } catch (error) {
    return undefined;
  }
}

// Gives FC's kind of an event, or null: then it is passed on as it is.
function recognise(event) {
  if (Array.isArray(event)) {
    const messages = event.length > 0 && event.every((entry) => has(entryOf(entry), 'specversion') && entryOf(entry).type === MNS);
    return messages ? 'mns-queue' : null;
  }
  if (!isObject(event)) return null;
  if (Array.isArray(event.events) && event.events.length && event.events.every((one) => has(one, 'eventSource') && one.eventSource === 'acs:oss')) return 'oss';
  if (event.version === 'v1' && has(event.requestContext, 'http')) return 'http';
  if (has(event, 'detail-type')) return null;
  if (has(event, 'specversion') && has(event, 'type')) return event.type === MNS ? 'mns-queue-single' : 'eventbridge';
  if (has(event, 'triggerTime') && has(event, 'triggerName')) return 'timer';
  if (has(event, 'Message') && [...ENVELOPE].filter((name) => name in event).length >= 4) return 'mns-topic';
  const keys = Object.keys(event).sort().join();
  return keys === 'attrs,body' && typeof event.body === 'string' ? 'mns-topic-stream' : null;
}

// triggers: [{here: kind on AWS, there: [kinds on FC]}]. Gives {kind, here}, or null for what is to pass untouched.
function kindFor(event, triggers) {
  const kind = typeof event === 'string' ? 'mns-topic-stream' : recognise(event);
  const found = kind && triggers.find((trigger) => trigger.there.includes(kind));
  return found ? { kind, here: found.here } : null;
}

function takesText(triggers) {
  return triggers.some((trigger) => trigger.there.includes('mns-topic-stream'));
}

function toAws(event, { kind, here }, setting) {
  if (kind === 'http') return http.toAws(event, here, setting);
  if (kind === 'timer') return fromTimer(event, here, setting);
  if (kind === 'oss') return { Records: list(event.events, '/events').map((one, n) => fromOss(one, setting, `/events/${n}`)) };
  if (kind === 'eventbridge') return fromCloudEvent(event, setting);
  if (kind === 'mns-queue') return { Records: event.map((one, n) => fromMessage(entryOf(one), setting, `/${n}`)) };
  if (kind === 'mns-queue-single') return { Records: [fromMessage(event, setting, '')] };
  const message = kind === 'mns-topic-stream' ? fromStream(event) : event;
  return { Records: [here === 'sns' ? fromTopicToSns(message, setting) : fromTopicToSqs(message, setting)] };
}

function principal(record, result) {
  for (const [name, key] of [['userIdentity', 'principalId'], ['requestParameters', 'sourceIPAddress']]) {
    if (record[name] !== undefined) put((result[name] = {}), key, record[name][key]);
  }
}

function fromOss(record, setting, pointer) {
  const name = S3_NAMES[record.eventName];
  if (!name) fail(`S3 has no event for '${record.eventName}'`, `${pointer}/eventName`);
  if (!isObject(record.oss)) fail('the event has no oss', pointer);
  const result = {};
  if (record.eventVersion !== undefined) result.eventVersion = '2.1';
  result.eventSource = 'aws:s3';
  if (record.region !== undefined && setting.aws_region && record.region === setting.fc_region) result.awsRegion = setting.aws_region;
  put(result, 'eventTime', record.eventTime);
  result.eventName = name;
  principal(record, result);
  if (record.responseElements !== undefined) put((result.responseElements = {}), 'x-amz-request-id', record.responseElements.requestId);
  const { oss } = record;
  result.s3 = {};
  if (oss.ossSchemaVersion !== undefined) result.s3.s3SchemaVersion = '1.0';
  put(result.s3, 'configurationId', oss.ruleId);
  if (isObject(oss.bucket)) {
    const bucket = (result.s3.bucket = {});
    if (oss.bucket.name !== undefined) bucket.name = primary(setting.buckets, text(oss.bucket.name, `${pointer}/oss/bucket/name`));
    if (oss.bucket.ownerIdentity !== undefined) bucket.ownerIdentity = { principalId: oss.bucket.ownerIdentity };
    if (oss.bucket.arn !== undefined && bucket.name !== undefined) bucket.arn = `arn:aws:s3:::${bucket.name}`;
  }
  if (isObject(oss.object)) {
    const object = (result.s3.object = {});
    if (oss.object.key !== undefined) object.key = http.encodedKey(text(oss.object.key, `${pointer}/oss/object/key`));
    put(object, 'size', oss.object.size);
    if (oss.object.eTag !== undefined) object.eTag = text(oss.object.eTag, `${pointer}/oss/object/eTag`).toLowerCase();
  }
  return result;
}

function fromMessage(event, setting, pointer) {
  if (!isObject(event.data)) fail('the event has no data', pointer);
  const result = {};
  put(result, 'messageId', event.data.messageId !== undefined ? event.data.messageId : event.id);
  let body = event.data.messageBody;
  // EventBridge may have parsed the body: integers above 2^53 are then exact in the Python adapter only.
  if (body !== undefined && typeof body !== 'string') body = JSON.stringify(body);
  put(result, 'body', body);
  const ms = typeof event.time === 'string' ? msFromIso(event.time) : null;
  if (ms !== null) result.attributes = { SentTimestamp: String(ms) };
  if (body !== undefined) result.md5OfBody = md5(body);
  result.eventSource = 'aws:sqs';
  const found = /^acs:mns:[\w-]+:\d+:\/?queues\/([\w.-]+)$/.exec(typeof event.subject === 'string' ? event.subject : '');
  if (found) put(result, 'eventSourceARN', arnOf('sqs', primary(setting.queues, found[1]), setting));
  if (setting.aws_region && event.aliyunregionid === setting.fc_region && event.aliyunregionid !== undefined) result.awsRegion = setting.aws_region;
  return result;
}

function attributesOf(message, shape) {
  const named = Object.entries(message).filter(([name, value]) => !ENVELOPE.has(name) && typeof value === 'string');
  return named.length ? Object.fromEntries(named.map(([name, value]) => [name, shape(value)])) : undefined;
}

function publishedMs({ PublishTime: at }) {
  return Number.isInteger(at) && at >= 0 && at <= 253402300799999 ? at : null;
}

function fromTopicToSns(message, setting) {
  const notice = { Type: 'Notification' };
  put(notice, 'MessageId', message.MessageId);
  if (message.TopicName !== undefined) put(notice, 'TopicArn', arnOf('sns', primary(setting.topics, text(message.TopicName, '/TopicName')), setting));
  notice.Message = text(message.Message, '/Message');
  const ms = publishedMs(message);
  if (ms !== null) notice.Timestamp = isoFromMs(ms);
  put(notice, 'MessageAttributes', attributesOf(message, (value) => ({ Type: 'String', Value: value })));
  return { EventSource: 'aws:sns', EventVersion: '1.0', Sns: notice };
}

function fromTopicToSqs(message, setting) {
  const record = {};
  put(record, 'messageId', message.MessageId);
  record.body = text(message.Message, '/Message');
  const ms = publishedMs(message);
  if (ms !== null) record.attributes = { SentTimestamp: String(ms) };
  const shape = (value) => ({ stringValue: value, stringListValues: [], binaryListValues: [], dataType: 'String' });
  put(record, 'messageAttributes', attributesOf(message, shape));
  record.md5OfBody = md5(record.body);
  record.eventSource = 'aws:sqs';
  if (message.TopicName !== undefined) put(record, 'eventSourceARN', arnOf('sqs', primary(setting.queues, text(message.TopicName, '/TopicName')), setting));
  if (setting.aws_region) record.awsRegion = setting.aws_region;
  return record;
}

function fromStream(event) {
  if (typeof event === 'string') return { Message: event };
  const extend = isObject(event.attrs) ? event.attrs.Extend : event.attrs;
  let named;
  try {
    named = extend === undefined ? {} : JSON.parse(extend);
  } catch (error) {
    fail('the attributes are no JSON text', '/attrs/Extend');
  }
  if (!isObject(named)) fail('the attributes are no JSON object', '/attrs/Extend');
  const free = Object.entries(named).filter(([name]) => !ENVELOPE.has(name));
  return { ...Object.fromEntries(free), Message: event.body };
}

function fromTimer(event, here, setting) {
  if (setting.schedule_input) {
    try {
      return JSON.parse(event.payload);
    } catch (error) {
      fail("the payload is not the JSON of the rule's input", '/payload');
    }
  }
  const result = { version: '0', 'detail-type': 'Scheduled Event', source: SOURCES[here] };
  put(result, 'time', event.triggerTime);
  if (setting.aws_account) result.account = setting.aws_account;
  if (setting.aws_region) result.region = setting.aws_region;
  if (setting.schedule_arn) result.resources = [setting.schedule_arn];
  result.detail = {};
  return result;
}

function fromCloudEvent(event, setting) {
  const result = { version: '0' };
  put(result, 'id', event.id);
  put(result, 'detail-type', event.type);
  put(result, 'source', event.source);
  put(result, 'time', event.time);
  if (setting.aws_account && event.aliyunaccountid !== undefined && event.aliyunaccountid === setting.fc_account) result.account = setting.aws_account;
  if (setting.aws_region && event.aliyunregionid !== undefined && event.aliyunregionid === setting.fc_region) result.region = setting.aws_region;
  result.resources = event.subject === undefined ? [] : [event.subject];
  put(result, 'detail', event.data);
  return result;
}

module.exports = { answerToFc: http.answerToFc, kindFor, recognise, takesText, toAws };
