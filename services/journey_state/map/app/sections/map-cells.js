// Cells of the map that are more than a number.

import { html } from '../../vendor/vendor.js';
import { shareDelta } from '../delta.js';
import { number, percent } from '../format.js';
import { label, t } from '../i18n.js';
import { vars } from '../vars.js';

/** Fewer people than this say little: their cells are hatched. */
export const SMALL = 30;
const COLOURS = 7;
const PARTS = ['moved', 'still_here', 'left'];

/** What a number of a stage is called where it stands alone. */
export function named(stage, what) {
  return `${label(stage)}: ${what}`;
}

/** Whole percentages that add up to 100, each as near to its share as can be. */
export function percentages(counts) {
  const total = counts.reduce((sum, one) => sum + one, 0);
  if (!total) return counts.map(() => 0);
  const exact = counts.map((one) => (one / total) * 100);
  const whole = exact.map(Math.floor);
  const missing = 100 - whole.reduce((sum, one) => sum + one, 0);
  exact.map((one, at) => [one - whole[at], at]).sort((a, b) => b[0] - a[0])
    .slice(0, missing).forEach(([, at]) => { whole[at] += 1; });
  return whole;
}

/** Moved, still here and left: all who were in the stage. */
export function splitCell(stage) {
  const total = stage.present.people;
  if (!total) return html`<i>–</i>`;
  const shares = percentages(PARTS.map((part) => stage[part].people));
  return html`<div class="bar ${total < SMALL ? 'few' : ''}" aria-hidden="true">
      ${PARTS.map((part) => html`<b class=${part}
        ${vars({ 'flex-grow': stage[part].people })}></b>`)}</div>
    <div class="parts">${PARTS.map((part, at) => html`<span class=${part}><mp-number
      .figure=${stage[part]} .text=${percent(shares[at] / 100)}
      .label=${named(stage, t(`map.${part}`))}></mp-number>
      ${shareDelta(stage[part], named(stage, t(`map.${part}`)))}</span>`)}</div>`;
}

/** People or events of a channel in a stage, the fuller the darker. */
export function heatCell(stage, cell, channel, { byEvents, events }) {
  if (!cell?.people) return html`<div class="cell none"><i>–</i></div>`;
  const share = byEvents ? cell.events / events : cell.people / stage.present.people;
  const few = cell.people < SMALL ? 'few' : '';
  const text = byEvents ? number(cell.events) : undefined;
  return html`<div class="cell ${few}" ${vars({ '--heat': Math.min(1, share).toFixed(3) })}>
    <mp-number .figure=${cell} .text=${text} .label=${named(stage, byEvents
      ? `${channel}, ${t('map.events', { n: cell.events })}` : channel)}></mp-number>
    <small>${percent(share)}</small></div>`;
}

/** The colour of the stage that is `at`-th of so many, spread over all there are. */
export function colour(at, count) {
  const step = count > 1 ? (at * (COLOURS - 1)) / (count - 1) : COLOURS - 3;
  return `var(--stage-${1 + Math.round(step)})`;
}
