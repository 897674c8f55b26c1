// The page's head: whose journey, how fresh, which period, and how to read it.

import { LitElement, css, html, nothing } from '../vendor/vendor.js';
import { shared } from './api.js';
import { copied } from './files.js';
import { LANGUAGES, NAMES, lang, t } from './i18n.js';
import { controls } from './styles.js';
import { PERIODS, PERIOD_DEFAULT, set, state, zone } from './url.js';
import './compare.js';
import './export.js';
import './freshness.js';
import './period.js';

const THEMES = ['auto', 'light', 'dark'];

class Header extends LitElement {
  static properties = { journey: { state: true }, copied: { state: true } };

  static styles = [controls, css`
    :host { font-size: 0.875rem; }
    .bar {
      display: flex; align-items: center; flex-wrap: wrap; gap: 8px 12px; max-width: 1680px;
      margin: 0 auto; padding: 10px 24px;
    }
    .who { display: flex; align-items: center; gap: 10px; margin-inline-end: auto; min-width: 0; }
    .who svg { width: 28px; height: 28px; flex: none; }
    h1 { margin: 0; font-size: 1.0625rem; line-height: 20px; font-weight: 650; }
    .who p { margin: 0; color: var(--ink-2); font-size: 0.75rem; line-height: 16px; }
    select.control { padding-inline-end: 4px; max-width: 168px; }
    .control svg { width: 16px; height: 16px; }
    .icon { padding: 0 8px; }
    @media (max-width: 640px) { .bar { padding: 10px 12px; } .share span { display: none; } }
    @media print { .period, select.control, .icon, .share { display: none; } }
  `];

  connectedCallback() {
    super.connectedCallback();
    for (const name of ['urlchange', 'langchange']) {
      window.addEventListener(name, () => this.requestUpdate());
    }
    this.look();
    window.addEventListener('urlchange', () => !this.journey && this.look());
  }

  async look() {
    this.journey = await shared('/v1/journey', {}, 60).catch(() => null);
  }

  get name() {
    const labels = this.journey?.definition?.labels ?? {};
    return labels[lang()] ?? labels.en ?? this.journey?.journey ?? t('page.name');
  }

  render() {
    const theme = THEMES.find((one) => one === document.documentElement.dataset.theme) ?? 'auto';
    return html`<div class="bar">
      <div class="who">${LOGO}<div><h1>${this.name}</h1><p>${t('page.title')}</p></div></div>
      <mp-freshness></mp-freshness>
      <mp-period class="period"></mp-period>
      <mp-compare></mp-compare>
      <select class="control quiet" aria-label=${t('zone.title')} @change=${this.chooseZone}>
        ${zones().map((one) => html`<option value=${one} .selected=${one === zone()}>
          ${one.replaceAll('_', ' ')}</option>`)}</select>
      <select class="control quiet" aria-label=${t('page.lang')} @change=${this.chooseLanguage}>
        ${LANGUAGES.map((one) => html`<option value=${one} lang=${one}
          .selected=${one === lang()}>${NAMES[one]}</option>`)}</select>
      <button class="control quiet icon" type="button" @click=${() => this.turnTheme(theme)}
        aria-label=${t(`page.theme.${theme}`)} title=${t(`page.theme.${theme}`)}>
        ${ICONS[theme]}</button>
      <button class="control share" type="button" @click=${this.share}
        aria-label=${t('page.share')}>${SHARE}<span>${
          t(this.copied ? 'page.copied' : 'page.share')}</span></button>
      <mp-export></mp-export>
      <span class="hidden" role="status">${this.copied ? t('page.copied') : nothing}</span>
    </div>`;
  }

  chooseZone({ target }) {
    set({ zone: target.value === Intl.DateTimeFormat().resolvedOptions().timeZone
      ? null : target.value });
  }

  chooseLanguage({ target }) {
    keep('lang', target.value);
    set({ lang: target.value });
  }

  turnTheme(theme) {
    const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
    keep('theme', next);
    set({ theme: next === 'auto' ? null : next }, { replace: true });
    window.dispatchEvent(new CustomEvent('urlchange')); // also where the address said nothing
    this.requestUpdate();
  }

  /** Whoever opens what is copied sees the same period, in the same zone and language. */
  async share() {
    const seen = new URL(location.href);
    const { period, from } = state();
    if (!from && !(period in PERIODS)) seen.searchParams.set('period', PERIOD_DEFAULT);
    seen.searchParams.set('zone', zone());
    this.copied = await copied(seen.href);
    setTimeout(() => { this.copied = false; }, 2000);
  }
}

function keep(name, value) {
  try {
    localStorage.setItem(`milepost-${name}`, value);
  } catch {
    // Storage is blocked: the address still says it.
  }
}

function zones() {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const first = [...new Set([own, zone(), 'UTC'])];
  return [...first, ...Intl.supportedValuesOf('timeZone').filter((one) => !first.includes(one))];
}

const LOGO = html`<svg viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="8"
  fill="var(--accent)"/><path d="M7 21c5 0 4-10 9-10s4 10 9 10" fill="none"
  stroke="var(--on-accent)" stroke-width="2.6" stroke-linecap="round"/><g fill="var(--on-accent)">
  <circle cx="7" cy="21" r="2.8"/><circle cx="16" cy="11" r="2.8"/><circle cx="25" cy="21" r="2.8"/>
  </g></svg>`;
const icon = (path) => html`<svg viewBox="0 0 16 16" fill="none" stroke="currentColor"
  stroke-width="1.5" stroke-linecap="round" aria-hidden="true">${path}</svg>`;
const drawn = (d) => {
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  path.setAttribute('d', d);
  return path;
};
const SHARE = icon(drawn('M6.5 9.5l3-3M7 4.5l1-1a2.8 2.8 0 0 1 4 4l-1 1M9 11.5l-1 1'
  + 'a2.8 2.8 0 0 1-4-4l1-1'));
const ICONS = {
  auto: icon(drawn('M8 2.5a5.5 5.5 0 1 0 0 11zM8 2.5a5.5 5.5 0 0 1 0 11')),
  light: icon(drawn('M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6M8 1.5v1M8 13.5v1M1.5 8h1'
    + 'M13.5 8h1M3.4 3.4l.7.7M11.9 11.9l.7.7M3.4 12.6l.7-.7M11.9 4.1l.7-.7')),
  dark: icon(drawn('M13 9.6A5.4 5.4 0 0 1 6.4 3a5.4 5.4 0 1 0 6.6 6.6z')),
};

customElements.define('mp-header', Header);
