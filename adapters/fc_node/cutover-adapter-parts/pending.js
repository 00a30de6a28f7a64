// Tells when the work that an invocation started has ended. FC's own server keeps the event loop busy, so an empty
// loop is "nothing more than when the invocation began". What an earlier invocation left open is not waited for.
// There is no limit of its own: FC ends an invocation at the function's timeout, as Lambda does.
'use strict';

const PAUSE_MS = 2;
const FOLLOWS = typeof process.getActiveResourcesInfo === 'function';
// Opened by the first line that is written; opened now, so that it is not taken for work of an invocation.
const standard = [process.stdout, process.stderr];
let ours = false;
let keepers = 0; // our own intervals, which are not counted
const timers = new Set();

// Node.js before 17.3 counts handles and requests alone; timers are followed there by their asynchronous ids.
if (!FOLLOWS) {
  require('async_hooks')
    .createHook({
      init: (id, type) => {
        if (!ours && (type === 'Timeout' || type === 'Immediate')) timers.add(id);
      },
      destroy: (id) => timers.delete(id),
    })
    .enable();
}

function resources() {
  if (FOLLOWS) return process.getActiveResourcesInfo();
  const name = (one) => one.constructor.name;
  const handles = process._getActiveHandles().filter((handle) => !standard.includes(handle));
  const alive = [...handles, ...process._getActiveRequests()].map(name);
  return alive.concat([...timers].map(() => 'Timeout'));
}

function snapshot() {
  const counts = new Map();
  for (const type of resources()) counts.set(type, (counts.get(type) || 0) + 1);
  if (FOLLOWS && keepers) counts.set('Timeout', (counts.get('Timeout') || 0) - keepers);
  return counts;
}

function busy(before) {
  const now = snapshot();
  for (const [type, count] of now) if (count > (before.get(type) || 0)) return true;
  return false;
}

function whenIdle(before, finish) {
  let looking = null;
  const look = () => {
    if (busy(before)) return false;
    if (looking) {
      clearInterval(looking);
      looking = null;
      keepers -= 1;
    }
    finish();
    return true;
  };
  process.nextTick(() => {
    if (look()) return;
    ours = true;
    looking = setInterval(look, PAUSE_MS);
    ours = false;
    keepers += 1;
  });
}

// Calls `finish` after a while if nothing is open then. Gives what calls it off. Work in native threads is not seen,
// so the while must be as long as one can wait.
function ifIdleAfter(before, waitMs, finish) {
  ours = true;
  const timer = setTimeout(() => {
    if (!busy(before)) finish();
  }, waitMs);
  ours = false;
  timer.unref();
  return () => clearTimeout(timer);
}

module.exports = { ifIdleAfter, snapshot, whenIdle };
