// One customer's timeline: a lane for each channel, stages behind, gaps folded.

import { LitElement, classMap, css, html, nothing } from '../../vendor/vendor.js';
import { clock, date, duration, exactly, money } from '../format.js';
import { channelName, t } from '../i18n.js';
import { controls } from '../styles.js';
import { vars } from '../vars.js';
import { icon } from './icons.js';
import { ruleName, stageColour, stageName } from './journey.js';
import './reasons.js';
import { about, amount, rowsOf } from './rows.js';
import { signalState } from './words.js';

const CHANNELS = ['website', 'app', 'email', 'chatbot', 'phone', 'offline'];

/** `.who`; `.page` = {items, next, place, fresh, signals, history, old}. */
class Timeline extends LitElement {
  static properties = {
    who: { attribute: false },
    page: { attribute: false },
    opened: { state: true },
  };

  static styles = [controls, css`
    ol { list-style: none; margin: 0; padding: 0; font-size: 0.875rem; }
    li { display: grid; grid-template-columns: 72px auto minmax(0, 1fr); column-gap: 12px;
      border-inline-start: 4px solid var(--stage);
      background: color-mix(in oklab, var(--stage) 7%, transparent); padding-inline: 12px; }
    time { color: var(--ink-2); font-size: 0.8125rem; line-height: 36px; white-space: nowrap; }
    .lanes { display: grid; grid-auto-flow: column; grid-auto-columns: 26px; }
    .lanes i { position: relative; display: grid; justify-items: center; min-height: 36px; }
    .lanes i::before { content: ''; position: absolute; inset-block: 0; width: 1px;
      background: var(--line-strong); opacity: 0.6; }
    .lanes svg { position: relative; box-sizing: border-box; width: 22px; height: 22px;
      margin-top: 7px; padding: 3px; border-radius: 50%;
      background: var(--surface); border: 1px solid var(--accent); color: var(--accent-ink);
      fill: none; stroke: currentColor; stroke-width: 1.5; stroke-linejoin: round; }
    .signal .lanes svg { border-color: var(--warn); color: var(--warn); }
    .what { min-width: 0; }
    .what > button { display: block; width: 100%; min-height: 36px; padding: 6px 0; border: 0;
      background: none; text-align: start; cursor: pointer; line-height: 20px;
      overflow-wrap: anywhere; }
    .what > button:hover b { text-decoration: underline; text-underline-offset: 3px; }
    b { font-weight: 600; }
    .about { color: var(--ink-2); margin-inline-start: 8px; }
    .badge { display: inline-block; margin-inline-start: 8px; padding: 0 7px; border-radius: 9px;
      font-size: 0.75rem; line-height: 18px; background: var(--warn-soft); color: var(--warn); }
    .good { background: var(--good-soft); color: var(--good); }
    .plain { background: var(--hover); color: var(--ink-2); }
    .day, .gap { color: var(--ink-2); font-size: 0.8125rem; }
    .day .what { padding: 12px 0 4px; font-weight: 600; color: var(--ink); }
    .day .what span, .gap .what span { font-weight: 400; color: var(--ink-2); }
    .gap .what { padding: 4px 0; }
    .gap .lanes i::before, .folds .lanes i::before { background: none;
      border-inline-start: 1px dashed var(--line-strong); }
    .stage .what { padding: 8px 0 4px; }
    .chip { display: inline-flex; align-items: center; gap: 8px; font-weight: 600; }
    .chip::before { content: ''; width: 10px; height: 10px; border-radius: 3px;
      background: var(--stage); }
    .old .what { padding: 8px 0; color: var(--ink-2); } .old s { color: var(--ink); }
    .more { padding: 4px 0 14px; font-size: 0.8125rem; }
    dl { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 3px 16px;
      margin: 0 0 8px; }
    dt { color: var(--ink-2); } dd { margin: 0; overflow-wrap: anywhere; }
    code, pre { font-family: var(--mono); font-size: 0.75rem; }
    pre { margin: 8px 0 0; padding: 10px 12px; max-height: 320px; overflow: auto;
      border: 1px solid var(--line); border-radius: 8px; background: var(--surface); }
    summary { cursor: pointer; color: var(--accent-ink); margin-top: 6px; }
    .key { display: flex; flex-wrap: wrap; gap: 4px 14px; margin: 0 0 10px; color: var(--ink-2);
      font-size: 0.8125rem; padding: 0; list-style: none; }
    .key span { display: inline-flex; gap: 5px; align-items: center; }
    .key svg { width: 14px; height: 14px; fill: none; stroke: currentColor; stroke-width: 1.5; }
    @media (max-width: 640px) {
      li { grid-template-columns: 54px auto minmax(0, 1fr); column-gap: 6px; padding-inline: 6px; }
      .lanes { grid-auto-columns: 22px; } time { font-size: 0.75rem; }
    }
  `];

  constructor() {
    super();
    this.opened = new Set();
  }

  willUpdate(changed) {
    if (changed.has('who')) this.opened = new Set();
  }

  render() {
    const { items, signals } = this.page;
    const met = new Set(items.map(({ channel }) => channel));
    const known = CHANNELS.filter((one) => met.has(one));
    this.mixed = items.some((one) => one.historical) && items.some((one) => !one.historical);
    const lanes = [...known, ...[...met].filter((one) => !CHANNELS.includes(one))];
    if (signals.length) lanes.push('signal');
    return html`<p class="key">${lanes.map((one) => html`<span>${icon(one)}
        ${one === 'signal' ? t('event.signals') : channelName(one)}</span>`)}</p>
      <ol>${rowsOf(this.page, (at) => date(at))
        .map((row) => this.renderRow(row, lanes))}</ol>`;
  }

  renderRow(row, lanes) {
    const on = row.kind === 'signal' ? 'signal' : row.item?.channel;
    const timed = row.kind === 'event' || row.kind === 'signal';
    return html`<li class=${classMap({ [row.kind]: true, folds: row.gap > 0 })}
      ${vars({ '--stage': row.stage ? stageColour(row.stage) : 'transparent' })}>
      <time datetime=${row.at}>${timed ? clock(row.at) : nothing}</time>
      <span class="lanes" aria-hidden="true">${lanes.map((one) => html`<i>${one === on
        ? icon(one) : nothing}</i>`)}</span>
      <div class="what">${this[`${row.kind}_`](row)}</div></li>`;
  }

  day_({ at, gap }) {
    return html`${date(at, { weekday: 'short', day: 'numeric', month: 'long', year: 'numeric' })}
      ${gap ? html`<span> · ${t('event.gap', { time: duration(gap) })}</span>` : nothing}`;
  }

  gap_({ gap }) {
    return html`<span>${t('event.gap', { time: duration(gap) })}</span>`;
  }

  stage_({ stage, move }) {
    const stay = move.left_at ? (new Date(move.left_at) - new Date(move.entered_at)) / 1000 : null;
    return html`<span class="chip">${stageName(stage)}</span>
      <span class="about">${t(`direction.${move.direction}`)}${stay === null ? ''
        : ` · ${t('event.stayed', { time: duration(stay) })}`}</span>`;
  }

  old_({ entry }) {
    return html`<s>${stageName(entry.stage)}</s> <span class="badge plain">${t('event.held', {
      from: exactly(entry.recorded_at), to: exactly(entry.superseded_at),
    })}</span>`;
  }

  event_({ item, move, late }) {
    const place = item.message_id;
    const paid = amount(item);
    return html`${this.renderToggle(place, html`<b>${item.event}</b>
        <span class="hidden">, ${channelName(item.channel)}</span>
        <span class="about">${about(item)}${paid ? ` · ${money(...paid)}` : ''}</span>
        ${this.page.fresh.has(place) ? html`<span class="badge good">${t('event.new')}</span>`
          : nothing}
        ${late ? html`<span class="badge">${t('event.late', { time: duration(late) })}</span>`
          : nothing}
        ${item.historical && this.mixed
          ? html`<span class="badge plain">${t('event.imported')}</span>` : nothing}
        ${item.bot ? html`<span class="badge plain">${t('event.bot')}</span>` : nothing}`)}
      ${this.opened.has(place) ? this.renderEvent(item, move, late) : nothing}`;
  }

  signal_({ signal }) {
    const place = signal.signal_id;
    const { value, currency, items = [] } = signal;
    const worth = value && currency ? money(+value, currency) : '';
    const what = [items.map(({ name }) => name).filter(Boolean).join(', '), worth];
    return html`${this.renderToggle(place, html`<b>${t('event.signal', {
        rule: ruleName(signal.rule) })}</b>
        <span class="badge ${signal.state === 'recovered' ? 'good' : ''}">
          ${signalState(signal.state)}</span>
        <span class="about">${what.filter(Boolean).join(' · ')}</span>`)}
      ${this.opened.has(place) ? html`<div class="more">
        <mp-reasons .who=${this.who} .signal=${signal.signal_id}></mp-reasons>
        ${renderJson(signal)}</div>` : nothing}`;
  }

  renderToggle(place, what) {
    const flip = () => {
      const opened = new Set(this.opened);
      if (!opened.delete(place)) opened.add(place);
      this.opened = opened;
    };
    return html`<button type="button" aria-expanded=${String(this.opened.has(place))}
      @click=${flip}>${what}</button>`;
  }

  renderEvent(item, move, late) {
    const facts = [
      [t('event.occurred'), exactly(item.occurred_at)],
      [t('event.received'), exactly(item.received_at)
        + (late ? ` (${t('event.late', { time: duration(late) })})` : '')],
      [t('event.source'), `${channelName(item.channel)} · ${item.source}`],
      [t('event.identifiers'), Object.entries(item.identifiers)
        .map(([kind, value]) => `${kind}: ${value}`).join(', ')],
      [t('event.message'), item.message_id],
    ];
    return html`<div class="more">
      <dl>${facts.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>
      <p><b>${t(move ? 'event.moved' : 'event.stood')}</b></p>
      <mp-reasons .who=${this.who} .at=${item.occurred_at}></mp-reasons>
      ${renderJson(item)}</div>`;
  }
}

function renderJson(value) {
  return html`<details><summary>${t('event.json')}</summary>
    <pre tabindex="0">${JSON.stringify(value, null, 2)}</pre></details>`;
}

customElements.define('mp-timeline', Timeline);
