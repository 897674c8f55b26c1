// The definition in force: how stages and rules are called, and a stage's colour.

import { shared } from '../api.js';
import { lang, ruleName as shippedName } from '../i18n.js';

const COLOURS = 7;
let stages = [];
let rules = [];

/** Afterwards the names below are known; where the definition cannot be had, ids stand for them. */
export async function readJourney() {
  try {
    const { definition } = await shared('/v1/journey', {}, 60);
    stages = definition.stages ?? [];
    rules = definition.abandonment ?? [];
  } catch { /* the question that shows people says what is wrong */ }
}

/** A stage's name in the viewer's language. */
export function stageName(name) {
  return named(stages, name);
}

/** A rule's name in the viewer's language. */
export function ruleName(name) {
  return named(rules, name, shippedName(name));
}

function named(things, name, otherwise = name) {
  const labels = things.find((one) => one.name === name)?.labels ?? {};
  return labels[lang()] ?? labels.en ?? otherwise;
}

/** The stage's colour, from the palette of stages. */
export function stageColour(name) {
  const place = stages.findIndex((one) => one.name === name);
  if (place < 0) return 'var(--line-strong)';
  const step = stages.length > 1 ? (place * (COLOURS - 1)) / (stages.length - 1) : 0;
  return `var(--stage-${1 + Math.round(step)})`;
}
