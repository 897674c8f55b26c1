// What can be chosen of the filters whose values are those that the period has.

import { shared } from './api.js';
import { number } from './format.js';
import { has, label, t } from './i18n.js';
import { period } from './url.js';

const SECONDS = 60; // that an answer is good for
const people = new Map(); // `name value` -> how many, of the newest answer

/** Filters by a value of the period's touchpoints; `of`: asked together, as they cost alike. */
const seen = (name, of, text = (value) => value) => ({
  name,
  text,
  perPeriod: true,
  values: async () => {
    const { items } = await shared('/v1/filters', { ...period(), of }, SECONDS);
    const found = items.find((one) => one.name === name).values;
    for (const one of found) people.set(`${name} ${one.value}`, one.people);
    return found.map((one) => one.value);
  },
  option: (value) => `${text(value)} (${number(people.get(`${name} ${value}`) ?? 0)})`,
});

const deviceName = (value) => (has(`device.${value}`) ? t(`device.${value}`) : value);
let segments = [];

export const SEEN = [
  {
    name: 'segment',
    values: async () => {
      segments = (await shared('/v1/segments', {}, SECONDS)).items;
      return segments.map((one) => one.name);
    },
    text: (value) => label(segments.find((one) => one.name === value) ?? { name: value }),
  },
  seen('campaign', 'campaign,device'),
  seen('source', 'source'),
  seen('device', 'campaign,device', deviceName),
];
