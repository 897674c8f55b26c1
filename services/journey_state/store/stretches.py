"""What was a customer's: identifiers, and the stretches of the order, as parts of a query."""

from __future__ import annotations


def owned(owners: str) -> str:
    """A query for the identifiers that `owners` own or owned, and what they alone have named.

    `owners` is the placeholder of a uuid[], the customer's id and those merged into it.
    """
    return f"""
    SELECT identifier_key, kind, value, since, customer_id FROM identifiers
    WHERE customer_id = ANY({owners}) OR identifier_key IN
      (SELECT identifier_key FROM ownership_periods WHERE customer_id = ANY({owners}))
    UNION
    SELECT identifier_key, kind, value, since, customer_id FROM identifiers AS named
    WHERE customer_id IS NULL AND identifier_key IN
      (SELECT l.linked_key FROM identifier_links AS l JOIN identifiers AS own
       ON own.identifier_key = l.identifier_key WHERE own.customer_id = ANY({owners}))
      AND NOT EXISTS
      (SELECT 1 FROM identifier_links AS l JOIN identifiers AS other
       ON other.identifier_key = l.linked_key
       WHERE l.identifier_key = named.identifier_key AND other.customer_id <> ALL({owners}))
    """  # noqa: S608 - a placeholder of ours


def stretches(owners: str) -> str:
    """Two tables for a WITH: `moved`, and `stretch` with what was ever owned by `owners`.

    `owners` is the placeholder of a uuid[], the customer's id and those merged into it. A stretch
    goes from its `from_` place, included, to its `to_` place, excluded; NULL: until now.
    """
    return f"""
    moved AS (
      SELECT identifier_key, customer_id, from_at, from_message_id, from_source,
        lead(from_at) OVER p AS to_at, lead(from_message_id) OVER p AS to_message_id,
        lead(from_source) OVER p AS to_source
      FROM ownership_periods
      WHERE identifier_key IN
        (SELECT identifier_key FROM ownership_periods WHERE customer_id = ANY({owners}))
      WINDOW p AS (PARTITION BY identifier_key ORDER BY from_at, from_message_id, from_source)
    ), stretch AS (
      SELECT identifier_key, '-infinity'::timestamptz AS from_at, '' AS from_message_id,
        '' AS from_source, NULL::timestamptz AS to_at, NULL AS to_message_id, NULL AS to_source
      FROM identifiers AS i
      WHERE customer_id = ANY({owners}) AND NOT EXISTS
        (SELECT 1 FROM ownership_periods AS o WHERE o.identifier_key = i.identifier_key)
      UNION ALL
      SELECT identifier_key, from_at, from_message_id, from_source, to_at, to_message_id, to_source
      FROM moved WHERE customer_id = ANY({owners})
    )"""  # noqa: S608 - a placeholder of ours


def touchpoints_in_stretches(
    owners: str, shown: str, only: str = "TRUE", *, newest: bool = False
) -> str:
    """A query for the next `:limit` touchpoints `t` in these stretches, in the order.

    `shown` are columns of `t`, `only` a condition on the timeline. They stand behind the place
    `:after`, `:message_id`, `:source`; the first of them where `:after` is NULL. `newest`: the
    order is read backwards.
    """
    behind, way = ("<", "DESC") if newest else (">", "ASC")
    return f"""
    WITH {stretches(owners)}
    SELECT {shown} FROM stretch AS s CROSS JOIN LATERAL (
      SELECT occurred_at, message_id, source, too_late, body FROM timeline
      WHERE identifier_key = s.identifier_key AND {only}
        AND occurred_at >= s.from_at
        AND (occurred_at, message_id, source)
          >= (s.from_at, s.from_message_id COLLATE "C", s.from_source COLLATE "C")
        AND (s.to_at IS NULL OR (occurred_at, message_id, source)
          < (s.to_at, s.to_message_id COLLATE "C", s.to_source COLLATE "C"))
        AND (CAST(:after AS timestamptz) IS NULL OR (occurred_at {behind}= :after AND
          (occurred_at, message_id, source)
            {behind} (:after, CAST(:message_id AS text) COLLATE "C",
              CAST(:source AS text) COLLATE "C")))
      ORDER BY occurred_at {way}, message_id {way}, source {way} LIMIT :limit
    ) AS t
    ORDER BY t.occurred_at {way}, t.message_id {way}, t.source {way} LIMIT :limit
    """  # noqa: S608 - columns, a condition and placeholders of ours


# Whether a checkpoint `c` was left in a stretch `s`: it stands at the beginning of its instant.
CHECKPOINT_IN_STRETCH = """
    c.identifier_key = s.identifier_key
    AND (c.cut_at, '' COLLATE "C", '' COLLATE "C")
      >= (s.from_at, s.from_message_id COLLATE "C", s.from_source COLLATE "C")
    AND (s.to_at IS NULL OR (c.cut_at, '' COLLATE "C", '' COLLATE "C")
      < (s.to_at, s.to_message_id COLLATE "C", s.to_source COLLATE "C"))
"""
