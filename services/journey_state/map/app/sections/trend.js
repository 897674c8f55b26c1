// The trend: who is in each stage, who entered and who left it, by days or hours.

import { area, css, curveMonotoneX, html, line, nothing, scaleLinear, stack, svg }
  from '../../vendor/vendor.js';
import { Width, chart, stageColour, step, switchOf } from '../chart.js';
import { dateTime, number } from '../format.js';
import { label, t } from '../i18n.js';
import { Section } from '../section.js';
import { filters, isOpen, period, set, state, zone } from '../url.js';
import { vars } from '../vars.js';

const HEIGHT = 200;
const FLOWS = 84; // of the bars below: entries up, exits down
const LEFT = 40;
const TOP = 8;
const HOURS_MAX = 400;
const DAY_MS = 86_400_000;

/** How many days the period has, about. */
function days(of) {
  const { from, to } = period(of);
  return ((to ? new Date(to) : new Date()) - new Date(from ?? 0)) / DAY_MS;
}

function bucket(of) {
  const long = days(of) * 24 > HOURS_MAX;
  return !long && (of.bucket ?? (days(of) <= 2 ? 'hour' : 'day')) === 'hour' ? 'hour' : 'day';
}

/** An instant as the address has it: a date where a day begins there. */
function addressed(instant) {
  const [date, time] = new Date(instant).toLocaleString('sv-SE', { timeZone: zone() }).split(' ');
  return time === '00:00:00' ? date : instant;
}

export class Trend extends Section {
  static name_ = 'trend';
  static path = '/v1/trend';
  static properties = { ...Section.properties, cursor: { state: true }, brush: { state: true } };
  static styles = [...Section.styles, chart, css`
    select.control { padding-inline-end: 6px; }
    .stock { fill: var(--colour); fill-opacity: 0.75; }
    .edge { fill: none; stroke: var(--colour); stroke-width: 2; }
    .last .stock { fill-opacity: 0.3; }
    .last .edge, .last rect { stroke-dasharray: 4 3; }
    .in { fill: var(--stage-5); }
    .out { fill: var(--left); }
    .last .in { fill-opacity: 0.35; stroke: var(--stage-5); }
    .last .out { fill-opacity: 0.35; stroke: var(--left); }
    .chart .name { fill: var(--ink); font-weight: 550; paint-order: stroke; stroke: var(--surface);
      stroke-width: 3px; stroke-opacity: 0.7; stroke-linejoin: round; pointer-events: none; }
    .mark { fill: transparent; cursor: zoom-in; }
    .mark:hover { fill: var(--ink); fill-opacity: 0.05; }
    .mark:focus-visible { fill: var(--ink); fill-opacity: 0.08; stroke: var(--accent);
      stroke-width: 2; }
    .mark.brushed { fill: var(--accent); fill-opacity: 0.18; }
    .axis .before { stroke: var(--ink); stroke-width: 2; }
    .cursor { stroke: var(--ink-2); stroke-dasharray: 2 3; pointer-events: none; }
    svg { touch-action: pan-y; user-select: none; }
    .readout {
      display: flex; flex-wrap: wrap; align-items: center; gap: 8px 18px; margin-top: 10px;
      font-size: 0.875rem; line-height: 26px; min-height: 32px;
    }
    .readout time { font-weight: 600; min-width: 9ch; }
    .readout span { display: inline-flex; align-items: center; gap: 6px; color: var(--ink-2); }
    .readout small { font-size: 0.8125rem; }
    .readout mp-number { color: var(--ink); font-weight: 600; }
    .readout .control { margin-inline-start: auto; font-size: 0.8125rem; min-height: 28px; }
  `];

  constructor() {
    super();
    this.width = new Width(this);
    this.cursor = null;
    this.brush = null;
  }

  params(of) {
    const { stage, ...rest } = filters(of);
    const one = of.trend || stage;
    return { ...rest, bucket: bucket(of), ...(one && { stage: one }),
      ...(of.compare && { compare: of.compare }) };
  }

  loaded(data) {
    if (!state().trend && !state().stage) this.stages = data.stages;
    else this.stages ??= data.stages;
    if (this.cursor !== null && this.cursor >= data.buckets.length) this.cursor = null;
  }

  isEmpty(data) {
    return data.stages.every(({ points }) => points.every((one) =>
      !one.stock.people && !one.entries.people && !one.exits.people));
  }

  tools() {
    const of = state();
    const long = days(of) * 24 > HOURS_MAX;
    return html`<select class="control" aria-label=${t('trend.stage')}
        @change=${(event) => set({ trend: event.target.value })}>
        <option value="" .selected=${!of.trend}>${t('trend.every')}</option>
        ${(this.stages ?? []).map((one) => html`<option value=${one.stage}
          .selected=${of.trend === one.stage}>${label(one)}</option>`)}
      </select>
      ${switchOf(t('trend.bucket'), [['day', t('trend.day')], ['hour', t('trend.hour'), long]],
        bucket(of), (value) => set({ bucket: value }))}`;
  }

  /** Name of a bucket. */
  named({ from }) {
    const options = this.data.bucket === 'hour'
      ? { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' }
      : { weekday: 'short', day: 'numeric', month: 'short' };
    return dateTime(from, options);
  }

  get at() {
    return this.cursor ?? this.data.buckets.length - 1;
  }

  render_(data) {
    const single = data.stages.length === 1;
    const wide = Math.max(280, this.width.value - (this.width.value > 640 ? 42 : 30));
    const count = data.buckets.length;
    const band = (wide - LEFT) / count;
    const x = (n) => LEFT + band * (n + 0.5);
    const height = HEIGHT + TOP + (single ? FLOWS + 16 : 0) + 24;
    return html`<div class="chart">
      <svg viewBox="0 0 ${wide} ${height}" height=${height} role="group"
        aria-label=${`${t('trend.title')}: ${single ? label(data.stages[0]) : t('trend.every')}`}
        @pointerup=${(event) => this.brushed(event)} @pointerleave=${() => { this.brush = null; }}>
        ${this.renderStock(data, wide, band, x)}
        ${single ? this.renderFlows(data.stages[0], wide, band, x) : nothing}
        ${this.renderDates(data, wide, height, x)}
        <line class="cursor" x1=${x(this.at)} x2=${x(this.at)} y1=${TOP} y2=${height - 24}></line>
        ${data.buckets.map((one, n) => svg`<rect class="mark ${this.isBrushed(n) ? 'brushed' : ''}"
          x=${LEFT + band * n} y=${TOP} width=${band} height=${height - 24 - TOP} rx="3"
          role="button" tabindex=${n === this.at ? 0 : -1} aria-label=${this.told(n)}
          @focus=${() => { this.cursor = n; }} @pointerenter=${() => this.over(n)}
          @pointerdown=${(event) => this.begin(event, n)}
          @keydown=${(event) => this.pressed(event, n)}></rect>`)}
      </svg>
    </div>${this.renderReadout(data, single)}`;
  }

  renderStock(data, wide, band, x) {
    const { stages, buckets } = data;
    const keys = stages.map((_, n) => n);
    const series = stack().keys(keys).value((n, key) => stages[key].points[n].stock.people)(
      buckets.map((_, n) => n));
    const most = Math.max(1, ...series.at(-1).map((one) => one[1]));
    const y = scaleLinear([0, most], [TOP + HEIGHT, TOP]).nice(4);
    const shape = area().x((_, n) => x(n)).y0((one) => y(one[0])).y1((one) => y(one[1]))
      .curve(curveMonotoneX);
    const edge = line().x((_, n) => x(n)).y((one) => y(one[1])).curve(curveMonotoneX);
    const count = buckets.length;
    const open = isOpen() && count > 1;
    const split = open ? x(count - 2) : wide;
    const part = (name, from, to) => svg`<clipPath id=${name}>
      <rect x=${from} y="0" width=${Math.max(0, to - from)} height=${TOP + HEIGHT}></rect>
    </clipPath>`;
    const drawn = series.map((one, n) => svg`<g ${vars({ '--colour': this.colour(stages, n) })}>
      <path class="stock" d=${shape(one)}></path><path class="edge" d=${edge(one)}></path></g>`);
    // A name where its band is thick enough, near the right end: for pictures, and at a glance.
    const place = Math.max(0, Math.round(count * 0.8) - 1);
    const names = series.map((one, n) => {
      const [low, high] = one[place].slice(0, 2).map(y);
      return low - high < 18 ? nothing : svg`<text class="name" paint-order="stroke"
        text-anchor="end" x=${x(place)} y=${(low + high) / 2}
        dy="0.35em">${label(stages[n])}</text>`;
    });
    return svg`<defs>${part('whole', 0, split)}${part('rest', split, wide)}</defs>
      <g class="axis" aria-hidden="true">${y.ticks(4).filter(Number.isInteger).map((tick) => svg`
        <line x1=${LEFT} x2=${wide} y1=${y(tick)} y2=${y(tick)}></line>
        <text x=${LEFT - 8} y=${y(tick)} dy="0.32em" text-anchor="end">${number(tick)}</text>`)}</g>
      <g clip-path="url(#whole)" aria-hidden="true">${drawn}</g>
      ${open ? svg`<g class="last" clip-path="url(#rest)" aria-hidden="true">${drawn}</g>`
    : nothing}<g aria-hidden="true">${names}</g>`;
  }

  renderFlows({ points }, wide, band, x) {
    const most = Math.max(1, ...points.flatMap(({ entries, exits }) => [entries, exits])
      .flatMap((one) => [one.people, one.before?.people ?? 0]));
    const middle = TOP + HEIGHT + 16 + FLOWS / 2;
    const y = scaleLinear([0, most], [0, FLOWS / 2 - 2]);
    const thick = Math.max(1, Math.min(20, band - 2));
    const before = (one, n, way) => (one.before?.people ? svg`<line class="before"
      x1=${x(n) - thick / 2} x2=${x(n) + thick / 2} y1=${middle + way * y(one.before.people)}
      y2=${middle + way * y(one.before.people)}></line>` : nothing);
    return svg`<g class="axis" aria-hidden="true">
      <line x1=${LEFT} x2=${wide} y1=${middle} y2=${middle}></line>
      ${points.map((one, n) => svg`<g class=${isOpen() && n === points.length - 1 ? 'last' : ''}>
        <rect class="in" x=${x(n) - thick / 2} width=${thick} y=${middle - y(one.entries.people)}
          height=${y(one.entries.people)} rx="1"></rect>
        <rect class="out" x=${x(n) - thick / 2} width=${thick} y=${middle}
          height=${y(one.exits.people)} rx="1"></rect>
        ${before(one.entries, n, -1)}${before(one.exits, n, 1)}</g>`)}</g>`;
  }

  renderDates({ buckets, bucket: of }, wide, height, x) {
    const every = Math.ceil(buckets.length / Math.max(2, Math.floor((wide - LEFT) / 76)));
    const short = { day: 'numeric', month: 'short' };
    const hour = { hour: 'numeric', minute: '2-digit' };
    const dates = buckets.map((one) => dateTime(one.from, short));
    let shown = '';
    return svg`<g aria-hidden="true">${buckets.map((one, n) => {
      if (n % every) return nothing;
      const text = of === 'hour' && dates[n] === shown ? dateTime(one.from, hour) : dates[n];
      shown = dates[n];
      return svg`<text x=${x(n)} y=${height - 6} text-anchor="middle">${text}</text>`;
    })}</g>`;
  }

  /** What the bucket shows, and a way to look at it alone. */
  renderReadout({ buckets, stages }, single) {
    const n = this.at;
    const named = this.named(buckets[n]);
    const figure = (of, one, name, colour) => html`<span>
      <i class="swatch" ${vars({ '--colour': colour })}></i>${name}
      <mp-number .figure=${one} .label=${`${label(of)}, ${named}: ${name}`}></mp-number>
      ${one.before ? html`<small>${t('trend.before')} <mp-number .figure=${one.before}
        .label=${`${label(of)}: ${name}, ${t('trend.before')}`}></mp-number></small>` : nothing}
    </span>`;
    const shown = single ? ['stock', 'entries', 'exits'].map((part) => figure(stages[0],
      stages[0].points[n][part], t(`trend.${part}`), this.partColour(part, stages)))
      : stages.map((one, of) => figure({ stage: t('trend.stock') }, one.points[n].stock,
        label(one), this.colour(stages, of)));
    return html`<div class="readout"><time datetime=${buckets[n].from}>${named}</time>${shown}
      ${buckets.length > 1 ? html`<button class="control" type="button"
        @click=${() => this.narrow(n, n)}>${t('trend.narrow')}</button>` : nothing}</div>`;
  }

  colour(stages, n) {
    const known = this.stages ?? stages;
    const place = known.findIndex((one) => one.stage === stages[n].stage);
    return stageColour(place < 0 ? n : place, known.length);
  }

  partColour(part, stages) {
    if (part === 'stock') return this.colour(stages, 0);
    return part === 'entries' ? 'var(--stage-5)' : 'var(--left)';
  }

  /** The bucket in words. */
  told(n) {
    const { buckets, stages } = this.data;
    const texts = stages.flatMap((one) => (stages.length > 1
      ? [`${label(one)} ${number(one.points[n].stock.people)}`]
      : ['stock', 'entries', 'exits'].map((part) =>
        `${t(`trend.${part}`)} ${number(one.points[n][part].people)}`)));
    return `${this.named(buckets[n])}: ${texts.join(', ')}`;
  }

  isBrushed(n) {
    if (!this.brush || this.brush[0] === this.brush[1]) return false;
    return n >= Math.min(...this.brush) && n <= Math.max(...this.brush);
  }

  over(n) {
    this.cursor = n;
    if (this.brush) this.brush = [this.brush[0], n];
  }

  begin(event, n) {
    event.target.releasePointerCapture(event.pointerId); // a finger too enters other buckets
    this.brush = [n, n];
    this.cursor = n;
  }

  /** A stretch, or what a mouse clicked, becomes the period; a tap only shows its figures. */
  brushed({ pointerType }) {
    const chosen = this.brush;
    this.brush = null;
    if (!chosen || (chosen[0] === chosen[1] && pointerType !== 'mouse')) return;
    this.narrow(Math.min(...chosen), Math.max(...chosen));
  }

  pressed(event, n) {
    const moves = { ArrowLeft: -1, ArrowRight: 1, Home: 'first', End: 'last' };
    if (event.key in moves) {
      step([...this.renderRoot.querySelectorAll('.mark')], event.target, moves[event.key]);
    } else if (event.key === 'Enter' || event.key === ' ') {
      this.narrow(n, n);
    } else {
      return;
    }
    event.preventDefault();
  }

  /** The period of the whole page becomes that of these buckets; one that goes on stays open. */
  narrow(first, last) {
    const { buckets } = this.data;
    if (buckets.length === 1) return;
    const open = isOpen() && last === buckets.length - 1;
    set({ period: null, from: addressed(buckets[first].from),
      to: open ? null : addressed(buckets[last].to), bucket: null });
  }

  table({ buckets, stages }) {
    const parts = ['stock', 'entries', 'exits'];
    const single = stages.length === 1;
    return {
      columns: [t(`trend.${this.data.bucket}`), ...(single ? parts.map((one) => t(`trend.${one}`))
        : stages.map((one) => label(one)))],
      rows: buckets.map((one, n) => [this.named(one), ...(single
        ? parts.map((part) => ({ figure: stages[0].points[n][part], label: this.told(n) }))
        : stages.map((of) => ({ figure: of.points[n].stock,
          label: `${label(of)}, ${this.named(one)}` })))]),
    };
  }
}

customElements.define('mp-trend', Trend);
