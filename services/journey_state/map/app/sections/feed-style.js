import { css } from '../../vendor/vendor.js';

export const feed = css`
  .cards {
    list-style: none; margin: 0; padding: 0; max-height: 544px; overflow-y: auto;
    overscroll-behavior: contain; border-top: 1px solid var(--line);
  }
  .card {
    display: grid; grid-template-columns: minmax(0, 1fr); gap: 2px;
    padding: 10px 4px 10px 12px; border-bottom: 1px solid var(--line);
    position: relative; font-size: 0.875rem; line-height: 20px;
  }
  .card:last-child { border-bottom: 0; }
  .card::before {
    content: ''; position: absolute; inset-block: 10px; inset-inline-start: 0; width: 3px;
    border-radius: 2px; background: var(--mark);
  }
  .card:hover { background: var(--hover); }
  .raised { --mark: var(--warn); --soft: var(--warn-soft); }
  .recovered { --mark: var(--good); --soft: var(--good-soft); }
  .retracted, .expired { --mark: var(--ink-3); --soft: var(--hover); }
  .top, .what, .how { display: flex; align-items: baseline; gap: 0 12px; }
  .top { flex-wrap: wrap; font-size: 0.8125rem; }
  .state {
    display: inline-flex; align-items: center; gap: 4px; align-self: center; padding: 0 8px 0 6px;
    border-radius: 10px; color: var(--mark); background: var(--soft); font-weight: 600;
    font-size: 0.75rem;
  }
  .retracted .state, .expired .state { color: var(--ink-2); }
  .state svg { width: 12px; height: 12px; }
  .state span { display: inline-block; }
  .state span::first-letter { text-transform: uppercase; }
  .of { font-weight: 600; }
  time { margin-inline-start: auto; color: var(--ink-2); white-space: nowrap; }
  .what span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; min-width: 0; }
  .what b { margin-inline-start: auto; white-space: nowrap; font-weight: 650; }
  .how { flex-wrap: wrap; color: var(--ink-2); font-size: 0.8125rem; }
  .card button {
    font: inherit; font-family: var(--mono); font-size: 0.75rem; color: var(--accent-ink);
    background: none; border: 0; margin: 0 -4px; padding: 2px 4px; border-radius: 4px;
    cursor: pointer; min-height: 24px;
  }
  /* The whole card opens it. */
  .card button::after { content: ''; position: absolute; inset: 0; }
  .card button:hover { background: none; text-decoration: underline; }
  .card button:focus-visible { outline: none; }
  .card:has(button:focus-visible) { outline: 2px solid var(--accent); outline-offset: -2px; }
  /* Room is kept for the pill: nothing moves when it comes. */
  .news {
    display: flex; align-items: center; justify-content: center; min-height: 36px;
    margin: -4px 0 4px; font-size: 0.8125rem; color: var(--ink-2);
  }
  .pill {
    padding: 0 16px; border: 0; border-radius: 16px; min-height: 32px; cursor: pointer;
    font: inherit; font-weight: 600; background: var(--accent); color: var(--on-accent);
  }
  .pill:focus-visible { outline-offset: 2px; }
  @media print {
    .cards { max-height: none; } .news, .cards > :nth-child(n+13) { display: none; }
  }
`;
