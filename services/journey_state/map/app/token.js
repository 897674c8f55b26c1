// Signing in: the token of this tab, what it may see, and out again.

import { LitElement, css, html, nothing } from '../vendor/vendor.js';
import { get, setToken, token } from './api.js';
import { t } from './i18n.js';
import { controls } from './styles.js';

class Token extends LitElement {
  static properties = { fault: { state: true }, busy: { state: true } };

  static styles = [controls, css`
    dialog { width: min(440px, calc(100% - 32px)); padding: 28px; border: 1px solid var(--line);
      border-radius: 14px; background: var(--surface); color: var(--ink); }
    dialog::backdrop { background: var(--ground); }
    h2 { margin: 0 0 8px; font-size: 1.125rem; }
    p { margin: 0 0 20px; color: var(--ink-2); font-size: 0.875rem; }
    label { display: block; font-size: 0.8125rem; font-weight: 600; margin-bottom: 6px; }
    input { box-sizing: border-box; width: 100%; height: 40px; padding: 0 12px; border-radius: 8px;
      border: 1px solid var(--line-strong); background: var(--ground); font-family: var(--mono); }
    [role='alert'] { margin: 8px 0 0; color: var(--bad); }
    .control { width: 100%; margin-top: 16px; min-height: 40px; justify-content: center;
      background: var(--accent); color: var(--on-accent); border-color: transparent;
      font-weight: 600; }
    .control:hover { background: var(--accent-ink); }
  `];

  connectedCallback() {
    super.connectedCallback();
    this.leaving = new AbortController();
    const { signal } = this.leaving;
    window.addEventListener('need-token', () => this.ask(), { signal });
    window.addEventListener('langchange', () => this.requestUpdate(), { signal });
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.leaving.abort();
  }

  async ask() {
    await this.updateComplete;
    const dialog = this.renderRoot.querySelector('dialog');
    if (dialog.open) return;
    // A token that was good once and is no more.
    if (token()) this.fault = t('token.wrong');
    dialog.showModal();
  }

  async signIn(event) {
    event.preventDefault();
    const input = this.renderRoot.querySelector('input');
    this.busy = true;
    this.fault = await refusal(input.value.trim());
    this.busy = false;
    if (this.fault) {
      input.select();
      return;
    }
    setToken(input.value.trim());
    location.reload(); // everything is asked anew, and nothing is left of another's answers
  }

  render() {
    return html`<dialog aria-labelledby="title" aria-describedby="intro"
      @cancel=${(event) => event.preventDefault()}>
      <form @submit=${this.signIn}>
        <h2 id="title">${t('token.title')}</h2>
        <p id="intro">${t('token.intro')}</p>
        <label for="token">${t('token.label')}</label>
        <input id="token" type="password" required autocomplete="off" spellcheck="false"
          aria-invalid=${String(!!this.fault)} aria-describedby="fault">
        <p id="fault" role="alert">${this.fault ?? ''}</p>
        <button class="control" ?disabled=${this.busy}>${t('token.submit')}</button>
      </form></dialog>`;
  }
}

/** Why this token does not open the page, or ''. */
async function refusal(text) {
  try {
    const answer = await fetch('/v1/access', { headers: { Authorization: `Bearer ${text}` } });
    if (answer.status === 401) return t('token.wrong');
    if (!answer.ok) return t('token.fault', { reason: answer.status });
    const { scopes } = await answer.json();
    return scopes.some((one) => one === 'read' || one === 'admin') ? '' : t('token.noread');
  } catch (error) {
    // A token that no header can carry is none.
    const away = error instanceof TypeError && /^[\x20-\x7e]*$/.test(text);
    return away ? t('token.fault', { reason: error.message }) : t('token.wrong');
  }
}

/** Forgets the token and all that it showed. */
function leave() {
  setToken(null);
  location.reload();
}

/** Who is signed in, and the way out; nothing where no token is asked for. */
class Account extends LitElement {
  static properties = { access: { state: true } };

  static styles = [controls, css`
    div { display: flex; gap: 4px; align-items: center; justify-content: flex-end; flex-wrap: wrap;
      max-width: 1680px; margin: 0 auto; padding: 0 24px; color: var(--ink-2);
      font-size: 0.8125rem; }
    @media (max-width: 640px) { div { padding: 0 12px; } }
    @media print { div { display: none; } }
  `];

  connectedCallback() {
    super.connectedCallback();
    this.leaving = new AbortController();
    const { signal } = this.leaving;
    window.addEventListener('urlchange', () => this.read(), { signal });
    window.addEventListener('langchange', () => this.requestUpdate(), { signal });
    this.read();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.leaving.abort();
  }

  /** Asks who this is, once for each token. */
  async read() {
    const known = token();
    if (known === this.known) return;
    this.known = known;
    this.access = known ? await get('/v1/access').catch(() => null) : null;
  }

  render() {
    if (!this.access?.tokens) return nothing;
    const { name, scopes } = this.access;
    return html`<div><span>${t('token.as', { name, scopes: scopes.join(', ') })}</span>
      <button class="control quiet" type="button" @click=${leave}>
        ${t('token.out')}</button></div>`;
  }
}

customElements.define('mp-token', Token);
customElements.define('mp-account', Account);
