// d3-interpolate for scales of numbers: its other kinds, colours above all, weigh 10 KB.
export const interpolateNumber = (a, b) => (t) => a * (1 - t) + b * t;
export const interpolateRound = (a, b) => (t) => Math.round(a * (1 - t) + b * t);
export { interpolateNumber as interpolate, interpolateNumber as piecewise };
