// d3-format for scales whose ticks are written by Intl: none of it is called.
const none = undefined;
export { none as format, none as formatPrefix, none as formatSpecifier };
export { none as precisionFixed, none as precisionPrefix, none as precisionRound };
