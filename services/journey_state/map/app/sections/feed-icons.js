// A sign for each state of a signal: none is told by its colour alone.

import { html, svg } from '../../vendor/vendor.js';

const icon = (d) => html`<svg viewBox="0 0 16 16" aria-hidden="true" fill="none"
  stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round">
  ${svg`<path d=${d}/>`}</svg>`;

export const STATE_ICONS = {
  raised: icon('M8 2.5v6M8 12v1'),
  recovered: icon('M3 8.5l3.2 3.2L13 5'),
  retracted: icon('M3.5 6.5h6a3 3 0 0 1 0 6H7M6 4L3.5 6.5 6 9'),
  expired: icon('M8 4.5V8l2.2 1.6M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12'),
};
