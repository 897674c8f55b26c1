// The query behind a number, in words.

import { duration } from '../format.js';
import { channelName, has, lang, t } from '../i18n.js';
import { namesIn } from '../url.js';
import { ruleName, stageName } from './journey.js';

const PERIOD = ['from', 'to', 'zone', 'part_from', 'part_to'];
const SAID = [...PERIOD, 'stage', 'part', 'step', 'steps', 'by', 'order', 'breakdown', 'variations',
  'compare'];
const NAMED = { channel: channelName, entry_channel: channelName, rule: ruleName,
  state: signalState, within: (value) => duration(+value) };

/** Phrases that say who is meant, the period last. */
export function inWords(query) {
  const params = new URLSearchParams(query);
  const said = [];
  const stage = params.get('stage');
  const steps = params.get('steps')?.split(',') ?? [];
  if (params.has('step')) {
    const n = +params.get('step');
    said.push(t('drawer.step', { n, stage: stageName(steps[n - 1] ?? String(n)) }));
  } else if (params.has('flow_step')) {
    said.push(...flowWords(params));
  } else if (stage) {
    const key = `drawer.part.${params.get('part') ?? 'stock'}`;
    const name = stageName(stage);
    said.push(has(key) ? t(key, { stage: name }) : name);
  } else said.push(t('drawer.everybody'));
  for (const [name, value] of params) {
    if (SAID.includes(name) || name.startsWith('flow')) continue;
    const key = `drawer.by.${name}`;
    const shown = NAMED[name]?.(value) ?? value;
    said.push(has(key) ? t(key, { value: shown }) : `${name}: ${shown}`);
  }
  return [...said, periodText(params)].filter(Boolean);
}

/** The place in a flow, and what its paths are. */
function flowWords(params) {
  const kind = params.get('flow');
  const name = { stage: stageName, channel: channelName }[kind] ?? ((one) => one);
  const node = (said) => {
    const [at, ...rest] = said.split(':');
    const named = name(rest.join(':'));
    return at === 'at' ? named : t(`flow.${at}`, { name: named });
  };
  const places = ['flow_node', 'flow_next'].filter((one) => params.has(one));
  const [start, left] = [params.get('flow_start'), params.get('flow_exclude')];
  const start_ = params.get('flow_direction') === 'backward' ? 'flow.until' : 'flow.from';
  return [
    [`${t('flow.title')}: ${t(`flow.${kind}`)}`, t('flow.step', { n: params.get('flow_step') }),
      places.map((one) => node(params.get(one))).join(' → ')].filter(Boolean).join(', '),
    start && t(start_, { name: name(start) }),
    left && t('flow.without', { name: namesIn(left).map(name).join(', ') }),
  ].filter(Boolean);
}

/** The state of a signal. */
export function signalState(state) {
  return has(`signal.${state}`) ? t(`signal.${state}`) : state;
}

/** The part's own time if it has one, else the whole period; with its zone. */
export function periodText(params) {
  const from = params.get('part_from') ?? params.get('from');
  const to = params.get('part_to') ?? params.get('to');
  if (!from || !to) return '';
  const zone = params.get('zone') ?? 'UTC';
  return `${shownTime(from, zone)} – ${shownTime(to, zone)}, ${zone}`;
}

/** A date, or a time in the zone. */
function shownTime(text, zone) {
  const time = new Date(text);
  if (Number.isNaN(+time)) return text;
  const style = text.includes('T') ? { dateStyle: 'medium', timeStyle: 'short', timeZone: zone }
    : { dateStyle: 'medium', timeZone: 'UTC' };
  return new Intl.DateTimeFormat(lang(), style).format(time);
}
