// Which days are looked at.

import { LitElement, css, html, nothing } from '../vendor/vendor.js';
import { date } from './format.js';
import { t } from './i18n.js';
import { controls } from './styles.js';
import { PERIODS, PERIOD_DEFAULT, dateBefore, set, state } from './url.js';

const NONE = { from: null, to: null, period: null };

class PeriodPicker extends LitElement {
  static properties = { open: { state: true } };

  static styles = [controls, css`
    :host { display: inline-block; position: relative; font-size: 0.8125rem; }
    form {
      position: absolute; top: calc(100% + 6px); right: 0; z-index: 5; display: grid; gap: 12px;
      padding: 16px; border: 1px solid var(--line-strong); border-radius: 12px;
      background: var(--raised); grid-template-columns: 1fr 1fr; width: 320px;
      max-width: calc(100vw - 24px);
    }
    label { display: grid; gap: 4px; color: var(--ink-2); }
    input { min-height: 34px; padding: 0 8px; border: 1px solid var(--line-strong);
      border-radius: 8px; background: var(--surface); min-width: 0; }
    form button { grid-column: 1 / -1; justify-content: center; }
    .go { background: var(--accent); color: var(--on-accent); border-color: var(--accent);
      font-weight: 600; }
    .go:hover { background: var(--accent-ink); }
    @media (max-width: 640px) {
      form { right: auto; left: 0; }
      .segmented button { padding: 0 7px; }
    }
  `];

  connectedCallback() {
    super.connectedCallback();
    for (const name of ['urlchange', 'langchange']) {
      window.addEventListener(name, () => this.requestUpdate());
    }
    document.addEventListener('click', (event) => {
      if (this.open && !event.composedPath().includes(this)) this.open = false;
    });
  }

  render() {
    const { from, to, period } = state();
    const custom = Boolean(from || to);
    const chosen = custom ? null : period in PERIODS ? period : PERIOD_DEFAULT;
    return html`<div class="segmented" role="group" aria-label=${t('period.title')}
        @keydown=${this.onKey}>
      ${Object.keys(PERIODS).map((one) => html`<button type="button"
        aria-pressed=${String(one === chosen)} @click=${() => this.choose(one)}>
        ${t(`period.${one}`)}</button>`)}
      <button type="button" aria-pressed=${String(custom)} aria-expanded=${String(!!this.open)}
        @click=${() => { this.open = !this.open; }}>
        ${custom ? spoken(from, to) : t('period.custom')}</button></div>
      ${this.open ? this.renderForm() : nothing}`;
  }

  renderForm() {
    const { from, to } = state();
    return html`<form @submit=${this.apply} @keydown=${this.onKey}>
      <label>${t('period.from')}<input type="date" name="from" required
        .value=${day(from) ?? dateBefore(29)}></label>
      <label>${t('period.to')}<input type="date" name="to" required
        .value=${day(to) ? shifted(day(to), -1) : dateBefore(0)}></label>
      <button class="control go" type="submit">${t('period.apply')}</button></form>`;
  }

  choose(period) {
    this.open = false;
    set({ ...NONE, period: period === PERIOD_DEFAULT ? null : period });
  }

  apply(event) {
    event.preventDefault();
    const { from, to } = event.target.elements;
    const [first, last] = [from.value, to.value].sort();
    this.close();
    // A period that holds today goes on.
    set({ ...NONE, from: first, to: last >= dateBefore(0) ? null : shifted(last, 1) });
  }

  onKey(event) {
    if (event.key === 'Escape' && this.open) this.close();
  }

  /** The form goes, and the focus back to what opened it. */
  close() {
    this.open = false;
    this.renderRoot.querySelector('[aria-expanded]').focus();
  }
}

const day = (text) => text?.match(/^\d{4}-\d{2}-\d{2}/)?.[0];

function shifted(text, days) {
  const at = new Date(`${text}T00:00:00Z`);
  at.setUTCDate(at.getUTCDate() + days);
  return at.toISOString().slice(0, 10);
}

function spoken(from, to) {
  const short = (text) => date(`${text}T12:00:00Z`, { day: 'numeric', month: 'short' });
  const end = to ? day(to) && short(shifted(day(to), -1)) : t('period.now');
  return `${day(from) ? short(day(from)) : '…'} – ${end ?? '…'}`;
}

customElements.define('mp-period', PeriodPicker);
