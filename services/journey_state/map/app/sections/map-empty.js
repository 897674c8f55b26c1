// Nobody yet: how the first customer comes in, and that the page is watching.

import { css, html, LitElement } from '../../vendor/vendor.js';
import { copied } from '../files.js';
import { label, t } from '../i18n.js';
import { controls } from '../styles.js';
import { FILTERS, set } from '../url.js';
import { vars } from '../vars.js';
import { colour } from './map-cells.js';

const EVENT = '{"type": "track", "event": "Product Viewed", "userId": "you",'
  + ' "properties": {"product_id": "p1"}}';

/** Where ingest listens, as far as the api knows: by its public address, or by its port here. */
export function ingestUrl() {
  const said = document.querySelector('meta[name="milepost-ingest"]')?.content ?? '';
  if (said.includes('//')) return said.replace(/\/$/, '');
  return `${location.protocol}//${location.hostname}${said || ':8000'}`;
}

class MapEmpty extends LitElement {
  static properties = {
    stages: { attribute: false },
    filtered: { type: Boolean },
    copied: { state: true },
  };

  static styles = [controls, css`
    ol.stages { list-style: none; display: flex; gap: 2px; margin: 4px 0 20px; padding: 0;
      overflow: clip; }
    ol.stages li { flex: 1 1 0; min-width: 0; padding: 10px 0 0 10px; font-weight: 600;
      border-top: 4px solid var(--stage); overflow: hidden; text-overflow: ellipsis; }
    ol.stages b { display: block; font-size: 1.625rem; line-height: 32px; color: var(--ink-3); }
    h3 { margin: 0 0 4px; font-size: 1rem; }
    p { margin: 0 0 12px; color: var(--ink-2); max-width: 72ch; }
    pre { margin: 0; padding: 14px 16px; border-radius: 8px; background: var(--ground);
      border: 1px solid var(--line); overflow-x: auto; font: 0.8125rem/20px var(--mono); }
    mark { background: var(--warn-soft); color: var(--warn); border-radius: 3px; padding: 0 2px; }
    .row { display: flex; gap: 12px; align-items: center; flex-wrap: wrap; margin-top: 12px; }
    .watch { display: inline-flex; gap: 8px; align-items: center; color: var(--ink-2); margin: 0; }
    .watch::before { content: ''; width: 8px; height: 8px; border-radius: 50%;
      background: var(--accent); animation: beat 1.4s ease-in-out infinite; }
    @keyframes beat { 50% { opacity: 0.25; } }
    @media (prefers-reduced-motion: reduce) { .watch::before { animation: none; } }
  `];

  get command() {
    return `curl ${ingestUrl()}/v1/events -H 'X-Write-Key: KEY' -d '${EVENT}'`;
  }

  render() {
    if (this.filtered) {
      return html`<h3>${t('map.nobody')}</h3><p>${t('map.nobody.hint')}</p>
        <button class="control" type="button" @click=${this.clear}>${t('filters.clear')}</button>`;
    }
    const [before, after] = this.command.split('KEY');
    return html`
      <ol class="stages">${this.stages.map((one, at) => html`<li
        ${vars({ '--stage': colour(at, this.stages.length) })}>${label(one)}<b>0</b></li>`)}</ol>
      <h3>${t('map.first')}</h3><p>${t('map.first.hint')}</p>
      <pre tabindex="0" role="group" aria-label=${t('map.first')}
        ><code>${before}<mark>KEY</mark>${after}</code></pre>
      <div class="row">
        <button class="control" type="button" @click=${this.copy}>
          ${t(this.copied ? 'page.copied' : 'map.copy')}</button>
        <p class="watch" role="status">${t('map.watching')}</p>
      </div>`;
  }

  async copy() {
    this.copied = await copied(this.command);
    setTimeout(() => { this.copied = false; }, 2000);
  }

  clear() {
    set(Object.fromEntries(FILTERS.map((name) => [name, null])));
  }
}

customElements.define('mp-map-empty', MapEmpty);
