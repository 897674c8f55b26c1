// Why the stage is what it is after a touchpoint, as the API explains it.

import { LitElement, css, html, nothing } from '../../vendor/vendor.js';
import { get } from '../api.js';
import { t } from '../i18n.js';
import { stageName } from './journey.js';

/** `.who`, and `.at` (an instant of event time) or `.signal` (its id). */
class Reasons extends LitElement {
  static properties = {
    who: { attribute: false },
    at: { attribute: false },
    signal: { attribute: false },
    answer: { state: true },
    fault: { state: true },
  };

  static styles = css`
    :host { display: block; font-size: 0.8125rem; color: var(--ink-2); }
    p { margin: 4px 0; max-width: 80ch; overflow-wrap: anywhere; }
    b { color: var(--ink); font-weight: 600; }
    code { font-family: var(--mono); font-size: 0.75rem; color: var(--ink);
      overflow-wrap: anywhere; }
    dl { display: grid; grid-template-columns: auto 1fr; gap: 2px 12px; margin: 6px 0; }
    dt { font-family: var(--mono); font-size: 0.75rem; } dd { margin: 0; color: var(--ink); }
    summary { cursor: pointer; margin-top: 6px; }
    summary:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
    ul { margin: 4px 0; padding-inline-start: 18px; } li { margin: 3px 0; }
  `;

  async willUpdate(changed) {
    if (!['who', 'at', 'signal'].some((name) => changed.has(name))) return;
    const asked = this.signal ? { signal: this.signal } : { at: this.at };
    try {
      const answer = await get(`/v1/customers/${encodeURIComponent(this.who)}/explain`, asked);
      this.answer = answer;
    } catch (error) {
      this.fault = error;
    }
  }

  render() {
    if (this.fault) return html`<p role="alert">${this.fault.message}</p>`;
    if (!this.answer) return html`<p role="status">${t('section.loading')}</p>`;
    const { stage, signal } = this.answer;
    if (signal) return html`<p lang="en">${this.answer.text}</p>`;
    const by = stage.entered_by;
    return html`<p><b>${t('event.after', { stage: name(stage.stage) })}</b></p>
      ${by ? html`<p>${t('event.rule')} <code>${by.rule}</code>${by.condition
        ? html`, <code>${by.condition}</code>` : nothing}</p>${values(by.values)}
        <p lang="en">${by.text}</p>` : html`<p lang="en">${stage.text}</p>`}
      <details><summary>${t('event.whynot')}</summary>
        <ul>${stage.why_not.map((one) => html`<li><b>${name(one.stage)}</b>
          <span lang="en">${one.text}</span></li>`)}</ul></details>`;
  }
}

function name(stage) {
  return stage === 'none' ? t('drawer.none') : stageName(stage);
}

function values(of) {
  const known = Object.entries(of);
  if (!known.length) return nothing;
  return html`<dl>${known.map(([key, value]) => html`<dt>${key}</dt>
    <dd>${value === null ? '–' : JSON.stringify(value)}</dd>`)}</dl>`;
}

customElements.define('mp-reasons', Reasons);
