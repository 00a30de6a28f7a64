// Plays a user of ali-oss in the two forms of its endpoint. Prints what it saw as JSON.
import OSS from 'ali-oss';

const env = process.env;
const base = { region: 'oss-cn-hangzhou', accessKeyId: env.KEY_ID, accessKeySecret: env.KEY_SECRET };
const seen = {};
for (const [form, more] of Object.entries({
  host: { endpoint: env.ENDPOINT },
  path: { endpoint: `http://localhost:${env.PORT}`, sldEnable: true },
  v4: { endpoint: `http://localhost:${env.PORT}`, sldEnable: true, authorizationV4: true },
})) {
  const bucket = `node-${form}`;
  const client = new OSS({ ...base, ...more, bucket });
  const found = {};
  await client.putBucket(bucket);
  await client.put('dir/ü.txt', Buffer.from('hello node'), { meta: { colour: 'blue' } });
  const got = await client.get('dir/ü.txt');
  found.content = got.content.toString();
  found.meta = (await client.head('dir/ü.txt')).meta;
  await client.copy('copy.txt', 'dir/ü.txt');
  await client.append('log.txt', Buffer.from('one'));
  const second = await client.append('log.txt', Buffer.from('two'), { position: '3' });
  found.position = second.nextAppendPosition;
  const big = Buffer.alloc(300 * 1024, 7);
  const upload = await client.multipartUpload('big.bin', big, { partSize: 100 * 1024 });
  found.uploaded = upload.res.status;
  found.size = (await client.head('big.bin')).res.headers['content-length'];
  found.listed = (await client.list({ 'max-keys': 10 })).objects.map((each) => each.name);
  found.listedV2 = (await client.listV2({ 'max-keys': 2 })).objects.map((each) => each.name);
  // The SDK itself refuses to sign an address for an endpoint that is an IP address.
  const address = form === 'v4' ? await client.signatureUrlV4('GET', 60, { headers: {} }, 'copy.txt')
    : form === 'path' ? client.signatureUrl('copy.txt') : null;
  found.signed = address && await (await fetch(address)).text();
  found.missing = await client.get('nothing').catch((error) => error.code);
  await client.putObjectTagging('copy.txt', { team: 'red' });
  found.tags = (await client.getObjectTagging('copy.txt')).tag;
  found.deleted = (await client.deleteMulti(['copy.txt', 'log.txt', 'big.bin'])).res.status;
  await client.delete('dir/ü.txt');
  await client.deleteBucket(bucket);
  seen[form] = found;
}
console.log(JSON.stringify(seen));
