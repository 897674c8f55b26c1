// A number that opens the people behind it.

import { LitElement, css, html, nothing } from '../vendor/vendor.js';
import { number } from './format.js';
import { t } from './i18n.js';

/**
 * `.figure` = {people, query} as the API gives it; `.text`: shown instead of the number of people;
 * `.label`: what it counts, for readers and as the title of the list. Nobody opens nothing.
 */
export class FigureNumber extends LitElement {
  static shadowRootOptions = { ...LitElement.shadowRootOptions, delegatesFocus: true };

  static properties = {
    // Its query is looked at once it is opened: a tick draws only the numbers that changed.
    figure: { attribute: false, hasChanged: (now, before) => now?.people !== before?.people },
    text: { attribute: false },
    label: { attribute: false },
  };

  static styles = css`
    :host { font-variant-numeric: tabular-nums; }
    button {
      font: inherit; color: inherit; background: none; border: 0; margin: -2px -4px;
      padding: 2px 4px; border-radius: 4px; cursor: pointer; text-align: inherit;
      letter-spacing: inherit; white-space: nowrap; position: relative;
    }
    /* Fingers need more room than the figure takes. */
    button::after { content: ''; position: absolute; inset: -4px -2px; }
    button:hover { background: var(--accent-soft); color: var(--accent-ink); }
    button:focus-visible { outline: 2px solid var(--accent); outline-offset: 0; }
    .none { color: var(--ink-3); }
    @media print { button { padding: 0; margin: 0; } }
  `;

  render() {
    const people = this.figure?.people ?? 0;
    const shown = this.text ?? number(people);
    if (!people) return html`<span class="none">${shown}</span>`;
    const counted = t('number.people', { n: people });
    const named = [this.text, this.label, counted].filter(Boolean).join(', ');
    return html`<button type="button" aria-label=${named} title=${this.label || nothing}
      @click=${this.open}>${shown}</button>`;
  }

  /** Asks for the list of exactly these people. */
  open() {
    const { people, query } = this.figure;
    const detail = { query, people, title: this.label ?? '' };
    this.dispatchEvent(new CustomEvent('open-people', { detail, bubbles: true, composed: true }));
  }
}

customElements.define('mp-number', FigureNumber);
