// The flow: where people go step by step; each column has everybody once, so nothing is a cycle.

import { css, html, nothing, sankey, sankeyLinkHorizontal, svg } from '../../vendor/vendor.js';
import { Width, chart, goTo, stageColour, switchOf, tip } from '../chart.js';
import { shareDelta } from '../delta.js';
import { duration, percent, points } from '../format.js';
import { channelName, label, t } from '../i18n.js';
import { Section } from '../section.js';
import { filters, namesAs, namesIn, set, state } from '../url.js';
import { vars } from '../vars.js';
import { menu, menuStyles } from './flow_menu.js';

const KINDS = ['stage', 'channel', 'touchpoint'];
const TOPS = [3, 6, 10, 20];
const STEPS = [3, 4, 5, 6, 8];
const COLUMN_MIN = 150;
const LABEL = 150; // room to the right of the last column
const NODE = 10;
const HEAD = 22; // above the drawing, in px
const ORDER = { at: 0, back: 0, other: 1, began: 2, still_here: 3, left: 4 };

export class Flow extends Section {
  static name_ = 'flow';
  static path = '/v1/flow';
  static properties = { ...Section.properties, hovered: { state: true }, open: { state: true } };
  static styles = [...Section.styles, chart, menuStyles, css`
    .outer { position: relative; }
    .scroll { overflow-x: auto; overflow-y: hidden; padding-top: 22px; }
    .chart { min-width: var(--least); }
    .links path { fill: none; stroke: var(--colour); stroke-opacity: 0.32; }
    .links .ends { stroke-opacity: 0.2; }
    .links .mark:hover, .links .mark:focus-visible, .links .lit { stroke-opacity: 0.7; }
    .links.some path:not(.lit) { stroke-opacity: 0.1; }
    .links .mark:focus-visible { stroke-dasharray: 6 3; }
    .nodes rect { fill: var(--colour); }
    .nodes .mark:focus-visible { stroke: var(--accent); stroke-width: 3; paint-order: stroke; }
    .nodes .hatch { fill: url(#hatch); pointer-events: none; }
    .label {
      position: absolute; left: var(--x); top: var(--y); transform: translateY(-50%);
      width: var(--wide); display: flex; gap: 5px; align-items: baseline; line-height: 18px;
      font-size: 0.8125rem; pointer-events: none; text-shadow: 0 0 3px var(--surface),
        0 0 3px var(--surface), 0 0 2px var(--surface);
    }
    .label span {
      pointer-events: auto; cursor: pointer; overflow: hidden; text-overflow: ellipsis;
      white-space: nowrap;
    }
    .label mp-number { font-weight: 650; pointer-events: auto; }
    .label .delta { font: inherit; font-size: 0.75rem; color: var(--ink-2); white-space: nowrap; }
    .label.end span { color: var(--ink-2); }
    .steps { position: absolute; top: -22px; left: var(--x); font-size: 0.75rem;
      color: var(--ink-2); white-space: nowrap; }
    .chips { display: flex; flex-wrap: wrap; gap: 8px; margin: 0 0 8px; }
    .chips .control { min-height: 28px; font-size: 0.8125rem; }
    select.control { padding-inline-end: 6px; }
  `];

  constructor() {
    super();
    this.width = new Width(this);
    this.hovered = null;
    this.open = null;
  }

  params(of) {
    const { stage, ...rest } = filters(of);
    const node = KINDS.includes(of.flow) ? of.flow : 'stage';
    const asked = { start: of.flow_start, exclude: of.flow_exclude, top: of.flow_top,
      steps: of.flow_steps, direction: of.flow_direction, compare: of.compare };
    const said = Object.entries(asked).filter(([, value]) => value);
    return { ...rest, node, ...Object.fromEntries(said) };
  }

  /** Nothing moves under the pointer or an open menu. */
  onLive() {
    if (!this.hovered && !this.open) super.onLive();
  }

  loaded(data) {
    this.open = null;
    this.hovered = null;
    const named = data.columns.flatMap((one) => one.nodes).filter((one) => one.name);
    this.labels = { ...this.labels, ...Object.fromEntries(named.map((one) =>
      [one.name, one.labels])) };
  }

  isEmpty(data) {
    return !data.columns[0].total.people;
  }

  renderEmpty() {
    return html`${this.renderChips()}<p class="empty">${t('flow.empty')}</p>`;
  }

  rule() {
    const of = state();
    const node = this.params(of).node;
    const ends = of.flow_direction === 'backward' ? 'flow.counted.backward' : 'flow.counted.ends';
    return `${t(`flow.counted.${node}`)} ${t('flow.counted.columns')} ${t(ends)}`;
  }

  tools() {
    const of = state();
    const kind = this.params(of).node;
    const pick = (name, key, values, chosen) => html`<select class="control"
      aria-label=${t(`flow.${name}`)} @change=${(event) => set({ [key]: event.target.value })}>
      ${values.map((one) => html`<option value=${one} .selected=${one === chosen}>
        ${t(`flow.${name}.n`, { n: one })}</option>`)}</select>`;
    return html`
      ${switchOf(t('flow.kind'), KINDS.map((one) => [one, t(`flow.${one}`)]), kind,
        (value) => set({ flow: value, flow_start: null, flow_exclude: null }))}
      ${switchOf(t('flow.direction'), ['forward', 'backward'].map((one) =>
        [one, t(`flow.${one}`)]), of.flow_direction ?? 'forward',
        (value) => set({ flow_direction: value === 'forward' ? null : value }))}
      ${pick('steps', 'flow_steps', STEPS, Number(of.flow_steps ?? 5))}
      ${pick('top', 'flow_top', TOPS, Number(of.flow_top ?? 6))}`;
  }

  named(node) {
    if (!node.name) return t(`flow.${node.kind}`);
    const name = this.data.filters.flow === 'channel' ? channelName(node.name)
      : node.labels && Object.keys(node.labels).length ? label(node) : node.name;
    return node.kind === 'back' ? t('flow.back', { name }) : name;
  }

  colour(node) {
    if (node.kind === 'left') return 'var(--left)';
    if (node.kind === 'still_here' || node.kind === 'began') return 'var(--here)';
    if (node.kind === 'other') return 'var(--ink-3)';
    const place = this.data.stages.indexOf(node.name);
    return this.data.filters.flow === 'stage' ? stageColour(place, this.data.stages.length)
      : 'var(--stage-4)';
  }

  /** The width inside the section, in px. */
  get inner() {
    return this.width.value - (this.width.value > 640 ? 42 : 30);
  }

  /** Nodes and links with their places; to the right is later, whatever the direction. */
  layout(wide) {
    const { columns, filters: said } = this.data;
    const back = said.flow_direction === 'backward';
    const nodes = columns.flatMap(({ step, nodes: found }) =>
      found.map((one) => ({ ...one, step, key: `${step} ${one.node}` })));
    const links = columns.flatMap(({ step, links: found }) => found.map((one) => {
      const ends = [`${step} ${one.node}`, `${step + 1} ${one.next}`];
      const [source, target] = back ? ends.reverse() : ends;
      return { ...one, value: one.people, source, target };
    }));
    const most = Math.max(...columns.map(({ nodes: found }) => found.length));
    const height = Math.max(200, most * 28 + 160);
    const graph = sankey().nodeId((one) => one.key).nodeWidth(NODE).nodePadding(22)
      .nodeAlign((one) => (back ? columns.length - one.step : one.step - 1))
      .nodeSort((a, b) => ORDER[a.kind] - ORDER[b.kind] || b.people - a.people)
      .extent([[1, 4], [wide - LABEL, height - 4]])({ nodes, links });
    for (const one of graph.links) one.key = `${one.source.key}>${one.target.key}`;
    graph.nodes.sort((a, b) => a.x0 - b.x0 || a.y0 - b.y0);
    return { ...graph, height, back };
  }

  render_(data) {
    const count = data.columns.length;
    const least = count * COLUMN_MIN;
    const wide = Math.max(least, this.inner);
    const graph = this.layout(wide);
    this.graph = graph;
    const gap = (wide - LABEL - NODE - 1) / (count - 1);
    const lit = [...graph.nodes, ...graph.links].find((one) => one.key === this.hovered);
    const scrolled = this.renderRoot.querySelector('.scroll')?.scrollLeft ?? 0;
    return html`${this.renderChips()}<div class="outer"><div class="scroll"
      @scroll=${() => { this.hovered = null; this.open = null; }}>
      <div class="chart" ${vars({ '--least': `${least}px` })}
        @pointerleave=${() => { this.hovered = null; }}>
        <svg viewBox="0 0 ${wide} ${graph.height}" height=${graph.height} role="group"
          aria-label=${t('flow.title')} @keydown=${(event) => this.pressed(event)}>
          <defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse"
            patternTransform="rotate(45)"><rect width="3" height="6" fill="var(--surface)"
            fill-opacity="0.5"></rect></pattern></defs>
          <g class="links ${lit ? 'some' : ''}">${graph.links.map((one, n) =>
            this.renderLink(one, n, lit && [one, one.source, one.target].includes(lit)))}</g>
          <g class="nodes">${graph.nodes.map((one, n) => this.renderNode(one, n))}</g>
        </svg>
        ${data.columns.map(({ step }) => html`<span class="steps" ${vars({ '--x':
          `${1 + gap * (graph.back ? count - step : step - 1)}px` })}>
          ${t('flow.step', { n: step })}</span>`)}
        ${graph.nodes.map((one) =>
          this.renderLabel(one, one.x1 > wide - LABEL - 1 ? LABEL : gap))}
      </div></div>
      ${this.open ? menu(this, scrolled) : tip(this.tipOf(lit, scrolled), this.inner)}</div>`;
  }

  renderLink(one, n, lit) {
    const ends = [one.source.kind, one.target.kind].every((kind) => ORDER[kind] > 1);
    return svg`<path class="mark ${lit ? 'lit' : ''} ${ends ? 'ends' : ''}" role="button"
      tabindex="-1" d=${sankeyLinkHorizontal()(one)} stroke-width=${Math.max(1, one.width)}
      aria-label=${this.told(one)} data-link=${n} ${vars({ '--colour': this.colour(one.target) })}
      @pointerenter=${() => { this.hovered = one.key; }} @focus=${() => { this.hovered = one.key; }}
      @blur=${() => { this.hovered = null; }} @click=${() => this.openPeople(one)}></path>`;
  }

  renderNode(one, n) {
    const tall = Math.max(1, one.y1 - one.y0);
    return svg`<rect class="mark" role="button" aria-haspopup=${one.name ? 'menu' : 'false'}
        tabindex=${n ? -1 : 0} x=${one.x0} y=${one.y0} width=${NODE} height=${tall} rx="2"
        data-node=${n} aria-label=${this.told(one)} ${vars({ '--colour': this.colour(one) })}
        @pointerenter=${() => { this.hovered = one.key; }}
        @focus=${() => { this.hovered = one.key; }} @blur=${() => { this.hovered = null; }}
        @click=${() => this.chosen(one)}></rect>
      ${one.kind === 'back' || one.kind === 'other' ? svg`<rect class="hatch" x=${one.x0}
        y=${one.y0} width=${NODE} height=${tall}></rect>` : nothing}`;
  }

  renderLabel(one, gap) {
    const place = { '--x': `${one.x1 + 6}px`, '--y': `${(one.y0 + one.y1) / 2}px`,
      '--wide': `${Math.min(gap - NODE, 220) - 10}px` };
    return html`<div class="label ${ORDER[one.kind] > 1 ? 'end' : ''}" ${vars(place)}>
      <span @click=${() => this.chosen(one)}>${this.named(one)}</span>
      <mp-number .figure=${one} .label=${this.titleOf(one)}></mp-number>
      ${shareDelta(one, this.titleOf(one))}</div>`;
  }

  /** What was changed about the flow, each with a way back. */
  renderChips() {
    const of = state();
    const chip = (text, changes) => html`<button class="control" type="button"
      @click=${() => set(changes)}>${text} <span aria-hidden="true">×</span>
      <span class="hidden">${t('flow.undo')}</span></button>`;
    const without = namesIn(of.flow_exclude);
    const name = (one) => (this.data
      ? this.named({ kind: 'at', name: one, labels: this.labels?.[one] }) : one);
    const chips = without.map((one) => chip(t('flow.without', { name: name(one) }),
      { flow_exclude: namesAs(without.filter((other) => other !== one)) }));
    if (of.flow_start) {
      const key = of.flow_direction === 'backward' ? 'flow.until' : 'flow.from';
      chips.unshift(chip(t(key, { name: name(of.flow_start) }), { flow_start: null }));
    }
    return chips.length ? html`<div class="chips">${chips}</div>` : nothing;
  }

  titleOf(one) {
    const title = one.source ? `${this.named(one.source)} → ${this.named(one.target)}`
      : `${t('flow.step', { n: one.step })}, ${this.named(one)}`;
    return `${t('flow.heading')}: ${title}`;
  }

  /** A node or link in words. */
  told(one) {
    return this.linesOf(one).join(', ');
  }

  linesOf(one) {
    const people = t('number.people', { n: one.people });
    const { p50_seconds: time, before, change } = one;
    const more = [
      time !== null && t('flow.time', { time: duration(time) }),
      change && `${t('compare.points', { n: points(change.difference) })}, ${
        t('compare.was', { what: percent(before.share) })}`,
    ].filter(Boolean);
    if (one.source) {
      const of = this.graph?.back ? one.target : one.source;
      return [`${this.named(one.source)} → ${this.named(one.target)}`, people,
        t('flow.of', { share: percent(one.share), name: this.named(of) }), ...more];
    }
    return [this.named(one), people, t('flow.all', { share: percent(one.share) }),
      ...more];
  }

  tipOf(one, scrolled) {
    if (!one) return null;
    const x = one.source ? (one.source.x1 + one.target.x0) / 2 : one.x0 + 70;
    const y = HEAD + (one.y0 + one.y1) / 2;
    return { x: x - scrolled, y, below: !one.source, lines: this.linesOf(one) };
  }

  openPeople(one) {
    const detail = { query: one.query, people: one.people, title: this.titleOf(one) };
    this.dispatchEvent(new CustomEvent('open-people', { detail, bubbles: true, composed: true }));
  }

  chosen(one) {
    if (!one.name) {
      this.openPeople(one);
      return;
    }
    this.open = one;
    this.updateComplete.then(() => this.renderRoot.querySelector('.menu button')?.focus());
  }

  pressed(event) {
    const mark = event.target;
    if (event.key === 'Enter' || event.key === ' ') {
      mark.dispatchEvent(new MouseEvent('click'));
    } else {
      const { nodes, links } = this.graph;
      const one = nodes[mark.dataset.node] ?? links[mark.dataset.link];
      const next = one && beside(nodes, one, event.key);
      if (!next) return;
      const place = next.source ? `[data-link="${links.indexOf(next)}"]`
        : `[data-node="${nodes.indexOf(next)}"]`;
      goTo(this.renderRoot.querySelector(place), mark);
    }
    event.preventDefault();
  }

  table({ columns, compared }) {
    const nameOf = (step, node) => this.named(columns[step - 1].nodes.find((one) =>
      one.node === node));
    const back = this.data.filters.flow_direction === 'backward';
    const rowOf = (step, names, one, label) => [step, ...names, { figure: one, label },
      percent(one.share, 1), duration(one.p50_seconds),
      ...(compared ? [one.before ? { figure: one.before, label } : '–',
        one.change ? points(one.change.difference) : '–'] : [])];
    return {
      columns: [...['step', 'from', 'to', 'people', 'share', 'time'].map((one) =>
        t(`flow.table.${one}`)), ...(compared ? [t('funnel.before'), t('funnel.change')] : [])],
      rows: columns.flatMap(({ step, nodes, links }) => [
        ...nodes.map((one) =>
          rowOf(step, [this.named(one), '–'], one, this.titleOf({ ...one, step }))),
        ...links.map((one) => {
          const names = [nameOf(step, one.node), nameOf(step + 1, one.next)];
          if (back) names.reverse();
          return rowOf(step, names, one, `${t('flow.heading')}: ${names.join(' → ')}`);
        })]),
    };
  }
}

/** The node or link that an arrow key leads to: along the flow, or up and down between marks. */
function beside(nodes, one, key) {
  const most = (links) => links.toSorted((a, b) => b.people - a.people)[0];
  if (key === 'ArrowRight') return one.source ? one.target : most(one.sourceLinks)?.target;
  if (key === 'ArrowLeft') return one.source ? one.source : most(one.targetLinks)?.source;
  if (key !== 'ArrowDown' && key !== 'ArrowUp') return null;
  const node = one.source ?? one;
  const column = nodes.filter((other) => other.x0 === node.x0)
    .flatMap((other) => [other, ...other.sourceLinks.toSorted((a, b) => a.y0 - b.y0)]);
  return column[column.indexOf(one) + (key === 'ArrowDown' ? 1 : -1)];
}

customElements.define('mp-flow', Flow);
