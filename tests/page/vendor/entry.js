// What the page uses of others' code, and nothing else: the rest is left out of vendor.js.
export { LitElement, css, html, nothing, svg } from 'lit';
export { Directive, directive } from 'lit/directive.js';
export { classMap } from 'lit/directives/class-map.js';
export { repeat } from 'lit/directives/repeat.js';
export { sankey, sankeyLinkHorizontal } from 'd3-sankey';
export { scaleLinear } from 'd3-scale';
export { area, curveMonotoneX, line, stack } from 'd3-shape';
