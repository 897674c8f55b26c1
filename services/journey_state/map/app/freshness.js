// How old what one sees is; and, while no stream of events says so, that there is something new.

import { LitElement, css, html, nothing } from '../vendor/vendor.js';
import { get } from './api.js';
import { duration } from './format.js';
import { t } from './i18n.js';

const LOOK_SECONDS = 5;
const FRESH_SECONDS = 15; // the watermark is a few seconds behind where nothing happens
const STREAM_SECONDS = 20; // after this without a word the stream is taken for absent

class Freshness extends LitElement {
  static properties = { age: { state: true }, away: { state: true } };

  static styles = css`
    :host { display: inline-flex; align-items: center; gap: 8px; color: var(--ink-2);
      font-size: 0.8125rem; white-space: nowrap; }
    b { width: 8px; height: 8px; border-radius: 50%; background: var(--good); }
    .old { background: none; border: 2px solid var(--warn); }
    .away { background: none; border: 2px dashed var(--bad); }
  `;

  connectedCallback() {
    super.connectedCallback();
    window.addEventListener('langchange', () => this.requestUpdate());
    window.addEventListener('pulse', ({ detail }) => {
      this.heardAt = performance.now();
      this.away = false;
      this.age = detail.watermark_age_seconds;
    });
    // Only asking tells whether it is the stream alone that is lost.
    window.addEventListener('connection', ({ detail }) => {
      if (detail.state === 'lost') this.heardAt = undefined;
      this.away = detail.state === 'lost';
    });
    this.look();
    this.timer = setInterval(() => document.hidden || this.streams || this.look(),
      LOOK_SECONDS * 1000);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearInterval(this.timer);
  }

  /** Whether the stream says how things are: then nobody needs to ask. */
  get streams() {
    return performance.now() - (this.heardAt ?? -Infinity) < STREAM_SECONDS * 1000;
  }

  async look() {
    try {
      const status = await get('/v1/status');
      this.away = false;
      this.age = status.watermark.age_seconds;
      this.compare(JSON.stringify([status.touchpoints, status.signals, status.definition.version]));
    } catch (error) {
      this.away = error.status !== 401;
    }
  }

  compare(seen) {
    if (this.seen && this.seen !== seen && !this.streams) {
      window.dispatchEvent(new CustomEvent('live', { detail: { looked: true } }));
    }
    this.seen = seen;
  }

  render() {
    if (this.away) return html`<b class="away"></b>${t('fresh.away')}`;
    if (this.age === undefined) return nothing;
    if (this.age === null) return html`<b class="old"></b>${t('fresh.none')}`;
    if (this.age <= FRESH_SECONDS) return html`<b></b>${t('fresh.live')}`;
    return html`<b class="old"></b>${t('fresh.behind', { time: duration(this.age) })}`;
  }
}

customElements.define('mp-freshness', Freshness);
