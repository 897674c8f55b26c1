"""What people say of their experience, as rows of SQL: scores and ratings with their stage."""

from __future__ import annotations

from services.journey_state.touch_queries import BODY, EVENT, touches

NPS_EVENTS = ("NPS Submitted", "NPS Survey Completed")  # properties.score, 0 to 10
RATING_EVENTS = ("Product Reviewed", "Rating Submitted")  # properties.rating, 1 to 5

_SCORE = r"^(10|[0-9])(?\:\.0+)?$"
_RATING = r"^(?\:[1-4](?\:\.[0-9]{1,6})?|5(?\:\.0+)?)$"
_COLUMNS = f""",
      CASE WHEN {EVENT} = ANY(:npsevents) THEN CAST(substring(
        {BODY} #>> '{{properties,score}}' FROM '{_SCORE}') AS integer) END AS score,
      CASE WHEN {EVENT} = ANY(:ratingevents) THEN CAST(substring(
        {BODY} #>> '{{properties,rating}}' FROM '{_RATING}') AS numeric) END AS rating"""
_WHILE = """
      FROM answer AS a JOIN stay AS s ON s.customer_id = a.customer_id
        AND (a.occurred_at, a.message_id, a.source) >= (s.entered_at, s.message_id, s.source)
        AND (s.left_at IS NULL OR (a.occurred_at, a.message_id, a.source)
          < (s.left_at, s.left_message_id, s.left_source))"""

FEEDBACK_PARTS = {
    "promoters": "SELECT stage, customer_id FROM scored WHERE place = 1 AND score >= 9",
    "passives": "SELECT stage, customer_id FROM scored WHERE place = 1 AND score IN (7, 8)",
    "detractors": "SELECT stage, customer_id FROM scored WHERE place = 1 AND score <= 6",
    "scored": "SELECT stage, customer_id FROM scored",
    "rated": "SELECT stage, customer_id FROM rated",
}


def feedback_tables(touch_filters: str) -> str:
    """Tables `scored` and `rated`, more of the WITH clause, of touchpoints that these filters let
    through; in `scored` the newest of a person in a stage has place 1."""
    asked = f"{touch_filters} AND {EVENT} = ANY(:npsevents || :ratingevents)"
    newest = "a.occurred_at DESC, a.message_id DESC, a.source DESC"
    return f"""{touches("answer", filters=asked, columns=_COLUMNS)}, scored AS (
      SELECT s.stage, a.customer_id, a.score, row_number() OVER
        (PARTITION BY s.stage, a.customer_id ORDER BY {newest}) AS place
      {_WHILE} WHERE a.score IS NOT NULL
    ), rated AS (
      SELECT s.stage, a.customer_id, a.rating {_WHILE} WHERE a.rating IS NOT NULL
    )"""
