// Numbers, shares, durations, dates and money as the viewer's language writes them.

import { lang } from './i18n.js';
import { zone } from './url.js';

const made = new Map();
let plain = false;

/**
 * What `make` gives, where the functions below give plain values instead: numbers, shares of 1,
 * seconds, points of a percentage, dates and times as 2026-11-21 20:00:00, amounts as 9.5 EUR.
 */
export function plainly(make) {
  plain = true;
  try {
    return make();
  } finally {
    plain = false;
  }
}

function rounded(value) {
  return Number(value.toFixed(6));
}

function formatter(Kind, options) {
  const key = `${Kind.name} ${lang()} ${JSON.stringify(options)}`;
  if (!made.has(key)) made.set(key, new Kind(lang(), options));
  return made.get(key);
}

/** 12 410. */
export function number(value) {
  if (plain) return value;
  return formatter(Intl.NumberFormat, {}).format(value);
}

/** 4.25 as 4.3. */
export function decimal(value) {
  if (plain) return rounded(value);
  return formatter(Intl.NumberFormat, { minimumFractionDigits: 1, maximumFractionDigits: 1 })
    .format(value);
}

/** 12.4K: where there is little room. */
export function compact(value) {
  return formatter(Intl.NumberFormat, { notation: 'compact', maximumFractionDigits: 1 })
    .format(value);
}

/** 0.394 as 39 %; a dash for null. */
export function percent(share, digits = 0) {
  if (share === null || share === undefined) return '–';
  if (plain) return rounded(share);
  return formatter(Intl.NumberFormat, { style: 'percent', maximumFractionDigits: digits })
    .format(share);
}

/** Points of a percentage with their sign: 0.09 as +9. */
export function points(difference) {
  if (plain) return rounded(difference * 100);
  return formatter(Intl.NumberFormat, { maximumFractionDigits: 1, signDisplay: 'exceptZero' })
    .format(difference * 100);
}

const UNITS = [['day', 86400], ['hour', 3600], ['minute', 60], ['second', 1]];

/** Seconds in their one or two largest units: 2 days 4 hr; a dash for null. */
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return '–';
  if (plain) return rounded(seconds);
  if (seconds < 1) return unit(Math.round(seconds * 10) / 10, 'second');
  const near = seconds >= 36000 ? Math.round(seconds / 3600) * 3600
    : seconds >= 600 ? Math.round(seconds / 60) * 60 : Math.round(seconds);
  const first = UNITS.findIndex(([, size]) => near >= size);
  const [name, size] = UNITS[first];
  const whole = Math.floor(near / size);
  const parts = [unit(whole, name)];
  const next = UNITS[first + 1];
  if (next && whole < 10) {
    const rest = Math.floor((near - whole * size) / next[1]);
    if (rest) parts.push(unit(rest, next[0]));
  }
  return parts.join(' ');
}

function unit(value, name) {
  // Polish inflects what is short (do 1 dnia), but not what is narrow.
  const unitDisplay = lang() === 'pl' ? 'narrow' : 'short';
  return formatter(Intl.NumberFormat, { style: 'unit', unit: name, unitDisplay,
    maximumFractionDigits: 1 }).format(value);
}

/** How long ago, or in how long: 5 minutes ago; a day is 24 hours here, not yesterday. */
export function ago(time, now = Date.now()) {
  const seconds = (new Date(time) - now) / 1000;
  const [name, size] = UNITS.find(([, one]) => Math.abs(seconds) >= one) ?? ['second', 1];
  const numeric = name === 'second' ? 'auto' : 'always';
  return formatter(Intl.RelativeTimeFormat, { numeric, style: 'short' })
    .format(Math.round(seconds / size), name);
}

/** Date and time in the zone of the page. */
export function dateTime(time, options = { dateStyle: 'medium', timeStyle: 'short' }) {
  const all = { timeZone: zone(), ...options };
  if (!plain) return formatter(Intl.DateTimeFormat, all).format(new Date(time));
  const hasTime = all.timeStyle || all.hour;
  // Sweden writes dates as ISO 8601 does.
  return new Intl.DateTimeFormat('sv', { timeZone: all.timeZone, dateStyle: 'short',
    ...hasTime && { timeStyle: 'medium' } }).format(new Date(time));
}

/** Date and time to the second, in the zone of the page. */
export function exactly(time) {
  return dateTime(time, { dateStyle: 'medium', timeStyle: 'medium' });
}

/** The date in the zone of the page. */
export function date(time, options = { day: 'numeric', month: 'short', year: 'numeric' }) {
  return dateTime(time, options);
}

/** Hour, minute and second in the zone of the page. */
export function clock(time) {
  return dateTime(time, { timeStyle: 'medium' });
}

/** An amount of one currency; sums of several are never made. */
export function money(amount, currency) {
  if (plain) return `${amount} ${currency ?? ''}`.trim();
  try {
    return formatter(Intl.NumberFormat, { style: 'currency', currency,
      maximumFractionDigits: 2 }).format(amount);
  } catch {
    return `${number(amount)} ${currency ?? ''}`.trim(); // no code of ISO 4217
  }
}

/** a, b and c. */
export function list(items) {
  return formatter(Intl.ListFormat, { type: 'conjunction' }).format(items);
}
