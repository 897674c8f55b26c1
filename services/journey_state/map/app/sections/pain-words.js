// What pain points and insights say, in the viewer's language.

import { svg } from '../../vendor/vendor.js';
import { duration, percent } from '../format.js';
import { channelName, has, label, ruleName, t } from '../i18n.js';
import { get } from '../api.js';

const KEEP_MS = 45_000; // the section and the map's row ask the same question
const ICONS = {
  leak: 'M3 3v10h6M8 8h6m-2.5-2.5L14 8l-2.5 2.5',
  stall: 'M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM8 5v3.2l2.2 1.4',
  loop: 'M12.8 6.2A5.2 5.2 0 0 0 3 7m.2 2.8A5.2 5.2 0 0 0 13 9M13 3v3.4H9.6M3 13V9.6h3.4',
  error: 'M8 2.6 14 13H2L8 2.6zM8 6.6v3M8 11.2v.4',
  abandonment: 'M1.8 3h1.9l1.6 6.6h6.2L13.2 5H4.2M6.2 12.9h.01M10.9 12.9h.01',
};

let kept = { question: '', at: 0, answer: null };

/** The pain points of these parameters; asked once for everybody on the page. */
export function painOf(params, { anew = false } = {}) {
  const question = JSON.stringify(params);
  const old = performance.now() - kept.at > KEEP_MS || (anew && performance.now() - kept.at > 5000);
  if (question !== kept.question || old) {
    const answer = get('/v1/pain', params, {});
    kept = { question, at: performance.now(), answer };
    answer.catch(() => { if (kept.answer === answer) kept.question = ''; });
  }
  return kept.answer;
}

/** The sign of a kind; its name stands beside it. */
export function icon(kind) {
  return svg`<svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
    <path d=${ICONS[kind]} fill="none" stroke="currentColor" stroke-width="1.5"
      stroke-linecap="round" stroke-linejoin="round"></path></svg>`;
}

/** By what people came: the app, mobile, autumn-sale; '' for all. */
export function whereName({ dimension, value }) {
  if (!dimension || dimension === 'all') return '';
  if (dimension === 'channel') return channelName(value);
  return has(`${dimension}.${value}`) ? t(`${dimension}.${value}`) : value;
}

/** What the shares, times and names of a sentence are called. */
function words({ cause, share, baseline, against, within_seconds: within }, code) {
  return {
    share: percent(share),
    baseline: t(`pain.usual.${against ?? 'previous'}`, { share: percent(baseline) }),
    before: percent(baseline),
    time: duration(within),
    cause: code.startsWith('abandonment') && cause ? ruleName(cause) : cause,
  };
}

/** 86 % did not go on within 3 h, before 50 %. */
export function painSentence({ code, parameters }) {
  const said = t(`pain.${code}`, words(parameters, code));
  return parameters.days ? t('pain.latest', { n: parameters.days, said }) : said;
}

/** A fact with its stage and its place. */
export function factSentence({ code, parameters, labels }) {
  const stage = label({ labels, stage: parameters.stage });
  const where = whereName(parameters);
  if (has(`pain.${code}`)) {
    const place = [stage, where].filter(Boolean).join(' · ');
    return `${place}: ${painSentence({ code, parameters })}`;
  }
  const n = parameters.points ?? parameters.people;
  const said = t(`insights.${code}`, {
    ...words(parameters, code),
    n,
    stage,
    change: percent(parameters.change),
    way: channelName(parameters.value ?? ''),
  });
  return where && code === 'conversion_fell' ? `${said}${t('insights.mostly', { where })}` : said;
}
