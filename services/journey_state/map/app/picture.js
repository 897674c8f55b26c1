// What is on the page as a picture that stands alone: computed styles are written into it.

const SVG = 'http://www.w3.org/2000/svg';
const XHTML = 'http://www.w3.org/1999/xhtml';
const MARGIN = 24;
const LINE = 18;
const DRAWN = ['color', 'fill', 'fill-opacity', 'stroke', 'stroke-width', 'stroke-dasharray',
  'stroke-linecap', 'stroke-linejoin', 'stroke-opacity', 'opacity', 'font-family', 'font-size',
  'font-weight', 'font-style', 'font-variant-numeric', 'letter-spacing', 'text-anchor',
  'dominant-baseline', 'mix-blend-mode', 'visibility'];
const LAID = ['display', 'box-sizing', 'width', 'height', 'margin', 'padding', 'border',
  'border-top', 'border-right', 'border-bottom', 'border-left', 'border-radius', 'border-collapse',
  'background-color', 'background-image', 'background-size', 'line-height', 'text-align',
  'vertical-align', 'white-space', 'gap', 'grid-template-columns', 'grid-template-rows',
  'grid-template-areas', 'grid-column', 'grid-row', 'flex', 'flex-direction', 'align-items',
  'justify-content', 'justify-items', 'text-decoration-line', 'overflow-wrap'];
const KEPT = ['colspan', 'rowspan', 'lang', 'dir', 'type', 'value', 'checked'];
const DROPPED = ['style', 'class', 'tabindex', 'role'];
const PLACED = ['inset', 'transform'];

/** {text, width, height}: the chart in this element, or all of it, below these lines of text. */
export function pictureOf(body, lines) {
  const chart = chartOf(body);
  const box = (chart ?? body).getBoundingClientRect();
  const inner = chart ? box.width : Math.max(box.width, widest(body));
  const width = Math.max(inner, 480) + 2 * MARGIN;
  const page = getComputedStyle(body);
  const broken = lines.flatMap((line, place) => breakLine(line, width - 2 * MARGIN, page.fontFamily)
    .map((text) => ({ text, first: place === 0 })));
  const top = MARGIN + broken.length * LINE + 12;
  const framed = chart ? null : boxed(body, inner);
  const height = top + (chart ? box.height : framed.height) + MARGIN;
  const root = element('svg', { xmlns: SVG, width, height, viewBox: `0 0 ${width} ${height}` });
  const surface = getComputedStyle(body.closest('section') ?? body).backgroundColor;
  root.append(element('rect', { width, height, fill: surface }));
  broken.forEach(({ text, first }, place) => {
    const line = element('text', { x: MARGIN, y: MARGIN + (place + 0.7) * LINE, fill: page.color,
      'font-family': page.fontFamily, 'font-size': first ? 15 : 12,
      'font-weight': first ? 650 : 400 });
    line.textContent = text;
    root.append(line);
  });
  root.append(chart ? nested(chart, box, top) : frame(framed, top));
  return { text: new XMLSerializer().serializeToString(root), width, height };
}

/** The picture drawn, as a Blob; `pixels` for each of the page's. */
export async function pngOf({ text, width, height }, pixels) {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(width * pixels);
  canvas.height = Math.round(height * pixels);
  canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => { canvas.toBlob(resolve, 'image/png'); });
}

/** The drawing that is most of the element, texts and all; null where boxes are a part of it. */
function chartOf(body) {
  const area = (one) => one.getBoundingClientRect().width * one.getBoundingClientRect().height;
  const [largest] = [...body.querySelectorAll('svg')].sort((a, b) => area(b) - area(a));
  const whole = largest?.querySelector('text') && area(largest) > 0.5 * area(body);
  return whole ? largest : null;
}

function nested(chart, box, top) {
  const made = copy(chart);
  for (const [name, value] of Object.entries({ x: MARGIN, y: top, width: box.width,
    height: box.height, overflow: 'visible' })) made.setAttribute(name, value);
  return made;
}

/** The boxes of this element, and how much room they take when they stand alone. */
function boxed(body, width) {
  const made = copy(body);
  made.style.setProperty('width', `${width}px`);
  const trial = document.createElement('div');
  trial.style.setProperty('position', 'absolute');
  trial.style.setProperty('visibility', 'hidden');
  trial.append(made);
  document.body.append(trial);
  const height = made.scrollHeight;
  trial.remove();
  return { made, width, height };
}

function frame({ made, width, height }, top) {
  const found = element('foreignObject', { x: MARGIN, y: top, width, height,
    overflow: 'visible' });
  found.append(made);
  return found;
}

/** The element with what is in its shadow root, each as it looks; null where nothing is seen. */
function copy(node) {
  if (node.nodeType === Node.TEXT_NODE) return document.createTextNode(node.data);
  if (node.nodeType !== Node.ELEMENT_NODE || node.localName === 'style') return null;
  if (node.dataset.live !== undefined) return null; // offers what a picture cannot give
  const style = getComputedStyle(node);
  const drawn = node.namespaceURI === SVG;
  if (style.display === 'none' || (!drawn && style.clipPath.startsWith('inset(50%'))) return null;
  const made = drawn ? node.cloneNode(false)
    : document.createElementNS(XHTML, node.shadowRoot || node.localName === 'button'
      ? 'span' : node.localName);
  for (const name of drawn ? DROPPED : []) made.removeAttribute(name);
  for (const name of drawn ? [] : KEPT) {
    if (node.hasAttribute(name)) made.setAttribute(name, node.getAttribute(name));
  }
  if (node.localName === 'svg') {
    const { width, height } = node.getBoundingClientRect();
    made.setAttribute('width', width);
    made.setAttribute('height', height);
  }
  wear(made, style, drawn, node.shadowRoot || node.textContent.trim());
  const inside = node.shadowRoot?.childNodes
    ?? (node.localName === 'slot' ? node.assignedNodes() : node.childNodes);
  for (const one of inside) {
    const copied = copy(one);
    if (copied) made.append(copied);
  }
  return made;
}

function wear(made, style, drawn, written) {
  for (const name of drawn ? DRAWN : [...DRAWN, ...LAID]) {
    // What holds a text is as high as the text is; a cell is at least so high.
    if (name === 'height' && written && !['td', 'th'].includes(made.localName)) continue;
    const value = style.getPropertyValue(name);
    if (value && value !== 'none' && value !== 'auto') made.style.setProperty(name, value);
  }
  if (drawn) {
    if (style.fill === 'none') made.style.setProperty('fill', 'none');
    return;
  }
  if (style.position === 'static') return;
  // What stuck to an edge while it was scrolled stands in its place.
  const still = style.position === 'sticky' ? 'static' : style.position;
  made.style.setProperty('position', still);
  if (still === 'absolute') {
    for (const name of PLACED) made.style.setProperty(name, style.getPropertyValue(name));
  }
}

function widest(body) {
  return Math.max(...[...body.querySelectorAll('*')].map((one) => one.scrollWidth), 0);
}

function breakLine(text, width, family) {
  const pen = document.createElement('canvas').getContext('2d');
  pen.font = `12px ${family}`;
  const [first, ...words] = text.split(/\s+/);
  const lines = [first];
  for (const word of words) {
    const longer = `${lines.at(-1)} ${word}`;
    if (pen.measureText(longer).width > width) lines.push(word);
    else lines[lines.length - 1] = longer;
  }
  return lines;
}

function element(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key !== 'xmlns') made.setAttribute(key, value);
  }
  return made;
}
