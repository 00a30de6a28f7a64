// The service behind API Gateway, with S3 as its store.
const { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } = require('@aws-sdk/client-s3');
const { respond } = require('./events');

const s3 = new S3Client({ forcePathStyle: true });
const Bucket = process.env.BUCKET;

const store = {
  put: (Key, Body) => s3.send(new PutObjectCommand({ Bucket, Key, Body })),
  list: async (Prefix) => {
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix }));
    return Promise.all(Contents.map(async ({ Key }) =>
      (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body.transformToString()));
  },
};

exports.handler = (event) => respond(
  {
    method: event.httpMethod,
    query: event.queryStringParameters ?? {},
    body: event.isBase64Encoded ? Buffer.from(event.body, 'base64').toString() : event.body,
  },
  store,
);
