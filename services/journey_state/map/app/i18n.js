// What the page says, in the viewer's language.

import { state } from './url.js';

export const LANGUAGES = ['en', 'ru', 'pl'];
export const NAMES = { en: 'English', ru: 'Русский', pl: 'Polski' };

let language = 'en';
let texts = {};
let plural = new Intl.PluralRules('en');
let number = new Intl.NumberFormat('en');

/** The language in use: en, ru or pl. */
export function lang() {
  return language;
}

/** That of the URL, else the one kept, else the browser's first that there is. */
export function wanted() {
  const offered = [state().lang, localStorage.getItem('milepost-lang'), ...navigator.languages];
  const known = offered.map((one) => (one ?? '').slice(0, 2).toLowerCase());
  return known.find((one) => LANGUAGES.includes(one)) ?? 'en';
}

/** Everything is said in this language afterwards; `langchange` on window tells it. */
export async function load(chosen = wanted()) {
  const answer = await fetch(`/map/i18n/${chosen}.json`);
  texts = await answer.json();
  language = chosen;
  plural = new Intl.PluralRules(chosen);
  number = new Intl.NumberFormat(chosen);
  document.documentElement.lang = chosen;
  document.title = t('page.title');
  window.dispatchEvent(new CustomEvent('langchange'));
}

/** The text of the key; `{name}` is replaced, and `n` chooses the plural form. */
export function t(key, values = {}) {
  const entry = texts[key];
  if (entry === undefined) {
    console.error(`no text ${key} in ${language}`);
    return key;
  }
  const text = typeof entry === 'string' ? entry : entry[plural.select(values.n ?? 0)];
  return text.replace(/\{(\w+)\}/g, (whole, name) => {
    const value = values[name];
    if (value === undefined) return whole;
    return typeof value === 'number' ? number.format(value) : value;
  });
}

/** Whether there is such a text. */
export function has(key) {
  return key in texts;
}

/** The name of a stage, rule or segment: in this language, else in English, else its id. */
export function label(thing) {
  const labels = thing.labels ?? {};
  return labels[language] ?? labels.en ?? thing.stage ?? thing.rule ?? thing.name ?? '';
}

/** The name of a channel. */
export function channelName(channel) {
  return has(`channel.${channel}`) ? t(`channel.${channel}`) : channel;
}

/** The name of a rule of abandonment: of one that is shipped in this language, else in words. */
export function ruleName(rule) {
  if (has(`rule.${rule}`)) return t(`rule.${rule}`);
  return rule.replaceAll('_', ' ').replace(/^./, (one) => one.toUpperCase());
}

// Who imports this is run once there are texts.
await load();
