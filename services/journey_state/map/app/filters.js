// Who is looked at: what is chosen as chips, what can be chosen beside them.

import { LitElement, css, html, nothing } from '../vendor/vendor.js';
import { shared } from './api.js';
import { SEEN } from './choices.js';
import { channelName, has, ruleName, t } from './i18n.js';
import { controls } from './styles.js';
import { FILTERS, period, set, state } from './url.js';

const CHANNELS = ['website', 'app', 'email', 'chatbot', 'phone', 'offline'];
const STATES = ['raised', 'recovered', 'expired', 'retracted'];

/**
 * What can be chosen, in order: {name, values(), text(value)}; `values` may ask the API, anew for
 * each period where `perPeriod`; `option(value)`: what is offered, else the text. A filter of the
 * address that is not here has a chip all the same.
 */
export const CHOICES = [
  { name: 'channel', values: () => CHANNELS, text: channelName },
  {
    name: 'rule',
    values: async () => (await shared('/v1/journey', {}, 60)).definition.abandonment
      .map((one) => one.name),
    text: ruleName,
  },
  { name: 'state', values: () => STATES, text: (value) => t(`signal.${value}`) },
  ...SEEN,
];

class Filters extends LitElement {
  static properties = { offered: { state: true } };

  static styles = [controls, css`
    :host { font-size: 0.8125rem; }
    div { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; max-width: 1680px;
      margin: 0 auto; padding: 0 24px 10px; }
    .control { min-height: 28px; border-radius: 14px; }
    select.control { border-style: dashed; border-color: var(--line-strong); color: var(--ink-2);
      background: none; padding-inline: 10px 4px; }
    .chip { display: inline-flex; align-items: center; min-height: 28px; border-radius: 14px;
      padding-inline-start: 12px; background: var(--accent-soft); color: var(--accent-ink);
      font-weight: 550; max-width: 100%; }
    .chip span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
    .chip small { font-size: inherit; font-weight: 400; }
    .chip button { border: 0; background: none; min-width: 28px; min-height: 28px; cursor: pointer;
      border-radius: 14px; color: inherit; font-size: 1rem; line-height: 1; }
    .chip button:hover { background: var(--surface); }
    @media (max-width: 640px) { div { padding: 0 12px 10px; } }
  `];

  constructor() {
    super();
    this.offered = {};
  }

  connectedCallback() {
    super.connectedCallback();
    for (const name of ['urlchange', 'langchange']) {
      window.addEventListener(name, () => this.requestUpdate());
    }
    this.offer();
    window.addEventListener('urlchange', () => this.offer());
  }

  /**
   * Asks for what can be chosen, as far as it is not known. The values of a period are looked for
   * among all its touchpoints: only for somebody who comes near them.
   */
  offer({ near = false } = {}) {
    const seen = JSON.stringify(period());
    const stale = new Set(CHOICES.filter((one) => one.perPeriod && seen !== this.offeredOf)
      .map((one) => one.name));
    this.offeredOf = seen;
    this.offered = Object.fromEntries(Object.entries(this.offered)
      .filter(([name]) => !stale.has(name)));
    for (const { name, values, perPeriod } of CHOICES) {
      if (this.offered[name] || (perPeriod && !near)) continue;
      Promise.resolve(values()).then((found) => {
        if (!perPeriod || seen === this.offeredOf) {
          this.offered = { ...this.offered, [name]: found };
        }
      }).catch(() => {});
    }
  }

  render() {
    const chosen = state();
    const set_ = FILTERS.filter((name) => chosen[name]);
    const free = CHOICES.filter(({ name, perPeriod }) => !chosen[name]
      && (this.offered[name] ? this.offered[name].length : perPeriod));
    const near = () => this.offer({ near: true });
    return html`<div role="group" aria-label=${t('filters.title')} @pointerenter=${near}
      @pointerdown=${near} @focusin=${near}>
      ${set_.map((name) => this.renderChip(name, chosen[name]))}
      ${free.map((choice) => this.renderChoice(choice))}
      ${set_.length > 1 ? html`<button class="control quiet" type="button"
        @click=${() => this.change(Object.fromEntries(FILTERS.map((name) => [name, null])))}>
        ${t('filters.clear')}</button>` : nothing}
    </div>`;
  }

  /** Also the focus goes to what there is now instead of what was used. */
  async change(changes) {
    set(changes);
    await this.updateComplete;
    const [name] = Object.keys(changes);
    (this.renderRoot.querySelector(`[data-name=${name}]`)
      ?? this.renderRoot.querySelector('select'))?.focus();
  }

  renderChip(name, value) {
    const text = CHOICES.find((one) => one.name === name)?.text(value) ?? value;
    const what = filterName(name);
    return html`<span class="chip"><span><small>${what}:</small> ${text}</span><button type="button"
      aria-label=${t('filters.remove', { name: what })} data-name=${name}
      @click=${() => this.change({ [name]: null })}>×</button></span>`;
  }

  renderChoice({ name, text, option = text }) {
    return html`<select class="control" aria-label=${filterName(name)} data-name=${name}
      @change=${({ target }) => this.change({ [name]: target.value })}>
      <option value="" selected>+ ${filterName(name)}</option>
      ${this.offered[name]?.map((one) => html`<option value=${one}>${option(one)}</option>`)
        ?? html`<option disabled>${t('section.loading')}</option>`}
    </select>`;
  }
}

function filterName(name) {
  return has(`filter.${name}`) ? t(`filter.${name}`) : name;
}

customElements.define('mp-filters', Filters);
