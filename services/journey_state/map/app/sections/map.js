// The map: stages beside each other, and below each other what happens in them.

import { css, html } from '../../vendor/vendor.js';
import { label, t } from '../i18n.js';
import { Section } from '../section.js';

export class JourneyMap extends Section {
  static name_ = 'map';
  static path = '/v1/map';
  static styles = [...Section.styles, css`
    .scroll { overflow-x: auto; }
    table { border-collapse: collapse; }
    th, td { padding: 6px 12px; text-align: end; }
  `];

  render_(data) {
    const rows = ['stock', 'entered'];
    return html`<div class="scroll" tabindex="0" role="group" aria-labelledby="title"><table>
      <thead><tr><td></td>${data.stages.map((one) => html`<th scope="col">${label(one)}</th>`)}</tr>
      </thead>
      <tbody>${rows.map((row) => html`<tr><th scope="row">${t(`map.${row}`)}</th>
        ${data.stages.map((one) => html`<td><mp-number .figure=${one[row]}
          .label=${`${label(one)}: ${t(`map.${row}`)}`}></mp-number></td>`)}</tr>`)}</tbody>
    </table></div>`;
  }
}

customElements.define('mp-map', JourneyMap);
