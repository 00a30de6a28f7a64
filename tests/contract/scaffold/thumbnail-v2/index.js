const AWS = require('aws-sdk');

const s3 = new AWS.S3();
const sqs = new AWS.SQS();

let made = 0;

// A picture is PGM text: P2, width and height, the largest value, and the values.
function shrunk(picture) {
  const [kind, width, height, largest, ...values] = picture.toString().split(/\s+/).filter(Boolean);
  if (kind !== 'P2') throw new Error('Only PGM pictures as text are understood.');
  const kept = [];
  for (let y = 0; y + 1 < Number(height); y += 2) {
    for (let x = 0; x + 1 < Number(width); x += 2) kept.push(values[y * Number(width) + x]);
  }
  return `P2 ${Math.floor(width / 2)} ${Math.floor(height / 2)} ${largest}\n${kept.join(' ')}\n`;
}

async function thumbnail(bucket, key) {
  const picture = await s3.getObject({ Bucket: bucket, Key: key }).promise();
  console.log(`Read ${key} (${picture.ContentLength} bytes)`);
  const params = {
    Bucket: bucket,
    Key: key.replace('images/', 'thumbnails/'),
    Body: shrunk(picture.Body),
    ContentType: 'image/x-portable-graymap',
  };
  await s3.putObject(params).promise();
  return params.Key;
}

/** Makes a thumbnail of each new picture, and says so in a queue. */
exports.handler = (event, context, callback) => {
  const { bucket, object } = event.Records[0].s3;
  const key = decodeURIComponent(object.key.replace(/\+/g, ' '));
  thumbnail(bucket.name, key)
    .then((written) => {
      made += 1;
      const message = { picture: key, thumbnail: written, made, note: '<small> & done' };
      sqs.sendMessage(
        { QueueUrl: process.env.QUEUE_URL, MessageBody: JSON.stringify(message) },
        (error, data) => {
          if (error) callback(error);
          else callback(null, { thumbnail: written, sent: data.MessageId !== undefined });
        },
      );
    })
    .catch((error) => callback(error));
};
