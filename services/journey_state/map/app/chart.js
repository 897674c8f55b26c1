// What charts share: their width, colours of stages, arrow keys between marks, a tip.

import { css, html, nothing } from '../vendor/vendor.js';
import { vars } from './vars.js';

export const chart = css`
  /* Title and switches beside each other, the rule below both. */
  section { height: 100%; box-sizing: border-box; }
  .heading { display: contents; }
  h2 { flex: 1 1 auto; }
  .rule { order: 1; flex: 1 0 100%; margin-top: -4px; }
  .chart { position: relative; }
  .chart svg { display: block; width: 100%; overflow: visible; }
  .chart text { font-size: 12px; fill: var(--ink-2); }
  .axis line { stroke: var(--line); shape-rendering: crispEdges; }
  .mark { cursor: pointer; outline: none; }
  .tip {
    position: absolute; z-index: 3; left: var(--x); top: var(--y); max-width: 260px;
    transform: translate(var(--shift), var(--rise)); pointer-events: none;
    padding: 6px 10px; border-radius: 8px; border: 1px solid var(--line-strong);
    background: var(--raised); color: var(--ink); font-size: 0.8125rem; line-height: 20px;
    width: max-content;
  }
  .tip b { font-weight: 600; display: block; }
  .tip span { color: var(--ink-2); display: block; }
  .swatch {
    display: inline-block; width: 10px; height: 10px; border-radius: 3px; flex: none;
    background: var(--colour);
  }
`;

/** Keeps `host[name]` the width of the host's box, in px. */
export class Width {
  constructor(host) {
    this.host = host;
    this.value = 0;
    host.addController(this);
  }

  hostConnected() {
    this.observer = new ResizeObserver(([entry]) => {
      const width = Math.round(entry.contentRect.width);
      if (width === this.value) return;
      this.value = width;
      this.host.requestUpdate();
    });
    this.observer.observe(this.host);
  }

  hostDisconnected() {
    this.observer.disconnect();
  }
}

/** The colour of the stage at `index` of `count`: later ones stand out more. */
export function stageColour(index, count) {
  const place = count > 1 ? Math.round((index * 6) / (count - 1)) : 3;
  return `var(--stage-${1 + Math.max(0, Math.min(6, place))})`;
}

/** Gives the focus to another mark of those beside it: one of them is a stop of the Tab key. */
export function step(marks, from, by) {
  const at = marks.indexOf(from);
  const next = by === 'first' ? 0 : by === 'last' ? marks.length - 1
    : Math.max(0, Math.min(marks.length - 1, at + by));
  goTo(marks[next], from);
}

/** Moves the focus and the stop of the Tab key. */
export function goTo(mark, from) {
  if (!mark) return;
  from?.setAttribute('tabindex', '-1');
  mark.setAttribute('tabindex', '0');
  mark.focus();
}

/** The tip at {x, y}: its first line stands out; readers have the mark's own name. */
export function tip(at, width) {
  if (!at) return nothing;
  const [first, ...others] = at.lines;
  const shift = at.x < 130 ? '-10%' : at.x > width - 130 ? '-90%' : '-50%';
  const rise = at.below || at.y < 60 ? '12px' : 'calc(-100% - 10px)';
  return html`<div class="tip" aria-hidden="true"
    ${vars({ '--x': `${at.x}px`, '--y': `${at.y}px`, '--shift': shift, '--rise': rise })}>
    <b>${first}</b>${others.map((one) => html`<span>${one}</span>`)}</div>`;
}

/** A row of choices of which one holds. */
export function switchOf(name, choices, chosen, choose) {
  return html`<div class="segmented" role="group" aria-label=${name}>
    ${choices.map(([value, text, off]) => html`<button type="button" ?disabled=${off}
      aria-pressed=${String(value === chosen)} @click=${() => choose(value)}>${text}</button>`)}
  </div>`;
}
