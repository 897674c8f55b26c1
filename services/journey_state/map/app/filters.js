// The filter bar.

import { LitElement, nothing } from '../vendor/vendor.js';

class Filters extends LitElement {
  render() {
    return nothing;
  }
}

customElements.define('mp-filters', Filters);
