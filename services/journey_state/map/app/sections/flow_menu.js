// What can be done with a node of the flow.

import { css, html } from '../../vendor/vendor.js';
import { t } from '../i18n.js';
import { namesAs, namesIn, set, state } from '../url.js';
import { vars } from '../vars.js';

export const menuStyles = css`
  .menu {
    position: absolute; z-index: 4; left: var(--x); top: var(--y); min-width: 180px;
    border: 1px solid var(--line-strong); border-radius: 10px; background: var(--raised);
    padding: 4px; display: grid; font-size: 0.875rem;
  }
  .menu button {
    border: 0; background: none; text-align: start; padding: 6px 10px; border-radius: 6px;
    cursor: pointer; min-height: 32px;
  }
  .menu button:hover, .menu button:focus-visible { background: var(--hover); }
`;

/** The menu of the open node, in the chart of the flow that is scrolled so far. */
export function menu(flow, scrolled) {
  const node = flow.open;
  const kind = flow.data.filters.flow;
  const without = namesIn(state().flow_exclude);
  const filter = { channel: 'channel', touchpoint: 'event' }[kind];
  const items = [
    ['people', () => flow.openPeople(node)],
    ['start', () => set({ flow_start: node.name, flow_direction: null })],
    ['before', () => set({ flow_start: node.name, flow_direction: 'backward' })],
    ['exclude', () => set({
      flow_exclude: namesAs([...without, node.name]),
      ...(state().flow_start === node.name && { flow_start: null }),
    })],
    filter && ['only', () => set({ [filter]: node.name, flow: null, flow_start: null,
      flow_exclude: null })],
  ].filter(Boolean);
  const close = (back) => {
    flow.open = null;
    if (back) flow.updateComplete.then(() => markOf(flow, node)?.focus());
  };
  const x = Math.max(0, Math.min(node.x1 + 4 - scrolled, flow.inner - 190));
  const y = Math.max(0, Math.min(node.y0 + 22, flow.graph.height - 150));
  const place = { '--x': `${x}px`, '--y': `${y}px` };
  return html`<div class="menu" role="menu" aria-label=${flow.named(node)} ${vars(place)}
    @keydown=${(event) => pressed(event, close)}
    @focusout=${(event) => {
      if (!event.currentTarget.contains(event.relatedTarget)) close(false);
    }}>${items.map(([name, act], n) => html`<button type="button" role="menuitem"
      tabindex=${n ? -1 : 0}
      @click=${() => { close(true); act(); }}>${t(`flow.menu.${name}`)}</button>`)}</div>`;
}

function markOf(flow, node) {
  return flow.renderRoot.querySelector(`[data-node="${flow.graph.nodes.findIndex((one) =>
    one.key === node.key)}"]`);
}

function pressed(event, close) {
  const items = [...event.currentTarget.querySelectorAll('button')];
  const at = items.indexOf(event.target);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
  if (event.key === 'Escape') close(true);
  else if (to !== undefined) items.at(to % items.length).focus();
  else return;
  event.preventDefault();
  event.stopPropagation();
}
