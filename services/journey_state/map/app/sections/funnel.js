// The funnel: how many come to each step, of the step before and of the first.

import { css, html, nothing } from '../../vendor/vendor.js';
import { chart, stageColour, switchOf } from '../chart.js';
import { duration, percent, points } from '../format.js';
import { label, t } from '../i18n.js';
import { Section } from '../section.js';
import { filters, set, state } from '../url.js';
import { vars } from '../vars.js';
import { groupName, groupStyles, pickBreakdown, renderGroups, sign } from './funnel_groups.js';

function chosen(of = state()) {
  return {
    by: of.by === 'period' ? 'period' : 'cohort',
    order: of.order === 'any' ? 'any' : 'strict',
  };
}

export class Funnel extends Section {
  static name_ = 'funnel';
  static path = '/v1/funnel';
  static properties = { ...Section.properties, naming: { state: true },
    experiments: { state: true } };
  static styles = [...Section.styles, chart, groupStyles, css`
    ol { list-style: none; margin: 0; padding: 0; display: grid; gap: 4px; }
    .step {
      display: grid; align-items: center; gap: 0 16px; min-height: 42px;
      grid-template-columns: minmax(144px, 1.2fr) minmax(96px, 4fr) 72px 56px 98px;
    }
    .compared .step {
      column-gap: 12px;
      grid-template-columns: minmax(144px, 1fr) minmax(72px, 4fr) 64px 44px 94px 92px;
    }
    .bar .then {
      left: var(--wide); inset-block: -3px; width: 2px; border-radius: 1px;
      background: var(--ink);
    }
    .sure { color: var(--ink); font-weight: 600; }
    .step.head { color: var(--ink-2); font-size: 0.75rem; min-height: 20px; }
    .head span:nth-child(n + 3), .step > .value { text-align: end; }
    .name { position: relative; font-weight: 550; overflow-wrap: break-word; line-height: 1.25; }
    .name button {
      border: 0; background: none; color: var(--ink-2); cursor: pointer; border-radius: 4px;
      opacity: 0; padding: 0; width: 24px; height: 24px; line-height: 1;
      position: absolute; inset-inline-end: -12px; top: calc(50% - 12px);
    }
    .step:hover .name button, .name button:focus-visible { opacity: 1; }
    .name button:hover { background: var(--hover); color: var(--ink); }
    @media (hover: none) { .name button { opacity: 1; } }
    .all { margin-top: 8px; font-size: 0.8125rem; min-height: 28px; }
    .bar { position: relative; height: 28px; border-radius: 6px; background: var(--hover); }
    .bar i { position: absolute; inset: 0 auto 0 0; border-radius: 6px; width: var(--wide); }
    .bar .before {
      background: repeating-linear-gradient(135deg, var(--line) 0 2px, transparent 2px 6px);
    }
    .bar .here { background: var(--colour); min-width: 2px; transition: width 200ms; }
    .bar mp-number {
      position: absolute; top: 50%; inset-inline-start: calc(min(var(--wide), 100% - 6ch) + 8px);
      transform: translateY(-50%); font-weight: 600; padding: 0 2px; border-radius: 4px;
      background: color-mix(in srgb, var(--surface) 72%, transparent);
    }
    .bar .inside { inset-inline: auto calc(100% - var(--wide) + 8px); }
    .value { font-variant-numeric: tabular-nums; white-space: nowrap; font-size: 0.875rem; }
    .soft { color: var(--ink-2); }
    .worst { color: var(--bad); font-weight: 600; }
    dfn { display: none; color: var(--ink-2); font-size: 0.75rem; font-weight: 400; }
    dfn { font-style: normal; }
    @media (max-width: 640px) {
      .head { display: none; }
      .step, .compared .step {
        grid-template-columns: repeat(3, minmax(0, auto)); justify-content: space-between;
        padding-bottom: 8px; gap: 2px 12px;
      }
      .name, .bar { grid-column: 1 / -1; }
      .step > .value { text-align: start; }
      dfn { display: block; }
    }
    @media (prefers-reduced-motion: reduce) { .bar .here { transition: none; } }
  `];

  params(of) {
    const { stage, ...rest } = filters(of); // a funnel has stages of its own
    return { ...rest, ...chosen(of), ...(of.steps && { steps: of.steps }),
      ...(of.compare && { compare: of.compare }),
      ...(of.breakdown && { breakdown: of.breakdown }) };
  }

  loaded({ steps }) {
    if (!state().steps) this.all = steps.map((one) => one.stage);
  }

  isEmpty(data) {
    return !data.steps.length || !data.steps[0].people;
  }

  rule() {
    const { by, order } = chosen();
    return `${t('funnel.first')} ${t(`funnel.counted.${by}`)} ${t(`funnel.counted.${order}`)}`;
  }

  tools() {
    const { by, order } = chosen();
    const texts = (names) => names.map((name) => [name, t(`funnel.${name}`)]);
    return html`${switchOf(t('funnel.by'), texts(['cohort', 'period']), by,
      (value) => set({ by: value === 'cohort' ? null : value }))}
    ${switchOf(t('funnel.order'), texts(['strict', 'any']), order,
      (value) => set({ order: value === 'strict' ? null : value }))}
    ${pickBreakdown(this)}`;
  }

  render_(data) {
    const { steps } = data;
    const rates = steps.slice(1).map((one) => one.of_previous).filter((one) => one !== null);
    const worst = rates.length > 1 ? Math.min(...rates) : null;
    const compared = steps.some((one) => one.before);
    const columns = ['step', 'people', 'next', 'all', 'wait', ...(compared ? ['before'] : [])];
    return html`<div class=${compared ? 'compared' : ''}><div class="step head" aria-hidden="true">
      ${columns.map((one) => html`<span>${t(`funnel.${one}`)}</span>`)}
    </div><ol>${steps.map((one, n) => this.renderStep(one, n, steps, worst))}</ol>
    ${state().steps ? html`<button class="control all" type="button"
      @click=${() => set({ steps: null })}>${t('funnel.every')}</button>` : nothing}
    ${renderGroups(data)}</div>`;
  }

  renderStep(step, n, steps, worst) {
    const before = n ? steps[n - 1].of_first : null;
    const share = step.of_first ?? 0;
    const all = this.all?.includes(step.stage) ? this.all : steps.map((one) => one.stage);
    const colour = stageColour(all.indexOf(step.stage), all.length);
    const isWorst = n > 0 && step.of_previous !== null && step.of_previous === worst;
    const value = (name, text, marked) => html`<span class="value ${marked}">
      <dfn>${t(`funnel.${name}`)}</dfn>${text}${marked === 'worst'
        ? html`<span class="hidden">${t('funnel.worst')}</span>` : nothing}</span>`;
    return html`<li class="step">
      <span class="name">${label(step)}${steps.length > 2 ? html`<button type="button"
        aria-label=${t('funnel.without', { name: label(step) })}
        title=${t('funnel.without', { name: label(step) })}
        @click=${() => set({ steps: steps.filter((one) => one !== step)
          .map((one) => one.stage).join(',') })}>×</button>` : nothing}</span>
      <div class="bar" ${vars({ '--wide': `${share * 100}%` })}>
        ${before ? html`<i class="before" ${vars({ '--wide': `${before * 100}%` })}></i>` : nothing}
        <i class="here" ${vars({ '--colour': colour, '--wide': `${share * 100}%` })}></i>
        ${n && step.before?.of_first ? html`<i class="then"
          ${vars({ '--wide': `${step.before.of_first * 100}%` })}></i>` : nothing}
        <mp-number class=${share > 0.8 ? 'inside' : ''} .figure=${step}
          .label=${`${t('funnel.title')}: ${label(step)}`}></mp-number>
      </div>
      ${value('next', n ? percent(step.of_previous) : '–', isWorst ? 'worst' : '')}
      ${value('all', percent(step.of_first), 'soft')}
      ${value('wait', duration(step.p50_seconds), 'soft')}
      ${step.before ? value('before', this.renderBefore(step, n), '') : nothing}
    </li>`;
  }

  /** Who came so far in the period before, and by how many points the share of all changed. */
  renderBefore({ before, change, ...step }, n) {
    const moved = change && n ? html`<span class=${change.certain ? 'sure' : 'soft'}
      title=${t(change.certain ? 'funnel.sure' : 'funnel.unsure')}>
      ${sign(change.difference)} ${points(change.difference)}</span>` : nothing;
    return html`<mp-number .figure=${before}
      .label=${`${label(step)}: ${t('funnel.before')}`}></mp-number> ${moved}`;
  }

  table({ steps, breakdown }) {
    const compared = steps.some((one) => one.before);
    const groups = [{ name: t('funnel.whole_group'), steps }];
    for (const one of breakdown ? [...breakdown.groups, breakdown.several] : []) {
      if (one) groups.push({ name: groupName(breakdown, one), steps: one.steps });
    }
    const columns = ['step', ...(breakdown ? ['group'] : []), 'people', 'next', 'all', 'wait',
      'wait90', ...(compared ? ['before', 'change'] : [])];
    return {
      columns: columns.map((one) => t(`funnel.${one}`)),
      rows: groups.flatMap(({ name, steps: of }) => of.map((one, n) => [
        label(steps[n]),
        ...(breakdown ? [name] : []),
        { figure: one, label: `${t('funnel.title')}: ${label(steps[n])}` },
        n ? percent(one.of_previous, 1) : '–',
        percent(one.of_first, 1),
        duration(one.p50_seconds),
        duration(one.p90_seconds),
        ...(compared ? [one.before && { figure: one.before,
          label: `${label(steps[n])}: ${t('funnel.before')}` },
        one.before && one.change && n ? points(one.change.difference) : '–'] : []),
      ])),
    };
  }
}

customElements.define('mp-funnel', Funnel);
