// Pain points: where more people than usual leave, wait, go in circles, fail or give up.

import { css, html, nothing, svg } from '../../vendor/vendor.js';
import { chart } from '../chart.js';
import { date, money, number, percent, points } from '../format.js';
import { label, ruleName, t } from '../i18n.js';
import { Section } from '../section.js';
import { set, state } from '../url.js';
import { GROUPS } from './map-rows.js';
import { icon, painOf, painSentence, whereName } from './pain-words.js';

const SORTS = {
  lost: (one) => one.lost,
  points: (one) => one.struck.share - one.baseline.share,
  people: (one) => one.struck.people,
};
const WIDE = 150;
const HIGH = 26;
const ALSO_SHOWN = 4; // the table has them all

export class Pain extends Section {
  static name_ = 'pain';
  static path = '/v1/pain';
  static seconds = 60;
  static styles = [...Section.styles, chart, css`
    ol { list-style: none; margin: 4px 0 0; padding: 0; }
    li {
      display: grid; gap: 2px 16px; align-items: center; padding: 10px 0;
      grid-template: "kind said share lost" auto / 104px minmax(180px, 1fr) 150px 88px;
      border-top: 1px solid var(--line);
    }
    li.head { padding: 0 0 4px; border-top: 0; color: var(--ink-2); font-size: 0.75rem; }
    li.head span:last-child { text-align: end; }
    .kind { grid-area: kind; display: inline-flex; gap: 8px; align-items: center; }
    .kind .icon { color: var(--bad); flex: none; }
    .kind b { font-weight: 550; font-size: 0.875rem; line-height: 20px; }
    .said { grid-area: said; min-width: 0; overflow-wrap: anywhere; }
    .said a { color: var(--ink); font-weight: 600; text-decoration: none; border-radius: 4px; }
    .said a:hover { color: var(--accent-ink); text-decoration: underline; }
    .said p { margin: 0; color: var(--ink-2); font-size: 0.875rem; line-height: 20px; }
    .share { grid-area: share; }
    .share svg { display: block; overflow: visible; border-radius: 4px; max-width: 100%; }
    .share text { font-size: 11px; fill: var(--ink-2); }
    .share .now { fill: var(--bad); font-weight: 650; }
    .lane { stroke: var(--line); stroke-width: 1; }
    .usual { stroke: var(--line-strong); stroke-width: 6; stroke-linecap: round; }
    .usual-mark { stroke: var(--ink-2); stroke-width: 2; }
    .found { stroke: var(--bad); stroke-width: 2; }
    .dot { fill: var(--bad); }
    .lost { grid-area: lost; text-align: end; line-height: 20px; }
    .lost mp-number { font-size: 1.125rem; font-weight: 600; }
    .lost small { display: block; color: var(--ink-2); font-size: 0.75rem; line-height: 16px; }
    .risk { color: var(--ink); white-space: nowrap; }
    .none { display: flex; gap: 12px; align-items: center; margin: 4px 0 0; }
    .none svg { color: var(--good); flex: none; }
    .none p { margin: 0; }
    .none small { display: block; color: var(--ink-2); }
    .key { margin: 10px 0 0; color: var(--ink-2); font-size: 0.75rem; line-height: 16px; }
    @container (max-width: 620px) {
      li { grid-template: "kind lost" auto "said said" auto "share share" auto / 1fr auto; }
      li.head { display: none; }
      .lost { display: flex; gap: 8px; align-items: baseline; }
    }
    .body { container-type: inline-size; }
  `];

  fetch_(params) {
    return painOf(params, { anew: this.data !== null });
  }

  params(of) {
    const params = super.params(of);
    return of.compare ? { ...params, compare: of.compare } : params;
  }

  get sorted() {
    const chosen = SORTS[state().pain] ?? SORTS.lost;
    return [...this.data.items].sort((a, b) => chosen(b) - chosen(a));
  }

  rule() {
    if (!this.data) return t('pain.rule');
    const { from, to } = this.data.before;
    const before = t('pain.before', { from: date(from), to: date(to) });
    return `${t('pain.rule')} ${before}`;
  }

  isEmpty(data) {
    return !data.items.length;
  }

  renderEmpty({ checked }) {
    return html`<div class="none"><svg viewBox="0 0 24 24" width="28" height="28"
      aria-hidden="true"><path d="M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM8 12.4l2.8 2.8L16.4 9.4"
      fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round"
      stroke-linejoin="round"></path></svg>
      <p>${t(checked ? 'pain.empty' : 'pain.few', { n: checked })}
      <small>${t(checked ? 'pain.empty.hint' : 'pain.few.hint')}</small></p></div>`;
  }

  tools() {
    const chosen = state().pain in SORTS ? state().pain : 'lost';
    return html`<select class="control" aria-label=${t('pain.sort')} @change=${(event) => {
      set({ pain: event.target.value === 'lost' ? null : event.target.value });
    }}>${Object.keys(SORTS).map((one) => html`<option value=${one} .selected=${one === chosen}>
      ${t(`pain.sort.${one}`)}</option>`)}</select>`;
  }

  render_(data) {
    return html`<ol>
      <li class="head" aria-hidden="true"><span>${t('pain.kind')}</span><span>${t('pain.what')}
        </span><span>${t('pain.share')}</span><span>${t('pain.people')}</span></li>
      ${this.sorted.map((one) => this.renderRow(one))}</ol>
      <p class="key">${t('pain.key', { n: data.checked })}</p>`;
  }

  renderRow(one) {
    const { struck, lost, filters, at_risk: risk, also } = one;
    const place = placeOf(one);
    const address = new URLSearchParams({ ...state(), ...filters });
    return html`<li>
      <span class="kind">${icon(one.kind)}<b>${t(`pain.kind.${one.kind}`)}</b></span>
      <div class="said"><a href=${`?${address}`} title=${t('pain.narrow')}
        @click=${(event) => this.narrow(event, filters)}>${place}</a>
        <p>${painSentence(one)}</p>
        ${also.length ? html`<p>${t('pain.also')}:
          ${also.slice(0, ALSO_SHOWN).map((each, at) => html`${at ? ', ' : nothing}${alsoName(each)}
            <mp-number .figure=${each} .label=${`${place}: ${alsoName(each)}`}></mp-number>`)}</p>`
          : nothing}
        ${risk.length ? html`<p>${t('pain.risk')} ${risk.map(({ currency, value }, at) => html`${at
          ? ', ' : nothing}<span class="risk">${money(value, currency)}</span>`)}</p>` : nothing}
      </div>
      <div class="share">${drawing(one)}</div>
      <div class="lost"><mp-number .figure=${struck} .label=${`${t(`pain.kind.${one.kind}`)}: ${
        place}`}></mp-number><small>${t('pain.lost', { n: lost })}</small></div>
    </li>`;
  }

  narrow(event, filters) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    set(filters);
  }

  table() {
    const said = ['kind', 'what', 'people', 'of', 'share', 'interval', 'usual', 'change', 'excess',
      'value', 'also'];
    return {
      columns: said.map((one) => t(`pain.${one}`)),
      rows: this.sorted.map((one) => [
        t(`pain.kind.${one.kind}`),
        [placeOf(one), one.kind === 'abandonment' ? ruleName(one.cause) : one.cause]
          .filter(Boolean).join(' · '),
        { figure: one.struck, label: placeOf(one) },
        { figure: one.struck.of, label: `${placeOf(one)}, ${t('pain.of')}` },
        percent(one.struck.share),
        between(one.struck),
        `${percent(one.baseline.share)} (${between(one.baseline)})`,
        points(one.struck.share - one.baseline.share),
        number(one.lost),
        one.at_risk.map(({ currency, value }) => money(value, currency)).join(', '),
        one.also.map((each) => `${alsoName(each)} ${number(each.people)}`).join(', '),
      ]),
    };
  }
}

/** The stage and by what its people came. */
function placeOf({ where, ...stage }) {
  return [label(stage), whereName(where)].filter(Boolean).join(' · ');
}

/** Where the same stands out too. */
function alsoName(where) {
  return whereName(where) || t('pain.everywhere');
}

function between({ low, high }) {
  return `${percent(low)} – ${percent(high)}`;
}

/** The share with its interval, over the usual one with its own. */
function drawing({ struck, baseline }) {
  const most = Math.min(1, Math.max(struck.high, baseline.high) * 1.08);
  const x = (share) => 4 + (share / most) * (WIDE - 8);
  const told = t('pain.drawn', {
    share: percent(struck.share), interval: between(struck),
    usual: t(`pain.usual.${baseline.against}`, { share: percent(baseline.share) }),
    before: between(baseline),
  });
  return svg`<svg role="img" tabindex="0" aria-label=${told} viewBox="0 0 ${WIDE} ${HIGH + 14}"
    width=${WIDE} height=${HIGH + 14}><title>${told}</title>
    <line class="lane" x1="4" x2=${WIDE - 4} y1="20" y2="20"></line>
    <line class="usual" x1=${x(baseline.low)} x2=${x(baseline.high)} y1="20" y2="20"></line>
    <line class="usual-mark" x1=${x(baseline.share)} x2=${x(baseline.share)} y1="15" y2="25"></line>
    <line class="found" x1=${x(struck.low)} x2=${x(struck.high)} y1="20" y2="20"></line>
    <circle class="dot" cx=${x(struck.share)} cy="20" r="4"></circle>
    <text class="now" x=${Math.min(x(struck.share), WIDE - 26)} y="9" text-anchor="middle">${
      percent(struck.share)}</text>
    <text x=${Math.max(14, x(baseline.share))} y="38" text-anchor="middle">${
      percent(baseline.share)}</text></svg>`;
}

customElements.define('mp-pain', Pain);

// The map's row: of each stage what most people are lost by.
GROUPS.push({
  id: 'pain',
  load: (params) => painOf(params),
  rows: ({ items }) => (items.length ? [{
    id: 'pain', kind: 'list', text: t('map.pain.worst'), hint: t('map.pain.worst.hint'),
    cell: (stage) => {
      const found = items.filter((one) => one.stage === stage.stage).slice(0, 2);
      return found.length ? html`<ul class="states">${found.map((one) => html`<li class="pain">
        <span title=${painSentence(one)}>${[t(`pain.kind.${one.kind}`), whereName(one.where)]
          .filter(Boolean).join(' · ')}</span>
        <mp-number .figure=${one.struck} .label=${`${label(stage)}: ${painSentence(one)}`}>
        </mp-number></li>`)}</ul>` : html`<i>–</i>`;
    },
  }] : []),
});
