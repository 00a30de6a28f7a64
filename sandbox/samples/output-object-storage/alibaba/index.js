// Reads an object of OSS and writes its text in capitals to another. Credentials come with the context.
const OSS = require('ali-oss');

const clientFor = ({ credentials, region }) => new OSS({
  region: `oss-${region}`,
  endpoint: process.env.OSS_ENDPOINT,
  accessKeyId: credentials.accessKeyId,
  accessKeySecret: credentials.accessKeySecret,
  stsToken: credentials.securityToken,
  bucket: process.env.BUCKET,
});

exports.handler = async (event, context) => {
  const asked = JSON.parse(event.toString() || '{}');
  const oss = clientFor(context);
  const text = (await oss.get('in.txt')).content.toString();
  console.log(`Read: ${text}`);
  const key = `out/${asked.name ?? 'copy'}.txt`;
  await oss.put(key, Buffer.from(text.toUpperCase()));
  console.log(`Wrote: ${key}`);
  return { key, length: text.length };
};
