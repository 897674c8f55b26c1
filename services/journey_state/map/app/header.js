// The page's head.

import { LitElement, html } from '../vendor/vendor.js';
import { t } from './i18n.js';

class Header extends LitElement {
  render() {
    return html`<h1>${t('page.title')}</h1>`;
  }
}

customElements.define('mp-header', Header);
