// The map's rows, group by group. A row: {id, text, hint, cell(stage, map), kind}.

import { html, nothing } from '../../vendor/vendor.js';
import { countDelta, shareDelta, timeDelta } from '../delta.js';
import { duration, number, percent } from '../format.js';
import { channelName, label, ruleName, t } from '../i18n.js';
import { vars } from '../vars.js';
import { heatCell, named, splitCell, SMALL } from './map-cells.js';

const TOUCHPOINTS = 5; // of one stage, of the ten that the API counts

/**
 * Groups that other figures add to the map: {order, load(params, signal), rows(data, map)}.
 * `load` is asked with the map's parameters; where it fails its rows stay away.
 */
export const GROUPS = [];

/** Numbers of people that a stage has: {text, hint, cell}. */
export function peopleRows(data) {
  return [
    {
      id: 'stock', kind: 'big', text: t('map.stock'), hint: t('map.stock.hint'),
      cell: (stage) => html`<mp-number .figure=${stage.stock}
        .label=${named(stage, t('map.stock'))}></mp-number>`,
    },
    {
      id: 'entered', kind: 'plain', text: t('map.entered'), hint: t('map.entered.hint'),
      cell: (stage) => html`<mp-number .figure=${stage.entered}
        .label=${named(stage, t('map.entered'))}></mp-number>
        ${countDelta(stage.entered, named(stage, t('map.entered')))}`,
    },
    {
      id: 'conversion', kind: 'step', text: t('map.conversion'), hint: t('map.conversion.hint'),
      cell: (stage) => conversionCell(stage, data),
    },
    {
      id: 'split', kind: 'split', text: t('map.split'), hint: splitKey(), cell: splitCell,
    },
    {
      id: 'dwell', kind: 'plain', text: t('map.dwell'), hint: t('map.dwell.hint'),
      cell: ({ dwell, ...stage }) => (dwell.people ? html`<mp-number .figure=${dwell}
          .text=${duration(dwell.p50_seconds)} .label=${named(stage, t('map.dwell'))}></mp-number>
        <small>${t('map.p90', { time: duration(dwell.p90_seconds) })}</small>
        ${timeDelta(dwell, named(stage, t('map.dwell')))}` : html`<i>–</i>`),
    },
  ];
}

function conversionCell(stage, data) {
  if (!stage.conversion) return nothing;
  const next = data.stages[data.stages.findIndex((one) => one.stage === stage.stage) + 1];
  const small = stage.entered.people < SMALL;
  const what = next ? t('map.conversion.to', { stage: label(next) }) : t('map.conversion');
  return html`<span class="pill ${small ? 'few' : ''}"><mp-number .figure=${stage.conversion}
    .text=${percent(stage.conversion.share)} .label=${named(stage, what)}></mp-number></span>
    ${shareDelta(stage.conversion, named(stage, what))}`;
}

function splitKey() {
  return html`<span class="key">${['moved', 'still_here', 'left'].map((part) => html`
    <span><b class=${part}></b>${t(`map.${part}`)}</span>`)}</span>`;
}

/** A row per channel; an open one is followed by its touchpoints. */
export function laneRows(data, map) {
  const column = (name) => {
    const cells = data.lanes.map((lane) => lane.stages.find((one) => one.stage === name));
    return cells.reduce((sum, one) => sum + one.events, 0);
  };
  const events = Object.fromEntries(data.stages.map(({ stage }) => [stage, column(stage)]));
  return data.lanes.flatMap((lane) => {
    const cells = Object.fromEntries(lane.stages.map((one) => [one.stage, one]));
    const open = map.opened.has(lane.channel);
    const row = {
      id: lane.channel, kind: 'heat', text: channelName(lane.channel),
      toggle: { open, turn: () => map.turn(lane.channel) },
      cell: (stage) => heatCell(stage, cells[stage.stage], channelName(lane.channel),
        { byEvents: map.byEvents, events: events[stage.stage] }),
    };
    return open ? [row, ...innerRows(lane.channel, map)] : [row];
  });
}

function innerRows(channel, map) {
  const inner = map.opened.get(channel);
  const waiting = { id: `${channel}:`, kind: 'inner', text: t('section.loading'), cell: () => '' };
  if (!inner) return [waiting];
  const people = new Map();
  for (const { event, people: n } of inner.stages.flatMap((stage) => stage.touchpoints)) {
    people.set(event, (people.get(event) ?? 0) + n);
  }
  const events = [...people].sort((a, b) => b[1] - a[1]).slice(0, TOUCHPOINTS).map(([one]) => one);
  return events.map((event) => ({
    id: `${channel}:${event}`, kind: 'inner', text: event,
    cell: (stage) => {
      const found = inner.stages.find((one) => one.stage === stage.stage)?.touchpoints
        .find((one) => one.event === event);
      return found ? touchNumber(stage, found, map) : html`<i>–</i>`;
    },
  }));
}

function touchNumber(stage, found, map) {
  const text = map.byEvents ? number(found.events) : undefined;
  return html`<mp-number .figure=${found} .text=${text}
    .label=${named(stage, found.event)}></mp-number>`;
}

/** The touchpoints of the most people, stage by stage. */
export function touchpointRow(map) {
  return {
    id: 'touchpoints', kind: 'list', text: t('map.touchpoints'), hint: t('map.touchpoints.hint'),
    cell: (stage) => {
      const shown = stage.touchpoints.slice(0, TOUCHPOINTS);
      const most = Math.max(...shown.map((one) => (map.byEvents ? one.events : one.people)), 1);
      return shown.length ? html`<ul>${shown.map((one) => {
        const share = (map.byEvents ? one.events : one.people) / most;
        return html`<li><span title=${one.event}>${one.event}</span>
          ${touchNumber(stage, one, map)}<b ${vars({ '--share': share })}></b></li>`;
      })}</ul>` : html`<i>–</i>`;
    },
  };
}

const STATES = ['raised', 'recovered', 'expired', 'retracted'];

/** A row per rule of abandonment that any signal is of. */
export function abandonmentRows(data) {
  const rules = [...new Set(data.stages.flatMap((one) => one.abandonment.map(({ rule }) => rule)))];
  return rules.map((rule) => ({
    id: `rule:${rule}`, kind: 'list', text: ruleName(rule),
    cell: (stage) => {
      const found = STATES.map((state) => stage.abandonment
        .find((one) => one.rule === rule && one.state === state)).filter(Boolean);
      return found.length ? html`<ul class="states">${found.map((one) => html`<li
        class=${one.state}><span>${t(`signal.${one.state}`)}</span><mp-number .figure=${one}
        .label=${named(stage, `${ruleName(rule)}, ${t(`signal.${one.state}`)}`)}></mp-number>
        </li>`)}</ul>` : html`<i>–</i>`;
    },
  }));
}
