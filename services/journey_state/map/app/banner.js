// Says that nothing new comes, and how old what one sees is.

import { LitElement, css, html, nothing } from '../vendor/vendor.js';
import { duration } from './format.js';
import { t } from './i18n.js';
import { connection } from './live.js';

const PATIENCE_SECONDS = 5; // a restart of the api is no news
const TICK_MS = 5000;

class Banner extends LitElement {
  static properties = { shown: { state: true } };

  static styles = css`
    :host { display: block; position: sticky; top: 0; z-index: 5; }
    p {
      display: flex; align-items: center; justify-content: center; gap: 8px; margin: 0;
      padding: 6px 24px; font-size: 0.8125rem; line-height: 20px;
      color: var(--warn); background: var(--warn-soft); border-block: 1px solid var(--line);
    }
    i { width: 8px; height: 8px; flex: none; border: 2px dashed currentColor; border-radius: 50%; }
    @media print { :host { display: none; } }
  `;

  connectedCallback() {
    super.connectedCallback();
    this.lostAt = null;
    window.addEventListener('connection', ({ detail }) => {
      const lost = detail.state === 'lost';
      if (!lost) this.lostAt = null;
      else this.lostAt ??= Date.now();
      this.look();
    });
    window.addEventListener('langchange', () => this.requestUpdate());
    this.timer = setInterval(() => this.look(), TICK_MS);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearInterval(this.timer);
  }

  look() {
    const since = this.lostAt === null ? 0 : (Date.now() - this.lostAt) / 1000;
    const { at } = connection();
    const seconds = at === null ? null : Math.round((Date.now() - at) / TICK_MS) * (TICK_MS / 1000);
    this.shown = since >= PATIENCE_SECONDS ? { seconds } : null;
  }

  render() {
    const text = this.shown && (this.shown.seconds === null ? t('live.lost')
      : t('live.lost_since', { time: duration(this.shown.seconds) }));
    return html`<div role="status">${text ? html`<p><i></i>${text}</p>` : nothing}</div>`;
  }
}

customElements.define('mp-banner', Banner);
