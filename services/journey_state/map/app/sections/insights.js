// Insights: a few sentences about the period, each a link that shows what it tells of.

import { css, html } from '../../vendor/vendor.js';
import { date } from '../format.js';
import { t } from '../i18n.js';
import { Section } from '../section.js';
import { set, state } from '../url.js';
import { factSentence } from './pain-words.js';

const WORSE = ['conversion_fell', 'entered_fewer', 'leak', 'stall', 'loop_stage', 'loop_event',
  'error', 'abandonment'];
const BETTER = ['conversion_rose', 'entered_more'];

class Insights extends Section {
  static name_ = 'insights';
  static path = '/v1/insights';
  static seconds = 60;
  static styles = [...Section.styles, css`
    ul { list-style: none; margin: 0; padding: 0; display: grid; gap: 0 32px;
      grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); }
    li { display: grid; grid-template-columns: 20px minmax(0, 1fr) auto; gap: 0 8px;
      align-items: baseline; padding: 6px 0; }
    .sign { font-weight: 700; text-align: center; color: var(--ink-3); }
    .worse .sign { color: var(--bad); }
    .better .sign { color: var(--good); }
    a { color: var(--ink); text-decoration: none; border-radius: 4px; overflow-wrap: anywhere; }
    a:hover { color: var(--accent-ink); text-decoration: underline; }
    mp-number { color: var(--ink-2); font-size: 0.8125rem; white-space: nowrap; }
  `];

  params(of) {
    const params = super.params(of);
    return of.compare ? { ...params, compare: of.compare } : params;
  }

  rule() {
    if (!this.data) return t('insights.rule');
    const { from, to } = this.data.before;
    return `${t('insights.rule')} ${t('pain.before', { from: date(from), to: date(to) })}`;
  }

  isEmpty(data) {
    return !data.items.length;
  }

  render_({ items }) {
    return html`<ul>${items.map((one) => {
      const kind = WORSE.includes(one.code) ? 'worse' : BETTER.includes(one.code) ? 'better' : '';
      const sign = { worse: '▾', better: '▴' }[kind] ?? '•';
      const said = factSentence(one);
      const address = new URLSearchParams({ ...state(), ...one.filters });
      return html`<li class=${kind}><span class="sign" aria-hidden="true">${sign}</span>
        <a href=${`?${address}`} @click=${(event) => this.show(event, one.filters)}>${said}</a>
        <mp-number .figure=${one} .label=${said}
          .text=${t('number.people', { n: one.people })}></mp-number></li>`;
    })}</ul>`;
  }

  show(event, filters) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    set(filters);
  }
}

customElements.define('mp-insights', Insights);
