// Signs of channels, in boxes of 16.

import { html } from '../../vendor/vendor.js';

const PATHS = {
  website: 'M2 3.5h12v9H2zM2 6h12',
  app: 'M5 2h6v12H5zM7.2 12h1.6',
  email: 'M2 4h12v8.5H2zM2 4.5l6 4.5 6-4.5',
  chatbot: 'M2.5 3h11v8H8l-3 2.5V11H2.5z',
  phone: 'M4 2.5h2L7 5.5 5.5 7a8 8 0 0 0 3.5 3.5L10.5 9l3 1v2c0 1-1 1.5-2 1.5'
    + 'A9.5 9.5 0 0 1 2.5 4.5c0-1 .5-2 1.5-2z',
  offline: 'M2.5 6.5 3.5 3h9l1 3.5M3 6.5v6.5h10V6.5M6.5 13V9h3v4',
  signal: 'M8 2.5a3.5 3.5 0 0 1 3.5 3.5c0 3.5 1.5 4.5 1.5 4.5H3'
    + 'S4.5 9.5 4.5 6A3.5 3.5 0 0 1 8 2.5zM6.8 13h2.4',
};

/** The sign of a channel, or of a signal. */
export function icon(name) {
  return html`<svg viewBox="0 0 16 16" aria-hidden="true">
    <path d=${PATHS[name] ?? 'M5 8h6'}/></svg>`;
}
