"""What every figure counts: which people, by which filters, in which zone."""

from __future__ import annotations

from collections.abc import Mapping

from services.journey_state.filters import Filters

PEOPLE = (
    "Customers as they are known now: merged ones once, under the definition in force; superseded"
    " history, bots, statements of consent and what retention cut do not count."
)
FILTERS = (
    "channel, source, campaign, device and event: people with a touchpoint in the period that meets"
    " all of them, and of touchpoints only such; rule and state: people with such a signal due in"
    " the period, and of signals only such; segment: people of it, by their traits and stage now"
    " and by what they did up to the end of the period; experiment and variation: people who saw it"
    " in the period."
)


def with_population(filters: Filters, figures: Mapping[str, str]) -> dict[str, str]:
    """What is said beside figures that say `figures` of themselves."""
    return {"people": PEOPLE, "filters": FILTERS, "zone": zone_said(filters)} | dict(figures)


def zone_said(filters: Filters) -> str:
    """In which zone days begin."""
    return f"Days begin by the clocks of {filters.zone}; `from` is included, `to` is not."
