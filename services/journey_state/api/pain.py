"""`GET /v1/pain`: where more people than usual leave, wait, go in circles, fail or give up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Query, Request
from pydantic import Field

from services.contracts.times import DAY_US, format_time
from services.journey_state.api.asking import Ask
from services.journey_state.api.counting import found_for
from services.journey_state.api.filtering import FilterQuery, asked_of, read_compared, read_filters
from services.journey_state.api.map_models import Bound, Figure
from services.journey_state.api.pain_models import (
    Also,
    Baseline,
    Latest,
    PainPoint,
    PainPoints,
    Parameters,
    Risk,
    ShareFigure,
    Where,
)
from services.journey_state.api.people import period_of
from services.journey_state.api.population import with_population
from services.journey_state.api.problems import described
from services.journey_state.api.sentences import sentence
from services.journey_state.definition import Definition
from services.journey_state.filters import Filters
from services.journey_state.insights import Recovered
from services.journey_state.items import decimal_text
from services.journey_state.pain import (
    CHANCE,
    EXCESS_MIN,
    LOST_MIN,
    PEOPLE_MIN,
    STRUCK,
    Cell,
    Compared,
    Pain,
)
from services.journey_state.pain_looking import Looked, Periods, look_at, risk_of
from services.journey_state.pain_queries import Money, recoveries
from services.journey_state.pain_tables import REPEATS_MIN
from services.journey_state.periods import latest
from services.journey_state.proportions import wilson

router = APIRouter(tags=["map"])

PREVIOUS = "previous"

COUNTED = {
    "leak": "Of people who entered the stage in the period and had `within` before its end: who had"
    " not gone on to a further stage by then. `within` is when nine of ten of those who go on have"
    " done so, at most half the period.",
    "stall": "Of people who went on to a further stage in the period: whose stay was longer than"
    " `within`, which three of four stayed at most in the period before.",
    "loop": "Of people who entered the stage in the period: who came from a further one or had been"
    f" there before. With a cause: of people active in it, who had that event {REPEATS_MIN} times"
    " or more during one stay (pages, screens and identify aside).",
    "error": "Of people active in the stage: who met such an event. Errors are events whose names"
    " end in failed, failure, error, declined, rejected, denied, crashed or timeout, what opens an"
    " abandonment rule of such a name, and any event with `properties.error`.",
    "abandonment": "Of people who were active in the stage: who had a signal of the rule due"
    " there, not retracted.",
    "active": "Who had a touchpoint in the period while in the stage, the one that entered it"
    " included.",
    "where": "A channel that was used while in the stage: somebody may be in several. The device"
    " (`context.device.type`, else told from `context.userAgent`) of the touchpoint that entered"
    " it; the campaign that was named last in the period, up to it.",
    "baseline": "The same cell in the period before (`compare`, else as long before). Where the"
    f" whole stage had fewer than {PEOPLE_MIN} people then: its other channels, devices or"
    " campaigns in this period.",
    "latest": "A period of two weeks or more that is compared with the one before is looked at in"
    " its last weeks too (a quarter of it at most, one at least), beside as many weeks before them:"
    " what began then is little of the whole. Where one thing stands out in both, the clearer is"
    " told.",
    "stands_out": f"Cells of {PEOPLE_MIN} people or more, as their baseline; {LOST_MIN} or more"
    f" lost; {EXCESS_MIN['previous']:.0%} above the period before, {EXCESS_MIN['others']:.0%} above"
    " others; and the difference beyond chance, by Newcombe's interval and by the score test, at"
    " Benjamini and Hochberg's level for the cells checked: a chance of"
    f" {CHANCE:.0%} that anything is reported where nothing has changed. Of several cells of one"
    " kind, stage and cause the clearest is shown. What takes a past (coming back, a rule's wait)"
    " is not checked where the history before is shorter.",
    "at_risk": "Value of these people's signals due in the period that were neither recovered nor"
    " retracted; of each person the rule that comes to most. Currencies are never added.",
}


class PainQuery(FilterQuery):
    """Who is counted, and the period to measure against."""

    compare: str | None = Field(None, description="previous (else), week, year, or FROM..TO")


def read_periods(query: PainQuery, request: Request, ask: Ask) -> Periods:
    """Whoever names a period to measure against asks for nothing else."""
    filters = read_filters(request, query, ask)
    compare = query.compare or PREVIOUS
    before = read_compared(filters, compare) or filters
    return Periods(filters, before, latest(filters) if compare == PREVIOUS else None)


class Seen(NamedTuple):
    """All that pain points and insights tell of."""

    looked: Looked
    money: Sequence[Money]
    recovered: Sequence[Recovered]
    definition: Definition


async def look(query: PainQuery, request: Request, ask: Ask) -> Seen:
    """What is to be seen in the period; counted once for both who tell of it."""

    async def count() -> Seen:
        periods = read_periods(query, request, ask)
        async with ask.database.counting() as connection:
            asked, term = await asked_of(connection, periods.now, ask)
            looked = await look_at(connection, asked, periods, term.definition.abandonment)
            money = await risk_of(connection, looked)
            return Seen(looked, money, await recoveries(connection, asked), term.definition)

    return await found_for(request, ask.counting, count, name="pain")


@router.get("/v1/pain", responses=described(bad_request="A bad parameter"))
async def pain(query: Annotated[PainQuery, Query()], request: Request, ask: Ask) -> PainPoints:
    """What stands out against its own baseline, most people lost first; or nothing."""
    seen = await look(query, request, ask)
    looked, definition = seen.looked, seen.definition
    filters = looked.whole.asked.filters
    risks: dict[int, list[Risk]] = defaultdict(list)
    for one in seen.money:
        risks[one.cell].append(Risk(currency=one.currency, value=decimal_text(one.value)))
    found = looked.findings
    return PainPoints(
        period=period_of(filters),
        before=bound_of(looked.whole.before),
        latest=latest_of(looked),
        filters=filters.said(),
        journey=definition.journey,
        definition=definition.version,
        counted=with_population(filters, COUNTED),
        checked=found.checked,
        z=found.z,
        items=[
            _point(looked, definition, one, risks[number]) for number, one in enumerate(found.pains)
        ],
    )


def bound_of(filters: Filters) -> Bound:
    """A period, as answers show it."""
    times = {"from": filters.from_at, "to": filters.to_at}
    return Bound.model_validate({name: format_time(at) for name, at in times.items()})


def latest_of(looked: Looked) -> Latest | None:
    """The last weeks, where they were looked at."""
    view = looked.latest
    if view is None:
        return None
    bound = bound_of(view.asked.filters).model_dump(by_alias=True)
    return Latest(**bound, before=bound_of(view.before))


def _point(looked: Looked, definition: Definition, pain: Pain, risk: list[Risk]) -> PainPoint:
    found, cell = pain.found, pain.found.cell
    parameters = parameters_of(looked, found)
    code = code_of(cell)
    low, high = wilson(found.baseline, looked.findings.z)
    return PainPoint(
        kind=STRUCK[cell.part][0],
        stage=cell.stage,
        labels=labels_of(definition, cell.stage),
        cause=cell.cause,
        where=Where(dimension=cell.dimension, value=cell.value),
        struck=_struck(looked, found),
        baseline=Baseline(
            against=found.against,
            **found.baseline._asdict(),
            share=found.baseline.value,
            low=low,
            high=high,
            query=looked.view(found).query_before(cell) if found.against == "previous" else None,
        ),
        lost=round(found.lost),
        at_risk=risk,
        also=[
            Also(
                dimension=one.cell.dimension,
                value=one.cell.value,
                people=one.share.people,
                query=looked.view(found).query(one.cell),
                lost=round(one.lost),
            )
            for one in pain.also
        ],
        code=code,
        parameters=parameters,
        sentence=sentence(code, parameters),
        filters=filters_of(looked, found),
    )


def _struck(looked: Looked, found: Compared) -> ShareFigure:
    cell, share = found.cell, found.share
    low, high = wilson(share, looked.findings.z)
    view = looked.view(found)
    whole = Figure(people=share.of, query=view.query(cell, cell.denominator.part))
    return ShareFigure(
        people=share.people,
        query=view.query(cell),
        of=whole,
        share=share.value,
        low=low,
        high=high,
    )


def labels_of(definition: Definition, stage: str) -> dict[str, str]:
    """The stage's labels, by language."""
    return next(dict(one.labels) for one in definition.stages if one.name == stage)


def code_of(cell: Cell) -> str:
    """The name of the sentence about such a cell."""
    kind = STRUCK[cell.part][0]
    if kind != "loop":
        return kind
    return "loop_stage" if cell.cause is None else "loop_event"


def parameters_of(looked: Looked, found: Compared) -> Parameters:
    """What the sentence about the cell is made of."""
    cell = found.cell
    view = looked.view(found)
    rank = view.asked.stages.index(cell.stage)
    limits = view.limits.usuals if cell.part == "stalled" else view.limits.waits
    timed = cell.part in ("leaked", "stalled")
    return {
        "stage": cell.stage,
        "cause": cell.cause,
        "dimension": cell.dimension,
        "value": cell.value,
        "people": found.share.people,
        "of": found.share.of,
        "share": found.share.value,
        "baseline": found.baseline.value,
        "against": found.against,
        "lost": round(found.lost),
        "within_seconds": round(limits[rank]) if timed else None,
        "days": days_of(view.asked.filters) if found.is_latest else None,
    }


def days_of(filters: Filters) -> int:
    """How long a period of whole weeks is, whatever clocks did in it."""
    return round((filters.to_at - filters.from_at) / DAY_US)


def filters_of(looked: Looked, found: Compared) -> dict[str, str]:
    """The page's filters that come nearest to what was found."""
    said = cell_filters(found.cell)
    if found.is_latest:
        said |= bound_of(looked.view(found).asked.filters).model_dump(by_alias=True)
    return said


def cell_filters(cell: Cell) -> dict[str, str]:
    """The page's filters that come nearest to the cell."""
    said = {"stage": cell.stage}
    if cell.dimension != "all":
        said[cell.dimension] = cell.value
    if cell.cause is not None:
        said["rule" if cell.part == "abandoned" else "event"] = cell.cause
    return said
