// Drives Function Compute through @alicloud/fc20230330 as it comes from npm and prints what it saw as JSON.
import { Buffer } from 'node:buffer';
import FC from '@alicloud/fc20230330';
import { $OpenApiUtil as OpenApi } from '@alicloud/openapi-core';
import Stream from 'node:stream';

const Client = FC.default;
const config = new OpenApi.Config({
  accessKeyId: process.env.KEY_ID,
  accessKeySecret: process.env.KEY_SECRET,
  endpoint: `127.0.0.1:${process.env.PORT}`,
  protocol: 'http',
  regionId: 'cn-hangzhou',
});
const client = new Client(config);
const zip = process.env.PACKAGE;
const saw = {};

async function text(stream) {
  const pieces = [];
  for await (const piece of stream) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces).toString();
}

async function invoke(payload, qualifier, headers = {}) {
  const request = new FC.InvokeFunctionRequest({ body: Stream.Readable.from([Buffer.from(payload)]), qualifier });
  const answer = await client.invokeFunctionWithOptions('from-node', request, new FC.InvokeFunctionHeaders(headers), {});
  return { status: answer.statusCode, headers: answer.headers, body: await text(answer.body) };
}

const created = await client.createFunction(new FC.CreateFunctionRequest({
  body: new FC.CreateFunctionInput({
    functionName: 'from-node', runtime: 'nodejs20', handler: 'index.handler', memorySize: 128, timeout: 5,
    code: new FC.InputCodeLocation({ zipFile: zip }), tags: [new FC.Tag({ key: 'a', value: 'b' })],
  }),
}));
saw.arn = created.body.functionArn;
saw.tags = created.body.tags.map((tag) => [tag.key, tag.value]);
saw.answer = (await invoke('hello')).body;
const failed = await invoke('fail');
saw.errorType = failed.headers['x-fc-error-type'];
saw.errorMessage = JSON.parse(failed.body).errorMessage;
for (const _ of [1, 2]) {
  await client.publishFunctionVersion('from-node', new FC.PublishFunctionVersionRequest({
    body: new FC.PublishVersionInput({ description: 'd' }),
  }));
}
await client.createAlias('from-node', new FC.CreateAliasRequest({
  body: new FC.CreateAliasInput({ aliasName: 'live', versionId: '1', additionalVersionWeight: { 2: 1 } }),
}));
saw.version = (await invoke('hello', 'live')).headers['x-fc-invocation-service-version'];
const trigger = await client.createTrigger('from-node', new FC.CreateTriggerRequest({
  body: new FC.CreateTriggerInput({
    triggerName: 'web', triggerType: 'http',
    triggerConfig: JSON.stringify({ authType: 'anonymous', methods: ['GET'] }),
  }),
}));
saw.visited = await (await fetch(trigger.body.httpTrigger.urlInternet)).text();
saw.later = (await invoke('hello', undefined, { xFcInvocationType: 'Async' })).status;
try {
  await client.getFunction('missing', new FC.GetFunctionRequest({}));
} catch (error) {
  saw.missing = [error.code, error.statusCode ?? error.data?.statusCode];
}
try {
  const stranger = new Client(new OpenApi.Config({ ...config, accessKeySecret: 'wrong' }));
  await stranger.listFunctions(new FC.ListFunctionsRequest({}));
} catch (error) {
  saw.stranger = error.code;
}
process.stdout.write(JSON.stringify(saw));
