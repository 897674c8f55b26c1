// The URL is the whole state of the page: what is shared or reloaded shows the same.

/** What choose people and touchpoints: parameters of the API under the same names. */
export const FILTERS = ['channel', 'source', 'campaign', 'segment', 'stage', 'rule', 'state',
  'event', 'device', 'experiment', 'variation'];
export const PERIODS = { today: 1, '7d': 7, '30d': 30, '90d': 90 };
export const PERIOD_DEFAULT = '30d';

/** The state as an object of texts. */
export function state() {
  return Object.fromEntries(new URLSearchParams(location.search));
}

/** States the changes; null or '' removes. `replace`: without a step of the history. */
export function set(changes, { replace = false } = {}) {
  const params = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === undefined || value === '') params.delete(name);
    else params.set(name, value);
  }
  const text = params.toString();
  if (text === new URLSearchParams(location.search).toString()) return;
  history[replace ? 'replaceState' : 'pushState'](null, '', text ? `?${text}` : location.pathname);
  announce();
}

/** The names that are left out of a flow, as its parameter has them: `\\,` is a comma in one. */
export function namesIn(text = '') {
  return (text.match(/(\\.|[^,\\])+/g) ?? []).map((one) => one.replace(/\\(.)/g, '$1'));
}

/** The same as one parameter. */
export function namesAs(names) {
  return names.map((one) => one.replace(/[\\,]/g, '\\$&')).join(',');
}

/** The viewer's zone, unless the URL names one that there is. */
export function zone(of = state()) {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
  return of.zone && isZone(of.zone) ? of.zone : own;
}

function isZone(name) {
  try {
    Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** The date there `days` before today, as 2026-11-21. */
export function dateBefore(days, inZone = zone()) {
  const parts = new Intl.DateTimeFormat('en-CA', { timeZone: inZone }).format(new Date());
  const date = new Date(`${parts}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() - days);
  return date.toISOString().slice(0, 10);
}

/** `from`, `to` and `zone` as the API takes them; a preset ends now and begins with a day. */
export function period(of = state()) {
  const place = zone(of);
  if (of.from || of.to) {
    return { ...(of.from && { from: of.from }), ...(of.to && { to: of.to }), zone: place };
  }
  const days = PERIODS[of.period] ?? PERIODS[PERIOD_DEFAULT];
  return { from: dateBefore(days - 1, place), zone: place };
}

/** Period and filters: the parameters of every figure. */
export function filters(of = state()) {
  const chosen = FILTERS.filter((name) => of[name]).map((name) => [name, of[name]]);
  return { ...period(of), ...Object.fromEntries(chosen) };
}

/** Whether the period goes on: its figures change while one watches. */
export function isOpen(of = state()) {
  return !of.to;
}

function announce() {
  window.dispatchEvent(new CustomEvent('urlchange', { detail: state() }));
}

window.addEventListener('popstate', announce);
