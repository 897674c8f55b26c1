// The drawer: the people behind a number, and one customer's journey.

import { LitElement, css, html, nothing } from '../vendor/vendor.js';
import './drawer/people.js';
import './drawer/customer.js';
import { t } from './i18n.js';
import { controls } from './styles.js';
import { set, state } from './url.js';

/**
 * What is open, as the URL's `open` has it, itself a query string: `q` and `n` the query and the
 * number behind a figure, `who` a customer, `as_of` when they are looked at as known then.
 */
function opened() {
  const { open } = state();
  return open ? Object.fromEntries(new URLSearchParams(open)) : null;
}

function open(what) {
  set({ open: what && new URLSearchParams(what).toString() });
}

class Drawer extends LitElement {
  static properties = { named: { state: true }, listed: { state: true } };

  static styles = [controls, css`
    dialog {
      position: fixed; inset: 0 0 0 auto; width: min(920px, 100%); height: 100dvh;
      max-width: none; max-height: none; margin: 0; padding: 0; border: 0;
      background: var(--surface); color: var(--ink); box-shadow: -8px 0 40px rgb(0 0 0 / 0.18);
      border-inline-start: 1px solid var(--line);
    }
    dialog::backdrop { background: rgb(10 12 16 / 0.38); }
    dialog[open] { display: flex; flex-direction: column; animation: in 0.18s ease-out; }
    @keyframes in { from { transform: translateX(32px); opacity: 0; } }
    @media (prefers-reduced-motion: reduce) { dialog[open] { animation: none; } }
    .bar {
      display: flex; align-items: center; gap: 8px; padding: 12px 20px; min-height: 56px;
      border-bottom: 1px solid var(--line); flex: none;
    }
    h2 { margin: 0; flex: 1; font-size: 1.0625rem; font-weight: 650; line-height: 24px;
      overflow-wrap: anywhere; }
    h2:focus { outline: none; }
    .bar svg { width: 16px; height: 16px; fill: none; stroke: currentColor; stroke-width: 1.75; }
    .bar .control { padding: 0 8px; }
    .content { overflow: hidden auto; flex: 1; overscroll-behavior: contain; }
    @media (max-width: 640px) { .bar { padding: 8px 12px; } }
    @media print {
      dialog[open] { position: static; display: block; width: auto; height: auto; border: 0;
        box-shadow: none; }
      .content { overflow: visible; } .bar .control { display: none; }
    }
  `];

  connectedCallback() {
    super.connectedCallback();
    this.leaving = new AbortController();
    const { signal } = this.leaving;
    document.addEventListener('open-people', ({ detail }) => {
      open({ q: detail.query, n: detail.people });
    }, { signal });
    document.addEventListener('open-customer', ({ detail }) => {
      open({ who: detail.customer_id });
    }, { signal });
    window.addEventListener('beforeprint', () => this.lay(false), { signal });
    window.addEventListener('afterprint', () => this.lay(true), { signal });
    window.addEventListener('urlchange', () => this.requestUpdate(), { signal });
    window.addEventListener('langchange', () => this.requestUpdate(), { signal });
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.leaving.abort();
  }

  willUpdate() {
    const { who, q } = opened() ?? {};
    if (who !== this.who) this.named = '';
    if (q !== this.q) this.listed = '';
    Object.assign(this, { who, q });
  }

  updated() {
    const dialog = this.renderRoot.querySelector('dialog');
    const what = opened();
    if (what && !dialog.open) {
      this.before = focused();
      dialog.showModal();
    } else if (!what && dialog.open) dialog.close();
    this.toggleAttribute('opened', Boolean(what));
    const view = what && (what.who ?? 'list');
    if (view && this.view && view !== this.view) this.turned(view, this.view);
    this.view = view;
  }

  /** A customer begins at the top; the list is where it was left, at the one looked at. */
  turned(view, before) {
    const isList = view === 'list';
    this.renderRoot.querySelector('.content').scrollTop = isList ? this.place : 0;
    const at = isList && this.renderRoot.querySelector('mp-people').rowOf(before);
    (at || this.renderRoot.querySelector('h2')).focus({ preventScroll: true });
  }

  /** Above the page, or in it: of what is above, only what one sheet holds is printed. */
  lay(above) {
    const dialog = this.renderRoot.querySelector('dialog');
    if (!dialog.open) return;
    const content = dialog.querySelector('.content');
    if (!above) this.read = content.scrollTop;
    dialog.close();
    if (above) dialog.showModal();
    else dialog.show();
    content.scrollTop = this.read;
  }

  closed({ target }) {
    if (target.open) return; // it was laid otherwise
    if (opened()) open(null);
    this.before?.focus();
    this.before = null;
  }

  render() {
    const what = opened();
    return html`<dialog aria-labelledby="title" @close=${this.closed}
      @click=${(event) => { if (event.target.localName === 'dialog') event.target.close(); }}>
      ${what ? this.renderOpen(what) : nothing}</dialog>`;
  }

  renderOpen(what) {
    const { who, as_of: asOf, ...list } = what;
    const title = who ? this.named || t('customer.title')
      : this.listed || t('number.people', { n: +(list.n ?? 0) });
    return html`<div class="bar">
        ${who && list.q !== undefined ? html`<button class="control quiet" type="button"
          aria-label=${t('drawer.back')} title=${t('drawer.back')} @click=${() => open(list)}>
          <svg viewBox="0 0 16 16" aria-hidden="true"><path d="M10 3 5 8l5 5"/></svg>
        </button>` : nothing}
        <h2 id="title" tabindex="-1">${title}</h2>
        <button class="control quiet" type="button" aria-label=${t('drawer.close')}
          title=${t('drawer.close')} @click=${() => open(null)}>
          <svg viewBox="0 0 16 16" aria-hidden="true"><path d="m4 4 8 8m0-8-8 8"/></svg>
        </button>
      </div>
      <div class="content" @scroll=${({ target }) => {
        if (!this.who) this.place = target.scrollTop;
      }}>
        ${list.q === undefined && who ? nothing : html`<mp-people ?hidden=${who}
          .query=${list.q ?? ''} .people=${+(list.n ?? 0)}
          @named=${(event) => { this.listed = event.detail; }}
          @open-one=${(event) => open({ ...list, who: event.detail })}></mp-people>`}
        ${who ? html`<mp-customer .who=${who} .asOf=${asOf ?? ''}
          @named=${(event) => { this.named = event.detail; }}
          @as-of=${(event) => open({ ...list, who, ...event.detail && { as_of: event.detail } })}>
        </mp-customer>` : nothing}</div>`;
  }
}

/** The element that has the focus, in whichever shadow root it is. */
function focused() {
  let found = document.activeElement;
  while (found?.shadowRoot?.activeElement) found = found.shadowRoot.activeElement;
  return found;
}

customElements.define('mp-drawer', Drawer);
