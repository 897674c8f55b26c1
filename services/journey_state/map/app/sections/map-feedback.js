// Rows of the map that say how people feel: scores and ratings, by the stage they were in.

import { html } from '../../vendor/vendor.js';
import { shared } from '../api.js';
import { wasDelta } from '../delta.js';
import { decimal, number } from '../format.js';
import { t } from '../i18n.js';
import { vars } from '../vars.js';
import { SMALL, named } from './map-cells.js';
import { GROUPS } from './map-rows.js';

const SECONDS = 60; // it reads all touchpoints of the period: seldom while one watches
const PARTS = ['promoters', 'passives', 'detractors'];
const signed = (value) => `${value > 0 ? '+' : ''}${number(Math.round(value))}`;

GROUPS.push({
  id: 'feedback',
  order: 40,
  load: (params) => shared('/v1/feedback', params, SECONDS),
  rows: ({ stages }) => {
    const of = Object.fromEntries(stages.map((one) => [one.stage, one]));
    const rows = [
      { id: 'nps', kind: 'plain', text: t('feedback.nps'), hint: t('feedback.nps.hint'),
        cell: (stage) => npsCell(stage, of[stage.stage]?.nps) },
      { id: 'ratings', kind: 'plain', text: t('feedback.ratings'), hint: t('feedback.ratings.hint'),
        cell: (stage) => ratingCell(stage, of[stage.stage]?.ratings) },
    ];
    return rows.filter(({ id }) => stages.some((one) => one[id]));
  },
});

function npsCell(stage, nps) {
  if (!nps) return html`<i>–</i>`;
  const between = t('feedback.between', { low: signed(nps.low), high: signed(nps.high) });
  return html`<mp-number .figure=${nps} .text=${signed(nps.nps)}
      .label=${named(stage, `${t('feedback.nps')}, ${between}`)}></mp-number>
    <small>${between}</small>${wasDelta(nps, 'nps', signed, t('feedback.nps'))}
    <div class="bar ${nps.people < SMALL ? 'few' : ''}" aria-hidden="true">
      ${PARTS.map((part) => html`<b class=${part}
        ${vars({ 'flex-grow': nps[part].people })}></b>`)}</div>
    <div class="parts">${PARTS.map((part) => html`<span><mp-number .figure=${nps[part]}
      .label=${named(stage, t(`feedback.${part}`))}></mp-number></span>`)}</div>`;
}

function ratingCell(stage, ratings) {
  if (!ratings) return html`<i>–</i>`;
  const average = decimal(ratings.average);
  return html`<span aria-hidden="true" class="star">★</span><mp-number .figure=${ratings}
      .text=${average} .label=${named(stage, t('feedback.rating', { average }))}></mp-number>
    <small>${t('feedback.n', { n: ratings.ratings })}</small>
    ${wasDelta(ratings, 'average', decimal, t('feedback.ratings'))}`;
}
