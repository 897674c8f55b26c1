// The page: language first, then everything that speaks it.

import { load, t, wanted } from './i18n.js';
import { state } from './url.js';

const ready = load();

await ready;
document.querySelector('.skip').textContent = t('page.skip');
await Promise.all([
  import('./number.js'),
  import('./header.js'),
  import('./filters.js'),
  // insights
  import('./sections/map.js'),
  import('./sections/funnel.js'),
  import('./sections/flow.js'),
  // pain
  // feed
  import('./sections/trend.js'),
  // health
  // drawer
]);

window.addEventListener('urlchange', () => {
  const { theme } = state();
  if (theme) document.documentElement.dataset.theme = theme;
  if (document.documentElement.lang !== wanted()) load();
});
window.addEventListener('langchange', () => {
  document.querySelector('.skip').textContent = t('page.skip');
});
