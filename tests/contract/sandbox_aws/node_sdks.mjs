// Talks to the AWS half through unmodified AWS SDKs for JavaScript, versions 3 and 2, and prints what it found.
// Environment: ENDPOINT, ROLE, PACKAGE (base64 of a zip whose app.handler is a Node.js function).
import { createRequire } from "node:module";
import {
  CreateAliasCommand, CreateFunctionCommand, DeleteFunctionCommand, InvokeCommand, LambdaClient,
  PublishVersionCommand, UpdateAliasCommand, UpdateFunctionConfigurationCommand, waitUntilFunctionActiveV2,
  waitUntilFunctionUpdatedV2,
} from "@aws-sdk/client-lambda";
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import {
  CreateQueueCommand, DeleteMessageCommand, ReceiveMessageCommand, SQSClient, SendMessageCommand,
} from "@aws-sdk/client-sqs";

const AWS = createRequire(import.meta.url)("aws-sdk");
const { ENDPOINT: endpoint, ROLE: Role, PACKAGE, AWS_REGION: region } = process.env;
const ZipFile = Buffer.from(PACKAGE, "base64");
const Runtime = "nodejs20.x";
const Handler = "app.handler";
const text = (bytes) => Buffer.from(bytes ?? "").toString();

async function version3() {
  const options = { endpoint, region, maxAttempts: 1 };
  const lambda = new LambdaClient(options);
  const FunctionName = "node-3";
  await lambda.send(new CreateFunctionCommand({ FunctionName, Role, Runtime, Handler, Code: { ZipFile } }));
  await waitUntilFunctionActiveV2({ client: lambda, maxWaitTime: 10, minDelay: 0.1 }, { FunctionName });
  const ok = await lambda.send(new InvokeCommand({ FunctionName, Payload: '{"n":1}', LogType: "Tail" }));
  const failed = await lambda.send(new InvokeCommand({ FunctionName, Payload: '{"fail":true}' }));
  const first = await lambda.send(new PublishVersionCommand({ FunctionName }));
  await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, MemorySize: 192 }));
  await waitUntilFunctionUpdatedV2({ client: lambda, maxWaitTime: 10, minDelay: 0.1 }, { FunctionName });
  const second = await lambda.send(new PublishVersionCommand({ FunctionName }));
  await lambda.send(new CreateAliasCommand({ FunctionName, Name: "live", FunctionVersion: first.Version }));
  const alias = await lambda.send(new UpdateAliasCommand({
    FunctionName, Name: "live", RoutingConfig: { AdditionalVersionWeights: { [second.Version]: 0.5 } },
  }));
  const drawn = {};
  for (let call = 0; call < 40; call += 1) {
    const done = await lambda.send(new InvokeCommand({ FunctionName, Qualifier: "live", Payload: "{}" }));
    drawn[done.ExecutedVersion] = (drawn[done.ExecutedVersion] ?? 0) + 1;
  }
  const missing = await lambda.send(new InvokeCommand({ FunctionName: "none" })).catch((error) => error.name);
  await lambda.send(new DeleteFunctionCommand({ FunctionName }));

  const s3 = new S3Client({ ...options, forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket: "node-3" }));
  await s3.send(new PutObjectCommand({ Bucket: "node-3", Key: "a b/ü.txt", Body: "kept", Metadata: { own: "1" } }));
  const object = await s3.send(new GetObjectCommand({ Bucket: "node-3", Key: "a b/ü.txt" }));

  const sqs = new SQSClient(options);
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: "node-3" }));
  const sent = await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "body" }));
  const { Messages: [message] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 5 }));
  await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message.ReceiptHandle }));
  return {
    answer: JSON.parse(text(ok.Payload)), executed: ok.ExecutedVersion,
    log: Buffer.from(ok.LogResult, "base64").toString(),
    error: failed.FunctionError, document: JSON.parse(text(failed.Payload)),
    weights: alias.RoutingConfig.AdditionalVersionWeights, drawn, missing,
    object: await object.Body.transformToString(), metadata: object.Metadata,
    sameMessage: sent.MessageId === message.MessageId, body: message.Body,
  };
}

async function version2() {
  const options = { endpoint, region, maxRetries: 0 };
  const lambda = new AWS.Lambda(options);
  const FunctionName = "node-2";
  await lambda.createFunction({ FunctionName, Role, Runtime, Handler, Code: { ZipFile } }).promise();
  await lambda.waitFor("functionActiveV2", { FunctionName, $waiter: { delay: 1 } }).promise();
  const ok = await lambda.invoke({ FunctionName, Payload: '{"n":1}', LogType: "Tail" }).promise();
  const failed = await lambda.invoke({ FunctionName, Payload: '{"fail":true}' }).promise();
  const missing = await lambda.invoke({ FunctionName: "none" }).promise().catch((error) => error.code);
  const s3 = new AWS.S3({ ...options, s3ForcePathStyle: true });
  await s3.createBucket({ Bucket: "node-2" }).promise();
  await s3.putObject({ Bucket: "node-2", Key: "a b/ü.txt", Body: "kept" }).promise();
  const object = await s3.getObject({ Bucket: "node-2", Key: "a b/ü.txt" }).promise();
  const sqs = new AWS.SQS(options);
  const { QueueUrl } = await sqs.createQueue({ QueueName: "node-2" }).promise();
  const sent = await sqs.sendMessage({ QueueUrl, MessageBody: "body" }).promise();
  const { Messages: [message] } = await sqs.receiveMessage({ QueueUrl, WaitTimeSeconds: 5 }).promise();
  await sqs.deleteMessage({ QueueUrl, ReceiptHandle: message.ReceiptHandle }).promise();
  return {
    answer: JSON.parse(ok.Payload), executed: ok.ExecutedVersion,
    log: Buffer.from(ok.LogResult, "base64").toString(),
    error: failed.FunctionError, document: JSON.parse(failed.Payload), missing,
    object: object.Body.toString(), sameMessage: sent.MessageId === message.MessageId, body: message.Body,
  };
}

console.log(JSON.stringify({ 3: await version3(), 2: await version2() }));
