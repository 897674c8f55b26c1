// Questions to the query API of the same origin.

const KEPT_SECONDS = 60; // an answer that took long, for whoever asks the same
const TOKEN = 'milepost-token';

/** What the API says of a question that it does not answer. */
export class ApiError extends Error {
  constructor(status, problem) {
    super(problem.detail || problem.title || `HTTP ${status}`);
    this.status = status;
    this.code = problem.code ?? '';
    this.errors = problem.errors ?? [];
  }
}

/** The bearer token of this tab, or null. */
export function token() {
  return sessionStorage.getItem(TOKEN);
}

/** Keeps the token for this tab; null forgets it. Asks everything again. */
export function setToken(value) {
  if (value) sessionStorage.setItem(TOKEN, value);
  else sessionStorage.removeItem(TOKEN);
  window.dispatchEvent(new CustomEvent('urlchange'));
}

/** Headers of a question: personal data are masked unless it is a deliberate look, on record. */
export function headers({ reveal = false } = {}) {
  const known = token();
  const mask = { 'X-Milepost-Mask': reveal ? '0' : '1' };
  return known ? { ...mask, Authorization: `Bearer ${known}` } : mask;
}

/**
 * The JSON answer of `GET path?params`; params as an object, or a query string as figures have it.
 * Throws ApiError. 401 dispatches `need-token` on window. `reveal`: with personal data in plain.
 */
export async function get(path, params = {}, { signal, reveal } = {}) {
  const query = typeof params === 'string' ? params : new URLSearchParams(params).toString();
  const asked = { signal, headers: headers({ reveal }) };
  const answer = await fetch(query ? `${path}?${query}` : path, asked);
  if (answer.ok) {
    if (answer.headers.has('age')) askAgain();
    return answer.json();
  }
  const problem = await answer.json().catch(() => ({}));
  if (answer.status === 401) window.dispatchEvent(new CustomEvent('need-token'));
  throw new ApiError(answer.status, problem);
}

let asking;

/** What was kept for others may have changed since, and nothing more may happen that tells so. */
function askAgain() {
  asking ??= setTimeout(() => {
    asking = null;
    window.dispatchEvent(new CustomEvent('live', { detail: { looked: true } }));
  }, KEPT_SECONDS * 1000);
}

const asked = new Map();

/** As `get`, but who asks the same within `seconds` shares one answer. */
export function shared(path, params = {}, seconds = 2) {
  const key = `${path}?${new URLSearchParams(params)}`;
  const known = asked.get(key);
  if (known && performance.now() - known.at < seconds * 1000) return known.answer;
  const answer = get(path, params);
  asked.set(key, { at: performance.now(), answer });
  answer.catch(() => asked.delete(key));
  return answer;
}
