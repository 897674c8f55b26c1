// What a figure was in the period before: an arrow and by how much, which opens the people of then.

import { html, nothing } from '../vendor/vendor.js';
import { duration, number, percent, points } from './format.js';
import { t } from './i18n.js';

const SAME = '± 0';
const SURE = 1.96; // standard deviations

/** Points of a share: how many more or less, firm where chance alone does not explain it. */
export function shareDelta(figure, label) {
  const { change, before } = figure;
  if (!before) return nothing;
  const by = Math.round((change?.difference ?? 0) * 1000); // as exact as it is shown
  const text = by ? `${arrow(by)} ${points(by / 1000)}` : SAME;
  return delta(before, text, label, change?.certain,
    change && t('compare.points', { n: points(change.difference) }));
}

/** People: by which share more or less. */
export function countDelta(figure, label) {
  const { before, people } = figure;
  if (!before) return nothing;
  const more = people - before.people;
  const text = before.people ? `${arrow(more)} ${signed(more / before.people)}` : '▲';
  const certain = Math.abs(more) > SURE * Math.sqrt(people + before.people);
  return delta(before, more ? text : SAME, label, certain);
}

/** What else the figure has under `key`: what it was then, as `shown`. */
export function wasDelta(figure, key, shown, label) {
  const { before } = figure;
  if (!before?.people) return nothing;
  const was = t('compare.was', { what: shown(before[key]) });
  return delta(before, `${arrow(figure[key] - before[key])} ${was}`, label, false);
}

/** A time: how long it took then. */
export function timeDelta(figure, label) {
  return wasDelta(figure, 'p50_seconds', duration, label);
}

function delta(before, text, label, certain, what) {
  const was = t('compare.was', { what: number(before.people) });
  const named = [label, what, was, t(certain ? 'compare.sure' : 'compare.unsure')];
  return html`<mp-number class=${`delta ${certain ? 'sure' : 'soft'}`} .figure=${before}
    .text=${text} .label=${named.filter(Boolean).join(', ')}></mp-number>`;
}

function arrow(more) {
  return more > 0 ? '▲' : more < 0 ? '▼' : '±';
}

function signed(share) {
  return `${share > 0 ? '+' : ''}${percent(share)}`;
}
