// Runs a Node handler as Function Compute does; speaks the Lambda Runtime API to the sandbox's executor.
// The handler gets the event as a Buffer and a context object; it may use the callback, return a promise or be async.
// A string or Buffer goes back as it is, anything else as JSON.
// Run as: node boot_fc.mjs file.method [file.initializer], with the code directory as working directory. No packages.
// The initializer runs once, before the first event, and again with the next one when it failed.
import fs from 'node:fs';
import http from 'node:http';
import { createRequire, register } from 'node:module';
import path from 'node:path';
import { format } from 'node:util';
import { pathToFileURL } from 'node:url';
import { leadAwsSdkV2 } from '../../executor/aws_sdk_v2.mjs';

const code = process.cwd();
const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':');
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const base = '/2018-06-01/runtime';
let requestId = '';
let finish = null;

function write(level, args) {
  fs.writeSync(1, `${new Date().toISOString()} ${requestId} [${level}] ${format(...args)}\n`);
}

const levels = { debug: 'silly', log: 'verbose', info: 'info', warn: 'warn', error: 'error' };
for (const [method, level] of Object.entries(levels)) console[method] = (...args) => write(level, args);

function call(method, where, body, headers = {}) {
  return new Promise((resolve, reject) => {
    const request = http.request({ host, port, agent, method, path: where, headers }, (response) => {
      const pieces = [];
      response.on('data', (piece) => pieces.push(piece));
      response.on('end', () => resolve({ headers: response.headers, body: Buffer.concat(pieces) }));
    });
    request.on('error', reject);
    request.end(body);
  });
}

function errorDocument(error) {
  if (!(error instanceof Error)) return { errorMessage: format(error) };
  const stack = String(error.stack || '').split('\n').slice(1).map((line) => line.trim());
  return {
    errorMessage: error.message,
    errorType: error.name,
    stackTrace: stack.filter((line) => !line.includes('boot_fc.mjs') && !line.includes('node:')),
  };
}

function fail(where, error, kind) {
  const body = Buffer.from(JSON.stringify(errorDocument(error)));
  return call('POST', where, body, { 'Lambda-Runtime-Function-Error-Type': kind, 'Content-Length': body.length });
}

function answerBytes(answer) {
  if (Buffer.isBuffer(answer)) return answer;
  if (typeof answer === 'string') return Buffer.from(answer);
  const text = JSON.stringify(answer);
  return Buffer.from(text === undefined ? '' : text);
}

async function loadHandler(name) {
  const dot = name.lastIndexOf('.');
  const [file, method] = [path.resolve(code, name.slice(0, dot)), name.slice(dot + 1)];
  const found = ['.js', '.cjs', '.mjs'].map((ending) => file + ending).find((candidate) => fs.existsSync(candidate));
  if (!found) throw new Error(`Cannot find module '${name.slice(0, dot)}'`);
  // Lets import find what NODE_PATH names: layers and the SDKs of the image. It costs a thread, so only on demand.
  if (process.env.NODE_PATH && (found.endsWith('.mjs') || /\bimport\b/.test(fs.readFileSync(found, 'utf8')))) {
    register(new URL('../../executor/node_paths.mjs', import.meta.url));
  }
  let loaded;
  try {
    if (found.endsWith('.mjs')) throw Object.assign(new Error('module'), { code: 'ERR_REQUIRE_ESM' });
    loaded = createRequire(path.join(code, 'x'))(found);
  } catch (error) {
    if (error.code !== 'ERR_REQUIRE_ESM') throw error;
    loaded = await import(pathToFileURL(found));
  }
  const handler = loaded[method] ?? loaded.default?.[method];
  if (typeof handler !== 'function') throw new Error(`Handler '${method}' is missing on module '${name.slice(0, dot)}'`);
  return handler;
}

function contextOf(headers) {
  const header = (name) => headers[`x-fc-${name}`] ?? '';
  const logger = Object.fromEntries(
    Object.keys(levels).map((method) => [method, (...args) => console[method](...args)]));
  return {
    requestId: header('request-id'),
    credentials: {
      accessKeyId: process.env.ALIBABA_CLOUD_ACCESS_KEY_ID ?? '',
      accessKeySecret: process.env.ALIBABA_CLOUD_ACCESS_KEY_SECRET ?? '',
      securityToken: process.env.ALIBABA_CLOUD_SECURITY_TOKEN ?? '',
    },
    function: {
      name: header('function-name'),
      handler: header('function-handler'),
      memory: Number(header('function-memory')),
      timeout: Number(header('function-timeout')),
    },
    service: {
      name: '',
      logProject: header('service-logproject'),
      logStore: header('service-logstore'),
      qualifier: header('qualifier'),
      versionId: header('version-id'),
    },
    region: header('region'),
    accountId: header('account-id'),
    tracing: {},
    retryCount: Number(header('retry-count') || 0),
    logger,
  };
}

function settle(handler, event, context) {
  return new Promise((resolve) => {
    finish = (kind, value) => { finish = null; resolve({ kind, value }); };
    const done = (kind) => (value) => finish && finish(kind, value);
    const callback = (error, value) => (error ? done('HandledInvocationError')(error) : done('ok')(value));
    try {
      const returned = handler(event, context, callback);
      if (returned && typeof returned.then === 'function') returned.then(done('ok'), done('UnhandledInvocationError'));
      else if (handler.length < 3) done('ok')(returned);
    } catch (error) {
      done('UnhandledInvocationError')(error);
    }
  });
}

process.on('uncaughtException', (error) => {
  if (finish) finish('UnhandledInvocationError', error);
  else process.exit(1);
});
process.on('unhandledRejection', (error) => {
  if (finish) finish('UnhandledInvocationError', error);
});

// On FC a server of its own keeps the event loop busy: a handler that never answers runs into the timeout.
setInterval(() => undefined, 2 ** 30);
leadAwsSdkV2(process.env.AWS_ENDPOINT_URL);
let handler;
let begin = null;
try {
  handler = await loadHandler(process.argv[2]);
  const initializer = process.argv[3] ? await loadHandler(process.argv[3]) : null;
  if (initializer) {
    begin = initializer.length < 2
      ? (event, context) => initializer(context)
      : (event, context, callback) => initializer(context, callback);
  }
} catch (error) {
  await fail(`${base}/init/error`, error, 'UnhandledInvocationError');
  process.exit(1);
}
for (;;) {
  const { headers, body } = await call('GET', `${base}/invocation/next`);
  const invocation = `${base}/invocation/${headers['lambda-runtime-aws-request-id']}`;
  requestId = headers['x-fc-request-id'] ?? '';
  const context = contextOf(headers);
  let { kind, value } = begin ? await settle(begin, body, context) : { kind: 'ok' };
  if (kind === 'ok') {
    begin = null;
    ({ kind, value } = await settle(handler, body, context));
  }
  if (kind === 'ok') {
    const answer = answerBytes(value);
    await call('POST', `${invocation}/response`, answer, { 'Content-Length': answer.length });
  } else {
    await fail(`${invocation}/error`, value, kind);
  }
}
