// The map's figures as a plain table, for files.

import { duration, percent } from '../format.js';
import { channelName, label, t } from '../i18n.js';

const PEOPLE = ['stock', 'entered', 'moved', 'still_here', 'left'];

/** A row for each figure and channel, a column for each stage. */
export function mapTable({ stages, lanes }, byEvents) {
  const row = (name, cell) => [name, ...stages.map(cell)];
  const share = ({ conversion: one }) => one && { figure: one, text: percent(one.share) };
  const dwell = ({ dwell: one }) => ({ figure: one, text: duration(one.p50_seconds) });
  const lane = ({ channel, stages: cells }) => row(channelName(channel), ({ stage }) => {
    const found = cells.find((one) => one.stage === stage);
    return found && (byEvents ? { figure: found, text: found.events } : { figure: found });
  });
  return {
    columns: ['', ...stages.map(label)],
    rows: [
      ...PEOPLE.map((name) => row(t(`map.${name}`), (stage) => ({ figure: stage[name] }))),
      row(t('map.conversion'), share),
      row(t('map.dwell'), dwell),
      ...lanes.map(lane),
    ],
  };
}
