// Small pieces of translation: times, names, digests, and what is not there.
'use strict';
const crypto = require('crypto');

const ISO = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function fail(reason, pointer) {
  const error = new Error(`${pointer || '/'}: ${reason}`);
  error.name = 'Untranslatable';
  throw error;
}

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

function text(value, pointer) {
  if (typeof value !== 'string') fail('a text is needed here', pointer);
  return value;
}

function list(value, pointer) {
  if (!Array.isArray(value)) fail('a list is needed here', pointer);
  return value;
}

function put(result, key, value) {
  if (value !== undefined) result[key] = value;
}

function primary(names, name) {
  const found = Object.entries(names || {}).find(([, twin]) => twin === name);
  return found ? found[0] : name;
}

function arnOf(service, name, setting) {
  if (!setting.aws_region || !setting.aws_account) return undefined;
  return `arn:aws:${service}:${setting.aws_region}:${setting.aws_account}:${name}`;
}

function msFromIso(at) {
  const found = ISO.exec(at);
  if (!found) return null;
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map(Number);
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  const good = year > 0 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day && hour < 24 && minute < 60 && second < 60;
  if (!good) return null;
  let ms = date.getTime() + Number((found[7] || '0').padEnd(3, '0').slice(0, 3));
  if (found[8] !== 'Z') {
    const minutes = Number(found[8].slice(1, 3)) * 60 + Number(found[8].slice(4));
    ms -= (found[8][0] === '+' ? minutes : -minutes) * 60000;
  }
  return ms;
}

const isoFromMs = (ms) => new Date(ms).toISOString();

function clfFromIso(at) {
  const ms = msFromIso(at);
  if (ms === null) return null;
  const iso = isoFromMs(ms);
  return `${iso.slice(8, 10)}/${MONTHS[Number(iso.slice(5, 7)) - 1]}/${iso.slice(0, 4)}:${iso.slice(11, 19)} +0000`;
}

const md5 = (body) => crypto.createHash('md5').update(body, 'utf8').digest('hex');

module.exports = { arnOf, clfFromIso, fail, isObject, isoFromMs, list, md5, msFromIso, primary, put, text };
