// Runs a Node.js handler as Lambda's own runtime does, over the Lambda Runtime API.
//
// Handlers may be callback, promise or async style, CommonJS or ES modules, and may stream their answer
// (awslambda.streamifyResponse). Log lines go to the telemetry
// descriptor in frames, so that a message with newlines stays one entry.
// Source: docs.aws.amazon.com/lambda/latest/dg/{nodejs-handler,nodejs-logging,runtimes-api}.html, read 2026-11-22.
import fs from "node:fs";
import http from "node:http";
import { createRequire, register } from "node:module";
import path from "node:path";
import { Writable } from "node:stream";
import { pathToFileURL } from "node:url";
import util from "node:util";
import { leadAwsSdkV2 } from "../executor/aws_sdk_v2.mjs";

const [apiHost, apiPort] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const taskRoot = process.env.LAMBDA_TASK_ROOT || process.cwd();
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const frameFd = Number(process.env._LAMBDA_TELEMETRY_LOG_FD || 0);
delete process.env._LAMBDA_TELEMETRY_LOG_FD;
const currentRequest = { id: "" };

// The parent holds the other end of standard input: when it ends, so does this process.
process.stdin.on("end", () => process.exit(0)).on("error", () => process.exit(0)).resume();
process.stdin.unref();

function writeFrame(message) {
  const text = Buffer.from(message);
  const head = Buffer.alloc(16);
  head.writeUInt32BE(0xa55a0003, 0);
  head.writeUInt32BE(text.length, 4);
  head.writeBigUInt64BE(BigInt(Date.now()) * 1000n, 8);
  const whole = Buffer.concat([head, text]);
  for (let at = 0; at < whole.length; ) {
    try {
      at += fs.writeSync(frameFd, whole, at);
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
    }
  }
}

// Lambda's own words for levels, from the least to the most severe.
const LEVELS = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];

// One JSON document for each call of the console, as functions write it whose LoggingConfig says JSON.
function jsonLine(level, words) {
  const line = { timestamp: new Date().toISOString(), level, requestId: currentRequest.id || undefined };
  const error = words.find((word) => util.types.isNativeError(word));
  line.message = words.length === 1 && !error ? words[0] : util.format(...words);
  if (error) {
    const { errorType, errorMessage, trace } = errorDocument(error);
    Object.assign(line, { errorType, errorMessage, stackTrace: trace });
  }
  try {
    return JSON.stringify(line);
  } catch {
    return JSON.stringify({ ...line, message: util.format(...words) }); // for example a cycle
  }
}

function patchConsole() {
  if (!frameFd) return;
  const json = process.env.AWS_LAMBDA_LOG_FORMAT === "JSON";
  const least = json ? LEVELS.indexOf(process.env.AWS_LAMBDA_LOG_LEVEL || "INFO") : 0;
  const levels = { log: "INFO", info: "INFO", debug: "DEBUG", warn: "WARN", error: "ERROR", trace: "TRACE" };
  for (const [method, level] of Object.entries(levels)) {
    console[method] = (...words) => {
      if (LEVELS.indexOf(level) < least) return;
      const text = `${new Date().toISOString()}\t${currentRequest.id || "undefined"}\t${level}\t`;
      writeFrame(json ? jsonLine(level, words) : text + util.format(...words));
    };
  }
}

function call(method, where, { body, headers } = {}) {
  return new Promise((resolve, reject) => {
    const request = http.request(
      { host: apiHost, port: apiPort, agent, method, path: `/2018-06-01/runtime${where}`, headers },
      (response) => {
        const pieces = [];
        response.on("data", (piece) => pieces.push(piece));
        response.on("end", () => resolve({ headers: response.headers, body: Buffer.concat(pieces) }));
        response.on("error", reject);
      },
    );
    request.on("error", reject);
    request.end(body);
  });
}

function errorDocument(error) {
  if (error instanceof Error || util.types.isNativeError(error)) {
    return {
      errorType: error.name,
      errorMessage: error.message,
      trace: (error.stack || "").split("\n"),
    };
  }
  return { errorType: typeof error, errorMessage: String(error), trace: [] };
}

function postError(where, error) {
  const document = errorDocument(error);
  const body = Buffer.from(JSON.stringify(document));
  return call("POST", where, {
    body,
    headers: {
      "Content-Type": "application/json",
      "Content-Length": body.length,
      "Lambda-Runtime-Function-Error-Type": /^[\x20-\x7e]*$/.test(document.errorType) ? document.errorType : "Error",
    },
  });
}

function named(type, message) {
  const error = new Error(message);
  error.name = type;
  return error;
}

// Lets import find what NODE_PATH names: layers and the SDK of the image. It costs a thread, so only on demand.
function searchNodePath(file, source = fs.readFileSync(file, "utf8")) {
  if (!process.env.NODE_PATH || searchNodePath.done) return;
  if (!file.endsWith(".mjs") && !/\bimport\b/.test(source)) return;
  searchNodePath.done = true;
  register(new URL("../executor/node_paths.mjs", import.meta.url));
}

async function importFile(stem) {
  for (const ending of ["", ".js", ".mjs", ".cjs"]) {
    const file = stem + ending;
    if (!fs.existsSync(file) || !fs.statSync(file).isFile()) continue;
    searchNodePath(file);
    if (file.endsWith(".mjs")) return import(pathToFileURL(file));
    try {
      return createRequire(pathToFileURL(file))(file);
    } catch (error) {
      // A .js file under a package.json of type "module", or one that imports such a file.
      if (error.code === "ERR_REQUIRE_ESM" || error.code === "ERR_REQUIRE_ASYNC_MODULE") {
        return import(pathToFileURL(file));
      }
      throw error;
    }
  }
  return null;
}

async function importModule(directory, moduleName) {
  const own = await importFile(path.resolve(taskRoot, directory, moduleName));
  if (own) return own;
  try {
    const require = createRequire(pathToFileURL(path.join(taskRoot, "index.js")));
    return await importFile(require.resolve(directory ? `${directory}/${moduleName}` : moduleName));
  } catch (error) {
    if (error.code !== "MODULE_NOT_FOUND") throw error;
    throw named("Runtime.ImportModuleError", `Error: Cannot find module '${moduleName}'\nRequire stack:\n- /var/runtime/index.mjs`);
  }
}

async function loadHandler(text) {
  const slash = text.lastIndexOf("/");
  const directory = text.slice(0, slash + 1);
  const found = /^([^.]*)\.(.*)$/.exec(text.slice(slash + 1));
  if (!found || text.includes("..")) throw named("Runtime.MalformedHandlerName", `Bad handler '${text}'`);
  let loaded;
  try {
    loaded = await importModule(directory, found[1]);
  } catch (error) {
    if (error instanceof SyntaxError) throw named("Runtime.UserCodeSyntaxError", `SyntaxError: ${error.message}`);
    if (error?.code === "MODULE_NOT_FOUND") throw named("Runtime.ImportModuleError", `Error: ${error.message}`);
    throw error;
  }
  const pick = (root) => found[2].split(".").reduce((at, key) => at?.[key], root);
  const handler = pick(loaded) ?? pick(loaded?.default);
  if (handler === undefined) {
    throw named("Runtime.HandlerNotFound", `${text} is undefined or not exported`);
  }
  if (typeof handler !== "function") throw named("Runtime.HandlerNotFound", `${text} is not a function`);
  return handler;
}

function contextFrom(headers, settle) {
  const deadline = Number(headers["lambda-runtime-deadline-ms"]);
  const parsed = (name) => (headers[name] ? JSON.parse(headers[name]) : undefined);
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: parsed("lambda-runtime-client-context"),
    identity: parsed("lambda-runtime-cognito-identity"),
    invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
    awsRequestId: headers["lambda-runtime-aws-request-id"],
    getRemainingTimeInMillis: () => deadline - Date.now(),
    done: (error, answer) => settle(error, answer),
    succeed: (answer) => settle(null, answer),
    fail: (error) => settle(error ?? "handled"),
  };
}

// Gives the answer of one call. A callback's answer waits for the event loop to empty unless the context says
// otherwise; an event loop that empties with nothing settled answers null.
function run(handler, event, headers) {
  return new Promise((resolve, reject) => {
    let done = false;
    const onIdle = () => settle(null, null);
    const settle = (error, answer, waits = false) => {
      if (done) return;
      done = true;
      process.off("beforeExit", onIdle);
      const finish = () => (error === null || error === undefined ? resolve(answer) : reject(error));
      if (waits && context.callbackWaitsForEmptyEventLoop) process.once("beforeExit", finish);
      else finish();
    };
    const context = contextFrom(headers, settle);
    process.once("beforeExit", onIdle);
    try {
      const returned = handler(event, context, (error, answer) => settle(error, answer, true));
      if (typeof returned?.then === "function") {
        returned.then(
          (answer) => settle(null, answer),
          (error) => settle(error ?? named("Error", String(error))),
        );
      }
    } catch (error) {
      settle(error ?? named("Error", String(error)));
    }
  });
}

// The answer of a handler that streams: each write leaves at once, over a connection of its own, as chunks of the
// response to the runtime API. The content type and a prelude can be set until the first write.
class ResponseStream extends Writable {
  constructor(id) {
    super();
    this.where = `/2018-06-01/runtime/invocation/${id}/response`;
    this.contentType = "application/octet-stream";
    this.prelude = null;
    this.request = null;
  }

  setContentType(type) {
    this.contentType = type;
  }

  open() {
    if (this.request) return this.request;
    this.request = http.request({
      host: apiHost,
      port: apiPort,
      agent: false,
      method: "POST",
      path: this.where,
      headers: {
        "Content-Type": this.contentType,
        "Lambda-Runtime-Function-Response-Mode": "streaming",
        "Transfer-Encoding": "chunked",
        Trailer: "Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body",
      },
    });
    this.request.setNoDelay(true);
    this.accepted = new Promise((resolve, reject) => {
      this.request.on("response", (response) => response.resume().on("end", resolve));
      this.request.on("error", reject);
    });
    this.accepted.catch(() => undefined);
    if (this.prelude) this.request.write(this.prelude);
    return this.request;
  }

  _write(piece, encoding, callback) {
    this.open().write(piece, callback);
  }

  _final(callback) {
    this.open().end();
    this.accepted.then(() => callback(), callback);
  }

  // Ends an answer that has begun and cannot go on: what went wrong follows it.
  async breakOff(error) {
    const { errorType } = errorDocument(error);
    this.request.addTrailers({
      "Lambda-Runtime-Function-Error-Type": /^[\x20-\x7e]*$/.test(errorType) ? errorType : "Error",
      "Lambda-Runtime-Function-Error-Body": Buffer.from(JSON.stringify(errorDocument(error))).toString("base64"),
    });
    this.request.end();
    await this.accepted;
  }
}

// Source: docs.aws.amazon.com/lambda/latest/dg/configuration-response-streaming.html, read 2026-11-22.
const STREAMING = Symbol.for("aws.lambda.runtime.handler.streaming");
globalThis.awslambda = {
  streamifyResponse(handler) {
    handler[STREAMING] = "response";
    return handler;
  },
  HttpResponseStream: {
    from(stream, prelude) {
      stream.setContentType("application/vnd.awslambda.http-integration-response");
      stream.prelude = Buffer.concat([Buffer.from(JSON.stringify(prelude ?? {})), Buffer.alloc(8)]);
      return stream;
    },
  },
};

// Runs a handler that streams until its answer has ended: by itself, by done() or because nothing is left to do.
function stream(handler, event, headers, answer) {
  return new Promise((resolve, reject) => {
    const onIdle = () => answer.end();
    const settle = (finish) => (value) => {
      process.off("beforeExit", onIdle);
      finish(value);
    };
    answer.once("finish", settle(resolve)).once("error", settle(reject));
    process.once("beforeExit", onIdle);
    const context = contextFrom(headers, (error) => (error ? settle(reject)(error) : answer.end()));
    new Promise((go) => go(handler(event, answer, context))).catch((error) => settle(reject)(error ?? named("Error", String(error))));
  });
}

async function serveStreaming(handler, next, id) {
  const answer = new ResponseStream(id);
  try {
    await stream(handler, JSON.parse(next.body.toString("utf8")), next.headers, answer);
  } catch (error) {
    logFailure(error);
    await (answer.request ? answer.breakOff(error) : postError(`/invocation/${id}/error`, error));
  }
}

function logFailure(error) {
  const { trace: stack, ...document } = errorDocument(error);
  console.error("Invoke Error", `\t${JSON.stringify({ ...document, stack })}`);
}

async function serve(handler) {
  const next = await call("GET", "/invocation/next");
  const id = next.headers["lambda-runtime-aws-request-id"];
  const trace = next.headers["lambda-runtime-trace-id"];
  if (trace) process.env._X_AMZN_TRACE_ID = trace;
  else delete process.env._X_AMZN_TRACE_ID;
  currentRequest.id = id;
  if (handler[STREAMING]) return serveStreaming(handler, next, id);
  try {
    const answer = await run(handler, JSON.parse(next.body.toString("utf8")), next.headers);
    const body = Buffer.from(JSON.stringify(answer === undefined ? null : answer) ?? "null");
    await call("POST", `/invocation/${id}/response`, {
      body,
      headers: { "Content-Type": "application/json", "Content-Length": body.length },
    });
  } catch (error) {
    logFailure(error);
    await postError(`/invocation/${id}/error`, error);
  }
}

async function fatal(kind, error) {
  const wrapped = named(kind, `${error?.name ?? "Error"}: ${error?.message ?? error}`);
  wrapped.stack = error?.stack ?? String(error);
  console.error(kind === "Runtime.UnhandledPromiseRejection" ? "Unhandled Promise Rejection" : "Uncaught Exception", `\t${JSON.stringify(errorDocument(wrapped))}`);
  const where = currentRequest.id ? `/invocation/${currentRequest.id}/error` : "/init/error";
  await postError(where, wrapped).catch(() => undefined);
  process.exit(1);
}

patchConsole();
leadAwsSdkV2(process.env.AWS_ENDPOINT_URL);
process.once("uncaughtException", (error) => fatal("Runtime.UncaughtException", error));
process.once("unhandledRejection", (error) => fatal("Runtime.UnhandledPromiseRejection", error));
let handler;
try {
  handler = await loadHandler(process.argv[2]);
} catch (error) {
  console.error("Uncaught Exception", `\t${JSON.stringify(errorDocument(error))}`);
  await postError("/init/error", error).catch(() => undefined);
  process.exit(1);
}
for (;;) {
  try {
    await serve(handler);
  } catch {
    process.exit(1); // the runtime API is gone: nobody is left to work for
  }
}
