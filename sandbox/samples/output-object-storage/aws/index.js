// Reads an object of S3 and writes its text in capitals to another. Credentials come from Lambda.
const { GetObjectCommand, PutObjectCommand, S3Client } = require('@aws-sdk/client-s3');

const s3 = new S3Client({ forcePathStyle: true });
const Bucket = process.env.BUCKET;

exports.handler = async (event) => {
  const found = await s3.send(new GetObjectCommand({ Bucket, Key: 'in.txt' }));
  const text = await found.Body.transformToString();
  console.log(`Read: ${text}`);
  const Key = `out/${event.name ?? 'copy'}.txt`;
  await s3.send(new PutObjectCommand({ Bucket, Key, Body: text.toUpperCase() }));
  console.log(`Wrote: ${Key}`);
  return { key: Key, length: text.length };
};
