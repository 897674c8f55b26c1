// Computed sizes and colours: by CSSOM, because the policy forbids style attributes.

import { Directive, directive } from '../vendor/vendor.js';

class Vars extends Directive {
  update(part, [values]) {
    const { style } = part.element;
    for (const [name, value] of Object.entries(values)) {
      // What is set again is computed again.
      if (style.getPropertyValue(name) !== String(value)) style.setProperty(name, value);
    }
  }
}

/** `<div ${vars({ '--share': 0.3, width: '30%' })}>` sets these properties of its style. */
export const vars = directive(Vars);
