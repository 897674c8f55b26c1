// What every section of the page does: ask, wait, say what is wrong, show figures or their table.

import { LitElement, html, nothing } from '../vendor/vendor.js';
import { get } from './api.js';
import { t } from './i18n.js';
import { controls, section } from './styles.js';
import { filters, isOpen, state } from './url.js';

const REST_TIMES = 5; // of the time that an answer takes: live events keep no server busy
const HOVERS = matchMedia('(hover: hover)'); // a finger leaves nothing hovered

// What is seen first is asked for first: the machine that answers may be a small one.
const HEAD_START_MS = 700;
let goOn;
const going = new Promise((done) => { goOn = done; });
setTimeout(goOn, HEAD_START_MS);

/**
 * A subclass states `static name_` (of its texts: `name.title`, `name.rule`), `static path`, and
 * `render_(data)`; where it draws a chart also `table(data)`:
 * {columns: [text], rows: [[cell]]}, a cell being a text, a number or {figure, text, label}.
 * Others: `params(state)`, `isEmpty(data)`, `renderEmpty(data)`, `tools(data)`, `loaded(data)`.
 */
export class Section extends LitElement {
  static properties = {
    data: { state: true },
    fault: { state: true },
    asTable: { state: true },
  };

  static name_ = '';
  static path = '';
  static first = false; // the others wait for its answer, but not long
  static seconds = 10; // between two questions that live events cause
  static styles = [controls, section];

  constructor() {
    super();
    this.data = null;
    this.fault = null;
    this.asTable = false;
    this.askedAt = 0;
    this.took = 0; // milliseconds that the last answer took
    this.missed = false; // there were live events since
  }

  connectedCallback() {
    super.connectedCallback();
    this.leaving = new AbortController();
    const { signal } = this.leaving;
    window.addEventListener('urlchange', () => this.reload(), { signal });
    window.addEventListener('langchange', () => this.requestUpdate(), { signal });
    window.addEventListener('live', (event) => this.onLive(event), { signal });
    window.addEventListener('connection', ({ detail }) => {
      // What the server owes is asked for again once it is there; a wrong question is not.
      if (detail.state === 'live' && this.fault && !(this.fault.status < 500)) this.askSoon();
    }, { signal });
    document.addEventListener('visibilitychange', () => this.missed && this.onLive(), { signal });
    this.addEventListener('pointerleave', () => this.missed && this.onLive(), { signal });
    const { first } = this.constructor;
    if (first) this.reload().then(goOn);
    else going.then(() => this.isConnected && this.reload());
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.leaving.abort();
    clearTimeout(this.soon);
  }

  /** The parameters of the question. */
  params(of) {
    return filters(of);
  }

  /** Asks if the question is another than before, or `anew`; what is shown stays until then. */
  async reload({ anew = false } = {}) {
    const params = this.params(state());
    const question = JSON.stringify(params);
    this.requestUpdate(); // what is chosen is seen at once
    if (question === this.question && !anew && !this.fault) return;
    this.asking?.abort();
    this.asking = new AbortController();
    this.question = question;
    this.askedAt = performance.now();
    this.missed = false;
    try {
      const data = await this.fetch_(params, this.asking.signal);
      this.fault = null;
      this.data = data;
      this.loaded(data);
    } catch (error) {
      if (error.name === 'AbortError') return;
      this.fault = error;
    }
    this.took = performance.now() - this.askedAt;
  }

  /** The answer; a subclass that asks several questions does it here. */
  fetch_(params, signal) {
    return get(this.constructor.path, params, { signal });
  }

  loaded() {}

  /** Figures may have changed: asks anew, not too often, and not under the pointer. */
  onLive() {
    this.missed = true;
    if (isOpen()) this.askSoon();
  }

  askSoon() {
    if (document.hidden || this.soon) return;
    const since = performance.now() - this.askedAt;
    const rest = Math.max(this.constructor.seconds * 1000, REST_TIMES * this.took);
    this.soon = setTimeout(() => {
      this.soon = null;
      const isRead = !this.fault && HOVERS.matches && this.matches(':hover');
      if (document.hidden || isRead) return;
      this.reload({ anew: true });
    }, Math.max(0, rest - since));
  }

  willUpdate() {
    this.focused = this.renderRoot?.activeElement;
  }

  /** What had the focus may be gone: then the title has it, and Tab goes on from there. */
  updated() {
    if (this.focused && !this.focused.isConnected) this.renderRoot.querySelector('h2').focus();
  }

  isEmpty() {
    return false;
  }

  renderEmpty() {
    return html`<p class="empty">${t(`${this.constructor.name_}.empty`)}</p>`;
  }

  /** Switches of the section's own, beside the table's. */
  tools() {
    return nothing;
  }

  /** A sentence below the title: what is counted. */
  rule() {
    return t(`${this.constructor.name_}.rule`);
  }

  render() {
    const { name_ } = this.constructor;
    const shown = this.data && !this.isEmpty(this.data);
    const busy = !this.data && !this.fault;
    return html`<section aria-labelledby="title" aria-busy=${String(busy)}>
      <header>
        <div class="heading">
          <h2 id="title" tabindex="-1">${t(`${name_}.title`)}</h2>
          <p class="rule">${this.rule()}</p>
        </div>
        <div class="tools">
          ${shown ? this.tools(this.data) : nothing}
          ${shown && this.table && this.hasTwin !== false ? this.renderSwitch() : nothing}
          ${shown ? html`<mp-export .section=${this}></mp-export>` : nothing}
        </div>
      </header>
      <div class="body">${this.renderBody()}</div>
    </section>`;
  }

  renderSwitch() {
    return html`<button class="control" type="button" aria-pressed=${String(this.asTable)}
      @click=${() => { this.asTable = !this.asTable; }}>
      ${t(this.asTable ? 'section.chart' : 'section.table')}</button>`;
  }

  renderBody() {
    const fault = this.fault ? this.renderFault() : nothing;
    if (!this.data) {
      return this.fault ? fault : html`<div class="skeleton" role="status">
        <span class="hidden">${t('section.loading')}</span><i></i><i></i><i></i></div>`;
    }
    if (this.isEmpty(this.data)) return html`${fault}${this.renderEmpty(this.data)}`;
    const body = this.asTable ? this.renderTwin(this.table(this.data)) : this.render_(this.data);
    return html`${fault}${body}`;
  }

  renderFault() {
    return html`<div class="fault" role="alert">
      <p>${this.fault.code === 'took_too_long' ? t('section.slow')
        : `${t('section.fault')} ${this.fault.message}`}</p>
      <button class="control" type="button" @click=${() => this.reload({ anew: true })}>
        ${t('section.retry')}</button>
    </div>`;
  }

  renderTwin({ columns, rows }) {
    return html`<div class="twin" tabindex="0" role="group" aria-labelledby="title"><table>
      <thead><tr>${columns.map((one) => html`<th scope="col">${one}</th>`)}</tr></thead>
      <tbody>${rows.map(([first, ...others]) => html`<tr>
        <th scope="row">${renderCell(first)}</th>
        ${others.map((one) => html`<td>${renderCell(one)}</td>`)}</tr>`)}
      </tbody>
    </table></div>`;
  }
}

function renderCell(cell) {
  if (cell === null || cell === undefined) return '–';
  if (typeof cell !== 'object') return cell;
  return html`<mp-number .figure=${cell.figure} .text=${cell.text} .label=${cell.label}>
  </mp-number>`;
}
