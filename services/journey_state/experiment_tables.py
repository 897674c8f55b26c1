"""Experiments, as rows of SQL: who has seen which variation in the period."""

from __future__ import annotations

from services.journey_state.filters import VALUE_LENGTH_MAX, Filters
from services.journey_state.touch_queries import BODY, EVENT, said_where, touches

# Segment's: properties experiment_id, experiment_name, variation_id, variation_name. On any other
# event properties.experiment and properties.variant say the same.
EXPERIMENT_EVENTS = ("Experiment Viewed",)

_SEEN = f"""
  SELECT left(CASE WHEN :experiment IN (said ->> 'experiment_name', said ->> 'experiment_id')
      AND {EVENT} = ANY(:experimentevents)
    THEN coalesce(nullif(said ->> 'variation_name', ''), nullif(said ->> 'variation_id', ''))
    WHEN :experiment = said ->> 'experiment' THEN nullif(said ->> 'variant', '') END,
    {VALUE_LENGTH_MAX})
  FROM (SELECT {BODY} -> 'properties' AS said OFFSET 0) AS read"""  # noqa: S608 - constants
_NAMES = ("experiment", "experiment_name", "experiment_id")
_VARIATION = f", {said_where(_NAMES, f'({_SEEN})')} AS variation"


def experiment_tables() -> str:
    """Tables up to `assigned`: of each person who saw any, the variation, and how many."""
    return f"""{touches("exposure", columns=_VARIATION)}, assigned AS (
      SELECT customer_id, min(variation) AS variation, count(DISTINCT variation) AS variations
      FROM exposure WHERE variation IS NOT NULL GROUP BY customer_id
    )"""  # noqa: S608 - constants


def assigned_people(filters: Filters) -> str:
    """Rows of the people of a variation, of several, or of all."""
    meant = ""
    if filters.variation is not None:
        meant = "WHERE variations = 1 AND variation = :variation"
    elif filters.variations is not None:
        meant = (
            "WHERE variations > 1" if filters.variations == "several" else "WHERE variations = 1"
        )
    return f"SELECT customer_id FROM assigned {meant}"  # noqa: S608 - constants
