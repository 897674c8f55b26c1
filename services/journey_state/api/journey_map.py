"""`GET /v1/map`: the figures of the journey, each with the list of the people behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request

from services.journey_state import map_queries
from services.journey_state.api.asking import Ask
from services.journey_state.api.filtering import FilterQuery, asked_of, read_filters
from services.journey_state.api.map_models import (
    ChannelFigure,
    Conversion,
    Dwell,
    EventFigure,
    Figure,
    JourneyMap,
    Lane,
    SignalFigure,
    StageFigures,
)
from services.journey_state.api.people import period_of
from services.journey_state.api.problems import described
from services.journey_state.definition import Stage
from services.journey_state.filters import CHANNELS, Filters
from services.journey_state.map_queries import Count, Signals, Touches

router = APIRouter(tags=["map"])

COUNTED = {
    "people": "Customers as they are known now: merged ones once, under the definition in force;"
    " superseded history, bots, statements of consent and what retention cut do not count.",
    "filters": "channel, source, campaign and event: people with a touchpoint in the period that"
    " meets all of them, and of touchpoints only such; rule and state: people with such a signal"
    " due in the period, and of signals only such.",
    "present": "People who were in the stage at `from`, or entered it before `to`.",
    "entered": "People who entered the stage in the period.",
    "still_here": "Of `present`: people who are in the stage at `to`.",
    "moved": "Of `present`: people not in it at `to`, whose last stay in it in the period ended in"
    " a stage further on.",
    "left": "Of `present`: all others; that stay ended in an earlier stage, or in one that"
    " the definition in force does not have.",
    "stock": "People who are in the stage now, whatever the period.",
    "dwell": "Seconds of the stays that ended in the period, from entering to leaving, by linear"
    " interpolation; `people` had these stays.",
    "conversion": "People who entered in the period and, after that and before `to`, entered the"
    " next stage or one further on; `share` is of `entered`.",
    "touchpoints": "Touchpoints of the period while the customer was in the stage, the one that"
    " entered it included; by event, the ten of the most people.",
    "lanes": "The same by channel.",
    "abandonment": "Signals due in the period while the customer was in the stage, by their state"
    " now; retracted and never published ones too.",
}


@dataclass(frozen=True, slots=True)
class _Found:
    """What was counted, and the filters that links begin with."""

    filters: Filters
    counts: dict[tuple[str, str], Count]
    dwell: dict[str, list[float]]
    touches: Sequence[Touches]
    signals: Sequence[Signals]

    def count(self, stage: str, part: str) -> Count:
        return self.counts.get((stage, part), Count(0, 0))

    def query(self, stage: str, part: str, **more: str) -> str:
        return self.filters.query(stage=stage, part=part, **more)

    def figure(self, stage: str, part: str) -> Figure:
        people = self.count(stage, part).people
        return Figure(people=people, query=self.query(stage, part))


@router.get("/v1/map", responses=described(bad_request="A bad parameter"))
async def journey_map(
    query: Annotated[FilterQuery, Query()], request: Request, ask: Ask
) -> JourneyMap:
    """The journey in figures: per stage and per channel, in a period."""
    filters = read_filters(request, query, ask)
    by_definition = await ask.customers_by_definition.get(ask.database)
    async with ask.database.reading() as connection:
        asked, term = await asked_of(connection, filters, ask)
        found = _Found(
            filters,
            await map_queries.part_counts(connection, asked),
            await map_queries.dwell_seconds(connection, asked),
            await map_queries.touches(connection, asked),
            await map_queries.signals(connection, asked),
        )
    definition = term.definition
    shown = [s for s in definition.stages if filters.stage in (None, s.name)]
    last = definition.stages[-1].name if definition.stages else None
    return JourneyMap(
        period=period_of(filters),
        filters=filters.said(),
        journey=definition.journey,
        definition=definition.version,
        remaining=sum(n for key, n in by_definition.items() if key < term.definition_id),
        counted=COUNTED,
        stages=[_stage(found, stage, is_last=stage.name == last) for stage in shown],
        lanes=_lanes(found, [stage.name for stage in shown]),
    )


def _stage(found: _Found, stage: Stage, *, is_last: bool) -> StageFigures:
    name = stage.name
    parts = ("present", "entered", "moved", "still_here", "left", "stock")
    return StageFigures(
        stage=name,
        labels=dict(stage.labels),
        **{part: found.figure(name, part) for part in parts},
        dwell=_dwell(found, name),
        conversion=None if is_last else _conversion(found, name),
        touchpoints=[
            EventFigure(
                event=one.event,
                people=one.counted.people,
                events=one.counted.times,
                query=found.query(name, "touched", event=one.event),
            )
            for one in found.touches
            if one.stage == name and one.event is not None
        ],
        abandonment=[_signals(found, one) for one in found.signals if one.stage == name],
    )


def _dwell(found: _Found, stage: str) -> Dwell:
    ended = found.count(stage, "ended")
    p50, p90 = found.dwell.get(stage, (None, None))
    return Dwell(
        people=ended.people,
        stays=ended.times,
        p50_seconds=p50,
        p90_seconds=p90,
        query=found.query(stage, "ended"),
    )


def _conversion(found: _Found, stage: str) -> Conversion:
    entered = found.count(stage, "entered").people
    converted = found.figure(stage, "converted")
    share = converted.people / entered if entered else None
    return Conversion(people=converted.people, query=converted.query, share=share)


def _signals(found: _Found, one: Signals) -> SignalFigure:
    return SignalFigure.model_validate(
        {
            "rule": one.rule,
            "state": one.state,
            "people": one.counted.people,
            "signals": one.counted.times,
            "query": found.query(one.stage, "signaled", rule=one.rule, state=one.state),
        }
    )


def _lanes(found: _Found, stages: Sequence[str]) -> list[Lane]:
    """The channels that anybody used, each through all stages."""
    cells = {(one.channel, one.stage): one.counted for one in found.touches if one.channel}
    used = {channel for channel, stage in cells if stage in stages}
    return [
        Lane(
            channel=channel,
            stages=[
                _cell(found, channel, stage, cells.get((channel, stage), Count(0, 0)))
                for stage in stages
            ],
        )
        for channel in CHANNELS
        if channel in used
    ]


def _cell(found: _Found, channel: str, stage: str, count: Count) -> ChannelFigure:
    return ChannelFigure(
        stage=stage,
        people=count.people,
        events=count.times,
        query=found.query(stage, "touched", channel=channel),
    )
