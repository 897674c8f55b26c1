// One customer: who, where they stand, and how they came there.

import { LitElement, css, html, nothing } from '../../vendor/vendor.js';
import { get, shared } from '../api.js';
import { ago, dateTime } from '../format.js';
import { has, t } from '../i18n.js';
import { controls, section } from '../styles.js';
import { vars } from '../vars.js';
import { readJourney, ruleName, stageColour, stageName } from './journey.js';
import './timeline.js';

const PAGE = 200;
const VERSIONS_MAX = 30;
const AT_ONCE_MS = 1000; // after an event that is this customer's
const SOON_MS = 5000; // after one that may be
const SEES_PLAIN = ['pii', 'admin'];

/** `.who`: an id; `.asOf`: as known then, else ''. Events: `named` (the title), `as-of`. */
class Customer extends LitElement {
  static properties = {
    who: { attribute: false },
    asOf: { attribute: false },
    found: { state: true },
    page: { state: true },
    access: { state: true },
    fault: { state: true },
    revealed: { state: true },
    showsOld: { state: true },
  };

  static styles = [controls, section, css`
    :host { padding: 16px 20px 32px; }
    .row { display: flex; flex-wrap: wrap; gap: 8px 12px; align-items: center;
      font-size: 0.875rem; }
    .fault { margin-bottom: 12px; }
    .stage { display: inline-flex; align-items: center; gap: 8px; font-weight: 650; }
    .stage::before { content: ''; width: 12px; height: 12px; border-radius: 4px;
      background: var(--stage); }
    .tag { padding: 0 8px; border-radius: 10px; line-height: 20px; font-size: 0.8125rem;
      background: var(--accent-soft); color: var(--accent-ink); }
    .soft { color: var(--ink-2); }
    dl { display: grid; grid-template-columns: 132px minmax(0, 1fr); gap: 6px 16px;
      margin: 16px 0; font-size: 0.875rem; }
    dt { color: var(--ink-2); } dd { margin: 0; overflow-wrap: anywhere; }
    dd span + span::before { content: ' · '; color: var(--ink-3); }
    .mask { padding: 8px 12px; border: 1px solid var(--line); border-radius: 8px;
      background: var(--ground); font-size: 0.8125rem; }
    .mask span { flex: 1 1 220px; }
    .plain { border-color: var(--warn); background: var(--warn-soft); }
    .bar { justify-content: space-between; margin: 20px 0 12px; padding-top: 16px;
      border-top: 1px solid var(--line); font-size: 0.8125rem; }
    h3 { scroll-margin-top: 16px; margin: 0; font-size: 0.9375rem; font-weight: 650; }
    label { display: inline-flex; align-items: center; gap: 8px; min-height: 32px; }
    select { min-height: 32px; border: 1px solid var(--line); border-radius: 8px; max-width: 240px;
      background: var(--surface); padding: 0 8px; }
    @media print { .control, label { display: none; } }
    @media (max-width: 640px) {
      :host { padding: 12px; } dl { grid-template-columns: 118px 1fr; gap: 6px 8px; }
    }
  `];

  constructor() {
    super();
    this.found = this.page = this.access = this.fault = null;
    this.revealed = this.showsOld = false;
    this.cursors = [null];
    this.news = '';
    this.onLive = this.onLive.bind(this);
  }

  connectedCallback() {
    super.connectedCallback();
    window.addEventListener('live', this.onLive);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    window.removeEventListener('live', this.onLive);
    clearTimeout(this.waiting);
    this.asking?.abort();
  }

  /** What may be new of this customer is read quietly; a look in plain is on record, and not. */
  onLive({ detail: { events, reset } }) {
    const own = reset || events.some(({ data }) => data.customer_id === this.found?.customer_id);
    if (!this.page || this.page.place || this.asOf || this.revealed) return;
    if (this.waiting && !own) return;
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => {
      this.waiting = null;
      this.load(0, { quietly: true });
    }, own ? AT_ONCE_MS : SOON_MS);
  }

  willUpdate(changed) {
    if (changed.has('who')) {
      this.found = this.page = null;
      this.revealed = this.showsOld = false;
      this.cursors = [null];
      this.news = '';
      this.load(0);
    } else if (changed.has('asOf')) this.load(this.page?.place ?? 0);
  }

  /** Asks for the customer, and for this page of the timeline: 0 has the newest events. */
  async load(place, { quietly = false } = {}) {
    this.asking?.abort();
    this.asking = new AbortController();
    const { signal } = this.asking;
    const path = `/v1/customers/${encodeURIComponent(this.who)}`;
    const how = { signal, reveal: this.revealed };
    const after = this.cursors[place] ? { after: this.cursors[place] } : {};
    try {
      const [found, page, access] = await Promise.all([
        get(path, this.asOf ? { as_of: this.asOf } : {}, how),
        get(`${path}/timeline`, { limit: PAGE, order: 'newest', history: 'all', ...after }, how),
        shared('/v1/access', {}, 60),
        readJourney(),
      ]);
      this.fault = null;
      const items = page.items.reverse();
      const shown = quietly ? this.page : null;
      const known = new Set(shown?.items.map(({ message_id: id }) => id));
      const fresh = shown ? items.filter(({ message_id: id }) => !known.has(id)) : [];
      // What is shown stays, also where the newest ones push it to the page before.
      const start = page.next && shown ? new Date(items[0].occurred_at) : 0;
      const kept = start ? shown.items.filter((one) => new Date(one.occurred_at) < start) : [];
      const next = kept.length ? shown.next : page.next;
      this.cursors[place + 1] = next;
      Object.assign(this, { found, access, page: { ...page, place, next, items: [...kept, ...items],
        fresh: new Set([...shown?.fresh ?? [], ...fresh.map(({ message_id: id }) => id)]) } });
      this.news = fresh.length ? t('customer.fresh', { n: fresh.length }) : this.news;
      this.dispatchEvent(new CustomEvent('named', {
        detail: found.identifiers[0]?.value ?? found.customer_id, bubbles: true, composed: true }));
    } catch (error) {
      if (error.name !== 'AbortError') this.fault = error;
    }
  }

  /** Shows another page of the timeline from its begin on. */
  async turn(place) {
    await this.load(place);
    await this.updateComplete;
    const title = this.renderRoot.querySelector('h3');
    title.scrollIntoView();
    title.focus({ preventScroll: true });
  }

  reveal(revealed) {
    this.revealed = revealed;
    this.load(this.page?.place ?? 0);
  }

  render() {
    if (this.fault && !this.found) {
      const key = `customer.fault.${this.fault.status}`;
      return html`<div class="fault" role="alert"><p>${has(key) ? t(key)
        : `${t('section.fault')} ${this.fault.message}`}</p></div>`;
    }
    if (!this.found) {
      return html`<div class="skeleton" role="status">
        <span class="hidden">${t('section.loading')}</span><i></i><i></i><i></i></div>`;
    }
    const one = this.found;
    return html`${this.fault ? html`<div class="fault" role="alert">
        <p>${this.fault.message}</p></div>` : nothing}
      <div class="row">
        <span class="stage" ${vars({ '--stage': stageColour(one.stage) })}>
          ${one.stage === 'none' ? t('drawer.none') : stageName(one.stage)}</span>
        ${one.entered_at ? html`<span class="soft">${t('customer.since', {
          time: dateTime(one.entered_at), ago: ago(one.entered_at) })}</span>` : nothing}
        ${one.overlays.map(({ name, opened_at: at }) => html`<span class="tag"
          title=${dateTime(at)}>${name}</span>`)}
      </div>
      ${this.renderFacts(one)}
      ${this.renderMask()}
      ${this.renderBar()}
      <mp-timeline .who=${this.who} .page=${this.renderable()}></mp-timeline>
      ${this.renderPages()}`;
  }

  renderFacts(one) {
    const traits = Object.entries(one.traits);
    const consent = Object.entries(one.consent);
    const facts = [
      ['customer.identifiers', one.identifiers.map(({ kind, value, since }) => html`<span
        title=${t('customer.from', { time: dateTime(since) })}>${kind}: ${value}</span>`)],
      ['customer.consent', consent.map(([purpose, given]) => html`<span>${purpose}:
        ${t(given ? 'customer.given' : 'customer.withdrawn')}</span>`)],
      ['customer.traits', traits.map(([name, value]) => html`<span>${name}:
        ${typeof value === 'object' ? JSON.stringify(value) : String(value)}</span>`)],
      ['customer.open', one.episodes.map((each) => html`<span>${t('customer.due', {
        rule: ruleName(each.rule), time: ago(each.due_at) })}</span>`)],
      ['customer.seen', one.first_seen_at ? html`<span>${dateTime(one.first_seen_at)}</span>
        <span>${dateTime(one.last_seen_at)}</span>` : []],
      ['customer.merged', one.merged_ids.map((id) => html`<span>${id}</span>`)],
    ];
    return html`<dl>${facts.filter(([, shown]) => shown.length !== 0).map(([key, shown]) => html`
      <dt>${t(key)}</dt><dd>${shown}</dd>`)}
      <dt>${t('customer.id')}</dt><dd>${one.customer_id}</dd></dl>`;
  }

  renderMask() {
    const may = this.access.scopes.some((scope) => SEES_PLAIN.includes(scope));
    const key = this.revealed ? 'customer.revealed' : may ? 'customer.masked' : 'customer.maynot';
    return html`<div class="row mask ${this.revealed ? 'plain' : ''}">
      <span role="status">${t(key)}</span>
      ${may ? html`<button class="control" type="button"
        @click=${() => this.reveal(!this.revealed)}>
        ${t(this.revealed ? 'customer.mask' : 'customer.reveal')}</button>` : nothing}</div>`;
  }

  renderBar() {
    const { history } = this.page;
    const old = history.filter((one) => one.superseded_at);
    const times = history.flatMap((one) => [one.recorded_at, one.superseded_at]).filter(Boolean);
    const versions = [...new Set(times)].sort().slice(-VERSIONS_MAX).reverse();
    const choose = (event) => this.dispatchEvent(
      new CustomEvent('as-of', { detail: event.target.value }));
    return html`<div class="row bar"><h3 tabindex="-1">${t('customer.timeline')}</h3>
      <span class="hidden" role="status">${this.news}</span>
      ${old.length || this.asOf ? html`<label><input type="checkbox" .checked=${this.showsOld}
          @change=${(event) => { this.showsOld = event.target.checked; }}>
          ${t('customer.superseded', { n: old.length })}</label>
        <label>${t('customer.known')} <select @change=${choose}>
          <option value="" .selected=${!this.asOf}>${t('customer.now')}</option>
          ${versions.map((at) => html`<option value=${at} .selected=${at === this.asOf}>
            ${dateTime(at, { dateStyle: 'short', timeStyle: 'medium' })}</option>`)}
        </select></label>` : nothing}</div>`;
  }

  /** What the timeline shows: signals and history as they are known at the chosen time. */
  renderable() {
    const { found, page } = this;
    const old = this.showsOld ? page.history.filter((one) => one.superseded_at) : [];
    const { items, next, place, fresh } = page;
    return { items, next, place, fresh, signals: found.signals, history: found.history, old };
  }

  renderPages() {
    const { place, next, items } = this.page;
    if (!items.length) return html`<p class="empty">${t('customer.nothing')}</p>`;
    if (!place && !next) return nothing;
    return html`<div class="row bar">
      <button class="control" type="button" ?disabled=${!next}
        @click=${() => this.turn(place + 1)}>${t('customer.earlier')}</button>
      <button class="control" type="button" ?disabled=${!place}
        @click=${() => this.turn(place - 1)}>${t('customer.later')}</button></div>`;
  }
}

customElements.define('mp-customer', Customer);
