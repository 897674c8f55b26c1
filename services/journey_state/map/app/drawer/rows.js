// A customer's touchpoints, stages and signals as the rows of one timeline.

const GAP_SECONDS = 3 * 3600; // a longer one is folded, and said
const LATE_SECONDS = 300; // an event that came later than this after it happened is marked

/**
 * Rows in the order of their times: {kind, at, stage, ...} with kind `day`, `gap`, `stage`,
 * `event`, `signal` or `old` (superseded). `dayOf` tells the date of a time in the viewer's zone.
 */
export function rowsOf({ items, next, place, signals, history, old }, dayOf) {
  const moves = new Map(history.map((one) => [`${one.cause.message_id} ${one.cause.source}`, one]));
  const rows = items.map((item) => ({ kind: 'event', at: item.occurred_at, stage: item.stage, item,
    move: moves.get(`${item.message_id} ${item.source}`), late: lateness(item) }));
  const last = place && items.length ? items.at(-1).occurred_at : '9999';
  const first = next && items.length ? items[0].occurred_at : '';
  const within = (at) => at >= first && at <= last;
  rows.push(...signals.filter((one) => within(one.due_at))
    .map((signal) => ({ kind: 'signal', at: signal.due_at, signal })));
  rows.push(...old.filter((one) => within(one.entered_at))
    .map((entry) => ({ kind: 'old', at: entry.entered_at, entry })));
  rows.sort((a, b) => new Date(a.at) - new Date(b.at));
  return folded(rows, dayOf);
}

function folded(rows, dayOf) {
  const found = [];
  let before = null;
  let stage = null;
  for (const row of rows) {
    const seconds = before ? (new Date(row.at) - new Date(before)) / 1000 : 0;
    const gap = seconds >= GAP_SECONDS ? seconds : 0;
    const under = row.move ? stage : row.stage ?? stage;
    if (!before || dayOf(before) !== dayOf(row.at)) {
      found.push({ kind: 'day', at: row.at, gap, stage: under });
    } else if (gap) found.push({ kind: 'gap', at: row.at, gap, stage: under });
    if (row.move) found.push({ kind: 'stage', at: row.at, stage: row.stage, move: row.move });
    stage = row.stage ?? stage;
    found.push({ ...row, stage });
    before = row.at;
  }
  return found;
}

/** Seconds between happening and coming where that is long, else 0; imported ones came late. */
function lateness({ occurred_at: happened, received_at: came, historical }) {
  const seconds = (new Date(came) - new Date(happened)) / 1000;
  return !historical && seconds > LATE_SECONDS ? seconds : 0;
}

/** What an event was about, from the properties that say it. */
export function about({ properties: p = {}, context: c = {} }) {
  const page = c?.page ?? {};
  const items = Array.isArray(p.products) ? p.products.map((one) => one?.name).filter(Boolean) : [];
  const named = p.name ?? p.title ?? p.subject ?? p.query ?? items.join(', ');
  const path = p.path ?? page.path ?? p.url ?? page.url;
  return [named || path, p.order_id].filter((one) => typeof one === 'string' && one).join(' · ');
}

/** The amount of an event, if it names one in a currency. */
export function amount({ properties: p = {} }) {
  const value = p.total ?? p.revenue ?? p.value ?? p.price;
  return p.currency && Number.isFinite(+value) && value !== null ? [+value, p.currency] : null;
}
