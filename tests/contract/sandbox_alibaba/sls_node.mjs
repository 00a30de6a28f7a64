// Plays a user of @alicloud/log. Prints what it saw as JSON.
// The SDK puts the project before the host and knows no proxy: here every name is this machine.
import dns from 'node:dns';
import { createRequire } from 'node:module';

dns.lookup = (name, options, done) => {
  const answer = typeof options === 'function' ? options : done;
  const all = typeof options === 'object' && options.all;
  answer(null, all ? [{ address: '127.0.0.1', family: 4 }] : '127.0.0.1', 4);
};
const Log = createRequire(import.meta.url)('@alicloud/log');

const env = process.env;
const client = new Log({
  endpoint: `http://cn-hangzhou.log.aliyuncs.com:${env.PORT}`,
  accessKeyId: env.KEY_ID, accessKeySecret: env.KEY_SECRET,
});
const seen = {};
const [project, store] = ['node-logs', 'lines'];
await client.createProject(project, { description: 'd' });
await client.createLogStore(project, store, { ttl: 3, shardCount: 1 });
await client.createIndex(project, store, { ttl: 3, line: { token: [' '], caseSensitive: false } });
const at = Math.floor(Date.now() / 1000);
await client.postLogStoreLogs(project, store, {
  logs: [{ timestamp: at, content: { level: 'info', message: 'hello ü' } }],
  topic: 'greetings', source: 'here', tags: [{ host: 'h1' }],
});
const look = () => client.getLogs(project, store, new Date((at - 60) * 1000), new Date((at + 60) * 1000), {
  query: 'hello', topic: 'greetings',
});
const end = Date.now() + 10000;
do { seen.rows = await look(); } while (!seen.rows.length && Date.now() < end);
seen.rows = seen.rows.map(({ __time__, ...row }) => row);
seen.stores = (await client.listLogStore(project)).logstores;
seen.ttl = (await client.getLogStore(project, store)).ttl;
seen.bars = (await client.getHistograms(
  project, store, new Date((at - 60) * 1000), new Date((at + 60) * 1000), { query: 'hello' },
)).reduce((sum, bar) => sum + bar.count, 0);
seen.missing = await client.getLogStore(project, 'nowhere').catch((error) => error.code);
await client.deleteLogStore(project, store);
await client.deleteProject(project);
console.log(JSON.stringify(seen));
