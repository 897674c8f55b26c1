// The page: whatever is imported here; texts are there before anything that speaks.

import { load, t, wanted } from './i18n.js';
import './token.js'; // before anything is asked
import './number.js';
import './header.js';
import './banner.js';
import './filters.js';
import './sections/insights.js';
import './sections/map.js';
import './sections/funnel.js';
import './sections/flow.js';
import './sections/pain.js';
import './sections/feed.js';
import './sections/trend.js';
import './sections/health.js';
import './drawer.js';
import './export.js';
import { start } from './live.js';

const skip = document.querySelector('.skip');
skip.textContent = t('page.skip');
start();

window.addEventListener('urlchange', () => {
  if (document.documentElement.lang !== wanted()) load();
});
window.addEventListener('langchange', () => {
  skip.textContent = t('page.skip');
});
