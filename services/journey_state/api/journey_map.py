"""`GET /v1/map`: the figures of the journey, each with the list of the people behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, NamedTuple, TypeVar

from fastapi import APIRouter, Query, Request

from services.journey_state import map_queries, rolled_map
from services.journey_state.api.asking import Ask
from services.journey_state.api.comparing import with_before
from services.journey_state.api.counting import counted
from services.journey_state.api.filtering import (
    Compared,
    FilterQuery,
    asked_of,
    read_compared,
    read_filters,
)
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
from services.journey_state.api.people import compared_period, period_of
from services.journey_state.api.population import with_population
from services.journey_state.api.problems import described
from services.journey_state.database import Connection
from services.journey_state.definition import Stage
from services.journey_state.filters import CHANNELS, Filters
from services.journey_state.map_queries import TOUCHPOINTS_MAX, Count
from services.journey_state.people_queries import Asked

router = APIRouter(tags=["map"])

_F = TypeVar("_F", bound=Figure)
_K = TypeVar("_K", bound=tuple[str, ...])

COUNTED = {
    "present": "People who were in the stage at `from`, or entered it before `to`.",
    "entered": "People who entered the stage in the period.",
    "moved": "Of `present`: people who are not in the stage at `to`: they went on, or back.",
    "left": "Of `present`: people who are in it at `to` and seem to be gone: since they entered it,"
    " and before `to`, an abandonment came due that stands (its signal is raised or expired).",
    "still_here": "Of `present`: all others, who are in it at `to`.",
    "stock": "People who are in the stage now, whatever the period.",
    "dwell": "Seconds of the stays that ended in the period, from entering to leaving, by linear"
    " interpolation; `people` had these stays.",
    "conversion": "People who entered in the period and, after that and before `to`, entered the"
    " next stage or one further on; `share` is of `entered`.",
    "touchpoints": "Touchpoints of the period while the customer was in the stage, the one that"
    " entered it included; by event, the ten of the most people.",
    "lanes": "The same by channel.",
    "before": "The same figure in the period that `compare` names; `change`: the difference of the"
    " shares with Newcombe's interval of 95 %; `certain` where that has not 0 in it and both shares"
    " are of 30 people or more. `stock` is of now and has none.",
    "abandonment": "Signals due in the period while the customer was in the stage, by their state"
    " now; retracted and never published ones too.",
}


@dataclass(frozen=True, slots=True)
class _Found:
    """What was counted in one period, and the filters that links begin with."""

    filters: Filters
    counts: dict[tuple[str, str], Count]
    dwell: dict[str, list[float]]
    signals: Mapping[tuple[str, str, str], Count]
    channels: Mapping[tuple[str, str], Count]
    events: Mapping[tuple[str, str], Count]

    def count(self, stage: str, part: str) -> Count:
        return self.counts.get((stage, part), _NONE)

    def query(self, stage: str, part: str, **more: str) -> str:
        return self.filters.query(stage=stage, part=part, **more)

    def figure(self, stage: str, part: str) -> Figure:
        people = self.count(stage, part).people
        return Figure(people=people, query=self.query(stage, part))


_NONE = Count(0, 0)


class _Periods(NamedTuple):
    """What was found in the period, and in that before, if one is compared with."""

    now: _Found
    before: _Found | None

    def both(
        self, make: Callable[[_Found], _F], of: tuple[str, Callable[[_Found], int]] | None = None
    ) -> _F:
        """The figure, with that of before beside it."""
        return with_before(self.now, self.before, make, of)

    def keys(self, of: Callable[[_Found], Iterable[_K]]) -> list[_K]:
        """What there is in either period, in order of now."""
        before = () if self.before is None else sorted(of(self.before))
        return list(dict.fromkeys([*of(self.now), *before]))


class MapQuery(FilterQuery, Compared):
    """Who is counted, and what with."""


@router.get(
    "/v1/map",
    responses=described(bad_request="A bad parameter"),
    response_model_exclude_unset=True,  # `before` and `change` are there where there are any
)
@counted
async def journey_map(
    query: Annotated[MapQuery, Query()], request: Request, ask: Ask
) -> JourneyMap:
    """The journey in figures: per stage and per channel, in a period."""
    filters = read_filters(request, query, ask)
    other = read_compared(filters, query.compare)
    by_definition = await ask.customers_by_definition.get(ask.database)
    async with ask.database.counting() as connection:
        asked, term = await asked_of(connection, filters, ask)
        look = _Look(connection, term.definition_id, ask.clock())
        now = await look.find(asked)
        before = None
        if other is not None:
            before = await look.find(asked._replace(filters=other), events_max=None)
    found = _Periods(now, before)
    definition = term.definition
    shown = [s for s in definition.stages if filters.stage in (None, s.name)]
    last = definition.stages[-1].name if definition.stages else None
    return JourneyMap(
        period=period_of(filters),
        filters=filters.said(),
        journey=definition.journey,
        definition=definition.version,
        remaining=sum(n for key, n in by_definition.items() if key < term.definition_id),
        counted=with_population(filters, COUNTED),
        stages=[_stage(found, stage, is_last=stage.name == last) for stage in shown],
        lanes=_lanes(found, [stage.name for stage in shown]),
        **compared_period(other),
    )


class _Look(NamedTuple):
    """Where the figures are looked for: in the roll-ups, or else in the rows."""

    connection: Connection
    definition_id: int
    now: int

    async def find(self, asked: Asked, events_max: int | None = TOUCHPOINTS_MAX) -> _Found:
        figures = await rolled_map.figures(
            self.connection, asked, self.definition_id, now=self.now, events_max=events_max
        )
        if figures is None:
            figures = await map_queries.figures(self.connection, asked, events_max=events_max)
        touches = figures.touches
        return _Found(
            asked.filters,
            figures.parts,
            figures.dwell,
            {(one.stage, one.rule, one.state): one.counted for one in figures.signals},
            {(one.stage, one.channel): one.counted for one in touches if one.channel is not None},
            {(one.stage, one.event): one.counted for one in touches if one.event is not None},
        )


def _stage(found: _Periods, stage: Stage, *, is_last: bool) -> StageFigures:
    name = stage.name

    def figure(part: str) -> Figure:
        of = ("present", lambda one: one.count(name, "present").people)
        shared = of if part in ("moved", "still_here", "left") else None
        return found.both(lambda one: one.figure(name, part), shared)

    signals = found.keys(lambda one: [key for key in one.signals if key[0] == name])
    return StageFigures(
        stage=name,
        labels=dict(stage.labels),
        **{part: figure(part) for part in ("present", "entered", "moved", "still_here", "left")},
        stock=found.now.figure(name, "stock"),
        dwell=found.both(lambda one: _dwell(one, name)),
        conversion=None if is_last else _conversion(found, name),
        touchpoints=[
            found.both(partial(_event, stage=name, event=event))
            for stage, event in found.now.events
            if stage == name
        ],
        abandonment=[found.both(partial(_signals, key=key)) for key in signals],
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


def _conversion(found: _Periods, stage: str) -> Conversion:
    def made(one: _Found) -> Conversion:
        entered = one.count(stage, "entered").people
        converted = one.figure(stage, "converted")
        share = converted.people / entered if entered else None
        return Conversion(people=converted.people, query=converted.query, share=share)

    return found.both(made, ("entered", lambda one: one.count(stage, "entered").people))


def _event(found: _Found, stage: str, event: str) -> EventFigure:
    count = found.events.get((stage, event), _NONE)
    return EventFigure(
        event=event,
        people=count.people,
        events=count.times,
        query=found.query(stage, "touched", event=event),
    )


def _signals(found: _Found, key: tuple[str, str, str]) -> SignalFigure:
    stage, rule, state = key
    count = found.signals.get(key, _NONE)
    return SignalFigure.model_validate(
        {
            "rule": rule,
            "state": state,
            "people": count.people,
            "signals": count.times,
            "query": found.query(stage, "signaled", rule=rule, state=state),
        }
    )


def _lanes(found: _Periods, stages: Sequence[str]) -> list[Lane]:
    """The channels that anybody used, each through all stages."""
    used = {channel for stage, channel in found.keys(lambda one: one.channels) if stage in stages}
    return [
        Lane(
            channel=channel,
            stages=[found.both(partial(_cell, channel=channel, stage=stage)) for stage in stages],
        )
        for channel in CHANNELS
        if channel in used
    ]


def _cell(found: _Found, channel: str, stage: str) -> ChannelFigure:
    count = found.channels.get((stage, channel), _NONE)
    return ChannelFigure(
        stage=stage,
        people=count.people,
        events=count.times,
        query=found.query(stage, "touched", channel=channel),
    )
