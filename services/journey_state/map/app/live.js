// What happens while one watches: one connection for all tabs, held by one that is seen.
//
// On window: `live` with {events} when figures may have changed (`reset`: read all anew), `pulse`
// with the newest figures of the stream, `connection` with what `connection()` gives.

import { token } from './api.js';
import { REFUSED, listen } from './events.js';

const PATH = '/v1/stream';
const NAME = 'milepost-live';
const RETRY_MS = 2000; // until the server names another
const RETRY_MS_MAX = 30000;

const told = { state: 'waiting', at: null, pulse: null };
let last = null; // id of the newest event that this tab knows of
let retry = RETRY_MS;
let failures = 0;
let holding = null; // aborts what keeps the connection, or the wait for it
let channel = null;
let used = null; // the token that the connection was asked for with

/** {state: waiting | live | lost | refused, at: when something was last heard, pulse}. */
export function connection() {
  return { ...told };
}

/** Reads along while the page is seen. */
export function start() {
  document.addEventListener('visibilitychange', follow);
  window.addEventListener('pagehide', stop);
  window.addEventListener('pageshow', follow);
  window.addEventListener('online', again);
  // Signing in or out is told so too.
  window.addEventListener('urlchange', () => {
    if (told.state === 'refused' || token() !== used) again();
  });
  follow();
}

function follow() {
  if (document.hidden) stop();
  else if (!holding) hold();
}

function again() {
  stop();
  failures = 0;
  follow();
}

function stop() {
  holding?.abort();
  holding = null;
}

/** Waits until no other tab holds the connection, and holds it. */
async function hold() {
  const own = new AbortController();
  holding = own;
  used = token();
  join();
  try {
    // Only pages of a safe origin have locks; elsewhere each tab has its own connection.
    if (navigator.locks) {
      await navigator.locks.request(lockName(), { signal: own.signal }, () => keep(own.signal));
    } else {
      await keep(own.signal);
    }
  } catch (error) {
    if (error.name !== 'AbortError') throw error;
  }
}

function lockName() {
  return token() ? `${NAME}-token` : NAME;
}

function join() {
  channel?.close();
  channel = new BroadcastChannel(lockName());
  channel.onmessage = ({ data }) => {
    if (data.ask) {
      if (told.state !== 'waiting') channel.postMessage({ told, last });
      return;
    }
    last = data.last ?? last;
    tell(data.told, data.heard);
  };
  channel.postMessage({ ask: true });
}

async function keep(signal) {
  while (!signal.aborted) {
    try {
      await listen(PATH, { last, signal, hear });
      failures = 0; // it was the server that ended it: it stops, or this tab read too slowly
    } catch (error) {
      if (signal.aborted) return;
      if (REFUSED.has(error.status)) {
        say({ ...told, state: 'refused' });
        return;
      }
      failures += 1;
      if (error.seconds) retry = Math.max(retry, error.seconds * 1000);
    }
    if (signal.aborted) return;
    say({ ...told, state: 'lost' });
    await rest(signal);
  }
}

/** Longer after each failure, and by lot, so that not all come at once. */
function rest(signal) {
  const most = Math.min(RETRY_MS_MAX, retry * 2 ** failures);
  const wait = retry / 2 + Math.random() * (most - retry / 2);
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, wait);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    }, { once: true });
  });
}

function hear(piece) {
  failures = 0;
  if (piece.retry) retry = piece.retry;
  if (piece.id !== undefined) last = piece.id;
  const pulse = piece.events.findLast((one) => one.name === 'status')?.data ?? told.pulse;
  const events = piece.events.filter((one) => one.name === 'stage' || one.name === 'signal');
  const reset = piece.events.some((one) => one.name === 'reset');
  say({ state: 'live', at: Date.now(), pulse }, { events, reset });
}

/** In this tab and in all others. */
function say(now, heard) {
  channel?.postMessage({ told: now, heard, last });
  tell(now, heard);
}

function tell(now, heard) {
  const before = { ...told };
  Object.assign(told, now);
  const changes = heard?.events.length || heard?.reset
    || (before.pulse && before.pulse.touchpoints !== told.pulse?.touchpoints);
  if (changes) announce('live', { events: heard?.events ?? [], reset: Boolean(heard?.reset) });
  if (told.pulse && told.pulse !== before.pulse && told.pulse.at !== before.pulse?.at) {
    announce('pulse', told.pulse);
  }
  announce('connection', connection());
}

function announce(name, detail) {
  window.dispatchEvent(new CustomEvent(name, { detail }));
}
