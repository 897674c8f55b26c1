// Which other period figures stand beside.

import { LitElement, css, html, nothing } from '../vendor/vendor.js';
import { t } from './i18n.js';
import { controls } from './styles.js';
import { set, state } from './url.js';

const PERIODS = ['previous', 'week', 'year'];

class Compare extends LitElement {
  static styles = [controls, css`
    :host { display: inline-block; font-size: 0.8125rem; }
    select.control { max-width: 196px; padding-inline-end: 4px; }
    .on { background: var(--accent-soft); color: var(--accent-ink);
      border-color: var(--accent-line); }
    @media print { select.control { display: none; } }
  `];

  connectedCallback() {
    super.connectedCallback();
    for (const name of ['urlchange', 'langchange']) {
      window.addEventListener(name, () => this.requestUpdate());
    }
  }

  render() {
    const { compare = '' } = state();
    const own = compare && !PERIODS.includes(compare);
    const option = (value, text) => html`<option value=${value} .selected=${value === compare}>
      ${text}</option>`;
    return html`<select class=${`control ${compare ? 'on' : 'quiet'}`} .value=${compare}
      aria-label=${t('compare.title')} @change=${({ target }) => set({ compare: target.value })}>
      ${option('', t('compare.none'))}
      ${PERIODS.map((one) => option(one, t(`compare.${one}`)))}
      ${own ? option(compare, compare.replace('..', ' – ')) : nothing}</select>`;
  }
}

customElements.define('mp-compare', Compare);
