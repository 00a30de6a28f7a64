// Plays a user of @alicloud/mns: queues, messages, a topic. Prints what it saw as JSON.
import MNS from '@alicloud/mns';

const env = process.env;
const client = new MNS(env.ACCOUNT_ID, {
  region: 'cn-hangzhou', accessKeyId: env.KEY_ID, accessKeySecret: env.KEY_SECRET, endpoint: env.ENDPOINT,
});
const seen = {};
const name = 'from-node';
seen.created = (await client.createQueue(name, { VisibilityTimeout: 20 })).code;
seen.again = (await client.createQueue(name, { VisibilityTimeout: 20 })).code;
await client.setQueueAttributes(name, { DelaySeconds: 0, PollingWaitSeconds: 1 });
seen.attributes = (await client.getQueueAttributes(name)).body;
seen.sent = (await client.sendMessage(name, { MessageBody: 'äöü &lt;b&gt;', Priority: 3 })).body;
seen.peeked = (await client.peekMessage(name)).body;
seen.received = (await client.receiveMessage(name, 1)).body;
seen.changed = (await client.changeMessageVisibility(name, seen.received.ReceiptHandle, 40)).body;
seen.deleted = (await client.deleteMessage(name, seen.changed.ReceiptHandle)).code;
await client.batchSendMessage(name, [{ MessageBody: 'one' }, { MessageBody: 'two', Priority: 1 }]);
const batch = (await client.batchReceiveMessage(name, 5)).body;
seen.batch = batch.map((each) => each.MessageBody);
seen.gone = (await client.batchDeleteMessage(name, batch.map((each) => each.ReceiptHandle))).code;
seen.empty = await client.receiveMessage(name).catch((error) => error.name);
seen.missing = await client.getQueueAttributes('nowhere').catch((error) => error.name);
seen.queues = (await client.listQueue('', 10, 'from-node')).body.map((each) => each.QueueURL);
seen.topic = (await client.createTopic('node-topic')).code;
seen.published = (await client.publishMessage('node-topic', { MessageBody: 'hello' })).body;
const wrong = new MNS(env.ACCOUNT_ID, {
  region: 'cn-hangzhou', accessKeyId: env.KEY_ID, accessKeySecret: 'wrong', endpoint: env.ENDPOINT,
});
seen.wrong = await wrong.getQueueAttributes(name).catch((error) => error.name);
seen.removed = (await client.deleteQueue(name)).code;
console.log(JSON.stringify(seen));
