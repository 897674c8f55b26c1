// The page: language first, then everything that speaks it.

import { load, t, wanted } from './i18n.js';
import { start } from './live.js';
import { state } from './url.js';

const ready = load();

await ready;
await import('./token.js'); // before anything is asked
document.querySelector('.skip').textContent = t('page.skip');
await Promise.all([
  import('./number.js'),
  import('./header.js'),
  import('./banner.js'),
  import('./filters.js'),
  import('./sections/insights.js'),
  import('./sections/map.js'),
  import('./sections/funnel.js'),
  import('./sections/flow.js'),
  import('./sections/pain.js'),
  import('./sections/feed.js'),
  import('./sections/trend.js'),
  import('./sections/health.js'),
  import('./drawer.js'),
  import('./export.js'),
]);
start();

window.addEventListener('urlchange', () => {
  const { theme } = state();
  if (theme) document.documentElement.dataset.theme = theme;
  if (document.documentElement.lang !== wanted()) load();
});
window.addEventListener('langchange', () => {
  document.querySelector('.skip').textContent = t('page.skip');
});
