// Each figure of the data's health, and whether it is as it should be.

import { clock, duration, number } from '../format.js';
import { t } from '../i18n.js';
import { connection } from '../live.js';

const BEHIND_SECONDS = 30; // an idle ingest is heard each 5 s
const WAITING_SECONDS = 30; // of the oldest message that is not sent
const LAG_RECORDS = 10000;
const SKEW_SECONDS = 5;

/** [{name, level: ok | warn | bad, text, note}] of an answer of /v1/status and the newest pulse. */
export function judged({ status }, pulse) {
  return [
    watermark(status),
    lag(status),
    outbox(status),
    rejected(status),
    deadLetters(status),
    instances(status),
    ...skew(pulse),
    ...remaining(status),
  ];
}

function watermark({ watermark: { at, age_seconds: age, held_by: holder }, stopped }) {
  const name = 'watermark';
  if (at === null) return { name, level: 'warn', text: '–', note: t('health.no_watermark') };
  const level = Object.keys(stopped).length ? 'bad' : age > BEHIND_SECONDS ? 'warn' : 'ok';
  const note = holder && level !== 'ok' ? t('health.held_by', { who: holder })
    : t('health.complete', { time: clock(at) });
  return { name, level, text: duration(Math.max(0, Math.round(age))), note };
}

function lag({ lag: by }) {
  const name = 'lag';
  if (by === null) return { name, level: 'warn', text: '–', note: t('health.no_kafka') };
  const waiting = Object.values(by).reduce((sum, one) => sum + one, 0);
  return { name, level: waiting > LAG_RECORDS ? 'warn' : 'ok', text: number(waiting),
    note: t('health.partitions', { n: Object.keys(by).length }) };
}

function outbox({ outbox: { pending, oldest_seconds: oldest } }) {
  return { name: 'outbox', level: (oldest ?? 0) > WAITING_SECONDS ? 'warn' : 'ok',
    text: number(pending),
    note: pending ? t('health.oldest', { time: duration(oldest) }) : t('health.all_sent') };
}

function rejected({ rejected: count }) {
  if (count === null) {
    return { name: 'rejected', level: 'warn', text: '–', note: t('health.no_kafka') };
  }
  return { name: 'rejected', level: 'ok', text: number(count), note: t('health.rejected_note') };
}

function deadLetters({ dead_letters: count }) {
  return { name: 'dead_letters', level: count ? 'bad' : 'ok', text: number(count),
    note: t(count ? 'health.set_aside' : 'health.none_aside') };
}

function instances({ instances: all }) {
  const alive = all.filter((one) => one.phase !== 'goodbye' && !one.released);
  return { name: 'ingests', level: alive.length ? 'ok' : 'warn', text: number(alive.length),
    note: alive.length === 1 ? t('health.spool_is', { state: t(`health.spool.${alive[0].spool}`) })
      : t('health.of_all', { n: all.length }) };
}

/** This computer's clock against the server's: ages on the page are told by both. */
function skew(pulse) {
  const { at } = connection();
  if (!pulse || at === null) return [];
  const seconds = (at - new Date(pulse.at)) / 1000;
  const level = Math.abs(seconds) > SKEW_SECONDS ? 'warn' : 'ok';
  return [{ name: 'clock', level,
    text: level === 'ok' ? t('health.in_step') : duration(Math.abs(Math.round(seconds))),
    note: level === 'ok' ? t('health.clock_note') : t(seconds > 0 ? 'health.ahead' : 'health.slow'),
  }];
}

function remaining({ definition }) {
  if (!definition?.remaining) return [];
  return [{ name: 'recompute', level: 'warn', text: number(definition.remaining),
    note: t('health.recompute_note') }];
}
