import { css } from '../../vendor/vendor.js';

export const health = css`
  .verdict { display: flex; align-items: center; gap: 8px; margin: 0 0 12px; font-weight: 600; }
  dl {
    display: grid; grid-template-columns: repeat(auto-fit, minmax(148px, 1fr)); gap: 1px;
    margin: 0; border: 1px solid var(--line); border-radius: 8px;
    overflow: clip;
  }
  dl > div { box-shadow: 0 0 0 1px var(--line); padding: 10px 14px 12px; min-width: 0; }
  dt { color: var(--ink-2); font-size: 0.8125rem; line-height: 20px; }
  dd {
    margin: 0; font-size: 1.125rem; line-height: 28px; font-weight: 600; display: flex;
    align-items: center; gap: 8px; white-space: nowrap;
  }
  dd.warn { color: var(--warn); } dd.bad { color: var(--bad); }
  .note {
    display: block; font-size: 0.75rem; line-height: 16px; font-weight: 400; color: var(--ink-2);
    white-space: normal;
  }
  .mark {
    width: 16px; height: 16px; flex: none; fill: none; stroke: currentColor; stroke-width: 2;
    stroke-linecap: round; stroke-linejoin: round; padding: 1px; border-radius: 50%;
  }
  .mark.ok { color: var(--good); background: var(--good-soft); }
  .mark.warn { color: var(--warn); background: var(--warn-soft); }
  .mark.bad { color: var(--bad); background: var(--bad-soft); }
  .spark { width: 96px; height: 24px; margin-inline-start: auto; min-width: 0; }
  .spark polyline {
    fill: none; stroke: var(--accent); stroke-width: 1.5; vector-effect: non-scaling-stroke;
    stroke-linejoin: round;
  }
  details { border-top: 1px solid var(--line); font-size: 0.875rem; }
  dl + details { margin-top: 16px; }
  summary { cursor: pointer; padding: 8px 0; color: var(--ink-2); border-radius: 4px; }
  summary:hover { color: var(--ink); }
  details ul { list-style: none; margin: 0 0 12px; padding: 0; }
  details li { padding: 6px 0 6px 16px; display: flex; flex-wrap: wrap; gap: 2px 8px; }
  details li span { color: var(--ink-2); overflow-wrap: anywhere; }
  details p { margin: 0 0 12px 16px; }
  details .twin { margin-bottom: 12px; }
  code {
    font-family: var(--mono); font-size: 0.75rem; padding: 2px 6px; border-radius: 4px;
    background: var(--hover);
  }
`;
