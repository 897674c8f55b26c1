// The looks of the map's table.

import { css } from '../../vendor/vendor.js';

export const mapStyle = css`
  .scroll { overflow-x: auto; margin: 0 -20px; padding: 0 20px; scroll-padding-left: 200px; }
  .scroll:focus-visible { outline-offset: -2px; }
  table { border-collapse: separate; border-spacing: 0; table-layout: fixed; width: 100%; }
  col.lane { width: 188px; }
  th, td { padding: 0 10px; vertical-align: middle; text-align: start; font-weight: 400; }
  tbody th, thead td { position: sticky; left: -20px; z-index: 1; background: var(--surface); }
  tbody th { padding: 8px 12px 8px 0; line-height: 20px; }
  tbody td { padding-block: 8px; }
  tbody tr > * { border-top: 1px solid var(--line); }
  tbody th small, tbody th .key { display: block; color: var(--ink-2); font-size: 0.75rem;
    line-height: 16px; }
  tbody + tbody tr:first-child > * { border-top-color: var(--line-strong); }
  i { font-style: normal; color: var(--ink-3); }
  small { color: var(--ink-2); font-size: 0.75rem; }

  thead th { padding: 0 2px 10px 0; vertical-align: top; }
  thead th span {
    display: block; padding: 10px 0 0 10px; border-top: 4px solid var(--stage);
    font-weight: 650; line-height: 20px; overflow-wrap: anywhere; hyphens: auto;
  }
  .big td { font-size: 1.625rem; line-height: 32px; font-weight: 600; letter-spacing: -0.02em; }
  .plain td mp-number { font-weight: 550; }
  .plain td small { display: block; line-height: 16px; }

  /* From one stage to the next: on the line between them. */
  .step td { position: relative; overflow: visible; height: 44px; }
  .step td::before {
    content: ''; position: absolute; top: 50%; left: 0; right: 0;
    border-top: 1px solid var(--line-strong);
  }
  .step td:last-child::before { right: 50%; }
  .step td:last-child::after {
    content: ''; position: absolute; right: 50%; top: calc(50% - 3px); width: 7px; height: 7px;
    border-radius: 50%; background: var(--line-strong);
  }
  .pill {
    position: absolute; right: 0; top: 50%; translate: 50% -50%; z-index: 1;
    padding: 1px 10px 1px 8px; border-radius: 12px;
    background: var(--accent-soft); color: var(--accent-ink);
    border: 1px solid var(--accent-line); font-size: 0.8125rem; font-weight: 600; line-height: 20px;
  }
  .pill::after { content: ' \\203A'; color: var(--accent); font-weight: 700; }

  .key span { display: inline-flex; align-items: center; gap: 4px; margin-inline-end: 8px; }
  .key b { width: 8px; height: 8px; border-radius: 2px; }
  .bar { display: flex; gap: 2px; height: 8px; border-radius: 4px; overflow: clip; }
  .bar b { flex: 0 1 0; min-width: 0; }
  b.moved { background: var(--moved); } b.still_here { background: var(--here); }
  b.left { background: var(--left); }
  .parts { display: flex; justify-content: space-between; gap: 4px; margin-top: 4px;
    font-size: 0.8125rem; line-height: 20px; }

  tbody.group > tr:first-child > th {
    padding: 18px 0 6px; border-top: 0; font-size: 0.75rem; letter-spacing: 0.04em;
    color: var(--ink-2); font-weight: 600; text-transform: uppercase;
  }
  tbody.group > tr:first-child > th span {
    text-transform: none; letter-spacing: 0; font-weight: 400; margin-inline-start: 8px;
  }
  tbody.group > tr:nth-child(2) > * { border-top: 1px solid var(--line); }
  .heat-row td { padding: 2px; }
  .heat-row th { padding-block: 0; }
  .heat-row > * { border-top: 0 !important; }
  .cell {
    display: flex; align-items: center; justify-content: space-between; gap: 8px; min-height: 36px;
    padding: 0 8px; border-radius: 6px;
    background-color:
      color-mix(in oklab, var(--accent) calc(4% + var(--heat) * 40%), var(--surface));
  }
  .cell.none { background: none; }
  .cell small { color: var(--ink); opacity: 1; }
  .few {
    background-image: repeating-linear-gradient(135deg, var(--hatch) 0 1px, transparent 1px 6px);
  }
  .pill.few { border-style: dashed; }
  .inner th { padding-inline-start: 28px; font-size: 0.8125rem; color: var(--ink-2);
    overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  .inner td { font-size: 0.8125rem; padding-inline: 10px; }
  .inner > * { padding-block: 4px; border-top: 0 !important; }

  .turn {
    display: flex; align-items: center; gap: 6px; width: 100%; min-height: 36px; padding: 0;
    border: 0; background: none; text-align: start; cursor: pointer; border-radius: 6px;
  }
  .turn:hover { color: var(--accent-ink); }
  .turn svg { width: 12px; height: 12px; flex: none; color: var(--ink-3); }
  .turn[aria-expanded='true'] svg { rotate: 90deg; }

  .list-row > * { vertical-align: top; }
  ul { list-style: none; margin: 0; padding: 0; display: grid; gap: 4px; font-size: 0.8125rem; }
  li { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 0 8px; line-height: 20px; }
  li > span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  li > b { grid-column: 1 / -1; height: 3px; border-radius: 2px; background: var(--hover);
    position: relative; overflow: clip; }
  li > b::after { content: ''; position: absolute; inset: 0; transform-origin: left;
    background: var(--here); transform: scaleX(var(--share)); }
  .states li > span::before { content: ''; display: inline-block; width: 8px; height: 8px;
    margin-inline-end: 6px; border-radius: 50%; border: 2px solid currentcolor; }
  .states .recovered > span::before { background: var(--good); border-color: var(--good); }
  .states .expired > span::before { border-color: var(--left); }
  .states .raised > span::before { background: var(--left); border-color: var(--left); }
  .states .retracted > span::before { border-style: dashed; border-color: var(--ink-3); }

  /* Far enough from the figure above or beside it for a finger. */
  .delta { font-size: 0.75rem; line-height: 20px; font-weight: 400; letter-spacing: 0;
    color: var(--ink-2); white-space: nowrap; margin-inline-start: 12px; }
  .plain td .delta { font-weight: 400; }
  .plain td .delta.sure, .parts .delta.sure, .step .delta.sure { color: var(--ink);
    font-weight: 650; }
  .plain td small + .delta, .parts .delta { display: block; margin: 4px 0 0; }
  .step td:has(.delta) { height: 76px; }
  .step .delta { position: absolute; right: 0; bottom: 2px; translate: 50% 0; z-index: 1;
    padding: 0 4px; background: var(--surface); border-radius: 4px; }

  b.promoters { background: var(--good); } b.passives { background: var(--line-strong); }
  b.detractors { background: var(--left); }
  small + .bar { margin-top: 6px; }
  .star { color: var(--ink-3); margin-inline-end: 4px; }

  footer { display: flex; flex-wrap: wrap; gap: 8px 20px; align-items: center; margin-top: 14px;
    color: var(--ink-2); font-size: 0.75rem; }
  .scale { display: inline-flex; align-items: center; gap: 6px; }
  .scale b { width: 72px; height: 10px; border-radius: 3px;
    background: linear-gradient(90deg, color-mix(in oklab, var(--accent) 4%, var(--surface)),
      color-mix(in oklab, var(--accent) 44%, var(--surface))); }
  .scale b.few { width: 28px; background: var(--hover)
    repeating-linear-gradient(135deg, var(--hatch) 0 1px, transparent 1px 6px); }
  details { flex: 1 1 320px; } summary { cursor: pointer; width: fit-content; border-radius: 4px; }
  dl { margin: 8px 0 0; display: grid; gap: 4px 16px; grid-template-columns: max-content 1fr;
    max-width: 100ch; } dt { color: var(--ink); } dd { margin: 0; }

  @media (max-width: 640px) {
    .scroll { margin: 0 -14px; padding: 0 14px; scroll-padding-left: 130px; }
    col.lane { width: 118px; }
    tbody th, thead td { left: -14px; font-size: 0.8125rem; }
    tbody th small { display: none; }
    .big td { font-size: 1.375rem; }
    thead th span { font-size: 0.875rem; padding-inline-start: 8px; }
    dl { grid-template-columns: 1fr; }
  }
`;
