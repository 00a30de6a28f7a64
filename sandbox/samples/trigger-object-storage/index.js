// Called for each new object in a bucket. Keys come percent-encoded from S3 and as they are from OSS.
const ofS3 = ({ s3 }) => ({
  bucket: s3.bucket.name,
  key: decodeURIComponent(s3.object.key.replaceAll('+', ' ')),
  size: s3.object.size,
});
const ofOss = ({ oss }) => ({ bucket: oss.bucket.name, key: oss.object.key, size: oss.object.size });

exports.handler = (event, context, callback) => {
  const told = Buffer.isBuffer(event) ? JSON.parse(event.toString()) : event;
  const objects = told.Records ? told.Records.map(ofS3) : told.events.map(ofOss);
  for (const { bucket, key, size } of objects) console.log(`New object: ${bucket}/${key} (${size} bytes)`);
  console.log(`Event: ${JSON.stringify(told)}`);
  callback(null, { keys: objects.map(({ key }) => key) });
};
