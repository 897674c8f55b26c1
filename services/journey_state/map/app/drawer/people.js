// The people behind a number, fifty a page.

import { LitElement, css, html, nothing } from '../../vendor/vendor.js';
import { get } from '../api.js';
import { download, toCsv } from '../files.js';
import { ago, dateTime, number } from '../format.js';
import { t } from '../i18n.js';
import { controls, section } from '../styles.js';
import { vars } from '../vars.js';
import { readJourney, stageColour, stageName } from './journey.js';
import { inWords } from './words.js';

const PAGE = 50;
const EXPORT_PAGE = 500;
const EXPORT_MAX = 50_000;

class People extends LitElement {
  static properties = {
    query: { attribute: false },
    people: { attribute: false },
    page: { state: true },
    fault: { state: true },
    exporting: { state: true },
  };

  static styles = [controls, section, css`
    :host { padding: 16px 20px 24px; }
    .words { margin: 0 0 16px; color: var(--ink-2); font-size: 0.875rem; }
    .words b { color: var(--ink); font-weight: 600; }
    .row { display: flex; gap: 8px; align-items: center; flex-wrap: wrap; margin: 12px 0 0;
      font-size: 0.8125rem; }
    .row span { flex: 1; color: var(--ink-2); }
    table { border-collapse: collapse; width: 100%; font-size: 0.875rem; }
    th { text-align: start; font-weight: 500; color: var(--ink-2); font-size: 0.8125rem; }
    th, td { padding: 0 12px 0 0; height: 36px; border-bottom: 1px solid var(--line);
      white-space: nowrap; }
    tbody tr { position: relative; }
    tbody tr:hover { background: var(--hover); }
    td:first-child { width: 50%; max-width: 0; overflow: hidden; text-overflow: ellipsis; }
    td button { border: 0; background: none; padding: 0; cursor: pointer; font-weight: 550;
      color: var(--accent-ink); }
    td button::after { content: ''; position: absolute; inset: 0; }
    td button:focus-visible { outline: none; }
    td button:focus-visible::after { outline: 2px solid var(--accent); outline-offset: -2px; }
    small { color: var(--ink-2); margin-inline-start: 8px; font-size: 0.8125rem; }
    .stage::before { content: ''; display: inline-block; width: 8px; height: 8px;
      border-radius: 50%; background: var(--stage); margin-inline-end: 8px; }
    @media print { .control { display: none; } }
    @media (max-width: 640px) { :host { padding: 12px; } .wide { display: none; } }
  `];

  constructor() {
    super();
    this.page = null;
    this.fault = null;
    this.exporting = '';
    this.cursors = [null];
  }

  willUpdate(changed) {
    if (!changed.has('query')) return;
    this.cursors = [null];
    this.turn(0);
  }

  /** Shows the page of this number, from 0 on. */
  async turn(place) {
    this.asking?.abort();
    this.asking = new AbortController();
    const { signal } = this.asking;
    try {
      const asked = this.ask(this.cursors[place], PAGE, signal);
      const [answer] = await Promise.all([asked, readJourney()]);
      this.cursors[place + 1] = answer.next;
      this.fault = null;
      this.page = { ...answer, place };
      const n = place * PAGE + answer.items.length;
      // Once the end is seen, it is known how many there are now.
      const detail = answer.next ? '' : t('number.people', { n });
      this.dispatchEvent(new CustomEvent('named', { detail }));
    } catch (error) {
      if (error.name !== 'AbortError') this.fault = error;
    }
  }

  /** Turns to another page, and begins at its first row. */
  async go(place) {
    await this.turn(place);
    await this.updateComplete;
    this.scrollIntoView();
    this.renderRoot.querySelector('td button')?.focus({ preventScroll: true });
  }

  /** The button that opens this customer, if this page has it. */
  rowOf(who) {
    return this.renderRoot.querySelector(`button[data-who="${CSS.escape(who)}"]`);
  }

  ask(after, limit, signal) {
    const params = new URLSearchParams(this.query);
    params.set('limit', limit);
    if (after) params.set('after', after);
    return get('/v1/customers', params.toString(), { signal });
  }

  async export_() {
    const rows = [];
    try {
      for (let after = null; rows.length < EXPORT_MAX;) {
        this.exporting = t('drawer.exporting', { n: rows.length });
        const { items, next } = await this.ask(after, EXPORT_PAGE);
        rows.push(...items);
        after = next;
        if (!after) break;
      }
    } catch (error) {
      this.fault = error;
      return;
    } finally {
      this.exporting = '';
    }
    const columns = ['customer_id', 'identifiers', 'stage', 'entered_at', 'first_seen_at',
      'last_seen_at'];
    const cells = rows.map((one) => columns.map((name) => (name === 'identifiers'
      ? one.identifiers.map(({ kind, value }) => `${kind}:${value}`).join(' ') : one[name])));
    download('milepost-people.csv', 'text/csv', toCsv(columns, cells, inWords(this.query)));
  }

  render() {
    const [first, ...others] = inWords(this.query);
    return html`<p class="words"><b>${first}</b>${others.map((one) => ` · ${one}`)}</p>
      ${this.fault ? html`<div class="fault" role="alert"><p>${t('section.fault')}
        ${this.fault.message}</p></div>` : nothing}
      ${this.page ? this.renderPage(this.page) : html`<div class="skeleton" role="status">
        <span class="hidden">${t('section.loading')}</span><i></i><i></i><i></i></div>`}`;
  }

  renderPage({ items, next, place }) {
    const first = place * PAGE + 1;
    const last = place * PAGE + items.length;
    const total = next ? Math.max(this.people, last) : last;
    const range = items.length ? t('drawer.range', { first: number(first), last: number(last),
      total: number(total) }) : t('drawer.nobody');
    return html`<table>
        <thead><tr><th scope="col">${t('drawer.customer')}</th>
          <th scope="col">${t('drawer.stage')}</th>
          <th scope="col" class="wide">${t('drawer.since')}</th>
          <th scope="col" class="wide">${t('drawer.seen')}</th></tr></thead>
        <tbody>${items.map((one) => this.renderPerson(one))}</tbody>
      </table>
      <div class="row">
        <span role="status">${this.exporting || range}</span>
        ${items.length ? html`<button class="control" type="button" ?disabled=${!!this.exporting}
          @click=${this.export_}>${t('drawer.csv')}</button>` : nothing}
        ${place || next ? html`
          <button class="control" type="button" ?disabled=${!place}
            @click=${() => this.go(place - 1)}>${t('drawer.previous')}</button>
          <button class="control" type="button" ?disabled=${!next}
            @click=${() => this.go(place + 1)}>${t('drawer.next')}</button>` : nothing}
      </div>`;
  }

  renderPerson(one) {
    const [main, ...more] = one.identifiers.map(({ value }) => value);
    const open = () => this.dispatchEvent(new CustomEvent('open-one', { detail: one.customer_id }));
    return html`<tr>
      <td><button type="button" data-who=${one.customer_id} @click=${open}>
          ${main ?? one.customer_id}</button>
        ${more.map((value) => html`<small>${value}</small>`)}</td>
      <td><span class="stage" ${vars({ '--stage': stageColour(one.stage) })}>
        ${one.stage === 'none' ? t('drawer.none') : stageName(one.stage)}</span></td>
      <td class="wide">${one.entered_at ? dateTime(one.entered_at) : '–'}</td>
      <td class="wide">${one.last_seen_at ? ago(one.last_seen_at) : '–'}</td></tr>`;
  }
}

customElements.define('mp-people', People);
