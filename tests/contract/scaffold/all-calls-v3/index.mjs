import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { GetQueueUrlCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';

const s3 = new S3Client({ forcePathStyle: true });
const sqs = new SQSClient({});

export const handler = async ({ bucket }) => {
  for (const name of ['a', 'b']) {
    const put = await s3.send(
      new PutObjectCommand({
        Bucket: bucket,
        Key: `all/${name}`,
        Body: `content of ${name}`,
        ContentType: 'text/x-all',
        Metadata: { name },
      }),
    );
    if (!put.ETag) throw new Error('no ETag');
  }
  const got = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: 'all/a' }));
  const read = {
    text: await got.Body.transformToString(),
    type: got.ContentType,
    size: got.ContentLength,
    metadata: got.Metadata,
  };
  const first = await s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: 'all/', MaxKeys: 1 }));
  const second = await s3.send(
    new ListObjectsV2Command({
      Bucket: bucket,
      Prefix: 'all/',
      ContinuationToken: first.NextContinuationToken,
    }),
  );
  const listed = [];
  for (const one of first.Contents) listed.push([one.Key, one.Size]);
  for (const one of second.Contents) listed.push([one.Key, one.Size]);
  await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'all/a' }));
  let missing = 'nothing';
  try {
    await s3.send(new GetObjectCommand({ Bucket: bucket, Key: 'all/a' }));
  } catch (error) {
    missing = error.name;
  }
  const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: process.env.QUEUE }));
  const sent = await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: '{"said": "a & b"}' }));
  return { read, listed, truncated: [first.IsTruncated, second.IsTruncated], missing, sent: !!sent.MessageId };
};
