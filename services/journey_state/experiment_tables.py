"""Experiments, as rows of SQL: who has seen which variation in the period."""

from __future__ import annotations

from services.journey_state.facets import EXPERIMENT as NAMES_ONE
from services.journey_state.facets import EXPERIMENT_NAMES
from services.journey_state.filters import VALUE_LENGTH_MAX, Filters
from services.journey_state.touch_queries import BODY, EVENT, said_where, touches

# Segment's: properties.experiment_name, else experiment_id; variation_name, else variation_id.
# Where there are not both, and on any other event, properties.experiment and variant.
EXPERIMENT_EVENTS = ("Experiment Viewed",)

_PAIR = f"""
  FROM (SELECT {BODY} -> 'properties' AS said OFFSET 0) AS read
  CROSS JOIN LATERAL (
    SELECT 1 AS place,
      coalesce(nullif(said ->> 'experiment_name', ''), nullif(said ->> 'experiment_id', ''))
        AS experiment,
      coalesce(nullif(said ->> 'variation_name', ''), nullif(said ->> 'variation_id', ''))
        AS variation WHERE {EVENT} = ANY(:experimentevents)
    UNION ALL
    SELECT 2, nullif(said ->> 'experiment', ''), nullif(said ->> 'variant', '')
  ) AS pair WHERE experiment IS NOT NULL AND variation IS NOT NULL
  ORDER BY place LIMIT 1"""


def _of_pair(column: str) -> str:
    said = said_where(EXPERIMENT_NAMES, f"(SELECT {column} {_PAIR})")
    return f"CASE WHEN coalesce(facets & {NAMES_ONE} <> 0, true) THEN {said} END"


EXPERIMENT = _of_pair(f"left(experiment, {VALUE_LENGTH_MAX + 1})")  # longer than can be asked
_VARIATION_OF = f"CASE WHEN experiment = :experiment THEN left(variation, {VALUE_LENGTH_MAX}) END"
_VARIATION = f", {_of_pair(_VARIATION_OF)} AS variation"


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
