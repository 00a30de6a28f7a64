// Requests of FC's HTTP trigger in the four shapes of AWS, and answers in FC's form.
'use strict';
const { clfFromIso, fail, isObject, put, text } = require('./values.js');

const escaped = (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
const quoted = (value) => encodeURIComponent(value).replace(/[!'()*]/g, escaped);
const formQuoted = (value) => quoted(value).replace(/%20/g, '+');
const encodedKey = (key) =>
  encodeURIComponent(key).replace(/[!~'()]/g, escaped).replace(/%2F/g, '/').replace(/%20/g, '+');

function plain(value) {
  try {
    return decodeURIComponent(value);
  } catch (error) {
    return value;
  }
}

function texts(value, pointer) {
  if (value === undefined || value === null) return {};
  if (!isObject(value) || !Object.values(value).every((one) => typeof one === 'string')) {
    fail('an object of texts is needed here', pointer);
  }
  return { ...value };
}

const lowered = (headers) => Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

function contextOf(context, setting, timeKey, epochKey) {
  const made = {};
  for (const key of ['domainName', 'domainPrefix', 'requestId']) put(made, key, context[key]);
  if (context.accountId !== undefined && setting.aws_account) made.accountId = setting.aws_account;
  const clf = typeof context.time === 'string' ? clfFromIso(context.time) : null;
  if (clf !== null) made[timeKey] = clf;
  const epoch = context.timeEpoch;
  if (typeof epoch === 'string' && /^-?[0-9]{1,18}$/.test(epoch)) made[epochKey] = Number(epoch);
  return made;
}

function matched(result, setting, path) {
  const resource = setting.resource || '';
  if (!resource.includes('{') || typeof path !== 'string') return;
  const pieces = resource.split(/(\{[^{}]+\})/);
  const names = pieces.filter((piece) => piece.startsWith('{')).map((piece) => piece.slice(1, -1).replace(/\++$/, ''));
  const part = (piece) => {
    if (!piece.startsWith('{')) return piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    return piece.endsWith('+}') ? '(.+)' : '([^/]+)';
  };
  const found = new RegExp(`^${pieces.map(part).join('')}$`).exec(path);
  if (found) result.pathParameters = Object.fromEntries(names.map((name, place) => [name, found[place + 1]]));
}

function bodyOf(event, result, empty) {
  if (event.body === '' || event.body === null) put(result, 'body', empty);
  else if (event.body !== undefined) result.body = text(event.body, '/body');
  put(result, 'isBase64Encoded', event.isBase64Encoded);
}

function toV2(event, setting, isUrl) {
  const { http } = event.requestContext;
  const result = { version: '2.0', routeKey: '$default' };
  put(result, 'rawPath', event.rawPath);
  const queries = texts(event.queryParameters, '/queryParameters');
  result.rawQueryString = Object.entries(queries).map((pair) => pair.map(formQuoted).join('=')).join('&');
  if (event.headers !== undefined) {
    result.headers = lowered(texts(event.headers, '/headers'));
    if (result.headers.cookie !== undefined) result.cookies = result.headers.cookie.split('; ');
    delete result.headers.cookie;
  }
  if (Object.keys(queries).length) result.queryStringParameters = queries;
  const context = contextOf(event.requestContext, setting, 'time', 'timeEpoch');
  context.http = {};
  for (const key of ['method', 'path', 'protocol', 'sourceIp', 'userAgent']) put(context.http, key, http[key]);
  context.routeKey = '$default';
  const stage = isUrl ? '$default' : setting.stage;
  if (stage) context.stage = stage;
  result.requestContext = context;
  matched(result, setting, http.path);
  bodyOf(event, result, undefined);
  return result;
}

function toV1(event, setting) {
  const { http } = event.requestContext;
  const result = {};
  if (setting.resource) result.resource = setting.resource;
  put(result, 'path', http.path !== undefined || event.rawPath === undefined ? http.path : plain(event.rawPath));
  put(result, 'httpMethod', http.method);
  if (event.headers !== undefined) {
    result.headers = texts(event.headers, '/headers');
    result.multiValueHeaders = Object.fromEntries(Object.entries(result.headers).map(([name, value]) => [name, [value]]));
  }
  const queries = texts(event.queryParameters, '/queryParameters');
  const some = Object.keys(queries).length > 0;
  result.queryStringParameters = some ? queries : null;
  result.multiValueQueryStringParameters = some
    ? Object.fromEntries(Object.entries(queries).map(([name, value]) => [name, [value]]))
    : null;
  result.pathParameters = null;
  matched(result, setting, http.path);
  const context = contextOf(event.requestContext, setting, 'requestTime', 'requestTimeEpoch');
  put(context, 'httpMethod', result.httpMethod);
  put(context, 'protocol', http.protocol);
  const identity = {};
  put(identity, 'sourceIp', http.sourceIp);
  put(identity, 'userAgent', http.userAgent);
  if (Object.keys(identity).length) context.identity = identity;
  if (setting.stage) context.stage = setting.stage;
  result.requestContext = context;
  bodyOf(event, result, null);
  return result;
}

function toAlb(event, setting) {
  const { http } = event.requestContext;
  const result = { requestContext: { elb: {} } };
  if (setting.load_balancer_arn) result.requestContext.elb.targetGroupArn = setting.load_balancer_arn;
  put(result, 'httpMethod', http.method);
  put(result, 'path', event.rawPath !== undefined ? event.rawPath : http.path);
  const queries = texts(event.queryParameters, '/queryParameters');
  result.queryStringParameters = Object.fromEntries(Object.entries(queries).map((pair) => pair.map(quoted)));
  if (event.headers !== undefined) result.headers = lowered(texts(event.headers, '/headers'));
  bodyOf(event, result, '');
  return result;
}

function toAws(event, here, setting) {
  if (here === 'api-v1') return toV1(event, setting);
  if (here === 'alb') return toAlb(event, setting);
  return toV2(event, setting, here === 'url');
}

// ------------------------------------------------------------------------------------------------ answers

function answer(statusCode, headers, body, isBase64Encoded = false) {
  return { statusCode, headers, isBase64Encoded, body };
}

const JSON_TYPE = { 'Content-Type': 'application/json' };
const malformed = () => answer(502, JSON_TYPE, '{"message": "Internal server error"}');

function statusOf(value) {
  const number = typeof value === 'string' && /^[0-9]+$/.test(value) ? Number(value) : value;
  return Number.isInteger(number) && number >= 100 && number <= 599 ? number : null;
}

// null: of the wrong form
function headersOf(given, modern) {
  const result = {};
  const scalar = (value) => ['string', 'number', 'boolean'].includes(typeof value);
  const set = (name, values) => {
    // Cookies joined by commas would be one wrong cookie; FC holds one header of a name.
    result[name] = name.toLowerCase() === 'set-cookie' ? String(values[values.length - 1]) : values.map(String).join(',');
  };
  const pairs = (value) => (value === undefined || value === null ? [] : Object.entries(value));
  const wrong = (value) => value !== undefined && value !== null && !isObject(value);
  if (wrong(given.headers) || (!modern && wrong(given.multiValueHeaders))) return null;
  for (const [name, value] of pairs(given.headers)) {
    if (!scalar(value)) return null;
    result[name] = String(value);
  }
  for (const [name, values] of modern ? [] : pairs(given.multiValueHeaders)) {
    if (!Array.isArray(values) || !values.every(scalar)) return null;
    const same = Object.keys(result).find((known) => known.toLowerCase() === name.toLowerCase());
    if (values.length && same !== undefined) delete result[same];
    if (values.length) set(name, values);
  }
  if (modern && given.cookies !== undefined && given.cookies !== null) {
    if (!Array.isArray(given.cookies) || !given.cookies.every(scalar)) return null;
    if (given.cookies.length) set('Set-Cookie', given.cookies);
  }
  return result;
}

function answerToFc(given, here) {
  const modern = here === 'api-v2' || here === 'url';
  if (modern && !(isObject(given) && given.statusCode !== undefined)) {
    return answer(200, JSON_TYPE, typeof given === 'string' ? given : JSON.stringify(given === undefined ? null : given));
  }
  if (!isObject(given)) return malformed();
  const status = statusOf(given.statusCode);
  const headers = headersOf(given, modern);
  let { body } = given;
  const isText = body === undefined || body === null || typeof body === 'string';
  if (status === null || headers === null || (!isText && !modern)) return malformed();
  if (!isText) body = JSON.stringify(body);
  return answer(status, headers, body === undefined || body === null ? '' : body, given.isBase64Encoded === true);
}

module.exports = { answerToFc, encodedKey, toAws };
