"""Touchpoints as tables of a WITH clause, each with whose it is now."""

from __future__ import annotations

from services.journey_state.facets import (
    CAMPAIGN_LENGTH_MAX,
    DEVICE_CODES,
    DEVICE_SHIFT,
    PERSON,
)

# Bots and statements of consent are no touchpoints of people. Read as JSON are only records without
# facets that do not end as those of ingest do: what stands before the last brace is said of the
# whole.
PERSONS = rf"""
    NOT too_late AND CASE
      WHEN facets IS NOT NULL THEN facets & {PERSON} <> 0
      WHEN event <> 'consent'
        AND (substr(body, octet_length(body) - 30) = '"bot"\:false,"historical"\:false}}'::bytea
        OR substr(body, octet_length(body) - 29) = '"bot"\:false,"historical"\:true}}'::bytea)
        THEN true
      ELSE coalesce(convert_from(body, 'UTF8')::json ->> 'bot', '') <> 'true'
        AND coalesce(convert_from(body, 'UTF8')::json ->> 'type', '') <> 'consent' END
"""
EVENT = "coalesce(CAST(:aliases AS jsonb) ->> btrim(event), btrim(event))"
BODY = "convert_from(body, 'UTF8')::json"
_ESCAPED = r"body LIKE CAST('%\\\\u%' AS bytea)"  # any letter of a name may be written so


def said_where(names: tuple[str, ...], value: str) -> str:
    """The value, read only from records in which any of the names can stand."""
    there = " OR ".join(f"body LIKE CAST('%\"{name}\"%' AS bytea)" for name in names)
    return f"CASE WHEN {there} OR {_ESCAPED} THEN {value} END"


def kept_or(kept: str, read: str) -> str:
    """The value that stands in a column, or of records without facets that which is read."""
    return f"CASE WHEN facets IS NOT NULL THEN {kept} ELSE {read} END"


_NAME = f"left({BODY} #>> '{{context,campaign,name}}', {CAMPAIGN_LENGTH_MAX})"
CAMPAIGN = kept_or("campaign", said_where(("campaign",), _NAME))

_TYPE, _AGENT = "lower(context #>> '{device,type}')", "context ->> 'userAgent'"
# What the device says of itself, else what its browser is called. A tablet whose browser calls
# itself one of a desktop (iPadOS) is a desktop.
_DEVICE = f"""
  SELECT CASE
    WHEN {_TYPE} IN ('ios', 'android', 'mobile', 'phone', 'smartphone') THEN 'mobile'
    WHEN {_TYPE} IN ('tablet', 'ipad') THEN 'tablet'
    WHEN {_TYPE} IN ('desktop', 'laptop', 'web', 'macos', 'windows', 'linux') THEN 'desktop'
    WHEN {_AGENT} ~* 'ipad|tablet|^Mozilla/(?!.*Mobi).*Android' THEN 'tablet'
    WHEN {_AGENT} ~* 'mobi|iphone|android|ios' THEN 'mobile'
    WHEN {_AGENT} ~ '^(Mozilla|Opera)/' THEN 'desktop' END
  FROM (SELECT {BODY} -> 'context' AS context OFFSET 0) AS said"""  # noqa: S608 - constants
_SAID = f"coalesce({said_where(('userAgent', 'device'), f'({_DEVICE})')}, 'unknown')"
_CODES = ", ".join(f"'{code}'" for code in DEVICE_CODES)
DEVICE = kept_or(f"(ARRAY[{_CODES}])[1 + (facets >> {DEVICE_SHIFT})]", _SAID)

# Only identifiers that have moved have periods; for others the owner owns all the past.
MOVED = """
  moved AS (
    SELECT identifier_key, customer_id, from_at, from_message_id, from_source,
      lead(from_at) OVER p AS to_at, lead(from_message_id) OVER p AS to_message_id,
      lead(from_source) OVER p AS to_source
    FROM ownership_periods
    WINDOW p AS (PARTITION BY identifier_key ORDER BY from_at, from_message_id, from_source)
  )"""

AMONG = "customer_id = ANY(:among)"

# What these customers own, and with what they owned for a while.
OWN = f"""
  held AS (SELECT identifier_key, customer_id FROM identifiers WHERE {AMONG}), own AS (
    SELECT identifier_key FROM held
    UNION SELECT identifier_key FROM ownership_periods WHERE {AMONG}
  )"""  # noqa: S608 - constants

_OWNED = "identifier_key IN (SELECT identifier_key FROM own)"
MOVED_AMONG = MOVED.replace("ownership_periods", f"ownership_periods WHERE {_OWNED}")

_TOUCHES = """
  {name} AS (
    SELECT * FROM (
      SELECT CASE WHEN o.identifier_key IS NULL THEN i.customer_id ELSE m.customer_id END
        AS customer_id, t.*
      FROM (
        SELECT identifier_key, occurred_at, message_id, source, channel, {event} AS event {columns}
        FROM timeline
        WHERE {within} AND {persons} {filters}
        OFFSET 0  -- or columns would be computed, and records carried along, after joins and sorts
      ) AS t
      LEFT JOIN {owners} AS i ON i.identifier_key = t.identifier_key
      LEFT JOIN (SELECT DISTINCT identifier_key FROM {periods}) AS o
        ON o.identifier_key = t.identifier_key
      LEFT JOIN moved AS m ON m.identifier_key = t.identifier_key
        AND (t.occurred_at, t.message_id, t.source)
          >= (m.from_at, m.from_message_id, m.from_source)
        AND (m.to_at IS NULL OR (t.occurred_at, t.message_id, t.source)
          < (m.to_at, m.to_message_id, m.to_source))
    ) AS owned WHERE customer_id IS NOT NULL
  )"""

PERIOD = "occurred_at >= :from AND occurred_at < :to"


def touches(
    name: str, *, within: str = PERIOD, filters: str = "", columns: str = "", among: bool = False
) -> str:
    """The table `name` of the touchpoints there, behind `moved`; parts of it are SQL of our own.

    `among`: behind `held` and `own` too, and of these identifiers alone.
    """
    return _TOUCHES.format(
        name=name,
        event=EVENT,
        within=f"{within} AND {_OWNED}" if among else within,
        persons=PERSONS,
        filters=filters,
        columns=columns,
        owners="held" if among else "identifiers",
        periods="moved" if among else "ownership_periods",
    )
