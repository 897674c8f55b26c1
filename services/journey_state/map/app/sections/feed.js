// Who left what behind, as it happens: new cards wait until one wants them.

import { html, nothing } from '../../vendor/vendor.js';
import { get, shared } from '../api.js';
import { ago, dateTime, duration, list, money, number } from '../format.js';
import { label, ruleName, t } from '../i18n.js';
import { Section } from '../section.js';
import { set, state } from '../url.js';
import { feed } from './feed-style.js';
import { STATE_ICONS } from './feed-icons.js';

const CARDS_MAX = 50;
const WAITING_MAX = 500;
const ITEMS_SHOWN = 2;
const SAID_MS = 10000; // between two announcements to readers
const STATES = ['raised', 'recovered', 'retracted', 'expired'];

class Feed extends Section {
  static name_ = 'feed';
  static path = '/v1/signals';
  static styles = [...Section.styles, feed];
  static properties = {
    ...Section.properties,
    waiting: { state: true },
    paused: { state: true },
    said: { state: true },
  };

  constructor() {
    super();
    this.waiting = new Map(); // signals that are not shown yet, by id
    this.paused = false;
  }

  connectedCallback() {
    super.connectedCallback();
    this.tick = setInterval(() => document.hidden || this.requestUpdate(), 30000);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearInterval(this.tick);
  }

  params(of) {
    return {
      limit: CARDS_MAX,
      ...(of.rule && { rule: of.rule }),
      ...(of.state && { state: of.state }),
    };
  }

  async fetch_(params, signal) {
    const [page, journey] = await Promise.all([
      get('/v1/signals', params, { signal }),
      shared('/v1/journey', {}, 60).catch(() => null),
    ]);
    const rules = journey?.definition?.abandonment ?? [];
    const stages = new Map((journey?.definition?.stages ?? []).map((one) => [one.name, one]));
    const next = page.items.length ? null : await this.nextDeadline(signal);
    this.waiting = new Map();
    return { cards: page.items, rules, stages, next };
  }

  async nextDeadline(signal) {
    const found = await get('/v1/deadlines', { limit: 1 }, { signal }).catch(() => null);
    return found?.items[0]?.fires_not_before ?? null;
  }

  /** Not by asking: the events say what is new. */
  onLive({ detail } = {}) {
    if (!this.data) return;
    const signals = (detail?.events ?? []).filter((one) => one.name === 'signal');
    if (detail?.reset || detail?.looked) super.onLive();
    for (const { data } of signals) this.take(data);
  }

  take(signal) {
    const wanted = this.wants(signal);
    const place = this.data.cards.findIndex((one) => one.signal_id === signal.signal_id);
    if (place >= 0 && !this.paused) {
      const cards = this.data.cards.slice();
      cards[place] = signal;
      this.data = { ...this.data, cards };
    } else if (wanted && !this.data.cards.length && !this.paused) {
      this.data = { ...this.data, cards: [signal] };
    } else if (wanted) {
      this.waiting = new Map(this.waiting).set(signal.signal_id, signal);
      if (this.waiting.size > WAITING_MAX) this.waiting.delete(this.waiting.keys().next().value);
      this.say();
    }
  }

  wants(signal) {
    const { rule, state: of } = state();
    const { cards } = this.data;
    // What became of something older than all that is shown is no news here.
    const shown = cards.length < CARDS_MAX || signal.due_at >= cards.at(-1).due_at;
    return shown && (!rule || rule === signal.rule) && (!of || of === signal.state);
  }

  /** Tells readers of what waits, seldom. */
  say() {
    if (this.saying) return;
    this.saying = setTimeout(() => {
      this.saying = null;
      this.said = this.waiting.size ? t('feed.new', { n: this.waiting.size }) : '';
    }, this.said === undefined ? 0 : SAID_MS);
  }

  async showWaiting() {
    const byId = new Map(this.data.cards.map((one) => [one.signal_id, one]));
    for (const [id, one] of this.waiting) byId.set(id, one);
    const cards = [...byId.values()].sort((a, b) => (a.due_at < b.due_at ? 1 : -1));
    this.waiting = new Map();
    this.data = { ...this.data, cards: cards.slice(0, CARDS_MAX) };
    this.said = '';
    await this.updateComplete;
    this.renderRoot.querySelector('.cards')?.scrollTo({ top: 0 });
    this.renderRoot.querySelector('.card button')?.focus();
  }

  isEmpty(data) {
    return !data.cards.length && !this.waiting.size;
  }

  renderEmpty(data) {
    const { rule, state: of } = state();
    if (rule || of) {
      return html`<p class="empty">${t('feed.none')}
        <button class="control" type="button" @click=${() => set({ rule: null, state: null })}>
          ${t('feed.all')}</button></p>`;
    }
    const rules = t('feed.rules', { n: data.rules.length });
    return html`<p class="empty">${t('feed.empty')} ${rules}
      ${data.next ? t('feed.next', { time: soon(data.next) }) : nothing}</p>`;
  }

  tools(data) {
    const { rule = '', state: of = '' } = state();
    const names = new Set([...data.rules.map((one) => one.name), ...(rule ? [rule] : [])]);
    return html`
      <select class="control" aria-label=${t('feed.rule_filter')}
        @change=${({ target }) => set({ rule: target.value })}>
        <option value="" .selected=${!rule}>${t('feed.every_rule')}</option>
        ${[...names].map((one) => html`<option value=${one} .selected=${one === rule}>
          ${ruleName(one)}</option>`)}</select>
      <select class="control" aria-label=${t('feed.state_filter')}
        @change=${({ target }) => set({ state: target.value })}>
        <option value="" .selected=${!of}>${t('feed.every_state')}</option>
        ${STATES.map((one) => html`<option value=${one} .selected=${one === of}>
          ${t(`signal.${one}`)}</option>`)}</select>
      <button class="control" type="button" aria-pressed=${String(this.paused)}
        @click=${() => { this.paused = !this.paused; }}>
        ${t('feed.pause')}</button>`;
  }

  render_(data) {
    const count = this.waiting.size;
    return html`
      <p class="hidden" role="status">${this.said ?? ''}</p>
      <div class="news">${count ? html`<button class="pill" type="button" data-live
        @click=${this.showWaiting}>${t('feed.new', { n: count })}</button>`
    : t(this.paused ? 'feed.held' : 'feed.current')}</div>
      <ul class="cards" tabindex="-1" @keydown=${this.move}>
        ${data.cards.map((one) => html`<li class="card ${one.state}">
          ${this.renderCard(one, data)}</li>`)}
      </ul>`;
  }

  renderCard(signal, { stages }) {
    const what = items(signal);
    const stage = stages.get(signal.stage);
    return html`
      <div class="top">
        <span class="state">${STATE_ICONS[signal.state]}
          <span>${t(`signal.${signal.state}`)}</span></span>
        <span class="of">${ruleName(signal.rule)}</span>
        <time datetime=${signal.due_at} title=${dateTime(signal.due_at)}>
          ${ago(signal.due_at)}</time>
      </div>
      <div class="what">
        <span>${what || t('feed.nothing')}</span>
        ${signal.value ? html`<b>${money(signal.value, signal.currency)}</b>` : nothing}
      </div>
      <div class="how">
        <button type="button" @click=${() => this.open(signal.customer_id)}
          aria-label=${t('feed.open', { who: short(signal.customer_id) })}>
          ${short(signal.customer_id)}</button>
        ${stage ? html`<span>${label(stage)}</span>` : nothing}
        <span>${howLong(signal)}</span>
        ${signal.suppressed ? html`<span>${t('feed.suppressed')}</span>` : nothing}
      </div>`;
  }

  open(customerId) {
    const detail = { customer_id: customerId };
    this.dispatchEvent(new CustomEvent('open-customer', { detail, bubbles: true, composed: true }));
  }

  /** Arrows go from card to card. */
  move(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const buttons = [...this.renderRoot.querySelectorAll('.card button')];
    const at = buttons.indexOf(this.renderRoot.activeElement);
    if (at < 0 || !buttons[at + step]) return;
    event.preventDefault();
    buttons[at + step].focus();
  }

  table(data) {
    const columns = ['when', 'state', 'rule', 'items', 'value', 'stage', 'customer'];
    return {
      columns: columns.map((one) => t(`feed.column.${one}`)),
      rows: data.cards.map((one) => [
        dateTime(one.due_at),
        t(`signal.${one.state}`),
        ruleName(one.rule),
        items(one, Infinity),
        one.value ? money(one.value, one.currency) : null,
        data.stages.has(one.stage) ? label(data.stages.get(one.stage)) : one.stage,
        one.customer_id,
      ]),
    };
  }
}

function items({ items: left }, most = ITEMS_SHOWN) {
  const named = (left ?? []).map((one) => {
    const name = one.name ?? one.product_id ?? one.sku ?? '';
    const many = one.quantity && Number(one.quantity) !== 1;
    return many ? `${name} × ${number(Number(one.quantity))}` : name;
  }).filter(Boolean);
  if (named.length <= most) return named.length ? list(named) : '';
  return `${named.slice(0, most).join(', ')} ${t('feed.more', { n: named.length - most })}`;
}

function howLong({ state: of, recovered, last_activity_at: from, due_at: due }) {
  if (of === 'recovered' && recovered) {
    return t('feed.back_after', { time: duration(recovered.after_seconds) });
  }
  return t('feed.idle_for', { time: duration((new Date(due) - new Date(from)) / 1000) });
}

/** The end of an id: enough to tell people apart, of no use to anybody else. */
function short(customerId) {
  return `…${customerId.slice(-6)}`;
}

function soon(time) {
  return new Date(time) - Date.now() < 43200000 ? dateTime(time, { timeStyle: 'short' })
    : dateTime(time);
}

customElements.define('mp-feed', Feed);
