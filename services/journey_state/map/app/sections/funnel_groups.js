// The funnel of each group beside the whole: by channel, or by the variations of an experiment.

import { css, html, nothing } from '../../vendor/vendor.js';
import { shared } from '../api.js';
import { percent, points } from '../format.js';
import { channelName, label, t } from '../i18n.js';
import { period, set, state } from '../url.js';
import { vars } from '../vars.js';

const EXPERIMENT = 'experiment:';
const EXPERIMENTS = 12; // that are offered; others can be named

export const groupStyles = css`
  .groups { margin-top: 16px; overflow-x: auto; }
  .groups h3 { margin: 0; font-size: 0.875rem; line-height: 24px; font-weight: 600; }
  .groups p { margin: 0 0 4px; color: var(--ink-2); font-size: 0.8125rem; }
  .groups table { border-collapse: collapse; width: 100%; font-size: 0.875rem; }
  .groups th, .groups td {
    padding: 6px 10px; text-align: end; white-space: nowrap; border-bottom: 1px solid var(--line);
  }
  .groups th:first-child { text-align: start; padding-inline-start: 0; }
  .groups thead th { color: var(--ink-2); font-weight: 500; font-size: 0.75rem; }
  .groups tbody th { font-weight: 550; }
  .groups td { background: linear-gradient(90deg, var(--accent-soft) var(--wide),
    transparent var(--wide)); }
  .groups .share { color: var(--ink-2); margin-inline-start: 6px; }
  .groups .change { display: block; font-size: 0.75rem; color: var(--ink-2); }
  .groups .certain { color: var(--ink); font-weight: 600; }
  form { display: inline-flex; gap: 4px; }
  input.control { width: 14ch; cursor: text; }
`;

/** Looks for the names of the period's experiments, those of the most people first. */
async function findExperiments(section) {
  const { items } = await shared('/v1/filters', { ...period(), of: 'experiment' }, 60);
  section.experiments = items[0].values.map((one) => one.value).slice(0, EXPERIMENTS);
}

/** A choice of what the funnel is broken down by; an experiment can be named by hand. */
export function pickBreakdown(section) {
  const chosen = state().breakdown ?? '';
  const known = (section.experiments ?? []).map((one) => EXPERIMENT + one);
  if (chosen.startsWith(EXPERIMENT) && !known.includes(chosen)) known.push(chosen);
  const other = state().experiment && EXPERIMENT + state().experiment;
  if (other && !known.includes(other)) known.push(other);
  const pick = (event) => {
    section.naming = event.target.value === EXPERIMENT;
    if (!section.naming) set({ breakdown: event.target.value });
  };
  const options = [['', t('funnel.whole')], ['channel', t('funnel.by_channel')],
    ...known.map((one) => [one, t('funnel.by_experiment',
      { name: one.slice(EXPERIMENT.length) })]), [EXPERIMENT, t('funnel.by_other')]];
  // Among all touchpoints: only for somebody who comes near.
  const near = () => findExperiments(section).catch(() => {});
  const select = html`<select class="control" aria-label=${t('funnel.breakdown')} @change=${pick}
    @pointerenter=${near} @focus=${near}>
    ${options.map(([value, text]) => html`<option value=${value}
      .selected=${section.naming ? value === EXPERIMENT : value === chosen}>${text}</option>`)}
  </select>`;
  return section.naming ? html`${select}<form @submit=${(event) => {
    event.preventDefault();
    section.naming = false;
    const name = event.target.elements.name.value.trim();
    if (name) set({ breakdown: EXPERIMENT + name });
  }}><input class="control" name="name" required maxlength="200"
    aria-label=${t('funnel.experiment')} placeholder=${t('funnel.experiment')}>
    <button class="control" type="submit">${t('funnel.show')}</button></form>` : select;
}

/** Less, more or the same, as a sign. */
export function sign(difference) {
  return difference < 0 ? '▼' : difference > 0 ? '▲' : '=';
}

/** The name of a group. */
export function groupName({ by }, { value }) {
  return by === 'channel' ? channelName(value) : value || t('funnel.several');
}

/** Groups by row, steps by column. */
export function renderGroups({ breakdown, steps }) {
  if (!breakdown) return nothing;
  const channel = breakdown.by === 'channel';
  const name = breakdown.by.slice(EXPERIMENT.length);
  const rows = [...breakdown.groups, ...(breakdown.several ? [breakdown.several] : [])];
  const reference = breakdown.reference && groupName(breakdown, { value: breakdown.reference });
  return html`<div class="groups">
    <h3>${channel ? t('funnel.by_channel') : t('funnel.by_experiment', { name })}</h3>
    <p>${t(channel ? 'funnel.counted.channel' : 'funnel.counted.experiment')}
      ${reference ? t('funnel.reference', { name: reference }) : nothing}</p>
    <table>
      <thead><tr><th scope="col">${t('funnel.group')}</th>${steps.map((one) =>
        html`<th scope="col">${label(one)}</th>`)}</tr></thead>
      <tbody>${rows.map((group) => html`<tr>
        <th scope="row">${groupName(breakdown, group)}</th>${group.steps.map((one, n) =>
          renderCell(one, n, `${groupName(breakdown, group)}, ${label(steps[n])}`))}</tr>`)}
      </tbody>
    </table></div>`;
}

function renderCell(one, n, name) {
  const { change } = one;
  return html`<td ${vars({ '--wide': `${(n ? one.of_first ?? 0 : 0) * 100}%` })}>
    <mp-number .figure=${one} .label=${name}></mp-number>${n ? html`<span class="share">
      ${percent(one.of_first)}</span>` : nothing}${change && n ? html`
      <span class="change ${change.certain ? 'certain' : ''}"
        title=${t(change.certain ? 'funnel.sure' : 'funnel.unsure')}>
        ${sign(change.difference)} ${points(change.difference)}</span>` : nothing}
  </td>`;
}
