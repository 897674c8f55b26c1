// Why the stage is what it is after a touchpoint, as the API explains it.

import { LitElement, css, html, nothing } from '../../vendor/vendor.js';
import { get } from '../api.js';
import { duration, exactly } from '../format.js';
import { channelName, t } from '../i18n.js';
import { ruleName, stageName } from './journey.js';

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
    if (signal) return this.renderSignal(signal);
    const by = stage.entered_by;
    return html`<p><b>${t('event.after', { stage: name(stage.stage) })}</b></p>
      <p>${said((by ?? stage).sentences)}</p>${by ? values(by.values) : nothing}
      <details><summary>${t('event.whynot')}</summary>
        <ul>${stage.why_not.map((one) => html`<li><b>${name(one.stage)}</b>
          ${said(one.sentences)}</li>`)}</ul></details>`;
  }

  renderSignal({ sentences, episodes }) {
    const reminders = episodes[0]?.reminders ?? [];
    return html`<p>${said(sentences)}</p>
      ${reminders.length ? html`<ul>${reminders.map((one) => html`<li>
        ${t('event.reminder', { number: one.n, time: exactly(one.at) })}
        ${said(one.sentences)}</li>`)}</ul>` : nothing}`;
  }
}

// How the values of sentences are shown, by the last word of their names.
const SHOWN = { at: exactly, seconds: duration, stage: name, channel: channelName, rule: ruleName,
  stages: (all) => all.map(name).join(', '), events: (all) => all.join(', '),
  because: (all) => all.map(say).join(', ') };

function say({ code, values: of }) {
  return t(`why.${code}`, Object.fromEntries(Object.entries(of).map(([key, value]) => [key,
    SHOWN[key.split('_').at(-1)]?.(value) ?? value])));
}

/** The sentences in the viewer's language; what stands between backquotes as code. */
function said(sentences) {
  return sentences.map(say).join(' ').split('`')
    .map((part, place) => (place % 2 ? html`<code>${part}</code>` : part));
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
