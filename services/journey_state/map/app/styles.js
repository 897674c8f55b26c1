// Styles that every section shares.

import { css } from '../vendor/vendor.js';

export const controls = css`
  button, select, input { font: inherit; color: inherit; }
  .control {
    display: inline-flex; align-items: center; gap: 6px; min-height: 32px; padding: 0 10px;
    border: 1px solid var(--line); border-radius: 8px; background: var(--surface);
    color: var(--ink); cursor: pointer; white-space: nowrap;
  }
  .control:hover { border-color: var(--line-strong); background: var(--hover); }
  select.control { field-sizing: content; }
  .quiet { border-color: transparent; background: none; color: var(--ink-2); }
  .control:disabled { color: var(--ink-3); cursor: default; }
  :focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
  .segmented {
    display: inline-flex; border: 1px solid var(--line); border-radius: 8px; overflow: clip;
    background: var(--surface);
  }
  .segmented button {
    border: 0; background: none; min-height: 30px; padding: 0 10px; cursor: pointer;
    color: var(--ink-2); white-space: nowrap;
  }
  .segmented button + button { border-inline-start: 1px solid var(--line); }
  .segmented button:hover { background: var(--hover); color: var(--ink); }
  .segmented button[aria-pressed='true'] {
    background: var(--accent-soft); color: var(--accent-ink); font-weight: 600;
  }
  .segmented button:focus-visible { outline-offset: -2px; }
  .hidden {
    position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
    white-space: nowrap;
  }
`;

export const section = css`
  :host { display: block; min-width: 0; }
  :host([hidden]) { display: none; }
  section {
    box-sizing: border-box; height: 100%;
    background: var(--surface); border: 1px solid var(--line); border-radius: 12px;
    padding: 16px 20px 20px;
  }
  header {
    display: flex; align-items: flex-start; gap: 8px 16px; flex-wrap: wrap; margin-bottom: 12px;
  }
  .heading { flex: 1 1 240px; min-width: 0; }
  h2 { margin: 0; font-size: 1rem; line-height: 24px; font-weight: 650; letter-spacing: -0.005em; }
  .rule {
    margin: 0; color: var(--ink-2); font-size: 0.8125rem; line-height: 20px; max-width: 88ch;
  }
  .tools { display: flex; align-items: center; gap: 8px; flex-wrap: wrap; }
  .tools .control, .tools .segmented { font-size: 0.8125rem; }
  .body { position: relative; }
  .skeleton { display: grid; gap: 12px; padding: 4px 0; }
  .skeleton i {
    display: block; height: 28px; border-radius: 6px; background: var(--hover);
    animation: breathe 1.6s ease-in-out infinite;
  }
  .skeleton i:nth-child(2) { width: 92%; } .skeleton i:nth-child(3) { width: 78%; }
  @keyframes breathe { 50% { opacity: 0.45; } }
  @media (prefers-reduced-motion: reduce) { .skeleton i { animation: none; } }
  .fault {
    display: flex; gap: 12px; align-items: center; flex-wrap: wrap; padding: 12px 14px;
    border: 1px solid var(--bad-line); border-radius: 8px; background: var(--bad-soft);
  }
  .fault p { margin: 0; flex: 1 1 240px; overflow-wrap: anywhere; }
  .empty { color: var(--ink-2); margin: 8px 0 0; }
  .twin { overflow-x: auto; }
  .twin table { border-collapse: collapse; width: 100%; font-size: 0.875rem; }
  .twin th, .twin td {
    text-align: end; padding: 6px 12px; border-bottom: 1px solid var(--line); white-space: nowrap;
    font-variant-numeric: tabular-nums;
  }
  .twin th:first-child, .twin td:first-child { text-align: start; padding-inline-start: 0; }
  .twin thead th { color: var(--ink-2); font-weight: 500; font-size: 0.8125rem; }
  .twin tbody th { font-weight: 500; }
  @media (max-width: 640px) { section { padding: 14px 14px 16px; } }
  @media print { section { break-inside: avoid; border-color: #ccc; } .tools { display: none; } }
`;
