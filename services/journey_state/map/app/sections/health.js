// Whether the data can be relied on: what comes in, how far it is processed, what was set aside.

import { html, nothing, svg } from '../../vendor/vendor.js';
import { get } from '../api.js';
import { clock, compact, dateTime, duration, number } from '../format.js';
import { t } from '../i18n.js';
import { connection } from '../live.js';
import { Section } from '../section.js';
import { health } from './health-style.js';
import { judged } from './health-judged.js';

const RATES_MAX = 60; // five minutes of a figure each five seconds
const LETTERS_MAX = 200;

class Health extends Section {
  static name_ = 'health';
  static path = '/v1/status';
  static seconds = 15;
  static styles = [...Section.styles, health];
  static properties = { ...Section.properties, pulse: { state: true } };

  constructor() {
    super();
    this.rates = [];
    this.pulse = null;
  }

  connectedCallback() {
    super.connectedCallback();
    const { signal } = this.leaving;
    window.addEventListener('pulse', ({ detail }) => this.beat(detail), { signal });
    window.addEventListener('connection', () => this.requestUpdate(), { signal });
    // What stands still tells of no change.
    this.tick = setInterval(() => this.onLive(), Health.seconds * 1000);
    const { pulse } = connection();
    if (pulse) this.beat(pulse);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearInterval(this.tick);
  }

  params() {
    return {};
  }

  beat(pulse) {
    this.pulse = pulse;
    const rate = pulse.touchpoints_per_second;
    if (rate !== null) this.rates = [...this.rates, rate].slice(-RATES_MAX);
  }

  async fetch_(params, signal) {
    const asked = { limit: LETTERS_MAX, status: 'open' };
    const [status, letters] = await Promise.all([
      get('/v1/status', {}, { signal }),
      get('/v1/dead-letters', asked, { signal }).catch(() => ({ items: [] })),
    ]);
    return { status, letters: letters.items };
  }

  render_(data) {
    const checks = judged(data, this.pulse);
    const bad = checks.filter((one) => one.level !== 'ok');
    return html`
      <p class="verdict ${bad.length ? 'warn' : 'ok'}">
        ${mark(bad.length ? 'warn' : 'ok')}
        ${bad.length ? t('health.some', { n: bad.length }) : t('health.well')}</p>
      <dl>
        <div class="rate">
          <dt>${t('health.rate')}</dt>
          <dd>${this.renderRate()}</dd>
          <dd class="note">${t('health.stored', { n: data.status.touchpoints })}</dd>
        </div>
        ${checks.map((one) => html`<div>
          <dt>${t(`health.${one.name}`)}</dt>
          <dd class=${one.level}>${mark(one.level)}${one.text}</dd>
          <dd class="note">${one.note ?? nothing}</dd>
        </div>`)}
      </dl>
      ${this.renderHolds(data.status)}
      ${this.renderLetters(data)}
      ${this.renderRejected(data.status)}
      ${this.renderInstances(data.status)}`;
  }

  renderRate() {
    const rate = this.pulse?.touchpoints_per_second;
    if (rate === null || rate === undefined) return '–';
    const shown = rate >= 100 ? compact(Math.round(rate)) : number(Math.round(rate * 10) / 10);
    return html`${shown}${this.rates.length > 1 ? spark(this.rates) : nothing}`;
  }

  renderHolds({ watermark, stopped }) {
    const rows = watermark.holds;
    if (!rows.length && !Object.keys(stopped).length) return nothing;
    return html`<details open>
      <summary>${t('health.holds', { n: rows.length || Object.keys(stopped).length })}</summary>
      <ul>${rows.map((one) => html`<li>
        <b>${one.instance ?? t('health.partition', { n: one.partition })}</b>
        ${t(`health.hold.${one.reason}`)}
        ${one.seconds === null ? nothing : t('health.since', { time: duration(one.seconds) })}
        <span>${withCode(one.advice)}</span></li>`)}</ul>
    </details>`;
  }

  renderLetters({ status, letters }) {
    if (!status.dead_letters) return nothing;
    const reasons = new Map();
    for (const one of letters) {
      const known = reasons.get(one.reason) ?? { ...one, count: 0 };
      reasons.set(one.reason, { ...known, count: known.count + 1 });
    }
    return html`<details>
      <summary>${t('health.letters', { n: status.dead_letters })}</summary>
      <ul>${[...reasons.values()].map((one) => html`<li><b>${one.reason}</b> × ${number(one.count)}
        <span>${one.message}</span>
        <code>milepost dead-letters show ${one.id}</code></li>`)}</ul>
    </details>`;
  }

  renderRejected({ rejected }) {
    if (!rejected) return nothing;
    return html`<details>
      <summary>${t('health.refused', { n: rejected })}</summary>
      <p>${t('health.refused_how')} <code>milepost tail --rejected</code></p>
    </details>`;
  }

  renderInstances({ instances }) {
    if (!instances.length) return nothing;
    const columns = ['instance', 'heard', 'spool', 'complete'];
    return html`<details>
      <summary>${t('health.instances', { n: instances.length })}</summary>
      <div class="twin" tabindex="0" role="group" aria-label=${t('health.instances', {
        n: instances.length })}>
        <table><thead><tr>${columns.map((one) => html`<th scope="col">
          ${t(`health.column.${one}`)}</th>`)}</tr></thead>
        <tbody>${instances.map((one) => html`<tr><th scope="row">${one.instance}</th>
          <td>${dateTime(one.last_beat_at, { dateStyle: 'medium', timeStyle: 'medium' })}</td>
          <td>${t(`health.spool.${one.spool}`)}</td>
          <td>${clock(one.low_watermark)}</td></tr>`)}</tbody></table></div>
    </details>`;
  }

  table(data) {
    const rate = this.pulse?.touchpoints_per_second ?? null;
    return {
      columns: [t('health.column.figure'), t('health.column.value'), t('health.column.state')],
      rows: [
        [t('health.rate'), rate === null ? null : number(Math.round(rate * 10) / 10), null],
        ...judged(data, this.pulse).map((one) => [
          t(`health.${one.name}`), one.text, t(`health.level.${one.level}`)]),
      ],
    };
  }
}

const MARKS = {
  ok: 'M3.5 8.5l3 3L12.5 5',
  warn: 'M8 3.5v5.5M8 12v.5',
  bad: 'M4.5 4.5l7 7M11.5 4.5l-7 7',
};

function mark(level) {
  return html`<svg class="mark ${level}" viewBox="0 0 16 16" role="img"
    aria-label=${t(`health.level.${level}`)}>${svg`<path d=${MARKS[level]}/>`}</svg>`;
}

/** A text with what is to be typed in backticks. */
function withCode(text) {
  return text.split('`').map((part, n) => (n % 2 ? html`<code>${part}</code>` : part));
}

/** The last minutes as a line. */
function spark(rates) {
  const most = Math.max(...rates, 1);
  const step = 96 / (RATES_MAX - 1);
  const from = 96 - (rates.length - 1) * step;
  const points = rates.map((one, n) => `${from + n * step},${23 - (one / most) * 22}`).join(' ');
  return html`<svg class="spark" viewBox="0 0 96 24" preserveAspectRatio="none" aria-hidden="true">
    ${svg`<polyline points=${points}/>`}</svg>`;
}

customElements.define('mp-health', Health);
