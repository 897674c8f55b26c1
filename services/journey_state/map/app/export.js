// What a section shows, as a file: its table as CSV or JSON, its picture as SVG or PNG.

import { LitElement, css, html } from '../vendor/vendor.js';
import { inWords } from './drawer/words.js';
import { download, toCsv } from './files.js';
import { dateTime, plainly } from './format.js';
import { t } from './i18n.js';
import { pictureOf, pngOf } from './picture.js';
import { controls } from './styles.js';
import { filters, zone } from './url.js';

const PIXELS = 2; // of a PNG for each of the page's

/** `.section`: whose table and picture they are; without one the whole page. */
class Export extends LitElement {
  static properties = { section: { attribute: false } };

  static styles = [controls, css`
    details { position: relative; }
    summary { list-style: none; font-size: 0.8125rem; }
    summary::-webkit-details-marker { display: none; }
    div { position: absolute; inset-inline-end: 0; top: calc(100% + 4px); z-index: 5; padding: 4px;
      display: grid; border: 1px solid var(--line); border-radius: 10px; background: var(--raised);
      box-shadow: 0 6px 24px rgb(0 0 0 / 0.12); }
    div button { border: 0; background: none; text-align: start; padding: 0 12px; min-height: 34px;
      border-radius: 6px; cursor: pointer; white-space: nowrap; font-size: 0.8125rem; }
    div button:hover { background: var(--hover); }
    @media print { details { display: none; } }
  `];

  get menu() {
    return this.renderRoot.querySelector('details');
  }

  leave(event) {
    if (!event.relatedTarget || !this.menu.contains(event.relatedTarget)) this.menu.open = false;
  }

  key(event) {
    if (event.key !== 'Escape' || !this.menu.open) return;
    this.menu.open = false;
    this.menu.querySelector('summary').focus();
  }

  render() {
    const kinds = !this.section ? ['tables', 'print']
      : [...this.section.table ? ['csv', 'json'] : [], 'svg', 'png'];
    return html`<details @focusout=${this.leave} @keydown=${this.key}>
      <summary class="control">${t('export.title')}</summary>
      <div>${kinds.map((kind) => html`<button type="button"
        @click=${() => this.save(kind)}>${t(`export.${kind}`)}</button>`)}</div></details>`;
  }

  /** Hands over the file of this kind. */
  async save(kind) {
    const { section } = this;
    if (!section) {
      this.menu.open = false;
      if (kind === 'print') window.print();
      else download('milepost.json', 'application/json', JSON.stringify(tables(), null, 2));
      return;
    }
    const told = describe(section);
    const dates = [told.period.from, told.period.to].filter(Boolean).map((at) => at.slice(0, 10));
    const name = ['milepost', section.constructor.name_, ...dates].join('-');
    this.menu.open = false;
    this.menu.querySelector('summary').focus();
    if (kind === 'csv') {
      const { columns, rows } = tableOf(section);
      const shown = rows.map((cells) => cells.map(plain));
      const notes = [...told.lines, t('export.plain', { zone: zone() })];
      download(`${name}.csv`, 'text/csv', toCsv(columns, shown, notes));
    } else if (kind === 'json') {
      download(`${name}.json`, 'application/json', JSON.stringify(asJson(section, told), null, 2));
    } else {
      const picture = pictureOf(section.renderRoot.querySelector('.body'), told.lines);
      if (kind === 'svg') download(`${name}.svg`, 'image/svg+xml', picture.text);
      else download(`${name}.png`, 'image/png', await pngOf(picture, PIXELS));
    }
  }
}

/** On paper: what the filters say, in words. */
class Printed extends LitElement {
  static styles = css`
    :host { display: none; }
    @media print { :host { display: block; padding: 0 24px 12px; font-size: 0.8125rem; } }
  `;

  connectedCallback() {
    super.connectedCallback();
    this.update_ = () => this.requestUpdate();
    for (const name of ['urlchange', 'langchange', 'beforeprint']) {
      window.addEventListener(name, this.update_);
    }
  }

  render() {
    const asked = filters();
    const until = asked.to ?? new Date().toISOString();
    return inWords(new URLSearchParams({ ...asked, to: until }).toString()).join(' · ');
  }
}

/** Title, period with its zone and filters, and the counting rule: printed in every file. */
function describe(section) {
  const asked = filters();
  const period = { zone: asked.zone, ...section.data?.period };
  const chosen = { ...asked, ...period };
  const title = t(`${section.constructor.name_}.title`);
  const rule = section.rule();
  const made = t('export.made', { time: dateTime(new Date()) });
  const words = inWords(new URLSearchParams(chosen).toString()).join(' · ');
  const counted = typeof rule === 'string' ? rule : '';
  const lines = [title, words, counted, made].filter(Boolean);
  return { title, rule: counted, period, asked, lines };
}

/** Those of all sections that show something. */
function tables() {
  return [...document.querySelectorAll('main > *')]
    .filter((one) => one.table && one.data && !one.isEmpty(one.data))
    .map((one) => asJson(one, describe(one)));
}

/** The section's table with plain values: files are for programs. */
function tableOf(section) {
  return plainly(() => section.table(section.data));
}

function asJson(section, { title, rule, period, asked }) {
  const { columns, rows } = tableOf(section);
  const { from, to, zone, ...chosen } = asked;
  return { title, counting_rule: rule, period, filters: chosen,
    exported_at: new Date().toISOString(), columns, rows: rows.map((cells) => cells.map(cellOf)) };
}

function cellOf(cell) {
  if (cell === '–') return null;
  if (cell === null || typeof cell !== 'object') return cell ?? null;
  return { ...cell.figure, ...cell.text !== undefined && { value: cellOf(cell.text) } };
}

/** A cell as text or number. */
function plain(cell) {
  if (cell === '–') return '';
  if (cell === null || typeof cell !== 'object') return cell;
  return plain(cell.text ?? cell.figure?.people ?? '');
}

customElements.define('mp-export', Export);
customElements.define('mp-printed', Printed);
