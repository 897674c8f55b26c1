// The map: stages beside each other, and below each other what happens in them.

import { html, nothing, repeat } from '../../vendor/vendor.js';
import { get } from '../api.js';
import { label, t } from '../i18n.js';
import { Section } from '../section.js';
import { FILTERS, filters, set, state } from '../url.js';
import { vars } from '../vars.js';
import { colour } from './map-cells.js';
import { abandonmentRows, GROUPS, laneRows, peopleRows, touchpointRow } from './map-rows.js';
import { mapStyle } from './map-style.js';
import { mapTable } from './map-table.js';
import { moveFocus } from './map-keys.js';
import './map-empty.js';
import './map-feedback.js';

const STAGE_PIXELS_MIN = 148;
const DEFINED = ['stock', 'entered', 'conversion', 'moved', 'still_here', 'left', 'dwell',
  'channels', 'touchpoints', 'abandonment', 'feedback'];
const EMPTY_SECONDS = 2; // until the first event has come

export class JourneyMap extends Section {
  static name_ = 'map';
  static path = '/v1/map';
  static first = true;
  static seconds = 5;
  static properties = { ...Section.properties, opened: { state: true }, more: { state: true },
    awaited: { state: true } };
  static styles = [...Section.styles, mapStyle];

  constructor() {
    super();
    this.opened = new Map(); // channel -> its own map, null while it is asked for
    this.more = new Map(); // group -> what it has loaded
    this.awaited = 0; // groups that are loading
  }

  /** It is a table already: this one is for files. */
  get hasTwin() {
    return false;
  }

  table(data) {
    return mapTable(data, this.byEvents);
  }

  params(of) {
    return { ...super.params(of), ...(of.compare && { compare: of.compare }) };
  }

  get byEvents() {
    return state().count === 'events';
  }

  /** The channel's touchpoints are shown below it, or no more. */
  async turn(channel) {
    if (this.opened.has(channel)) {
      this.opened.delete(channel);
      this.opened = new Map(this.opened);
    } else {
      await this.ask(channel);
    }
  }

  async ask(channel) {
    if (!this.opened.has(channel)) this.opened = new Map(this.opened).set(channel, null);
    const inner = await get('/v1/map', { ...filters(), channel });
    if (this.opened.has(channel)) this.opened = new Map(this.opened).set(channel, inner);
  }

  loaded(data) {
    if (!this.seen) this.updateComplete.then(() => performance.mark('map'));
    this.seen = true;
    const params = this.params(state());
    for (const channel of this.opened.keys()) this.ask(channel).catch(() => {});
    this.loadGroups(params);
    clearTimeout(this.watching);
    if (this.isEmpty(data)) {
      this.watching = setTimeout(() => this.reload({ anew: true }), EMPTY_SECONDS * 1000);
    }
  }

  /** What groups showed for another question goes at once. */
  loadGroups(params) {
    const question = JSON.stringify(params);
    if (question !== this.grouped) this.more = new Map();
    this.grouped = question;
    for (const group of GROUPS) {
      this.awaited += 1;
      group.load(params).then((found) => {
        if (question === this.grouped) this.more = new Map(this.more).set(group, found);
      }, () => {}).finally(() => { this.awaited -= 1; });
    }
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearTimeout(this.watching);
  }

  isEmpty(data) {
    return data.stages.every((one) => !one.present.people && !one.stock.people);
  }

  renderEmpty(data) {
    const filtered = FILTERS.some((name) => state()[name]);
    return html`<mp-map-empty .stages=${data.stages} ?filtered=${filtered}></mp-map-empty>`;
  }

  tools() {
    const choice = (name, pressed) => html`<button type="button" aria-pressed=${String(pressed)}
      @click=${() => set({ count: name === 'events' ? name : null })}>
      ${t(`map.by.${name}`)}</button>`;
    return html`<div class="segmented" role="group" aria-label=${t('map.by')}>
      ${choice('people', !this.byEvents)}${choice('events', this.byEvents)}</div>`;
  }

  render_(data) {
    const width = 188 + data.stages.length * STAGE_PIXELS_MIN;
    return html`<div class="scroll" tabindex="0" role="group" aria-labelledby="title"
      aria-busy=${String(this.awaited > 0)}>
      <table ${vars({ 'min-width': `${width}px` })} @keydown=${moveFocus}>
        <caption class="hidden">${t('map.rule')}</caption>
        <colgroup><col class="lane">${data.stages.map(() => html`<col>`)}</colgroup>
        <thead><tr><td></td>${data.stages.map((stage, at) => html`<th scope="col"><span
          ${vars({ '--stage': colour(at, data.stages.length) })}>${label(stage)}</span></th>`)}
        </tr></thead>
        <tbody>${this.renderRows(peopleRows(data), data)}</tbody>
        ${this.renderGroup('channels', laneRows(data, this), data)}
        ${this.renderGroup('what', [touchpointRow(this)], data)}
        ${this.renderGroup('abandonment', abandonmentRows(data), data)}
        ${GROUPS.map((group) => (this.more.has(group)
          ? this.renderGroup(group.id, group.rows(this.more.get(group), this), data) : nothing))}
      </table></div>${this.renderKey()}`;
  }

  renderGroup(id, rows, data) {
    if (!rows.length) return nothing;
    const hint = id === 'channels' ? t(this.byEvents ? 'map.channels.events' : 'map.channels.hint')
      : t(`map.${id}.hint`);
    return html`<tbody class="group"><tr><th scope="rowgroup" colspan=${data.stages.length + 1}>
      ${t(`map.${id}`)}<span>${hint}</span></th></tr>${this.renderRows(rows, data)}</tbody>`;
  }

  renderRows(rows, data) {
    return repeat(rows, (row) => row.id, (row) => html`<tr class=${`${row.kind} ${row.kind}-row`}>
      <th scope="row">${renderName(row)}</th>
      ${data.stages.map((stage) => html`<td>${row.cell(stage)}</td>`)}</tr>`);
  }

  renderKey() {
    return html`<footer>
      <span class="scale"><b></b>${t('map.key.heat')}</span>
      <span class="scale"><b class="few"></b>${t('map.key.few')}</span>
      <details><summary>${t('map.how')}</summary><dl>${DEFINED.map((name) => html`
        <dt>${t(`map.${name}`)}</dt><dd>${t(`map.how.${name}`)}</dd>`)}</dl></details>
    </footer>`;
  }
}

function renderName({ text, hint, toggle }) {
  if (!toggle) {
    const small = hint ? html`<small>${hint}</small>` : nothing;
    return html`<span title=${text}>${text}</span>${small}`;
  }
  return html`<button class="turn" type="button" aria-expanded=${String(toggle.open)}
    @click=${toggle.turn}><svg viewBox="0 0 12 12" aria-hidden="true"><path d="M4 2l4 4-4 4"
    fill="none" stroke="currentColor" stroke-width="1.6"/></svg>${text}</button>`;
}

customElements.define('mp-map', JourneyMap);
