// Runs an AWS Lambda handler on Function Compute: environment, event, context, answer and errors as on Lambda.
// The answer goes back as JSON text, byte for byte what Lambda would answer. No packages; Node.js 12 and later.
'use strict';
const fs = require('fs');
const path = require('path');
const { createRequire } = require('module');
const { contextOf } = require('./context.js');
const { ifIdleAfter, snapshot, whenIdle } = require('./pending.js');

const LAST_MS = 250; // before FC ends an invocation that never answers
const root = path.dirname(__dirname);
const settings = JSON.parse(fs.readFileSync(path.join(__dirname, 'settings.json'), 'utf8'));
const translation = settings.triggers.length ? require('./translation.js') : null;

// Before the function's own modules are loaded, which may read these at once.
for (const [name, value] of Object.entries({ LAMBDA_TASK_ROOT: root, ...settings.environment })) {
  if (process.env[name] === undefined) process.env[name] = value;
}

function missing(type, message) {
  const error = new Error(message);
  error.name = type;
  return error;
}

function place(handler) {
  const slash = handler.lastIndexOf('/');
  const found = /^([^.]*)\.(.*)$/.exec(handler.slice(slash + 1));
  if (!found || handler.includes('..')) throw missing('Runtime.MalformedHandlerName', `Bad handler '${handler}'`);
  const stem = path.resolve(root, handler.slice(0, slash + 1), found[1]);
  const isFile = (file) => fs.existsSync(file) && fs.statSync(file).isFile();
  const file = ['', '.js', '.mjs', '.cjs'].map((ending) => stem + ending).find(isFile);
  if (!file) throw missing('Runtime.ImportModuleError', `Error: Cannot find module '${found[1]}'`);
  return { file, names: found[2].split('.') };
}

function pick(loaded, names) {
  const within = (start) => names.reduce((at, name) => (at === undefined || at === null ? undefined : at[name]), start);
  const own = within(loaded);
  const handler = own === undefined && loaded ? within(loaded.default) : own;
  if (typeof handler !== 'function') {
    throw missing('Runtime.HandlerNotFound', `${settings.handler} is undefined or not exported`);
  }
  return handler;
}

function load() {
  const { file, names } = place(settings.handler);
  return wrapped(pick(createRequire(file)(file), names));
}

async function loadModule() {
  const { file, names } = place(settings.handler);
  const { pathToFileURL } = require('url');
  return wrapped(pick(await import(pathToFileURL(file).href), names));
}

function parsed(body) {
  const text = Buffer.isBuffer(body) ? body.toString('utf8') : body;
  if (typeof text !== 'string') return text;
  try {
    return JSON.parse(text);
  } catch (error) {
    if (translation && translation.takesText(settings.triggers)) return text;
    throw missing('Runtime.InvalidRequestContent', `Could not parse request body into json: ${error.message}`);
  }
}

// Lambda takes anything for an error; FC and the callers of both want a name and a message.
function asError(reason) {
  if (reason instanceof Error || Object.prototype.toString.call(reason) === '[object Error]') return reason;
  const error = missing(typeof reason, String(reason));
  error.stack = '';
  return error;
}

// Calls the handler in any of its styles. A callback's answer, and that of a handler which neither calls back nor
// returns a promise, waits until the work it started has ended: FC freezes the instance as soon as it is answered.
// A promise that never settles is null on Lambda as soon as the event loop is empty. That cannot be seen here for
// certain, so it is null just before the timeout, if nothing is open then.
function run(handler, event, context) {
  return new Promise((resolve, reject) => {
    const before = snapshot();
    let settled = false;
    let callOff = () => undefined;
    const settle = (error, answer, waits) => {
      if (settled) return;
      settled = true;
      callOff();
      const finish = () => (error === null || error === undefined ? resolve(answer) : reject(error));
      if (waits && context.callbackWaitsForEmptyEventLoop) whenIdle(before, finish);
      else finish();
    };
    context.done = (error, answer) => settle(error, answer, false);
    context.succeed = (answer) => settle(null, answer, false);
    context.fail = (error) => settle(error === null || error === undefined ? 'handled' : error, undefined, false);
    try {
      const returned = handler(event, context, (error, answer) => settle(error, answer, true));
      if (returned && typeof returned.then === 'function') {
        returned.then(
          (answer) => settle(null, answer, false),
          (error) => settle(error === null || error === undefined ? asError(error) : error, undefined, false),
        );
        const left = context.getRemainingTimeInMillis() - LAST_MS;
        if (left > 0) callOff = ifIdleAfter(before, left, () => settle(null, null, false));
      } else if (!settled) {
        whenIdle(before, () => settle(null, null, false));
      }
    } catch (error) {
      settle(error === null || error === undefined ? asError(error) : error, undefined, false);
    }
  });
}

function wrapped(handler) {
  async function invoke(body, fcContext) {
    const context = contextOf(fcContext, settings);
    const given = parsed(body);
    const here = translation ? translation.kindFor(given, settings.triggers) : null;
    const event = here ? translation.toAws(given, here, settings.setting) : given;
    let answer;
    try {
      answer = await run(handler, event, context);
    } catch (error) {
      throw asError(error);
    }
    if (here && here.kind === 'http') answer = translation.answerToFc(answer, here.here);
    const text = JSON.stringify(answer === undefined ? null : answer);
    return text === undefined ? 'null' : text;
  }
  // FC documents promises from Node.js 18 on, and callbacks up to 16.
  if (Number(process.versions.node.split('.')[0]) >= 18) return async (body, fcContext) => invoke(body, fcContext);
  return (body, fcContext, callback) => {
    invoke(body, fcContext).then((answer) => callback(null, answer), (error) => callback(error));
  };
}

module.exports = { load, loadModule };
